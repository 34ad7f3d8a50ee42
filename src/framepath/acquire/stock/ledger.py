"""Frames of detectors of ophyd's and apstools' classes, counted from outside."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from ophyd.status import DeviceStatus

from framepath.acquire.devices.detector import OnLoss
from framepath.acquire.devices.exposures import MULTIPLE
from framepath.acquire.devices.file_plugin import STREAM, PluginFile
from framepath.acquire.devices.ledger import FrameCounts, LedgerEntry, check_balance
from framepath.acquire.devices.parts import HDF5_PLUGIN, SIM_CAMERA
from framepath.acquire.devices.routing import check_xml
from framepath.acquire.pvs.connection import value_of
from framepath.acquire.stock.paths import StockParts, check_paths, folder_of
from framepath.errors import FramepathError, FramesLost, StagingError
from framepath.spec.frame_type import FrameType

SINGLE = 0
"""``ImageMode`` in which a trigger is one frame."""


class Closing:
    """The end of a detector's file as the RunEngine triggers it."""

    parent = None

    def __init__(self, ledger: StockLedger) -> None:
        self.name = f"{ledger.name}_closing"
        self.trigger = ledger.close_file


class StockLedger:
    """Counts the frames of a stock detector: triggered, received and stored.

    The device itself is used as it is. PVs that its classes do not have (state strings of
    FrameType, queued arrays) are read beside it.

    Attributes
    ----------
    name
        Of the detector.
    on_loss
        ``fail`` a plan, or ``warn``, when counts disagree.
    ledger
        One entry a frame type of the last file that was closed.
    parts
        The detector's camera and file plugins.
    """

    parent = None

    def __init__(self, parts: StockParts, on_loss: OnLoss = "fail") -> None:
        self.name = parts.detector.name
        self.on_loss: OnLoss = on_loss
        self.ledger: tuple[LedgerEntry, ...] = ()
        self.parts = parts
        self._hdf5 = next((f for f in parts.files if hasattr(f, "xml_file_name")), None)
        self._cam = SIM_CAMERA.device_class("cam")(parts.cam.prefix, name=f"{self.name}_cam")
        self._hdf1 = (
            HDF5_PLUGIN.device_class("hdf1")(self._hdf5.prefix, name=f"{self.name}_hdf1")
            if self._hdf5 is not None
            else None
        )
        self.begin()

    def begin(self) -> None:
        """Forget earlier frames; called before the detector is staged."""
        self._counts = FrameCounts()
        self._n_driver = 0
        self._last: FrameType | None = None
        self._status: Any = None
        self.is_closed = False

    def check_paths(self) -> None:
        """Check the folder of every file plugin; see `stock_paths.check_paths`."""
        for plugin in self.parts.files:
            check_paths(plugin)

    def check_xml(self) -> None:
        """Check that the IOC accepted layout and attributes; see `routing.check_xml`."""
        if self._hdf1 is not None:
            check_xml(self._cam, self._hdf1)

    # Taking frames

    def trigger(self) -> Any:
        """Trigger the detector and count what that asks for.

        Repeated while the exposure goes on, as the RunEngine does after a pause, it answers with
        that exposure: areaDetector takes no further frame for an Acquire that is 1 already.
        """
        if self._status is not None and not self._status.done:
            return self._status
        n_driver = self._n_now()
        self._credit(n_driver)
        self._n_driver = n_driver
        self._last = FrameType(int(value_of(self._cam.frame_type)))  # type: ignore[attr-defined]
        self._counts.triggered[self._last] += self._frames_a_trigger()
        self._status = self.parts.detector.trigger()  # type: ignore[attr-defined]
        return self._status

    def _n_now(self) -> int:
        return int(value_of(self._cam.array_counter))  # type: ignore[attr-defined]

    def _credit(self, n_driver: int) -> None:
        if self._last is not None:
            self._counts.received[self._last] += n_driver - self._n_driver
            self._n_driver = n_driver

    def _frames_a_trigger(self) -> int:
        cam: Any = self.parts.cam
        n_images = int(value_of(cam.num_images))
        if hasattr(cam, "num_triggers"):  # an Eiger
            return n_images * int(value_of(cam.num_triggers))
        mode = int(value_of(cam.image_mode))
        if mode not in (SINGLE, MULTIPLE):
            raise StagingError(
                "a detector that runs on its own has no frames to count",
                found="ImageMode Continuous",
                expected="Single or Multiple",
                where=cam.image_mode.setpoint_pvname,
                next_step="put ImageMode in the detector's cam.stage_sigs",
            )
        return n_images if mode == MULTIPLE else 1

    # Ending

    @property
    def has_open_file(self) -> bool:
        """Whether frames were taken that are not counted yet."""
        return self._last is not None and not self.is_closed

    @property
    def closing(self) -> Closing:
        """The end of the capture as the RunEngine triggers it; repeating it changes nothing."""
        return Closing(self)

    def close_file(self) -> DeviceStatus:
        """End the capture and count what its file holds; then `ledger` is known."""
        status = DeviceStatus(self.parts.detector)
        try:
            self._finish()
        except FramepathError as error:
            status.set_exception(error)
        else:
            status.set_finished()
        return status

    def _finish(self) -> None:
        if self.is_closed:
            return
        self._credit(self._n_now())
        file = self._stream_file()
        if file is None:
            warnings.warn(
                f"no ledger for {self.name}: only HDF5 files of Stream mode are counted",
                RuntimeWarning,
                stacklevel=2,
            )
            self.is_closed = True
            return
        file.follow()
        try:
            file.wait_stored(self._counts.received.total())
        except FramesLost:
            pass  # the file itself is counted below, and the ledger says what is missing
        file.close()
        self.is_closed = True
        self.ledger = tuple(self._entry(file, t) for t in self._counts.triggered)

    def _stream_file(self) -> PluginFile | None:
        plugin = self._hdf5
        if plugin is None or self._hdf1 is None or int(value_of(plugin.file_write_mode)) != STREAM:
            return None
        return PluginFile(self.name, self._cam, self._hdf1, folder_of(plugin))

    def _entry(self, file: PluginFile, frame_type: FrameType) -> LedgerEntry:
        n_received = self._counts.received[frame_type]
        stored, address = None, None
        if n_received:
            address = file.where(frame_type)
            self._check_documented(address.path)
            stored = file.stored(frame_type)
        return LedgerEntry(
            detector=self.name,
            frame_type=frame_type.name.lower(),
            triggered=self._counts.triggered[frame_type],
            received=n_received,
            stored=stored.n_stored if stored else 0,
            file=str(address.path) if address else "",
            dataset=address.dataset if address else "",
            file_on_ioc=address.ioc_path if address else "",
        )

    def _check_documented(self, written: Path) -> None:
        """ophyd makes up the file's name a second time; the IOC's own answer is what counts."""
        documented = getattr(self._hdf5, "_fn", None)
        if documented and Path(documented) != written:
            raise StagingError(
                "the run's documents name another file than the IOC wrote",
                found=f"{documented} in the documents",
                expected=str(written),
                where=self.name,
                next_step="compare FileTemplate, FileNumber and AutoIncrement with what the "
                "device's class expects; the frames are in the file that the IOC wrote",
            )

    def report_loss(self) -> None:
        """Raise, or warn, when the ledger does not balance.

        Raises
        ------
        FramesLost
            And ``on_loss`` is ``fail``.
        """
        try:
            check_balance(self.ledger)
        except FramesLost as error:
            if self.on_loss == "fail":
                raise
            warnings.warn(str(error), RuntimeWarning, stacklevel=2)
