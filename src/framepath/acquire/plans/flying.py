"""Images of a sample in motion: one acquisition, an angle for every frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import h5py
import numpy as np
from bluesky.utils import MsgGenerator
from event_model import DataKey
from ophyd.status import Status

from framepath.acquire.devices.columns import once_flushed
from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.plans.stubs import take
from framepath.acquire.pvs.connection import CONFIRM_S, end_status, value_of
from framepath.errors import SettingsError, StagingError
from framepath.files.checks.stored import walk_datasets
from framepath.files.opened import FileSet
from framepath.spec.frame import EPICS_EPOCH_S
from framepath.spec.frame_type import FrameType

THETA_STREAM = "theta"
"""Event stream of a fly scan: the angle of each image, by unique id."""

THETA_ATTRIBUTE = "Theta"
"""NDAttribute that holds the angle of a frame where the detector's IOC knows it."""

LEAD_S = 0.3
"""Seconds of constant velocity before the first image, on top of the acceleration."""

SAME_VELOCITY = 1e-3
"""Relative difference below which a motor has taken a velocity."""

Column = np.ndarray[Any, np.dtype[Any]]


class Track:
    """A motor's readings while it moves, by the IOC's time stamps."""

    def __init__(self, motor: Any) -> None:
        self._signal = motor.user_readback
        self._readings: deque[tuple[float, float]] = deque()
        self._subscription: int | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._subscription = self._signal.subscribe(self._on_reading)

    def stop(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            self._signal.unsubscribe(self._subscription)
            self._subscription = None

    def _on_reading(self, *, value: float, timestamp: float, **_: Any) -> None:
        self._readings.append((timestamp, value))

    def at(self, times: Column) -> Column:
        """Angles at these times, seconds since the Unix epoch, linear between readings."""
        stamps, angles = np.array(self._readings).T
        return np.interp(times, stamps, angles)


class ThetaStream:
    """The angle of each image as an event stream that a RunEngine collects.

    ``approximate`` is False for angles that the detector's IOC stored with the frame, True for
    those interpolated between a motor's monitors at the frame's time stamp.
    """

    parent = None
    name = THETA_STREAM

    def __init__(self, detector: FrameDetector, first_row: int, n_frames: int, track: Track):
        self._detector = detector
        self._rows = slice(first_row, first_row + n_frames)
        self._track = track
        self._is_collected = False

    @property
    def hints(self) -> dict[str, Any]:
        """Nothing to plot."""
        return {"fields": []}

    def describe_collect(self) -> dict[str, DataKey]:
        """Data keys."""
        return {
            "unique_id": DataKey(
                source="NDArrayUniqueId", dtype="integer", shape=[], dtype_numpy="<i8"
            ),
            "theta": DataKey(source="theta", dtype="number", shape=[], dtype_numpy="<f8"),
            "approximate": DataKey(
                source="framepath", dtype="boolean", shape=[], dtype_numpy="|b1"
            ),
        }

    def collect(self) -> Iterator[dict[str, Any]]:
        """One event an image."""
        if self._is_collected:
            return
        self._is_collected = True
        self._detector.on_collected()
        ids, theta, times, approximate = once_flushed(self._angles)
        for unique_id, angle, time in zip(ids, theta, times, strict=True):
            data = {
                "unique_id": int(unique_id), "theta": float(angle), "approximate": approximate
            }  # fmt: skip
            yield {"data": data, "timestamps": dict.fromkeys(data, float(time)), "time": time}

    def _angles(self) -> tuple[Column, Column, Column, bool]:
        path = self._detector.file_logic.where(FrameType.IMAGE).path
        with FileSet() as files:
            columns = _attribute_columns(files.open(path).h5)
            ids = self._rows_of(columns, "NDArrayUniqueId")
            seconds = self._rows_of(columns, "NDArrayEpicsTSSec").astype(np.float64)
            times = EPICS_EPOCH_S + seconds + 1e-9 * self._rows_of(columns, "NDArrayEpicsTSnSec")
            if THETA_ATTRIBUTE in columns:
                theta = self._rows_of(columns, THETA_ATTRIBUTE)
                if np.all(np.isfinite(theta)):
                    return ids, theta, times, False
        return ids, self._track.at(times), times, True

    def _rows_of(self, columns: dict[str, h5py.Dataset], name: str) -> Column:
        if name not in columns or len(columns[name]) < self._rows.stop:
            raise StagingError(
                "the image file does not hold what angles are matched by",
                found=f"no {self._rows.stop} rows of {name}",
                next_step="put Yes to HDF1:StoreAttr, and 1 to HDF1:NDAttributeChunk of a C++ IOC",
            )
        return columns[name][self._rows]

    def read_configuration(self) -> dict[str, Any]:
        """None."""
        return {}

    def describe_configuration(self) -> dict[str, Any]:
        """None."""
        return {}


def _attribute_columns(file: h5py.File) -> dict[str, h5py.Dataset]:
    found = {}
    for _, dataset in walk_datasets(file):
        name = dataset.attrs.get("NDAttrName")
        if name is not None:
            found[name.decode() if isinstance(name, bytes) else str(name)] = dataset
    return found


@dataclass(frozen=True)
class Flight:
    """How a motor has to turn so that neighbouring images lie one AcquirePeriod apart.

    Attributes
    ----------
    period_s
        From image to image.
    velocity
        Of the motor, in its unit a second.
    first, last
        Where it sets out, so that the velocity is reached at the first image, and where it ends.
    velocity_before
        To be put back.
    """

    period_s: float
    velocity: float
    first: float
    last: float
    velocity_before: float


class Velocity:
    """A motor's velocity as the RunEngine sets it: done when the record has acted.

    ophyd's own ``set`` waits without end for a readback that equals the setpoint, and a motor
    record cuts what is above its VMAX.
    """

    parent = None

    def __init__(self, motor: Any) -> None:
        self._signal = motor.velocity
        self.name = self._signal.name

    def set(self, velocity: float) -> Status:
        """Put a velocity; what the record made of it is to be read."""
        status = Status(obj=self._signal, timeout=CONFIRM_S)
        self._signal.put(velocity, use_complete=True, callback=lambda **_: end_status(status))
        return status

    def taken(self) -> float:
        """What the record holds now; ophyd's monitor tells it a little later."""
        return float(self._signal.get(use_monitor=False))


def planned_flight(det: FrameDetector, theta: Any, angles: Column) -> MsgGenerator[Flight]:
    """Stub: refuse a flight that the motor record would silently change; nothing has moved then.

    Raises
    ------
    SettingsError
        The motor does not go that fast.
    LimitError
        Or not that far.
    """
    cam: Any = det.cam  # type: ignore[attr-defined]
    period_s = max(float(value_of(cam.acquire_period)), float(value_of(cam.acquire_time)))
    step = float(angles[1] - angles[0])
    velocity = abs(step) / period_s
    rate: Any = Velocity(theta)
    before = rate.taken()
    acceleration_s = (yield from bps.rd(theta.acceleration)) or 0.0
    lead = float(np.sign(step)) * velocity * (acceleration_s / 2 + LEAD_S)
    flight = Flight(period_s, velocity, angles[0] - lead, angles[-1] + 2 * lead, before)
    for end in (flight.first, flight.last):
        theta.check_value(float(end))
    yield from bpp.finalize_wrapper(_tried(rate, velocity), bps.mv(rate, before))
    return flight


def _tried(rate: Any, velocity: float) -> MsgGenerator[None]:
    yield from bps.mv(rate, velocity)
    taken = rate.taken()
    if abs(taken - velocity) > SAME_VELOCITY * velocity:
        raise SettingsError(
            "the motor does not turn as fast as the images are taken",
            found=f"velocity {taken:g}",
            expected=f"{velocity:g}, one step an AcquirePeriod",
            where=rate.name,
            next_step="raise AcquirePeriod, or take more images over the same angle",
        )


def fly_images(
    det: FrameDetector, theta: Any, angles: Column, flight: Flight
) -> MsgGenerator[None]:
    """Stub: take one image an angle while ``theta`` turns at constant velocity.

    Its velocity is put back. A pause ends the run: a flight cannot be taken up again where it
    stopped.
    """
    sign = np.sign(angles[1] - angles[0])
    half_step = abs(angles[1] - angles[0]) / 2
    track = Track(theta)
    rate: Any = Velocity(theta)

    def turn() -> MsgGenerator[None]:
        yield from bps.mv(theta, float(flight.first))
        yield from bps.mv(rate, flight.velocity)
        yield from bps.clear_checkpoint()
        track.start()
        yield from bps.abs_set(theta, float(flight.last), group=THETA_STREAM)
        while sign * ((yield from bps.rd(theta)) - angles[0]) < -half_step:
            yield from bps.sleep(min(flight.period_s / 4, 0.02))
        acquisition = det.acquisition
        first_row = acquisition.counts.n_triggered if acquisition is not None else 0
        yield from take(det, FrameType.IMAGE, len(angles))
        yield from bps.wait(THETA_STREAM)
        track.stop()
        stream: Any = ThetaStream(det, first_row, len(angles), track)
        yield from bps.declare_stream(stream, name=stream.name, collect=True)
        yield from bps.collect(stream, name=stream.name)
        yield from bps.checkpoint()
        det.on_checkpoint()

    def put_back() -> MsgGenerator[None]:
        track.stop()
        yield from bps.mv(rate, flight.velocity_before)

    return (yield from bpp.finalize_wrapper(turn(), put_back()))
