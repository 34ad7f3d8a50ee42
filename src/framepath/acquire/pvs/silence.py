"""Which PVs of a device do not connect, in a sentence."""

from __future__ import annotations

from typing import Any

from ophyd.signal import EpicsSignalBase


def why_silent(device: Any) -> str:
    """How many PVs of an ophyd device are not connected; "" for all connected, or another device.

    An IOC that is down and a PV that an IOC does not have look alike to a client. Some PVs of a
    device that are connected tell them apart.
    """
    walk = getattr(device, "walk_signals", None)
    if walk is None:
        return ""
    signals = [found.item for found in walk(include_lazy=False)]
    signals = [signal for signal in signals if isinstance(signal, EpicsSignalBase)]
    silent = [signal for signal in signals if not signal.connected]
    if not silent:
        return ""
    if len(silent) == len(signals):
        return f"none of its {len(signals)} PVs connects, {silent[0].pvname} first"
    names = ", ".join(signal.pvname for signal in silent[:5])
    more = f" and {len(silent) - 5} more" if len(silent) > 5 else ""
    return f"its IOC is up, but does not have {names}{more}"
