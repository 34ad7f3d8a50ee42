"""A detector that plays a recording, frame by frame, bit for bit."""

from __future__ import annotations

from enum import IntEnum

from framepath.detector.drivers.base import (
    Camera,
    DriverInfo,
    Exposure,
    ExposureSettings,
    FreeRunning,
    ImageMode,
    Value,
)
from framepath.detector.drivers.replay_source import Recording
from framepath.errors import FileUnreadable, FramesLost
from framepath.spec.frame import DataType
from framepath.spec.frame_type import FrameType


class ReplayOrder(IntEnum):
    """``ReplayOrder``, numbered as the record."""

    AS_RECORDED = 0
    """The recording's order; each frame brings its frame type to ``cam1:FrameType``."""
    BY_FRAME_TYPE = 1
    """The next recorded frame of the type that ``cam1:FrameType`` asks for."""


class Replay(FreeRunning):
    """Plays a recording at the rate of ``AcquirePeriod``.

    Frames go on over acquisitions. At the end ``ReplayLoop`` begins again; ``Once`` ends the
    acquisition, and another one is refused until ``ReplayRewind``.

    Parameters
    ----------
    recording
        What to play; closed by the caller.
    rate_hz
        Frames a second at the start; None leaves the camera's usual period.
    loop
        ``ReplayLoop`` at the start.
    order
        ``ReplayOrder`` at the start.

    Raises
    ------
    FileUnreadable
        The pixels are of a type that areaDetector does not have.
    """

    def __init__(
        self,
        recording: Recording,
        rate_hz: float | None = None,
        loop: bool = False,
        order: ReplayOrder = ReplayOrder.AS_RECORDED,
    ) -> None:
        self._recording = recording
        self._positions: dict[FrameType | None, int] = {}
        initial: dict[str, Value] = {
            "ReplaySource": recording.path,
            "ReplayFrames": len(recording),
            "ReplayOrder": int(order),
            "ReplayLoop": int(loop),
            "NumImages": len(recording),
            "ImageMode": int(ImageMode.MULTIPLE),
            "ColorMode": 0 if len(recording.shape) == 2 else 1,  # Mono, RGB1
        }
        if rate_hz:
            initial |= {"AcquirePeriod": 1.0 / rate_hz, "AcquireTime": 0.5 / rate_hz}
        self.info = DriverInfo(
            port="REPLAY1",
            tables=("framepath_replay",),
            manufacturer="framepath",
            model="Replay of a recording",
            size_yx=(recording.shape[0], recording.shape[1]),
            data_type=_data_type(recording),
            initial=initial,
        )

    def attach(self, camera: Camera) -> None:
        """``ReplayRewind`` begins again."""
        camera.on_put("ReplayRewind", lambda value: self._positions.clear())

    def prepare(self, settings: ExposureSettings) -> None:
        """Refuse to start where nothing is left, so that a client does not wait for frames."""
        if self._next(settings) is None:
            wanted = self._wanted(settings)
            raise FramesLost(
                "the recording has no frame left to play",
                found=f"{len(self._places(wanted))} frames played"
                + (f" of frame type {wanted.epics_state}" if wanted is not None else ""),
                where=self._recording.path,
                next_step="put 1 to ReplayRewind, or Loop to ReplayLoop",
            )

    def expose(self, settings: ExposureSettings, frame_index: int) -> Exposure | None:
        """The next recorded frame; None at the end of a recording played once."""
        index = self._next(settings)
        if index is None:
            return None
        wanted = self._wanted(settings)
        self._positions[wanted] = self._positions.get(wanted, 0) + 1
        theta_deg = self._recording.theta_deg(index)
        return Exposure(
            self._recording.pixels(index),
            frame_type=self._recording.frame_type(index),
            parameters={"THETA": theta_deg, "REPLAY_INDEX": index},
            readbacks={"Theta": theta_deg, "ReplayIndex": index},
        )

    def _wanted(self, settings: ExposureSettings) -> FrameType | None:
        """The frame type asked for; None for the recording's own order."""
        by_type = settings.values["ReplayOrder"] == ReplayOrder.BY_FRAME_TYPE
        return settings.frame_type if by_type else None

    def _places(self, wanted: FrameType | None) -> range | list[int]:
        if wanted is None:
            return range(len(self._recording))
        return self._recording.of_type(wanted)

    def _next(self, settings: ExposureSettings) -> int | None:
        """Index in the recording of the next frame, None at the end."""
        wanted = self._wanted(settings)
        places = self._places(wanted)
        position = self._positions.get(wanted, 0)
        if not places:
            return None
        if position >= len(places) and not settings.values["ReplayLoop"]:
            return None
        return places[position % len(places)]


def _data_type(recording: Recording) -> DataType:
    try:
        return DataType.of(recording.dtype)
    except ValueError as error:
        raise FileUnreadable(
            "these pixels cannot be played",
            found=recording.dtype,
            expected="an integer of 8 to 64 bits, or float32, float64",
            where=recording.path,
            next_step="name another dataset with --address",
        ) from error
