"""A motor record: an `Axis` behind caproto's fields of the record.

Every field that does something is bound or filled in `MotorRecord`; the record's other fields
(links, retries, encoders, backlash) keep what is written and do nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from caproto import ChannelDouble, SkipWrite
from caproto.server import PVGroup, PvpropertyDouble, pvproperty

from framepath.detector.motion.axis import Axis

TICK_S = 0.05
"""Time between two values of RBV while the motor moves."""

MSTA_DONE = 0b10
MSTA_POSITIVE = 0b1


class Spmg(IntEnum):
    """``SPMG``, numbered as the record."""

    STOP = 0
    PAUSE = 1
    MOVE = 2
    GO = 3


@dataclass(frozen=True, slots=True)
class MotorSettings:
    """A motor as it is at the start.

    Attributes
    ----------
    name
        PV name after the prefix.
    description, units
        ``DESC``, ``EGU``; the other fields are in these units.
    velocity, max_velocity
        ``VELO`` and ``VMAX``, units/s.
    acceleration_s
        ``ACCL``: seconds from rest to ``VELO``.
    low_limit, high_limit
        ``LLM``, ``HLM``.
    step
        ``MRES``: units a motor step.
    precision
        ``PREC``.
    """

    name: str
    description: str
    units: str
    velocity: float
    max_velocity: float
    acceleration_s: float
    low_limit: float
    high_limit: float
    step: float
    precision: int = 4


class MotorValue(PvpropertyDouble):
    """``VAL``: beyond the limits it is for the record (LVIO), not for the server, to refuse."""

    async def verify_value(self, value: Any) -> Any:
        """Hand the value to the record."""
        return await self.putter(self, value)  # type: ignore[misc]


class _Channels(PVGroup):
    motor = pvproperty(name="", value=0.0, dtype=MotorValue, record="motor")


class MotorRecord:
    """One motor of an IOC; runs in the server's event loop.

    Positions are "user" where clients see them and "dial" on the axis: user = dial + OFF.
    """

    def __init__(self, prefix: str, settings: MotorSettings) -> None:
        group = _Channels(prefix + settings.name)
        self.channels: dict[str, Any] = dict(group.pvdb)
        self._settings = settings
        self._val: Any = group.motor
        self._fields: Any = self._val.field_inst
        self._axis = Axis()
        self._wanted: float | None = None
        self._travel: asyncio.Task[None] | None = None
        self._bind_positions()
        self._bind_settings()

    def _bind_positions(self) -> None:
        """Fields that move the motor."""
        fields = self._fields
        puts: dict[Any, Callable[[float], Awaitable[Any]]] = {
            self._val: self._on_value,
            fields.dial_desired_value: self._on_dial_value,
            fields.raw_desired_value: self._on_raw_value,
            fields.relative_value: self._on_relative_value,
            fields.user_offset: self._shift,
        }
        commands: dict[Any, Callable[[], Awaitable[None]]] = {
            fields.stop: self._stop,
            fields.sync_position: self._sync,
            fields.tweak_motor_forward: lambda: self._tweak(1),
            fields.tweak_motor_reverse: lambda: self._tweak(-1),
            fields.home_forward: self._home,
            fields.home_reverse: self._home,
        }
        for channel, handler in puts.items():
            channel.putter = _put(handler)
        for channel, command in commands.items():
            channel.putter = _command(command)
        for channel, sign in ((fields.jog_motor_forward, 1), (fields.jog_motor_reverse, -1)):
            channel.putter = self._jog_handler(sign)
        fields.stop_pause_move_go.putter = self._on_spmg

    def _bind_settings(self) -> None:
        """Fields that say how it moves, and how far it may."""
        fields = self._fields
        for channel in (
            fields.velocity,
            fields.jog_velocity,
            fields.seconds_to_velocity,
            fields.motor_step_size,
            fields.tweak_step_size,
        ):
            channel.putter = self._on_positive
        for channel, other in (
            (fields.user_high_limit, fields.dial_high_limit),
            (fields.user_low_limit, fields.dial_low_limit),
        ):
            channel.putter = self._limit_handler(other, -1)
            other.putter = self._limit_handler(channel, 1)
        fields.user_direction.putter = _not_simulated

    async def start(self) -> None:
        """Fill the fields; before the server runs."""
        fields, settings = self._fields, self._settings
        for field, value in (
            (fields.velocity, settings.velocity),
            (fields.max_velocity, settings.max_velocity),
            (fields.jog_velocity, settings.velocity),
            (fields.seconds_to_velocity, settings.acceleration_s),
            (fields.motor_step_size, settings.step),
            (fields.tweak_step_size, 1.0),
            (fields.user_high_limit, settings.high_limit),
            (fields.user_low_limit, settings.low_limit),
            (fields.dial_high_limit, settings.high_limit),
            (fields.dial_low_limit, settings.low_limit),
            (fields.limit_violation, 0),
            (fields.stop_pause_move_go, "Go"),
            (fields.set_use_switch, "Use"),
            (fields.offset_freeze_switch, "Variable"),
            (fields.engineering_units, settings.units),
            (fields.description, settings.description),
            (fields.motor_status, MSTA_DONE | MSTA_POSITIVE),
        ):
            await field.write(value, verify_value=False)
        for channel in (self._val, *fields.pvdb.values()):
            if isinstance(channel, ChannelDouble):
                await channel.write_metadata(precision=settings.precision, units=settings.units)
        await self._show_limits()

    # -- puts

    async def _on_value(self, value: float) -> None:
        """``VAL``: go there; the put completes when the motor is at rest."""
        if self._fields.set_use_switch.raw_value:
            if math.isfinite(value):
                await self._redefine(value)
            return
        if not self._fields.user_low_limit.value <= value <= self._fields.user_high_limit.value:
            await self._fields.limit_violation.write(1)
            return
        await self._fields.limit_violation.write(0)
        await self._show_setpoint(value)
        if self._fields.stop_pause_move_go.raw_value >= Spmg.MOVE:
            await self._go(value)

    async def _on_dial_value(self, value: float) -> None:
        await self._on_value(value + self._offset)

    async def _on_raw_value(self, value: float) -> None:
        await self._on_value(value * self._fields.motor_step_size.value + self._offset)

    async def _on_relative_value(self, value: float) -> None:
        await self._on_value(self._val.value + value)

    async def _on_positive(self, channel: Any, value: float) -> float:
        """Rates, ``ACCL`` and steps stay as they are when something not above 0, or infinity, is
        put; ``VELO`` is at most ``VMAX``.
        """
        if not 0 < value < math.inf:
            return channel.value
        fastest = self._fields.max_velocity.value
        is_held = channel is self._fields.velocity and fastest > 0
        return min(value, fastest) if is_held else value

    async def _on_spmg(self, channel: Any, state: str) -> None:
        """Stop brakes for good; Pause brakes until Go, or until Move for one move."""
        await channel.write(state, verify_value=False)
        if channel.raw_value == Spmg.STOP:
            await self._stop()
        elif channel.raw_value == Spmg.PAUSE:
            self._halt()
        elif not self._is_travelling and self._val.value != self._axis.end + self._offset:
            self._begin(self._val.value)
        raise SkipWrite

    async def _stop(self) -> None:
        """Brake; where it comes to rest becomes ``VAL``."""
        self._halt()
        if self._travel is not None:
            await asyncio.shield(self._travel)  # a client that goes away stops nothing
        await self._sync()

    async def _sync(self) -> None:
        await self._show_setpoint(self._axis.end + self._offset)

    async def _tweak(self, sign: int) -> None:
        await self._on_value(self._val.value + sign * self._fields.tweak_step_size.value)

    async def _home(self) -> None:
        """Home is where the dial reads 0."""
        await self._on_value(self._offset)

    def _jog_handler(self, sign: int) -> Callable[[Any, int], Awaitable[int]]:
        async def handler(_: Any, value: int) -> int:
            fields = self._fields
            if value:
                limit = fields.user_high_limit if sign > 0 else fields.user_low_limit
                self._begin(limit.value, fields.jog_velocity.value)
            else:
                await self._stop()
            return value

        return handler

    def _limit_handler(self, other: Any, sign: int) -> Callable[[Any, float], Awaitable[None]]:
        async def handler(channel: Any, value: float) -> None:
            if not math.isfinite(value):
                raise SkipWrite
            await channel.write(value, verify_value=False)
            await other.write(value + sign * self._offset, verify_value=False)
            await self._show_limits()
            raise SkipWrite

        return handler

    # -- user and dial

    @property
    def _offset(self) -> float:
        return self._fields.user_offset.value

    async def _redefine(self, user: float) -> None:
        """In Set mode ``VAL`` says what the present position is called: the offset follows it,
        or the dial where ``FOFF`` is Frozen.
        """
        if self._fields.offset_freeze_switch.raw_value:
            self._axis.set_position(user - self._offset)
            await self._show_position(time.monotonic())
            await self._sync()
        else:
            await self._shift(user - self._axis.end)

    async def _shift(self, offset: float) -> None:
        if not math.isfinite(offset):
            return
        fields = self._fields
        await fields.user_offset.write(offset, verify_value=False)
        for user, dial in (
            (fields.user_high_limit, fields.dial_high_limit),
            (fields.user_low_limit, fields.dial_low_limit),
        ):
            await user.write(dial.value + offset, verify_value=False)
        await self._show_limits()
        await self._show_position(time.monotonic())
        await self._sync()

    # -- travelling

    @property
    def _is_travelling(self) -> bool:
        return self._travel is not None and not self._travel.done()

    async def _go(self, user: float) -> None:
        """Travel to ``user`` and wait until the motor is at rest."""
        await asyncio.shield(self._begin(user))

    def _begin(self, user: float, velocity: float | None = None) -> asyncio.Task[None]:
        """Set out for ``user``; a motor under way brakes first, as the record does."""
        self._wanted = user - self._offset
        if self._travel is not None and not self._travel.done():
            self._axis.stop(time.monotonic())
        else:
            self._travel = asyncio.create_task(self._travel_all(velocity))
        return self._travel

    def _halt(self) -> None:
        self._wanted = None
        self._axis.stop(time.monotonic())

    async def _travel_all(self, velocity: float | None) -> None:
        """Travel until no further target is wanted, showing the position all the while."""
        fields = self._fields
        await fields.done_moving_to_value.write(0)
        await fields.motor_is_moving.write(1)
        while self._wanted is not None:
            target, self._wanted = self._wanted, None
            speed = velocity or fields.velocity.value
            forward = int(target >= self._axis.end)
            await fields.direction_of_travel.write(forward)
            await fields.motor_status.write(MSTA_POSITIVE * forward)
            ramp_s = max(fields.seconds_to_velocity.value, 1e-3)
            self._axis.move(target, speed, speed / ramp_s, time.monotonic())
            await self._follow_axis()
        await fields.motor_is_moving.write(0)
        await fields.motor_status.write(fields.motor_status.value | MSTA_DONE)
        await fields.done_moving_to_value.write(1)
        if fields.stop_pause_move_go.raw_value == Spmg.MOVE:
            await fields.stop_pause_move_go.write("Pause", verify_value=False)

    async def _follow_axis(self) -> None:
        while self._axis.is_moving(now := time.monotonic()):
            await self._show_position(now)
            await asyncio.sleep(min(TICK_S, self._axis.ends_s - now))
        await self._show_position(time.monotonic())

    # -- what clients see

    async def _show_position(self, now_s: float) -> None:
        fields, dial = self._fields, self._axis.position(now_s)
        await fields.raw_readback_value.write(round(dial / fields.motor_step_size.value))
        await fields.dial_readback_value.write(dial)
        await fields.user_readback_value.write(dial + self._offset)

    async def _show_setpoint(self, user: float) -> None:
        dial = user - self._offset
        step = self._fields.motor_step_size.value
        await self._fields.dial_desired_value.write(dial, verify_value=False)
        await self._fields.raw_desired_value.write(round(dial / step), verify_value=False)
        await self._val.write(user, verify_value=False)

    async def _show_limits(self) -> None:
        low, high = self._fields.user_low_limit.value, self._fields.user_high_limit.value
        for channel in (self._val, self._fields.user_readback_value):
            await channel.write_metadata(
                lower_ctrl_limit=low,
                upper_ctrl_limit=high,
                lower_disp_limit=low,
                upper_disp_limit=high,
            )


def _put(handler: Callable[[float], Awaitable[Any]]) -> Callable[[Any, float], Awaitable[None]]:
    """A putter whose handler writes what is to be shown itself."""

    async def putter(_: Any, value: float) -> None:
        await handler(value)
        raise SkipWrite

    return putter


def _command(command: Callable[[], Awaitable[None]]) -> Callable[[Any, int], Awaitable[int]]:
    """A putter of a field that returns to 0 once its command is done."""

    async def putter(_: Any, value: int) -> int:
        if value:
            await command()
        return 0

    return putter


async def _not_simulated(channel: Any, value: Any) -> None:
    raise ValueError(f"{channel.pvname}: a simulated motor's direction cannot be changed")
