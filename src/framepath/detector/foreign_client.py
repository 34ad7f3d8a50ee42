"""The helper process that watches PVs of other IOCs: one line of JSON for each request and answer.

Requests on stdin: ``["connect", pv, dbrtype]`` and ``["refresh", ticket, pv, ...]``. Answers on
stdout: ``["value", pv, dbrtype, type, value]``, ``["connection", pv, is_connected]`` and
``["fresh", ticket, [pv that could not be read, ...]]``. It ends when stdin does, so that it never
outlives its IOC.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from caproto import CaprotoError, ChannelType
from caproto.threading.client import Context, SharedBroadcaster

from framepath.layout.attributes_model import DbrType
from framepath.spec.ndattribute import STRING_BYTES, NDAttrType

REFRESH_S = 2.0
"""Time that the PVs of one refresh have to answer."""

_KINDS = {
    ChannelType.CHAR: NDAttrType.INT8,
    ChannelType.INT: NDAttrType.INT16,
    ChannelType.ENUM: NDAttrType.INT16,
    ChannelType.LONG: NDAttrType.INT32,
    ChannelType.FLOAT: NDAttrType.FLOAT32,
    ChannelType.DOUBLE: NDAttrType.FLOAT64,
    ChannelType.STRING: NDAttrType.STRING,
}
"""Rule A2.3."""

_REQUESTED = {
    DbrType.CHAR: ChannelType.CHAR,
    DbrType.SHORT: ChannelType.INT,
    DbrType.INT: ChannelType.INT,
    DbrType.ENUM: ChannelType.ENUM,
    DbrType.LONG: ChannelType.LONG,
    DbrType.FLOAT: ChannelType.FLOAT,
    DbrType.DOUBLE: ChannelType.DOUBLE,
    DbrType.STRING: ChannelType.STRING,
}

_to_parent = threading.Lock()


def _tell(*message: Any) -> None:
    line = json.dumps(message)
    with _to_parent:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class Watched:
    """One PV read as one type; tells its value when it connects and at every change."""

    def __init__(self, pv: str, dbrtype: DbrType) -> None:
        self.pv = pv
        self._dbrtype = dbrtype
        self._channel: Any = None
        self._requested: ChannelType | None = None

    def connect(self, context: Context) -> None:
        """Search for the PV; it is told when it comes and goes."""
        (self._channel,) = context.get_pvs(self.pv, connection_state_callback=self._on_connection)

    def read(self, until_s: float) -> bool:
        """Tell the value as it is now; False when the PV does not answer in time."""
        if self._channel is None:
            return False
        try:
            self._channel.wait_for_connection(timeout=max(0.0, until_s - time.monotonic()))
            requested = self._requested or self._data_type(self._channel)
            left_s = max(0.0, until_s - time.monotonic())
            self._tell(self._channel.read(data_type=requested, timeout=left_s))
        except CaprotoError:
            return False
        return True

    def _data_type(self, channel: Any) -> ChannelType:
        """What to ask the server for; a string of a CHAR array is its characters."""
        native = ChannelType(channel.channel.native_data_type)
        if self._dbrtype is DbrType.STRING and native is ChannelType.CHAR:
            return native
        return _REQUESTED.get(self._dbrtype, native)

    def _on_connection(self, channel: Any, state: str) -> None:
        is_connected = state == "connected"
        _tell("connection", self.pv, is_connected)
        if is_connected and self._requested is None:
            # Once: the type is fixed at the first connection (rule A2.3), and caproto revives a
            # subscription by itself.
            self._requested = self._data_type(channel)
            channel.subscribe(data_type=self._requested).add_callback(self._on_value)

    def _on_value(self, subscription: Any, response: Any) -> None:
        self._tell(response)

    def _tell(self, response: Any) -> None:
        if len(response.data) == 0:
            return
        if self._dbrtype is DbrType.STRING:
            kind, value = NDAttrType.STRING, _text(response.data)
        else:
            kind, value = _KINDS[ChannelType(response.data_type)], _plain(response.data[0])
        _tell("value", self.pv, self._dbrtype, kind.value, value)


def _text(data: Any) -> str:
    """Characters of a string, or of a CHAR array up to its NUL, as an NDAttribute can hold them."""
    raw = data[0] if isinstance(data[0], bytes) else bytes(data)
    return raw.partition(b"\0")[0][: STRING_BYTES - 1].decode(errors="replace")


def _plain(value: Any) -> int | float | str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.item() if hasattr(value, "item") else value


def main() -> None:
    """Serve requests until stdin ends."""
    # No repeater: it would be one more process, for beacons that nobody here needs.
    context = Context(SharedBroadcaster(registration_retry_time=None))  # type: ignore[arg-type]
    watched: dict[tuple[str, str], Watched] = {}
    for line in sys.stdin:
        request, *arguments = json.loads(line)
        if request == "connect":
            pv, dbrtype = arguments
            watched[pv, dbrtype] = Watched(pv, DbrType(dbrtype))
            watched[pv, dbrtype].connect(context)
        else:
            ticket, *pvs = arguments
            wanted = [w for w in watched.values() if w.pv in pvs]
            until_s = time.monotonic() + REFRESH_S
            _tell("fresh", ticket, [w.pv for w in wanted if not w.read(until_s)])


if __name__ == "__main__":
    main()
