"""Eiger detectors by name, and how exposure settings decide bit depth and count limits."""

from __future__ import annotations

from dataclasses import dataclass

from framepath.errors import SettingsError
from framepath.spec.frame import DataType


@dataclass(frozen=True, slots=True)
class EigerModel:
    """One detector: ``generation`` 1 or 2, sensor size in pixels, name as ``Model_RBV``."""

    name: str
    generation: int
    size_yx: tuple[int, int]

    @property
    def tables(self) -> tuple[str, ...]:
        """Parameter tables laid over the camera's."""
        return ("file", "eiger", f"eiger{self.generation}")


EIGER_MODELS = {
    "eiger1-500k": EigerModel("EIGER1 500K", 1, (514, 1030)),
    "eiger1-1m": EigerModel("EIGER1 1M", 1, (1065, 1030)),
    "eiger1-4m": EigerModel("EIGER1 4M", 1, (2167, 2070)),
    "eiger2-500k": EigerModel("EIGER2 500K", 2, (512, 1028)),
    "eiger2-1m": EigerModel("EIGER2 1M", 2, (1062, 1028)),
    "eiger2-4m": EigerModel("EIGER2 4M", 2, (2162, 2068)),
}
"""Detectors that the IOC can be, by the name that the command line takes (DECTRIS, sizes y x x)."""

LONG_EXPOSURE_S = 6.6e-3
"""From here on counts do not fit into 16 bits and are summed to 32 (ADEiger documentation)."""

SHORT_PERIOD_S = 1 / 2200
"""Below this period only 8 bits can be read out (ADEiger documentation)."""

COUNTS_PER_S = 3.0e6
"""Rate at which the count-rate correction of this detector ends."""

_TYPES = {8: DataType.UINT8, 16: DataType.UINT16, 32: DataType.UINT32}


def model_named(name: str) -> EigerModel:
    """A detector of `EIGER_MODELS`.

    Raises
    ------
    SettingsError
        There is none of that name.
    """
    try:
        return EIGER_MODELS[name.lower()]
    except KeyError:
        raise SettingsError(
            "unknown Eiger model", found=repr(name), expected=f"one of {', '.join(EIGER_MODELS)}"
        ) from None


def bit_depth(exposure_s: float, period_s: float, auto_summation: bool) -> int:
    """``BitDepthImage_RBV``: 8, 16 or 32."""
    if max(exposure_s, period_s) < SHORT_PERIOD_S:
        return 8
    return 32 if auto_summation and exposure_s > LONG_EXPOSURE_S else 16


def data_type(bits: int) -> DataType:
    """Pixel type of a bit depth."""
    return _TYPES[bits]


def count_cutoff(bits: int, exposure_s: float, rate_corrected: bool) -> int:
    """``CountCutoff_RBV``: greatest valid count; the type's maximum itself says "no data"."""
    largest = 2**bits - 2
    return max(1, min(largest, int(COUNTS_PER_S * exposure_s))) if rate_corrected else largest
