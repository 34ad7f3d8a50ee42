"""A simulated Eiger: triggers, its own file writer, bit depth that follows the exposure."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import replace
from enum import IntEnum
from pathlib import Path

from framepath.detector.drivers.base import Camera, DriverInfo, Exposure, ExposureSettings, Value
from framepath.detector.drivers.eiger_files import SeriesFiles, free_gigabytes, open_series
from framepath.detector.drivers.eiger_metadata import number, series_metadata
from framepath.detector.drivers.eiger_puts import EigerPuts, initial_values
from framepath.detector.drivers.eiger_readout import EigerModel, data_type
from framepath.errors import FramepathError, StagingError
from framepath.scenes import Diffraction
from framepath.scenes.powder import Geometry
from framepath.spec.frame import EPICS_EPOCH_S, DataType
from framepath.spec.frame_type import FrameType

ENDLESS = 2**31 - 1
"""Frames of a Continuous acquisition."""

TRIGGER_POLL_S = 0.05
"""How often a wait for a trigger looks whether it was stopped."""


class TriggerMode(IntEnum):
    """``TriggerMode``, numbered as the record; the last one is EIGER2's."""

    INTERNAL_SERIES = 0
    INTERNAL_ENABLE = 1
    EXTERNAL_SERIES = 2
    EXTERNAL_ENABLE = 3
    CONTINUOUS = 4
    EXTERNAL_GATE = 5


ONE_IMAGE_A_TRIGGER = (
    TriggerMode.INTERNAL_ENABLE,
    TriggerMode.EXTERNAL_ENABLE,
    TriggerMode.EXTERNAL_GATE,
)
"""Modes in which the trigger itself says how long to expose, and ``NumImages`` has no say."""


class DataSource(IntEnum):
    """``DataSource``: whence plugins get frames."""

    NONE = 0
    FILE_WRITER = 1
    STREAM = 2


