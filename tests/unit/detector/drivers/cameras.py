"""A camera port without EPICS: the parameter table's values, put handlers, what was published."""

from __future__ import annotations

import threading
from typing import Any

from framepath.detector.drivers.base import (
    Driver,
    Exposure,
    ExposureSettings,
    ImageMode,
    PutHandler,
    Shown,
    Value,
)
from framepath.spec.frame import ColorMode, DataType
from framepath.spec.frame_type import FrameType
from framepath.spec.params import CAMERA_TABLES, load

COLOR_MODES = (ColorMode.MONO, ColorMode.RGB1, ColorMode.RGB2, ColorMode.RGB3)


class TableCamera:
    """The driver's cam1; `put` is a client's put, `acquire` an acquisition of some frames."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        params = load((*CAMERA_TABLES, *driver.info.tables))
        self._values: dict[str, Value] = {}
        for param in params.values():
            if param.is_setpoint or param.is_readback:
                self._values.setdefault(param.name, param.initial_value())
        height, width = driver.info.size_yx
        self._values |= {"SizeX": width, "SizeY": height}
        self._values["DataType"] = int(driver.info.data_type)
        unknown = set(driver.info.initial) - set(self._values)
        assert not unknown, f"the driver names PVs that no table has: {unknown}"
        self._values |= driver.info.initial
        self._handlers: dict[str, PutHandler] = {}
        self.delivered: list[Exposure] = []
        self.busy: set[str] = set()
        driver.attach(self)

    # -- what drivers use

    def __getitem__(self, name: str, /) -> Value:
        return self._values[name]

    def publish(self, name: str, value: Value) -> None:
        assert name in self._values, f"{name} is in no table"
        self._values[name] = value

    def on_put(self, name: str, handler: PutHandler) -> None:
        self._handlers[name] = handler

    def deliver(self, exposure: Exposure) -> None:
        self.delivered.append(exposure)

    def begin(self, name: str) -> None:
        self.busy.add(name)

    def end(self, name: str) -> None:
        self.busy.discard(name)

    # -- what tests use

    def put(self, **values: Value) -> None:
        for name, value in values.items():
            assert name in self._values, f"{name} is in no table"
            handler = self._handlers.get(name)
            shown = handler(value) if handler else value
            if shown is not Shown.UNCHANGED:
                self._values[name] = value if shown is None else shown

    def settings(self) -> ExposureSettings:
        values: dict[str, Any] = dict(self._values)
        return ExposureSettings(
            exposure_s=float(values["AcquireTime"]),
            period_s=float(values["AcquirePeriod"]),
            image_mode=ImageMode(values["ImageMode"]),
            n_images=max(1, int(values["NumImages"])),
            n_exposures=1,
            data_type=DataType(values["DataType"]),
            color_mode=COLOR_MODES[values["ColorMode"]],
            frame_type=FrameType(values["FrameType"]),
            trigger_mode=int(values["TriggerMode"]),
            shutter_open=not values["ShutterMode"] or bool(values["ShutterStatus"]),
            values=values,
        )

    def expose(self, frame_index: int = 0) -> Exposure:
        """One exposure outside an acquisition."""
        exposure = self.driver.expose(self.settings(), frame_index)
        assert exposure is not None
        for name, value in exposure.readbacks.items():
            self.publish(name, value)
        return exposure

    def acquire(self, n_frames: int) -> list[Exposure]:
        """At most ``n_frames`` of an acquisition, as the acquisition thread takes them."""
        stop = threading.Event()
        settings = self.settings()
        taken: list[Exposure] = []
        try:
            self.driver.prepare(settings)
            wanted = self.driver.n_frames(settings)
            for index in range(min(n_frames, wanted or n_frames)):
                assert self.driver.wait_for_trigger(settings, index, stop)
                exposure = self.driver.expose(self.settings(), index)
                if exposure is None:
                    break
                self.driver.taken(exposure, index)
                if exposure.deliver:
                    self.deliver(exposure)
                taken.append(exposure)
        finally:
            self.driver.finish()
        return taken
