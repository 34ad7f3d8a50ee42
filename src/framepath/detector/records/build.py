"""Records from rows: every record of the IOC is made here."""

from __future__ import annotations

from typing import Any

from softioc import builder

from framepath.detector.records.busy_record import busy_out
from framepath.detector.records.dispatch import Companion, Setpoint
from framepath.errors import SettingsError
from framepath.spec.params import Param
from framepath.spec.params.model import STATE_PREFIXES

COMPANION = "Wait_"
"""Ending of the hidden record whose processing lasts until a busy setpoint's work is done."""

LONGEST_NAME = 60
"""Characters of a record name in EPICS base."""

_SETPOINT_BUILDERS = {
    "ao": builder.aOut,
    "longout": builder.longOut,
    "bo": builder.boolOut,
    "mbbo": builder.mbbOut,
    "stringout": builder.stringOut,
    "busy": busy_out,
}

_NOT_HELD = {"asyn", "sseq"}
"""Record types that no library for Python carries; the conformance report names them."""

NOT_BUILT = frozenset(_NOT_HELD)


def check_name(pv: str, param: Param) -> None:
    """Refuse a record name that EPICS would cut.

    Raises
    ------
    SettingsError
        It is longer than `LONGEST_NAME`, the hidden companion's included.
    """
    name = pv + COMPANION if param.busy else pv
    if len(name) > LONGEST_NAME:
        raise SettingsError(
            "a PV name is too long",
            found=f"{name} ({len(name)} characters)",
            expected=f"at most {LONGEST_NAME}",
            next_step="choose a shorter --prefix",
        )


def fields_of(param: Param, prefix: str) -> dict[str, Any]:
    """Fields that the row itself gives: precision, units, states, links."""
    fields: dict[str, Any] = {}
    if param.precision is not None and param.record in ("ai", "ao", "calc", "calcout"):
        fields["PREC"] = param.precision
    if param.units and param.record in ("ai", "ao", "calc", "calcout", "longin", "longout"):
        fields["EGU"] = param.units
    if param.states:
        fields.update(_state_fields(param))
    fields.update({name: value.replace("{P}", prefix) for name, value in param.fields})
    return fields


def _state_fields(param: Param) -> dict[str, Any]:
    if param.record in ("bi", "bo", "busy"):
        return dict(zip(("ZNAM", "ONAM"), param.states, strict=False))
    fields: dict[str, Any] = {}
    for start, state, value in zip(STATE_PREFIXES, param.states, param.state_values, strict=False):
        fields[f"{start}ST"] = state
        fields[f"{start}VL"] = value
    return fields


def setpoint(prefix: str, param: Param, value: Any, on_update: Setpoint) -> Any:
    """A Python Out record; ``on_update`` runs on every put, of the same value too.

    A put-callback returns when ``on_update`` has: the readback is up to date then. Busy setpoints
    must not block (a record that is being processed takes no second put, so no stop); their hidden
    companion lets put-callbacks wait.
    """
    fields = fields_of(param, prefix)
    name = prefix + param.suffix
    if param.record == "waveform":
        return _array_setpoint(name, param, value, on_update, fields)
    if param.busy:
        fields["FLNK"] = f"{prefix}{param.suffix}{COMPANION}"
    make = _SETPOINT_BUILDERS[param.record]
    return make(
        name,
        initial_value=value,
        always_update=True,
        blocking=not param.busy,
        on_update=on_update,
        **fields,
    )


def _array_setpoint(
    name: str, param: Param, value: Any, on_update: Setpoint, fields: dict[str, Any]
) -> Any:
    if param.is_text:
        make, extra = builder.longStringOut, {"length": param.array_length, "initial_value": value}
    else:
        make, extra = builder.WaveformOut, {"FTVL": param.array_type, "length": param.array_length}
    return make(name, always_update=True, blocking=True, on_update=on_update, **extra, **fields)


def companion(prefix: str, param: Param, on_update: Companion) -> Any:
    """The hidden blocking record behind a busy setpoint."""
    name = f"{prefix}{param.suffix}{COMPANION}"
    return builder.boolOut(
        name, initial_value=0, always_update=True, blocking=True, on_update=on_update
    )


def readback(prefix: str, param: Param, value: Any) -> Any:
    """A Soft Channel record that `direct.Readback` writes; its fields stay open to clients."""
    fields = fields_of(param, prefix)
    make = getattr(builder.records, param.record)
    if param.record == "waveform":
        record = make(
            prefix + param.suffix, FTVL=param.array_type, NELM=param.array_length, **fields
        )
        return builder.qform_string(record) if param.is_text else record
    if not param.is_text:  # of text a database file expands macros; it is written after the load
        fields["VAL"] = value
    # PINI would process before the first write; the initial VAL is the value, so only clear UDF.
    return make(prefix + param.suffix, UDF=0, STAT="NO_ALARM", SEVR="NO_ALARM", **fields)


def plain(prefix: str, param: Param) -> Any:
    """A record that lives in the database alone: calc, calcout, subArray, fanout, links."""
    fields = fields_of(param, prefix)
    make = getattr(builder.records, param.record)
    return make(prefix + param.suffix, **fields)
