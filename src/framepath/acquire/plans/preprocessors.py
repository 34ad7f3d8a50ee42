"""Preprocessors that give ordinary plans what framepath's own plans do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import bluesky.preprocessors as bpp
from bluesky.utils import Msg, MsgGenerator

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.plans.points import Points
from framepath.acquire.plans.stubs import Take, ending_with_the_cause, record_ledger
from framepath.errors import FramepathError


@ending_with_the_cause
def with_ledger(plan: MsgGenerator[Any]) -> MsgGenerator[Any]:
    """Record the ledger of every `FrameDetector` of a plan before its run closes.

    For one plan ``RE(with_ledger(bp.count([det])))``, for all of them
    ``RE.preprocessors.append(with_ledger)``.
    The files are closed by it; a detector that stays staged begins another one with its next run.
    Detectors whose ledger is recorded already, or that took no frame, are left alone, and so is one
    that a run around this one uses too: its file and its ledger are those of the outer run. A run
    that fails or is aborted has what became of its frames in its reason, and a plan that fails for
    an exposure ends with its error.

    Raises
    ------
    FramesLost
        In a run that would have succeeded, when counts disagree; the run then fails.
    """
    staged: list[FrameDetector] = []
    runs: defaultdict[Any, _Run] = defaultdict(_Run)
    closed: list[Msg] = []

    def insert(msg: Msg) -> tuple[Any, None]:
        if msg.command == "close_run":
            run = runs.pop(msg.run, None) or _Run()
            others = [det for r in runs.values() if r.is_open for det in r.detectors]
            run.detectors = [d for d in run.detectors if d in staged and d not in others]
            if run.is_to_be_told and all(msg is not m for m in closed):
                return _in_run(msg.run, _closing(msg)(msg, run, closed)), None
            return None, None
        run = runs[msg.run]
        run.points.see(msg)
        run.is_open = run.is_open or msg.command == "open_run"
        detector = msg.obj.detector if isinstance(msg.obj, Take) else msg.obj
        if isinstance(detector, FrameDetector):
            if msg.command == "stage":
                staged.append(detector)
            elif msg.command == "unstage" and detector in staged:
                staged.remove(detector)
            elif msg.command == "trigger" and detector not in run.detectors:
                run.detectors.append(detector)
        return None, None

    return (yield from bpp.plan_mutator(plan, insert))


class _Run:
    """An open run: the detectors that take frames in it, and its points."""

    def __init__(self) -> None:
        self.is_open = False
        self.detectors: list[FrameDetector] = []
        self.points = Points()

    @property
    def is_to_be_told(self) -> bool:
        """Whether no other `with_ledger` has recorded it, or an exposure failed."""
        return bool(self.open_files) or any(det.failure is not None for det in self.detectors)

    @property
    def open_files(self) -> list[FrameDetector]:
        """Detectors whose frames are not counted yet."""
        return [det for det in self.detectors if det.has_open_file]


def _in_run(key: Any, plan: MsgGenerator[Any]) -> MsgGenerator[Any]:
    """The plan's messages in the run of this key; a run of no key needs none."""
    return plan if key is None else bpp.set_run_key_wrapper(plan, key)


def _closing(close_run: Msg) -> Callable[[Msg, _Run, list[Msg]], MsgGenerator[Any]]:
    succeeds = close_run.kwargs.get("exit_status") in (None, "success")
    return _recorded if succeeds else _recorded_short


def _recorded(close_run: Msg, run: _Run, closed: list[Msg]) -> MsgGenerator[Any]:
    if close_run.kwargs.get("exit_status") is not None:  # RE.stop() is a success, too
        yield from run.points.drop()
    yield from record_ledger(*run.open_files, complete=run.points.complete)
    closed.append(close_run._replace())  # seen by `insert`, which forgets the run with it
    return (yield closed[-1])


def _recorded_short(close_run: Msg, run: _Run, closed: list[Msg]) -> MsgGenerator[Any]:
    """The same for a run that fails or is aborted; its reason says what became of its frames."""
    causes = [det.failure for det in run.detectors if det.failure is not None]
    told = [str(cause) for cause in causes] or [close_run.kwargs.get("reason") or ""]
    yield from run.points.drop()
    try:
        yield from record_ledger(*run.open_files, report=False, complete=run.points.complete)
    except FramepathError as error:
        told.append(f"frames were not counted: {error.summary}")  # the run's own error goes on
    told += [str(entry) for det in run.detectors for entry in det.ledger]
    told += [text for det in run.detectors for text in det.undescribed]
    reason = "; ".join(" ".join(text.split()) for text in told if text)
    closed.append(close_run._replace(kwargs={**close_run.kwargs, "reason": reason}))
    return (yield closed[-1])
