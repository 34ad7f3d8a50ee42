"""How a detector is made to take frames, and what is remembered of each request."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import index
from typing import Any, Protocol

from ophyd import Device
from ophyd.status import DeviceStatus

from framepath.acquire.pvs.connection import (
    Monitored,
    end_status,
    put_confirmed,
    unreachable,
    value_of,
    value_while_connected,
)
from framepath.acquire.pvs.staged_settings import Setting
from framepath.errors import SettingsError
from framepath.spec.frame_type import FrameType

Documents = list[tuple[str, dict[str, Any]]]
"""Documents with their kinds, ``stream_resource`` and ``stream_datum``."""

MULTIPLE = 1
"""``ImageMode`` in which NumImages counts."""

GONE = "disconnected during an exposure; its PVs are put back when it is staged again"

OVERDUE_S = 60.0
"""Seconds beyond the exposures themselves after which a detector counts as stuck."""


def checked_count(n_frames: Any) -> int:
    """A number of frames as Python's own int, NumPy's included.

    Raises
    ------
    SettingsError
        It is no whole number from 1.
    """
    try:
        count = 0 if isinstance(n_frames, bool) else index(n_frames)
    except TypeError:
        count = 0
    if count < 1:
        raise SettingsError(
            "not a number of frames", found=repr(n_frames), expected="a whole number from 1"
        )
    return count


@dataclass(eq=False)
class Shot:
    """Frames asked for with one trigger.

    Attributes
    ----------
    frame_type, n_frames
        What was asked for.
    status
        Done when the detector is.
    n_received_before
        Frames of this type that the driver had produced when it was asked for.
    first_row
        Row of the file's attributes where its frames begin.
    documents
        StreamResource and StreamDatum handed to the RunEngine for it.
    n_told
        Frames of it that their stream was told of while they arrive; None for a point of an
        ordinary plan, which is described as a whole.
    was_stopped
        It was under way when the acquisition ended.
    """

    frame_type: FrameType
    n_frames: int
    status: DeviceStatus
    n_received_before: int = 0
    first_row: int = 0
    documents: Documents = field(default_factory=list)
    n_told: int | None = None
    was_stopped: bool = False

    @property
    def is_point(self) -> bool:
        """Whether it belongs to a point of an ordinary plan, which one event describes whole."""
        return self.n_told is None

    @property
    def was_cut_short(self) -> bool:
        """It was stopped or failed, and that was told: frames it missed are not lost."""
        return self.was_stopped or not self.status.success

    @property
    def is_documented(self) -> bool:
        """Whether the RunEngine has emitted its documents: it then filled in the descriptor."""
        return any(name == "stream_datum" and doc["descriptor"] for name, doc in self.documents)


class TriggerLogic(Protocol):
    """What differs between detectors in taking frames."""

    def settings(self) -> tuple[Setting, ...]:
        """PV values while staged."""
        ...

    def arm(self) -> None:
        """Called when everything is set and the file is ready, before the first exposure."""
        ...

    def expose(self, n_frames: int, status: DeviceStatus) -> None:
        """Start taking frames; finish ``status`` when they are taken."""
        ...

    def is_acquiring(self) -> bool:
        """Whether the detector is at work."""
        ...

    def n_received(self) -> int:
        """Frames that the driver has produced since some moment before the staging."""
        ...

    def n_received_then(self) -> int:
        """The same when the last shot ended, without asking again."""
        ...

    def exposures_s(self, n_frames: int) -> float:
        """Seconds that so many exposures take."""
        ...

    def trouble(self) -> Exception | None:
        """What keeps the detector from finishing, known without asking it."""
        ...

    def stop(self) -> None:
        """End what is under way at once; does not wait."""
        ...

    def disarm(self) -> None:
        """End the series: what is under way is stopped; does not wait."""
        ...


class AcquireTrigger:
    """Trigger by ``Acquire``: each shot is one acquisition of NumImages frames.

    The shot ends with the put-callback on Acquire, which areaDetector completes when the frames are
    taken and, with WaitForPlugins, written. ophyd's SingleTrigger waits for an edge of Acquire_RBV
    instead and keeps its status on the device, where a fast detector's edge can clear it before it
    is returned; here the status belongs to the call.
    """

    def __init__(self, cam: Device) -> None:
        self._cam = cam
        self._counter = Monitored(cam, "array_counter")
        self._n_images: int | None = None
        self._n_received: int | None = None
        self._frame_s = 0.0

    def settings(self) -> tuple[Setting, ...]:
        """NumImages counts; the put-callback waits for the plugins too."""
        return (
            Setting("cam.image_mode", MULTIPLE),
            Setting("cam.num_images", 1),
            Setting("cam.array_callbacks", 1),
            Setting("cam.wait_for_plugins", 1, optional=True),
        )

    def arm(self) -> None:
        """Remember what deadlines depend on, and follow the counter."""
        self._counter.start()
        times = (self._cam.acquire_time, self._cam.acquire_period)
        self._frame_s = max(float(value_of(signal)) for signal in times)
        self._n_images = value_of(self._cam.num_images)

    def expose(self, n_frames: int, status: DeviceStatus) -> None:
        """Start one acquisition of ``n_frames``."""
        if self._n_images != n_frames:
            put_confirmed(self._cam.num_images, n_frames)
            self._n_images = n_frames

        # The IOC may have told of more, when it was asked, than its monitor has so far.
        n_at_end = max(self._counter.value, self._n_received or 0) + n_frames

        def ended(**_: Any) -> None:
            # A lost connection also ends a put-callback, and pyepics does not say so. The counter
            # does: its monitor has told of all frames, or else it is asked.
            n_told = self._counter.value
            try:
                if n_told < n_at_end:
                    n_told = int(value_while_connected(self._cam.array_counter))
            except TimeoutError:
                end_status(status, unreachable(self._cam.acquire.pvname, why=GONE))
            else:
                self._n_received = n_told
                end_status(status)

        self._n_received = None
        self._cam.acquire.put(1, use_complete=True, callback=ended)

    def is_acquiring(self) -> bool:
        """Whether Acquire is 1."""
        return bool(value_of(self._cam.acquire))

    def n_received(self) -> int:
        """``ArrayCounter_RBV``, which no start of an acquisition resets."""
        return int(value_of(self._cam.array_counter))

    def n_received_then(self) -> int:
        """As `n_received` was when the last shot ended; asks when none has."""
        return self.n_received() if self._n_received is None else self._n_received

    def stop(self) -> None:
        """Put 0 without waiting: a second put-callback would stall the client's connection."""
        self._cam.acquire.put(0)

    def exposures_s(self, n_frames: int) -> float:
        """By AcquireTime or AcquirePeriod, whichever is longer."""
        return n_frames * self._frame_s

    def trouble(self) -> Exception | None:
        """The IOC is gone: the put-callback would never come back."""
        if self._cam.acquire.connected:
            return None
        return unreachable(self._cam.acquire.pvname, why=GONE)

    def disarm(self) -> None:
        """Stop what is under way; nothing is after the last shot of a plan that went well."""
        self._counter.stop()
        if self.is_acquiring():
            self.stop()
