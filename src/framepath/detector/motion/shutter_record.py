"""A shutter: one bo, Close or Open, and a readback that follows when the blades have moved."""

from __future__ import annotations

import asyncio
from typing import Any

from caproto import SkipWrite
from caproto.server import PVGroup, PvpropertyEnum, pvproperty

STATES = ("Close", "Open")
MOVE_S = 0.05
"""Time the blades take."""


class ShutterRecord(PVGroup):
    """``shutter`` and ``shutter_RBV``; a put completes when the blades have arrived."""

    shutter = pvproperty(
        name="shutter", value=STATES[0], enum_strings=STATES, dtype=PvpropertyEnum, record="bo"
    )
    readback = pvproperty(
        name="shutter_RBV",
        value=STATES[0],
        enum_strings=STATES,
        dtype=PvpropertyEnum,
        record="bi",
        read_only=True,
    )

    @shutter.putter  # type: ignore[no-redef]
    async def shutter(self, instance: Any, value: str) -> None:
        """Move the blades."""
        await instance.write(value, verify_value=False)
        await asyncio.sleep(MOVE_S)
        await self.readback.write(value)
        raise SkipWrite
