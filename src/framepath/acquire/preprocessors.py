"""Preprocessors that give ordinary plans what framepath's own plans do."""

from __future__ import annotations

from typing import Any

import bluesky.preprocessors as bpp
from bluesky.utils import Msg, MsgGenerator

from framepath.acquire.detector import FrameDetector
from framepath.acquire.plans import record_ledger


def with_ledger(plan: MsgGenerator[Any]) -> MsgGenerator[Any]:
    """Record the ledger of every `FrameDetector` of a plan before its run closes.

    For one plan ``RE(with_ledger(bp.count([det])))``, for all of them
    ``RE.preprocessors.append(with_ledger)``.
    The files are closed by it: it suits plans that stage once a run. Detectors whose ledger is
    recorded already, or that took no frame, are left alone.

    Raises
    ------
    FramesLost
        In a run that would have succeeded, when counts disagree; the run then fails.
    """
    staged: list[FrameDetector] = []

    def insert(msg: Msg) -> tuple[Any, None]:
        detector = msg.obj
        if isinstance(detector, FrameDetector):
            if msg.command == "stage":
                staged.append(detector)
            elif msg.command == "unstage" and detector in staged:
                staged.remove(detector)
        elif msg.command == "close_run":
            open_files = [det for det in staged if det.has_open_file]
            if open_files:
                return _recorded(msg, open_files), None
        return None, None

    return (yield from bpp.plan_mutator(plan, insert))


def _recorded(close_run: Msg, detectors: list[FrameDetector]) -> MsgGenerator[Any]:
    succeeds = close_run.kwargs.get("exit_status") in (None, "success")
    yield from record_ledger(*detectors, report=succeeds)
    return (yield close_run)
