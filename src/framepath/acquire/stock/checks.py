"""A preprocessor that gives detectors of ophyd's and apstools' classes checks and a ledger."""

from __future__ import annotations

from functools import cache
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import Msg, MsgGenerator
from ophyd import Device

from framepath.acquire.devices.detector import OnLoss
from framepath.acquire.devices.ledger import LedgerStream
from framepath.acquire.plans.stubs import ending_with_the_cause
from framepath.acquire.stock.ledger import StockLedger
from framepath.acquire.stock.paths import stock_parts


@cache
def stock_ledger(detector: Device, on_loss: OnLoss) -> StockLedger | None:
    """The ledger of a stock detector, the same one each time; None for other devices.

    Kept as long as the session: its PVs connect once.
    """
    parts = stock_parts(detector)
    return None if parts is None else StockLedger(parts, on_loss)


def with_stock_checks(plan: MsgGenerator[Any], *, on_loss: OnLoss = "fail") -> MsgGenerator[Any]:
    """Check the folders of stock detectors before they are staged, and record their ledgers.

    For devices of ophyd's and apstools' area-detector classes with path templates, whoever made
    them; other devices are left alone. For all plans:
    ``RE.preprocessors.append(with_stock_checks)``.

    The capture of an HDF5 plugin in Stream mode is ended before the run closes, so that the file
    can be opened and counted: it suits plans that stage once a run, as all of Bluesky's do.

    Parameters
    ----------
    on_loss
        ``fail`` a plan, or ``warn``, when triggered, received and stored frames disagree.

    Raises
    ------
    SettingsError, StagingError
        Before anything is staged: a folder exists on one host only; see `check_paths`.
    FramesLost
        In a run that would have succeeded, when counts disagree; the run then fails.
    """
    staged: dict[object, StockLedger] = {}

    def insert(msg: Msg) -> tuple[Any, None]:
        if msg.command == "stage" and isinstance(msg.obj, Device):
            ledger = stock_ledger(msg.obj, on_loss)
            if ledger is not None:
                staged[msg.obj] = ledger
                return _checked(msg, ledger), None
        elif msg.command == "unstage":
            staged.pop(msg.obj, None)
        elif msg.command == "trigger" and msg.obj in staged:
            return _sent(msg._replace(obj=staged[msg.obj])), None
        elif msg.command == "close_run":
            open_files = [ledger for ledger in staged.values() if ledger.has_open_file]
            if open_files:
                return _recorded(msg, open_files), None
        return None, None

    return (yield from bpp.plan_mutator(plan, insert))


def _sent(msg: Msg) -> MsgGenerator[Any]:
    return (yield msg)


def _checked(stage: Msg, ledger: StockLedger) -> MsgGenerator[Any]:
    ledger.begin()
    ledger.check_paths()
    return (yield stage)


@ending_with_the_cause
def _recorded(close_run: Msg, ledgers: list[StockLedger]) -> MsgGenerator[Any]:
    for ledger in ledgers:
        closing: Any = ledger.closing
        yield from bps.trigger(closing, wait=True)
        stream: Any = LedgerStream(ledger.ledger, lambda: None)
        if ledger.ledger:
            yield from bps.declare_stream(stream, name=stream.name, collect=True)
            yield from bps.collect(stream, name=stream.name)
    if close_run.kwargs.get("exit_status") in (None, "success"):
        for ledger in ledgers:
            ledger.report_loss()
    return (yield close_run)
