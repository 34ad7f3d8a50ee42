"""The driver interface: what a detector declares and how it hands over one exposure.

The acquisition thread (`framepath.detector.acquisition`) owns image modes, exposure timing, stop,
counters, the region of interest, binning, reversal, attributes and checksum. A driver only knows
how the pixels of its whole sensor come about.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any, Protocol

import numpy as np

from framepath.spec.frame import ColorMode, DataType
from framepath.spec.frame_type import FrameType

Value = int | float | str | np.ndarray[Any, np.dtype[Any]]
"""Value of a parameter; an enum is its index."""


class Shown(Enum):
    """What a put handler may return instead of a value."""

    UNCHANGED = "unchanged"
    """The readback stays, or the handler has published it."""


PutHandler = Callable[[Value], "Value | Shown | None"]
"""Called with a client's value on the put thread; returns what the readback becomes (None: it).

A `FramepathError` refuses the value: the setpoint goes INVALID, the readback stays.
"""


class ImageMode(IntEnum):
    """``ImageMode``, numbered as the record."""

    SINGLE = 0
    MULTIPLE = 1
    CONTINUOUS = 2


class Camera(Protocol):
    """The cam1 port as a driver sees it; names are PV suffixes without ``_RBV``."""

    def __getitem__(self, name: str, /) -> Value:
        """The readback value of a parameter."""
        ...

    def publish(self, name: str, value: Value) -> None:
        """Set a readback; clients see it at once for edge parameters, else within 0.1 s."""
        ...

    def on_put(self, name: str, handler: PutHandler) -> None:
        """Run ``handler`` when a client writes the setpoint ``name``."""
        ...

    def deliver(self, exposure: Exposure) -> None:
        """Hand the plugins a frame that an earlier ``expose`` returned with ``deliver`` False.

        For frames that become known late (an Eiger's file writer closed a data file); called on
        the acquisition thread, inside ``taken`` or ``finish``.
        """
        ...

    def begin(self, name: str) -> None:
        """A put to the busy setpoint ``name`` has begun work: put-callbacks wait until `end`."""
        ...

    def end(self, name: str) -> None:
        """The work is done: the setpoint returns to 0 and put-callbacks return."""
        ...


@dataclass(frozen=True, slots=True)
class DriverInfo:
    """What a driver declares.

    Attributes
    ----------
    port
        Asyn port name, the initial ``NDArrayPort`` of every plugin.
    tables
        Parameter tables of `framepath.spec.params` laid over cam1's common rows, in order.
    manufacturer, model
        ``Manufacturer_RBV``, ``Model_RBV``.
    size_yx
        Sensor size, pixels: ``MaxSizeY_RBV``, ``MaxSizeX_RBV`` and the first region of interest.
    data_type
        ``DataType`` before anyone writes it.
    initial
        Other initial values by PV suffix (readback and setpoint).
    n_colors
        Values of a pixel in the colour modes that the driver has; 1 without.
    """

    port: str
    tables: tuple[str, ...]
    manufacturer: str
    model: str
    size_yx: tuple[int, int]
    data_type: DataType = DataType.UINT8
    initial: Mapping[str, Value] = field(default_factory=dict[str, Value])
    n_colors: int = 1


@dataclass(frozen=True, slots=True)
class ExposureSettings:
    """The camera's parameters when an exposure begins.

    Attributes
    ----------
    exposure_s, period_s
        ``AcquireTime``, ``AcquirePeriod``.
    image_mode, n_images, n_exposures
        ``ImageMode``, ``NumImages``, ``NumExposures``.
    data_type, color_mode
        Of the frame asked for.
    frame_type
        ``FrameType``.
    trigger_mode
        Index of ``TriggerMode``; its meaning is the driver's.
    shutter_open
        False when a shutter mode is set and the shutter is closed.
    values
        Every parameter of cam1 by PV suffix, read as ``settings.values["PeakStartX"]``.
    """

    exposure_s: float
    period_s: float
    image_mode: ImageMode
    n_images: int
    n_exposures: int
    data_type: DataType
    color_mode: ColorMode
    frame_type: FrameType
    trigger_mode: int
    shutter_open: bool
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure of the whole sensor.

    Attributes
    ----------
    pixels
        (y, x) for mono, (y, x, 3) for any colour mode, of the sensor's full size, in the data type
        asked for (or the driver's own, which then is published). Not changed afterwards.
    frame_type
        Overrides ``cam1:FrameType`` for this frame; the record follows before the frame's
        attributes are read. None leaves it.
    parameters
        Values for PARAM attributes of this frame by parameter name, e.g. ``{"THETA": 12.5}``.
    readbacks
        Readbacks to publish with this frame, by PV suffix.
    deliver
        False sends no NDArray to the plugins (an Eiger with DataSource None); it is counted.
    """

    pixels: np.ndarray[Any, np.dtype[Any]]
    frame_type: FrameType | None = None
    parameters: Mapping[str, int | float | str] = field(
        default_factory=dict[str, "int | float | str"]
    )
    readbacks: Mapping[str, Value] = field(default_factory=dict[str, Value])
    deliver: bool = True


class Driver(Protocol):
    """A detector. All calls but ``attach`` and put handlers come from the acquisition thread."""

    @property
    def info(self) -> DriverInfo:
        """What the driver declares; constant."""
        ...

    def attach(self, camera: Camera) -> None:
        """Register put handlers; called once before the IOC is up."""
        ...

    def prepare(self, settings: ExposureSettings) -> None:
        """Make ready for an acquisition (Acquire went from 0 to 1).

        Raises
        ------
        FramepathError
            The settings cannot be used: the acquisition ends in DetectorState Error with this text.
        """
        ...

    def n_frames(self, settings: ExposureSettings) -> int | None:
        """Frames of the acquisition where the driver counts them (an Eiger: NumImages for each
        of NumTriggers, ImageMode ignored); None leaves it to ``ImageMode`` and ``NumImages``.
        """
        ...

    def wait_for_trigger(
        self, settings: ExposureSettings, frame_index: int, stop: threading.Event
    ) -> bool:
        """Block until frame ``frame_index`` may begin; False when ``stop`` was set meanwhile."""
        ...

    def expose(self, settings: ExposureSettings, frame_index: int) -> Exposure | None:
        """Take frame ``frame_index`` (from 0 in this acquisition); None ends the acquisition.

        Called when the exposure begins; the caller waits until ``exposure_s`` has passed.
        """
        ...

    def taken(self, exposure: Exposure, frame_index: int) -> None:
        """The exposure of a frame has ended in full: store it where the driver itself stores.

        Not called for an exposure that was stopped. Comes before the frame is counted and
        delivered.

        Raises
        ------
        FramepathError
            It cannot be stored: the acquisition ends in DetectorState Error with this text.
        """
        ...

    def finish(self) -> None:
        """Clean up after an acquisition, however it ended."""
        ...


class FreeRunning:
    """The parts of `Driver` that most detectors leave empty: no triggers, nothing to prepare."""

    def n_frames(self, settings: ExposureSettings) -> int | None:
        """As many as ``ImageMode`` and ``NumImages`` say."""
        return None

    def attach(self, camera: Camera) -> None:
        """No put handlers."""

    def prepare(self, settings: ExposureSettings) -> None:
        """Nothing to prepare."""

    def wait_for_trigger(
        self, settings: ExposureSettings, frame_index: int, stop: threading.Event
    ) -> bool:
        """Begin at once."""
        return not stop.is_set()

    def taken(self, exposure: Exposure, frame_index: int) -> None:
        """Nothing to store."""

    def finish(self) -> None:
        """Nothing to clean up."""
