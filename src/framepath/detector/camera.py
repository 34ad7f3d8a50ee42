"""The camera: cam1's parameters as a driver and the acquisition see them, and frames made of
exposures.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping
from typing import Any

from framepath.detector import geometry
from framepath.detector.attributes import Attributes
from framepath.detector.drivers.base import (
    DriverInfo,
    Exposure,
    ExposureSettings,
    ImageMode,
    PutHandler,
    Value,
)
from framepath.detector.frames import show_frame
from framepath.detector.graph import Graph
from framepath.detector.pool_stats import PoolStats
from framepath.detector.port import Port
from framepath.spec.frame import EPICS_EPOCH_S, ColorMode, DataType, Frame
from framepath.spec.frame_type import FrameType
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType

COLOR_MODES = {
    "Mono": ColorMode.MONO,
    "Bayer": ColorMode.BAYER,
    "RGB1": ColorMode.RGB1,
    "RGB2": ColorMode.RGB2,
    "RGB3": ColorMode.RGB3,
}
"""State string of ``ColorMode`` -> mode; cameras do not list all of them."""


def initial_values(info: DriverInfo) -> dict[str, Value]:
    """What a driver's declaration puts in place of the table's initial values."""
    height, width = info.size_yx
    return {
        "PortName": info.port,
        "Manufacturer": info.manufacturer,
        "Model": info.model,
        "MaxSizeX": width,
        "MaxSizeY": height,
        "SizeX": width,
        "SizeY": height,
        "ArraySizeX": width,
        "ArraySizeY": height,
        "DataType": int(info.data_type),
        **info.initial,
    }


class CameraPort:
    """cam1 (implements `framepath.detector.drivers.base.Camera`).

    Parameters
    ----------
    port
        Its parameters.
    info
        What the driver declares.
    graph
        Where frames go.
    attributes
        Evaluates the NDAttributes of a frame.
    """

    def __init__(self, port: Port, info: DriverInfo, graph: Graph, attributes: Attributes) -> None:
        self.port = port
        self._info = info
        self._graph = graph
        self._attributes = attributes
        self._n_arrays = 0
        self._asked = info.data_type
        states = port.params["ColorMode"].states
        self._color_modes = [COLOR_MODES[state] for state in states]
        self._made: dict[int, weakref.ref[geometry.Pixels]] = {}
        PoolStats(port, self._alive)
        for name in ("SizeX", "SizeY", "MinX", "MinY", "BinX", "BinY"):
            port.on_put(name, self._region_handler(name))

    # -- what drivers use

    def __getitem__(self, name: str, /) -> Value:
        return self.port[name]

    def publish(self, name: str, value: Value) -> None:
        """Set a readback."""
        self.port.publish(name, value)

    def on_put(self, name: str, handler: PutHandler) -> None:
        """Run ``handler`` on each put of a setpoint."""
        self.port.on_put(name, handler)

    def deliver(self, exposure: Exposure) -> None:
        """Make a frame of an exposure and hand it to the plugins."""
        if exposure.frame_type is not None:
            self.port.publish("FrameType", int(exposure.frame_type))
            self.port.set_setpoint("FrameType", int(exposure.frame_type))
        for name, value in exposure.readbacks.items():
            self.port.publish(name, value)
        attributes: dict[str, NDAttribute] = {}
        frame = self._frame(exposure, attributes)
        attributes.update(self._attributes_of(frame, exposure.parameters))
        show_frame(self.port, frame, is_source=True)
        data_type = DataType.of(frame.dtype)
        if data_type is not self._asked:  # the driver's own: what was asked has no effect
            self.port.publish("DataType", int(data_type))
        self.port.publish("NumQueuedArrays", self._graph.n_queued)
        if self.port["ArrayCallbacks"]:
            self._graph.send(self._info.port, frame)

    def begin(self, name: str) -> None:
        """Put-callbacks on a busy setpoint wait from now on."""
        self.port.begin(name)

    def end(self, name: str) -> None:
        """Put-callbacks on a busy setpoint return, and it is 0 again; what it did is shown."""
        self.port.flush()
        self.port.set_setpoint(name, 0)
        self.port.end(name)

    # -- what the acquisition uses

    def settings(self) -> ExposureSettings:
        """The parameters as they are now."""
        values = self.port.snapshot()
        self._asked = DataType(values["DataType"])
        return ExposureSettings(
            exposure_s=float(values["AcquireTime"]),  # type: ignore[arg-type]
            period_s=float(values["AcquirePeriod"]),  # type: ignore[arg-type]
            image_mode=ImageMode(values["ImageMode"]),
            n_images=max(1, int(values["NumImages"])),  # type: ignore[arg-type]
            n_exposures=max(1, int(values["NumExposures"])),  # type: ignore[arg-type]
            data_type=self._asked,
            color_mode=self._color_modes[int(values["ColorMode"])],  # type: ignore[arg-type]
            frame_type=FrameType(values["FrameType"]),
            trigger_mode=int(values["TriggerMode"]),  # type: ignore[arg-type]
            shutter_open=not values["ShutterMode"] or bool(values["ShutterStatus"]),
            values=values,
        )

    def apply_region(self) -> None:
        """Publish the region of interest as it is in effect."""
        values = self.port.snapshot()
        for name, value in geometry.Region.of_values(values).readbacks().items():
            if values[name] != value:
                self.port.publish(name, value)

    def _region_handler(self, name: str) -> PutHandler:
        def clamped(value: Value) -> Value:
            values = self.port.snapshot()
            values[name] = value
            return geometry.Region.of_values(values).readbacks()[name]

        return clamped

    # -- frames

    def _alive(self) -> list[geometry.Pixels]:
        """Pixels of frames that somebody still holds."""
        found = (made() for made in self._made.copy().values())
        return [pixels for pixels in found if pixels is not None]

    def _note_made(self, pixels: geometry.Pixels) -> None:
        """Count an array as alive until nobody holds it any more."""
        key, made = id(pixels), self._made
        made[key] = weakref.ref(pixels, lambda _: made.pop(key, None))

    def _frame(self, exposure: Exposure, attributes: Mapping[str, NDAttribute]) -> Frame:
        settings = self.port.snapshot()
        region = geometry.Region.of_values(settings)
        mode = self._color_modes[int(settings["ColorMode"])]  # type: ignore[arg-type]
        if exposure.pixels.ndim == 2 and mode is not ColorMode.BAYER:
            mode = ColorMode.MONO
        pixels = geometry.in_color_order(geometry.read_out(exposure.pixels, region), mode)
        now_ns = time.time_ns() - EPICS_EPOCH_S * 1_000_000_000
        self._n_arrays += 1
        seconds, nanoseconds = divmod(now_ns, 1_000_000_000)
        self.port.publish("ArrayCounter", self.port.integer("ArrayCounter") + 1)
        self._note_made(pixels)
        return Frame(
            data=pixels,
            unique_id=self._n_arrays,
            timestamp=seconds + nanoseconds * 1e-9,
            epics_ts=(seconds, nanoseconds),
            color_mode=mode,
            dimensions=geometry.dimensions(region, pixels, mode),
            attributes=attributes,
        )

    def _attributes_of(self, frame: Frame, parameters: Mapping[str, Any]) -> dict[str, NDAttribute]:
        mode = int(frame.color_mode)
        color = NDAttribute(
            "ColorMode", NDAttrType.INT32, mode, "Color mode", "Driver", NDAttrSourceType.DRIVER
        )
        return {color.name: color, **self._attributes.evaluate(frame, parameters)}
