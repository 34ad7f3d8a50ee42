"""What a running IOC shows over Channel Access: record types, enum strings, values, in bulk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from caproto import ChannelType
from caproto.threading.client import PV, Batch, Context

from framepath.errors import IocUnreachable
from framepath.spec.params import Param

T = TypeVar("T")

READ_S = 20.0
"""Longest time for the answers of channels that are connected."""


def connected(context: Context, names: list[str], wait_s: float) -> dict[str, PV]:
    """The channels that connect, given up when for ``wait_s`` none more did."""
    channels = context.get_pvs(*names)
    n_connected, last = 0, time.monotonic()
    while n_connected < len(channels) and time.monotonic() - last < wait_s:
        time.sleep(0.05)
        now = sum(channel.connected for channel in channels)
        if now > n_connected:
            n_connected, last = now, time.monotonic()
    return {channel.name: channel for channel in channels if channel.connected}


def record_types(context: Context, channels: Mapping[str, PV], wait_s: float) -> dict[str, str]:
    """Record type of each channel."""
    fields = connected(context, [f"{name}.RTYP" for name in channels], wait_s)

    def record_type(response: Any) -> str:
        return bytes(response.data[0]).decode()

    found = _read(fields, record_type)
    return {name.removesuffix(".RTYP"): value for name, value in found.items()}


def enum_states(channels: Mapping[str, PV]) -> dict[str, tuple[str, ...]]:
    """State strings of each channel that is an enum."""
    enums = {
        name: channel
        for name, channel in channels.items()
        if channel.channel is not None and channel.channel.native_data_type == ChannelType.ENUM
    }

    def strings(response: Any) -> tuple[str, ...]:
        return tuple(bytes(state).decode() for state in response.metadata.enum_strings)

    return _read(enums, strings, data_type="control")


def _read(channels: Mapping[str, PV], value_of: Callable[[Any], T], **how: Any) -> dict[str, T]:
    values: dict[str, T] = {}
    complete = threading.Event()

    def keep(name: str, response: Any) -> None:
        values[name] = value_of(response)
        if len(values) == len(channels):
            complete.set()

    with Batch() as batch:
        for name, channel in channels.items():
            batch.read(channel, lambda response, name=name: keep(name, response), **how)
    if channels and not complete.wait(READ_S):
        raise IocUnreachable(
            "the IOC stopped answering",
            found=f"{len(values)} of {len(channels)} answers",
            expected=f"all within {READ_S:g} s",
            next_step="try again; look at the load of the IOC",
        )
    return values


def values(
    channels: Mapping[str, PV],
    rows: Mapping[str, Param],
    states: Mapping[str, tuple[str, ...]],
) -> dict[str, str]:
    """Value of each channel as text: an enum as its state, an array as ``array[3]``."""
    raw = _read(channels, lambda response: (response.data_type, response.data))
    return {
        name: _as_text(data_type, data, rows[name], states.get(name, ()))
        for name, (data_type, data) in raw.items()
    }


def _as_text(data_type: Any, data: Any, row: Param, states: tuple[str, ...]) -> str:
    if data_type == ChannelType.CHAR and row.is_text:
        return bytes(data).split(b"\0", 1)[0].decode(errors="replace")
    if row.array_type or row.record == "subArray":
        return f"array[{len(data)}]"
    if not len(data):
        return ""
    if data_type == ChannelType.STRING:
        return bytes(data[0]).decode(errors="replace")
    if data_type == ChannelType.ENUM and int(data[0]) < len(states):
        return states[int(data[0])]
    return f"{data[0]:.10g}"
