"""The detector as Bluesky sees it: parts joined by small pieces of logic."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar, Literal

from bluesky.utils import NoReplayAllowed
from event_model import DataKey
from ophyd import Device
from ophyd.status import DeviceStatus

from framepath.acquire.devices.acquisition import Acquisition, wait_until_idle
from framepath.acquire.devices.columns import AttributeColumns
from framepath.acquire.devices.exposures import OVERDUE_S, Shot, TriggerLogic, checked_count
from framepath.acquire.devices.file_plugin import FileLogic
from framepath.acquire.devices.folders import FileFolder
from framepath.acquire.devices.ledger import LedgerEntry, check_balance
from framepath.acquire.devices.streams import FrameStream
from framepath.acquire.pvs.connection import (
    CONNECT_S,
    connect,
    put_confirmed,
    unreachable,
    value_of,
)
from framepath.acquire.pvs.destroying import wait_for_answers
from framepath.acquire.pvs.staged_settings import StagedSettings, signal_of
from framepath.errors import (
    FramepathError,
    FramesLost,
    IocUnreachable,
    SettingsError,
    StagingError,
)
from framepath.spec.documents import STREAM_OF_FRAME_TYPE
from framepath.spec.frame_type import FrameType

log = logging.getLogger(__name__)

OnLoss = Literal["fail", "warn"]


class FrameDetector(Device):
    """An area detector whose frames are stored by the IOC and described by documents.

    Made by `framepath.acquire.area_detector`, which gives it its parts (``cam``, ``hdf1``,
    ``image``) and its logic. Nothing connects before it is staged or a PV is used.

    Attributes
    ----------
    folder
        Where image files go, as each host spells it.
    trigger_logic, file_logic
        How frames are taken and stored.
    streams
        The event stream of each frame type.
    on_loss
        ``fail``: a plan fails when counts of frames disagree; ``warn``: it warns.
    overdue_s
        Seconds beyond twice the exposures after which frames count as not taken; longer where a
        detector waits for a trigger from outside.
    """

    needed: ClassVar[tuple[str, ...]] = ()
    """Dotted names of the signals without which staging makes no sense."""

    def __init__(
        self, prefix: str, *, name: str, folder: FileFolder, on_loss: OnLoss = "fail", **more: Any
    ) -> None:
        super().__init__(prefix, name=name, **more)
        if on_loss not in ("fail", "warn"):
            raise SettingsError("unknown on_loss", found=repr(on_loss), expected="fail or warn")
        self.folder = folder
        self.on_loss: OnLoss = on_loss
        self.overdue_s = OVERDUE_S
        self._frames_per_point = 1
        self.attribute_columns = AttributeColumns(name, ())
        self.trigger_logic, self.file_logic = self._make_logic()
        self.streams = {t: FrameStream(self, t) for t in STREAM_OF_FRAME_TYPE}
        self.acquisition: Acquisition | None = None
        self._last: Acquisition | None = None
        self._settings = StagedSettings(self)
        self._repeats = False
        self._is_recorded = False

    def _make_logic(self) -> tuple[TriggerLogic, FileLogic]:
        raise SettingsError("make detectors with area_detector(...)", found=type(self).__name__)

    # Connecting and staging

    def wait_for_connection(self, all_signals: bool = False, timeout: Any = CONNECT_S) -> None:
        """Wait for the PVs that staging needs, or for all of them.

        Raises
        ------
        IocUnreachable
            Names the PV, the addresses searched, and what to do.
        """
        if not all_signals:
            signals = [signal_of(self, dotted) for dotted in self.needed]
            connect([s for s in signals if s is not None], timeout)
            return
        try:
            super().wait_for_connection(all_signals=True, timeout=timeout)
        except TimeoutError as error:
            raise unreachable(f"{self.prefix}*", why=str(error)) from error

    def destroy(self) -> None:
        """Give its PVs back, once ophyd has what it asked of them (libca may crash otherwise)."""
        wait_for_answers()
        super().destroy()

    def stage(self) -> list[Any]:
        """Set everything, check everything, open the file.

        Raises
        ------
        IocUnreachable, StagingError, WriteFailed
            Every PV is put back then.
        """
        if self.acquisition is not None:
            return super().stage()  # says what is wrong with staging twice
        self.wait_for_connection()
        self._settings.begin()
        try:
            if self.trigger_logic.is_acquiring():
                # A session that died, or a live view: it would fill the file with other frames.
                self.trigger_logic.stop()
                wait_until_idle(self.trigger_logic, self.name)
            staged = super().stage()
            self._begin_file()
        except BaseException:
            self.unstage()
            raise
        self._repeats = self._is_recorded = False
        return staged

    def _begin_file(self) -> None:
        self._settings.apply(self.file_logic.settings(datetime.now()))
        self._settings.apply(self.trigger_logic.settings())
        self.file_logic.check(self.frame_type)
        acquisition = Acquisition(self.name, self.trigger_logic, self.file_logic, self.streams)
        acquisition.begin()
        self.acquisition = self._last = acquisition

    def unstage(self) -> list[Any]:
        """Stop, close the file, put every PV back.

        Raises
        ------
        FramesLost
            No plan has completed the file, and its counts disagree.
        """
        acquisition, self.acquisition = self.acquisition, None
        try:
            if acquisition is not None and acquisition.can_finish:
                acquisition.finish()
                self.report_loss()
        finally:
            if acquisition is not None:
                acquisition.abandon()
            try:
                self._put_back(acquisition)
            finally:
                unstaged = super().unstage()
        return unstaged

    def _put_back(self, acquisition: Acquisition | None) -> None:
        try:
            self._settings.restore()
        except IocUnreachable as error:
            # The plan ends with the exposure's own error; a second one would take its place. What
            # was not put back stays on record, and the next staging does it.
            if acquisition is None or not acquisition.lost_its_ioc:
                raise
            log.warning("PVs are put back by the next staging", extra={"reason": error.summary})

    @property
    def active(self) -> Acquisition:
        """The staging under way.

        Raises
        ------
        StagingError
            The detector is not staged.
        """
        if self.acquisition is None:
            raise StagingError(
                "the detector takes frames only while it is staged",
                where=self.name,
                next_step="use it in a plan, e.g. RE(bp.count([det]))",
            )
        return self.acquisition

    # Taking frames

    @property
    def frame_type(self) -> FrameType:
        """The type that the IOC gives the next frame; setting it checks the destination.

        Set by number: clients cache the state strings of an enum when they connect.
        """
        return FrameType(int(value_of(self.cam.frame_type)))  # type: ignore[attr-defined]

    @frame_type.setter
    def frame_type(self, frame_type: FrameType) -> None:
        if self.acquisition is not None:
            self.file_logic.check(frame_type)
            self._settings.remember("cam.frame_type")
        put_confirmed(self.cam.frame_type, int(frame_type))  # type: ignore[attr-defined]

    @property
    def frames_per_point(self) -> int:
        """Frames that one point of an ordinary plan takes; set it before the plan.

        Raises
        ------
        SettingsError
            When it is set to anything but a whole number from 1, or while staged.
        """
        return self._frames_per_point

    @frames_per_point.setter
    def frames_per_point(self, n_frames: int) -> None:
        if self.acquisition is not None:
            raise SettingsError(
                "frames_per_point is chosen before the detector is staged", where=self.name
            )
        self._frames_per_point = checked_count(n_frames)

    def trigger(self) -> DeviceStatus:
        """Take one frame; after a pause the RunEngine's repetition gets the frame under way."""
        shot = self.active.shot
        if self._repeats and shot is not None and not shot.is_documented:
            self._repeats = False
            return shot.status
        return self.shoot(self.frame_type, self.frames_per_point).status

    def shoot(self, frame_type: FrameType, n_frames: int) -> Shot:
        """Start taking ``n_frames`` of a type that is set already.

        Where the run before has closed the file, as plans do that stage once for several runs, they
        go to a new one.
        """
        self._repeats = self._is_recorded = False
        if self.active.ledger is not None:
            self._begin_file()
        return self.active.shoot(frame_type, n_frames, DeviceStatus(self), self.overdue_s)

    def stop(self, *, success: bool = False) -> None:
        """End what is under way; called by the RunEngine when a plan ends badly."""
        if self.acquisition is not None and self.trigger_logic.trouble() is None:
            self.trigger_logic.stop()

    def pause(self) -> None:
        """Let frames under way arrive; called by the RunEngine."""
        if self._is_recorded:
            # Documents of this stretch are out: repeating it would number them twice.
            raise NoReplayAllowed
        self._repeats = True

    # Documents

    @property
    def columns(self) -> tuple[str, ...]:
        """NDAttributes that every event carries, by name; set before a plan.

        Each becomes the key ``<name>_<attribute>``. Their values come from the file, row by row.
        """
        return self.attribute_columns.names

    @columns.setter
    def columns(self, names: Iterable[str]) -> None:
        if self.acquisition is not None:
            raise SettingsError("columns are chosen before the detector is staged", where=self.name)
        self.attribute_columns = AttributeColumns(self.name, names)

    def read(self) -> dict[str, Any]:  # type: ignore[override]
        """Columns of this point; its frames are in the StreamDatum beside it."""
        readings: Any = super().read()
        shot = self.active.shot
        if shot is None or not self.columns:
            return readings
        path = self.file_logic.where(shot.frame_type).path
        now = time.time()
        values = self.attribute_columns.read(path, shot.first_row, shot.n_frames)
        return {**readings, **{k: {"value": v[-1], "timestamp": now} for k, v in values.items()}}

    def describe(self) -> dict[str, DataKey]:  # type: ignore[override]
        """Data keys of a point: the frame as it was stored."""
        acquisition = self.active
        if acquisition.shot is None:
            raise StagingError(
                "a frame is described as it was stored, and none is yet",
                where=self.name,
                next_step="trigger the detector before reading it",
            )
        others: Any = super().describe()
        return {**others, **acquisition.stored_stream(acquisition.shot).describe()}

    def collect_asset_docs(self) -> Iterator[tuple[str, Any]]:
        """StreamResource and StreamDatum of the last shot."""
        yield from self.active.documents()

    def on_collected(self) -> None:
        """Told by a stream: its frames are described, so a pause must not repeat this stretch."""
        self._is_recorded = True

    def on_checkpoint(self) -> None:
        """Told by a plan: what was recorded lies before a checkpoint."""
        self._is_recorded = False

    # Ending

    @property
    def failure(self) -> Exception | None:
        """Why the last exposure of this staging failed."""
        return None if self.acquisition is None else self.acquisition.failure

    @property
    def has_open_file(self) -> bool:
        """Whether frames were taken into a file that is not closed yet, and can be."""
        acquisition = self.acquisition
        return acquisition is not None and acquisition.can_finish and acquisition.shot is not None

    @property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """One entry a frame type of the last file that was closed; () before."""
        return (self._last.ledger or ()) if self._last is not None else ()

    @property
    def undescribed(self) -> tuple[str, ...]:
        """A sentence for each frame type of which the last file has frames in no document."""
        left = {} if self._last is None else self._last.undescribed()
        return tuple(
            f"{n} stored {t.name.lower()} frame(s) are in no event" for t, n in left.items()
        )

    def close_file(self) -> DeviceStatus:
        """Close the file and count what it holds; then `ledger` is known."""
        status = DeviceStatus(self)
        try:
            self.active.finish()
        except FramepathError as error:
            status.set_exception(error)
        else:
            status.set_finished()
        return status

    def report_loss(self) -> None:
        """Raise, or warn, when the ledger does not balance.

        Raises
        ------
        FramesLost
            And ``on_loss`` is ``fail``.
        WriteFailed
            The same, and the writer said why.
        """
        try:
            check_balance(self.ledger)
        except FramesLost as error:
            if self.on_loss == "fail":
                if self._last is not None and self._last.write_error is not None:
                    raise self._last.write_error from error
                raise
            warnings.warn(str(error), RuntimeWarning, stacklevel=2)
