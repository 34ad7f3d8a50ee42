"""The helper process that watches PVs of other IOCs for EPICS_PV attributes.

    python -m framepath.detector.foreign_client

It reads requests from stdin, one JSON list ``[pv, dbrtype]`` a line, and writes what it sees to
stdout, one JSON list ``[pv, dbrtype, type, value]`` a line, until stdin ends. A process of its
own, so that neither a flood of monitors nor a client library touches the IOC.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from caproto import ChannelType
from caproto.threading.client import Context

from framepath.layout.attributes_model import DbrType
from framepath.spec.ndattribute import NDAttrType

_REQUESTED = {
    DbrType.CHAR: (ChannelType.CHAR, NDAttrType.INT8),
    DbrType.SHORT: (ChannelType.INT, NDAttrType.INT16),
    DbrType.INT: (ChannelType.INT, NDAttrType.INT16),
    DbrType.ENUM: (ChannelType.ENUM, NDAttrType.INT16),
    DbrType.LONG: (ChannelType.LONG, NDAttrType.INT32),
    DbrType.FLOAT: (ChannelType.FLOAT, NDAttrType.FLOAT32),
    DbrType.DOUBLE: (ChannelType.DOUBLE, NDAttrType.FLOAT64),
    DbrType.STRING: (ChannelType.STRING, NDAttrType.STRING),
}
_NATIVE = {
    ChannelType.STRING: NDAttrType.STRING,
    ChannelType.INT: NDAttrType.INT16,
    ChannelType.ENUM: NDAttrType.INT16,
    ChannelType.CHAR: NDAttrType.INT8,
    ChannelType.LONG: NDAttrType.INT32,
    ChannelType.FLOAT: NDAttrType.FLOAT32,
    ChannelType.DOUBLE: NDAttrType.FLOAT64,
}


class Watch:
    """One PV read as one type; reports its value when it connects and at every change."""

    def __init__(self, pv: str, dbrtype: DbrType, out: threading.Lock) -> None:
        self._pv = pv
        self._dbrtype = dbrtype
        self._out = out
        self._kind: NDAttrType | None = None
        self._subscription: Any = None
        self.on_connection = self._on_connection  # the client keeps weak references to callbacks

    def _on_connection(self, pv: Any, state: str) -> None:
        if state != "connected" or self._subscription is not None:
            return  # the type is fixed at the first connection (rule 2.3b)
        native = pv.channel.native_data_type
        if self._dbrtype is DbrType.STRING and native == ChannelType.CHAR:
            requested, self._kind = ChannelType.CHAR, NDAttrType.STRING
        elif self._dbrtype is DbrType.NATIVE:
            requested, self._kind = native, _NATIVE[native]
        else:
            requested, self._kind = _REQUESTED[self._dbrtype]
        self._subscription = pv.subscribe(data_type=requested)
        self._subscription.add_callback(self._on_value)

    def _on_value(self, subscription: Any, response: Any) -> None:
        assert self._kind is not None
        value = self._text(response) if self._kind is NDAttrType.STRING else response.data[0]
        if not isinstance(value, str):
            value = value.item() if hasattr(value, "item") else value
        line = json.dumps([self._pv, self._dbrtype.value, self._kind.name, value])
        with self._out:
            print(line, flush=True)

    @staticmethod
    def _text(response: Any) -> str:
        first = response.data[0] if len(response.data) else b""
        if isinstance(first, bytes):
            return first.decode(errors="replace")
        codes = bytes(int(code) & 0xFF for code in response.data)
        return codes.partition(b"\0")[0].decode(errors="replace")


def main() -> None:
    """Watch what stdin asks for until it ends."""
    context = Context()
    out = threading.Lock()
    watches: list[Watch] = []
    for line in sys.stdin:
        pv, dbrtype = json.loads(line)
        watch = Watch(pv, DbrType(dbrtype), out)
        watches.append(watch)
        context.get_pvs(pv, connection_state_callback=watch.on_connection)
    context.disconnect()


if __name__ == "__main__":
    main()
