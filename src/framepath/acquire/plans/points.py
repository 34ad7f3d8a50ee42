"""The point of an ordinary plan that ended between its exposure and its event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bluesky.plan_stubs as bps
from bluesky.utils import (
    IllegalMessageSequence,
    Msg,
    MsgGenerator,
    RunEngineControlException,
)
from ophyd import Device

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.plans.stubs import Closing, Take
from framepath.spec.documents import STREAM_OF_FRAME_TYPE
from framepath.spec.frame_type import FrameType

PRIMARY = STREAM_OF_FRAME_TYPE[FrameType.IMAGE]


class Points:
    """Follows the messages of one run, to make the event of a point that lacks only that.

    A plan that is aborted or fails after an exposure and before ``save`` leaves stored frames that
    no document describes. Their event can still be told truthfully while nothing has moved since
    the exposure and nothing else was triggered with it.
    """

    def __init__(self) -> None:
        self._stream = PRIMARY
        self._name = PRIMARY
        self._reading: list[Any] = []
        self._of_a_point: list[Any] = []
        self._triggered: list[Any] = []
        self._is_bundling = self._is_saving = False
        self._is_saved = True
        self._has_moved = False

    def see(self, message: Msg) -> None:
        """Told of each message before the RunEngine handles it."""
        if self._is_saving:
            self._is_bundling = self._is_saving = False
        seen = getattr(self, f"_on_{message.command}", None)
        if seen is not None:
            seen(message)

    def _on_trigger(self, message: Msg) -> None:
        if isinstance(message.obj, Take | Closing) or _stands_still(message.obj):
            return  # frames of a series are described as they come
        if self._is_saved:
            self._triggered, self._is_saved, self._has_moved = [], False, False
        self._triggered.append(message.obj)

    def _on_set(self, message: Msg) -> None:
        self._has_moved = True

    _on_kickoff = _on_set

    def _on_create(self, message: Msg) -> None:
        self._is_bundling = True
        self._reading = []
        self._name = message.kwargs.get("name") or next(iter(message.args), PRIMARY)

    def _on_read(self, message: Msg) -> None:
        if self._is_bundling:
            self._reading.append(message.obj)

    def _on_save(self, message: Msg) -> None:
        self._is_saving = True
        if any(isinstance(device, FrameDetector) for device in self._reading):
            self._stream, self._of_a_point = self._name, self._reading
            self._is_saved = True

    def _on_drop(self, message: Msg) -> None:
        self._is_bundling = False

    def drop(self) -> MsgGenerator[None]:
        """Stub: leave an event that a plan cut short has begun, which nothing else may follow."""
        if self._is_bundling:
            try:
                yield from bps.drop()
            except IllegalMessageSequence:
                pass  # it was saved, or a pause has dropped it

    def complete(self, detectors: Iterable[FrameDetector]) -> MsgGenerator[None]:
        """Stub: save the event of frames that are stored and lack one, where it would be true."""
        left = [det for det in detectors if det.active.has_unread_point]
        if not left or self._has_moved or any(obj not in left for obj in self._triggered):
            return
        yield from bps.create(self._stream)
        try:
            for device in self._of_a_point or [*left, *self._others_read(left)]:
                yield from bps.read(device)
            yield from bps.save()
        except RunEngineControlException:
            raise
        except Exception:  # noqa: BLE001 (any device's; the run's own error goes on)
            self._is_bundling = True
            yield from self.drop()
        else:
            yield from bps.checkpoint()

    def _others_read(self, left: list[FrameDetector]) -> list[Any]:
        """What the first point of a run had read beside its detectors."""
        return [device for device in self._reading if device not in left]


def _stands_still(device: Any) -> bool:
    """Whether a trigger starts nothing on a device, as on motors: it may be read at any time."""
    if not isinstance(device, Device):
        return False
    return type(device).trigger is Device.trigger and not device.trigger_signals
