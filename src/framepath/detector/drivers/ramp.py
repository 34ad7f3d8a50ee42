"""The smallest detector: ADSimDetector's LinearRamp in grey."""

from __future__ import annotations

import numpy as np

from framepath.detector.drivers.base import DriverInfo, Exposure, ExposureSettings, FreeRunning

MAX_SIZE_YX = (1024, 1024)


class Ramp(FreeRunning):
    """Pixel (y, x) of frame n is ``gain * (n * step + x * gain_x + y * gain_y)``, wrapping."""

    info = DriverInfo(
        port="SIM1",
        tables=("sim",),
        manufacturer="Simulated detector",
        model="Basic simulator",
        size_yx=(514, 1030),
    )

    def __init__(self) -> None:
        self._n_frames = 0

    def expose(self, settings: ExposureSettings, frame_index: int) -> Exposure | None:
        """The next ramp; the count goes on over acquisitions."""
        height, width = self.info.size_yx
        y, x = np.ogrid[:height, :width]
        self._n_frames += 1
        ramp = (x + y + self._n_frames).astype(settings.data_type.dtype)
        return Exposure(ramp)
