"""What a camera sees of the motion IOC: the angle, and whether sample and light are in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from framepath.detector.attributes import Typed
from framepath.errors import IocUnreachable
from framepath.layout.attributes_model import DbrType
from framepath.spec.frame_type import FrameType

THETA = "m1.RBV"
SAMPLE_X = "m2.RBV"
SHUTTER = "shutter_RBV"

SAMPLE_HALF_WIDTH_MM = 5.0
"""The sample is in the beam while sample_x is nearer to 0 than this."""

_DBR_TYPES = {THETA: DbrType.DOUBLE, SAMPLE_X: DbrType.DOUBLE, SHUTTER: DbrType.ENUM}


class Foreign(Protocol):
    """What is needed of `framepath.detector.foreign_pvs.ForeignPvs`."""

    def connect(self, pv: str, dbrtype: DbrType) -> None:
        """Begin to watch a PV."""
        ...

    def read(self, pv: str, dbrtype: DbrType) -> Typed:
        """Type and value last heard."""
        ...

    def is_connected(self, pv: str) -> bool:
        """Whether the PV's IOC answers now."""
        ...

    def refresh(self, pvs: Iterable[str]) -> None:
        """Read PVs now; raises IocUnreachable."""
        ...


@dataclass(frozen=True, slots=True)
class Station:
    """Sample and shutter at one moment; ``theta_deg`` is the angle of the sample, degrees."""

    theta_deg: float
    sample_is_in: bool
    shutter_is_open: bool

    @property
    def seen(self) -> FrameType:
        """What a frame taken now shows, whatever it is called."""
        if not self.shutter_is_open:
            return FrameType.DARK
        return FrameType.IMAGE if self.sample_is_in else FrameType.FLAT


class MotionPvs:
    """Follows the PVs of a motion IOC.

    Parameters
    ----------
    prefix
        Of that IOC, e.g. ``13MOT:``; any IOC with the motors ``m1`` and ``m2`` and the record
        ``shutter_RBV`` (1 is open) serves.
    foreign
        Reads them.
    """

    def __init__(self, prefix: str, foreign: Foreign) -> None:
        self._foreign = foreign
        self._pvs = {name: prefix + name for name in _DBR_TYPES}
        for name, pv in self._pvs.items():
            foreign.connect(pv, _DBR_TYPES[name])

    def refresh(self) -> None:
        """Read every PV now; raises IocUnreachable when one does not answer."""
        self._foreign.refresh(self._pvs.values())

    def now(self) -> Station:
        """Where everything is, as last heard.

        Raises
        ------
        IocUnreachable
            A PV is not connected: a frame of an old position would be invented.
        """
        return Station(
            theta_deg=self._value(THETA),
            sample_is_in=abs(self._value(SAMPLE_X)) < SAMPLE_HALF_WIDTH_MM,
            shutter_is_open=bool(self._value(SHUTTER)),
        )

    def _value(self, name: str) -> float:
        pv = self._pvs[name]
        _, value = self._foreign.read(pv, _DBR_TYPES[name])
        if not self._foreign.is_connected(pv) or not isinstance(value, (int, float)):
            raise IocUnreachable(
                "the motion IOC that the scene follows has gone",
                found=f"{pv} is not connected",
                expected="a connected PV",
                next_step="start it again (framepath ioc motion), then acquire again",
            )
        return float(value)
