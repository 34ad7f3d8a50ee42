"""Where EPICS_PV attributes are read: own records from the database, others from elsewhere."""

from __future__ import annotations

from framepath.detector.attributes import UNDEFINED, PvSource, Typed
from framepath.detector.own_pvs import OwnPvs
from framepath.layout.attributes_model import DbrType


class PvSources:
    """Reads own PVs from the database and leaves the rest to ``foreign`` (None: undefined)."""

    def __init__(self, own: OwnPvs, foreign: PvSource | None = None) -> None:
        self._own = own
        self._foreign = foreign

    def connect(self, pv: str, dbrtype: DbrType) -> None:
        """Take note that a PV will be asked for."""
        if pv not in self._own and self._foreign is not None:
            self._foreign.connect(pv, dbrtype)

    def read(self, pv: str, dbrtype: DbrType) -> Typed:
        """Type and value now."""
        if pv in self._own:
            return self._own.read(pv, dbrtype)
        return UNDEFINED if self._foreign is None else self._foreign.read(pv, dbrtype)
