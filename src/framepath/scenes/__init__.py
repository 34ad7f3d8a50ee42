"""What a simulated detector sees: arrays only, made from a seed and a frame's index.

`absorption` is a camera behind a scintillator, `diffraction` a photon counter behind a powder,
`ramps`, `peaks` and `sine` are the calibration patterns of areaDetector's simulation detector.
Every frame of the first two carries its index in a corner (`index_code`).
"""

from framepath.scenes.absorption import Absorption
from framepath.scenes.diffraction import Diffraction
from framepath.scenes.index_code import frame_index
from framepath.scenes.peaks import Peaks
from framepath.scenes.ramps import LinearRamp, OffsetNoise
from framepath.scenes.scene import Scene
from framepath.scenes.sine import Sine

__all__ = [
    "Absorption",
    "Diffraction",
    "LinearRamp",
    "OffsetNoise",
    "Peaks",
    "Scene",
    "Sine",
    "frame_index",
]