class Eiger:
    """A photon-counting detector looking at a powder (implements `base.Driver`).

    ``Acquire`` arms one series: ``NumImages`` frames for each of ``NumTriggers`` triggers, whatever
    ``ImageMode`` says. With an internal trigger mode and ``ManualTrigger`` off it triggers itself.
    The put-callback of ``Trigger`` returns when the images of that trigger are stored.

    Parameters
    ----------
    model
        Which detector.
    spool
        Folder for files that ``SaveFiles`` does not ask for: the storage of the detector's own
        computer.
    """

    def __init__(self, model: EigerModel, spool: Path) -> None:
        self._model = model
        self._spool = spool
        self._scene = Diffraction(shape_yx=model.size_yx)
        self.info = DriverInfo(
            port="EIG",
            tables=model.tables,
            manufacturer="framepath",
            model=f"Simulated {model.name}",
            size_yx=model.size_yx,
            data_type=DataType.UINT32,
            initial=initial_values(model),
        )
        self._triggers: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._armed = threading.Event()
        self._edge = threading.Lock()
        self._n_unfinished = 0
        self._n_images = 0
        self._sequence_id = 0
        self._trigger_s = 0.0
        self._files: SeriesFiles | None = None
        self._series: ExposureSettings | None = None

    def attach(self, camera: Camera) -> None:
        """Register what a put to each PV does."""
        self._camera = camera
        EigerPuts(camera, self._spool).register()
        camera.on_put("Trigger", self._on_trigger)

    # -- a series

    def prepare(self, settings: ExposureSettings) -> None:
        """Arm: check the settings, open the files, freeze what a series may not change."""
        self._forget_last()
        try:
            _check(settings)
            self._arm(settings)
        except FramepathError as error:
            self._camera.publish("Error", error.summary[:39])
            raise

    def _forget_last(self) -> None:
        """What the PVs say of files is about this series, also where it makes none."""
        for name in ("Error", "FullFileName", "WriteMessage"):
            self._camera.publish(name, "")
        for name in ("NumCaptured", "WriteStatus"):
            self._camera.publish(name, 0)

    def _arm(self, settings: ExposureSettings) -> None:
        self._camera.publish("State", "configure")
        self._sequence_id += 1
        self._camera.publish("SequenceId", self._sequence_id)
        values = {**settings.values, "SequenceId": self._sequence_id}
        self._series = series = replace(settings, values=values)
        self._trigger_s = settings.exposure_s
        self._place_scene(series)
        if values["FWEnable"]:
            try:
                self._open_files(series)
            except FramepathError as error:
                self._report(error)
                raise
        self._camera.publish("Armed", 1)
        self._camera.publish("State", "ready")
        self._armed.set()

    def n_frames(self, settings: ExposureSettings) -> int:
        """All images of all triggers."""
        if settings.trigger_mode == TriggerMode.CONTINUOUS:
            return ENDLESS
        return images_a_trigger(settings) * max(1, int(number(settings.values, "NumTriggers")))

    def wait_for_trigger(
        self, settings: ExposureSettings, frame_index: int, stop: threading.Event
    ) -> bool:
        """Wait where a trigger's first image begins; the others follow by themselves."""
        series = self._series or settings
        if series.trigger_mode == TriggerMode.CONTINUOUS or frame_index % images_a_trigger(series):
            return not stop.is_set()
        self._trigger_done()
        if not waits_for_trigger(series):
            return not stop.is_set()
        while not stop.is_set():
            try:
                exposure_s = self._triggers.get(timeout=TRIGGER_POLL_S)
            except queue.Empty:
                continue
            if series.trigger_mode == TriggerMode.INTERNAL_ENABLE and exposure_s > 0:
                self._trigger_s = exposure_s
            self._n_unfinished += 1
            return True
        return False

    def expose(self, settings: ExposureSettings, frame_index: int) -> Exposure:
        """Count photons."""
        series = self._series or settings
        self._camera.publish("State", "acquire")
        frame_type = settings.frame_type if settings.shutter_open else FrameType.DARK
        dtype = data_type(int(number(series.values, "BitDepthImage"))).dtype
        pixels = self._scene.frame(self._n_images, frame_type, self._trigger_s, dtype)
        self._n_images += 1
        return Exposure(
            pixels,
            parameters={"SEQ_ID": self._sequence_id, "EIGER_IMAGE": frame_index},
            deliver=series.values["DataSource"] == DataSource.STREAM,
        )

    def taken(self, exposure: Exposure, frame_index: int) -> None:
        """Give the frame to the file writer; with it a trigger may be done.

        The last frame's trigger is done when the files are, and one whose frame plugins get next
        when they have it.
        """
        if self._files is not None:
            try:
                self._files.write(exposure.pixels, self._n_images, time.time() - EPICS_EPOCH_S)
            except FramepathError as error:
                self._report(error)
                raise
            self._camera.publish("NumCaptured", self._files.n_stored)
        series, n_taken = self._series, frame_index + 1
        if series is None or exposure.deliver or n_taken == self.n_frames(series):
            return
        if n_taken % images_a_trigger(series) == 0:
            self._camera.publish("NumImagesCounter", n_taken)  # who has triggered reads it next
            self._trigger_done()

    def finish(self) -> None:
        """Disarm: complete the files, let waiting triggers go."""
        with self._edge:
            self._armed.clear()
        try:
            if self._files is not None:
                self._files.close()
        except FramepathError as error:
            self._report(error)
            raise
        finally:
            self._files = None
            self._series = None
            self._drop_triggers()
            self._camera.publish("Armed", 0)
            self._camera.publish("FWState", "ready")
            self._camera.publish("FWFree", free_gigabytes(self._spool))
            self._camera.publish("State", "idle")

    def _place_scene(self, series: ExposureSettings) -> None:
        """A scene with the geometry of the PVs; the same one where nothing changed."""
        values = series.values
        scene = Diffraction(
            shape_yx=self._model.size_yx,
            geometry=Geometry(
                number(values, "DetDist"),
                number(values, "Wavelength"),
                (number(values, "BeamY"), number(values, "BeamX")),
            ),
            count_cutoff=int(number(values, "CountCutoff")),
            mask_applied=bool(values["PixelMaskApplied"]),
        )
        if scene != self._scene:
            self._scene = scene

    def _open_files(self, series: ExposureSettings) -> None:
        late = series.values["DataSource"] == DataSource.FILE_WRITER
        self._files = open_series(
            series,
            self._spool,
            self._model.size_yx,
            data_type(int(number(series.values, "BitDepthImage"))),
            series_metadata(series, str(series.values["Description"]), images_a_trigger(series)),
            self._scene.pixel_mask,
            (lambda pixels: self._camera.deliver(Exposure(pixels))) if late else None,
        )
        self._camera.publish("FullFileName", str(self._files.master_path))
        self._camera.publish("FWState", "acquire")

    def _report(self, error: FramepathError) -> None:
        self._camera.publish("Error", error.summary[:39])
        self._camera.publish("WriteStatus", 1)
        self._camera.publish("WriteMessage", str(error)[:255])

    # -- triggers

    def _on_trigger(self, value: Value) -> None:
        # A client may trigger right after Acquire, before the acquisition thread has armed.
        while self._camera["Acquire"] and not self._armed.wait(0.01):
            pass
        with self._edge:
            if not self._armed.is_set() or not self._series or not waits_for_trigger(self._series):
                self._camera.publish("StatusMessage", "Trigger ignored: no series waits for it")
                return
            self._camera.begin("Trigger")
            self._triggers.put(float(value))  # type: ignore[arg-type]

    def _trigger_done(self) -> None:
        """The images of the last trigger are stored: let its put-callback return."""
        with self._edge:
            if self._n_unfinished and self._triggers.empty():
                self._n_unfinished = 0
                self._camera.end("Trigger")

    def _drop_triggers(self) -> None:
        with self._edge:
            while not self._triggers.empty():
                self._triggers.get()
                self._n_unfinished += 1
            if self._n_unfinished:
                self._n_unfinished = 0
                self._camera.end("Trigger")


def images_a_trigger(settings: ExposureSettings) -> int:
    """Frames that one trigger brings."""
    if settings.trigger_mode in ONE_IMAGE_A_TRIGGER:
        return 1
    return settings.n_images


def waits_for_trigger(settings: ExposureSettings) -> bool:
    """Whether somebody has to trigger: ``ManualTrigger``, or an external trigger mode.

    No cable leads to this detector, so that ``Trigger`` stands for the external signal too.
    """
    internal = (TriggerMode.INTERNAL_SERIES, TriggerMode.INTERNAL_ENABLE, TriggerMode.CONTINUOUS)
    return settings.trigger_mode not in internal or bool(settings.values["ManualTrigger"])


def _check(settings: ExposureSettings) -> None:
    """Refuse what a series cannot be taken with."""
    values = settings.values
    needs = {DataSource.FILE_WRITER: "FWEnable", DataSource.STREAM: "StreamEnable"}
    interface = needs.get(DataSource(int(number(values, "DataSource"))))
    if interface is not None and not values[interface]:
        raise StagingError(
            "the interface that DataSource names is disabled",
            found=f"{interface} Disable",
            expected="Enable",
            where=f"cam1:{interface}",
            next_step=f"put Enable to {interface}, or None to DataSource",
        )
    if number(values, "DetDist") <= 0:
        raise StagingError(
            "there is no picture without a geometry",
            found=values["DetDist"],
            expected="greater than 0",
            where="cam1:DetDist",
            next_step="put the distance in metres",
        )
