"""Text and numbers as ADCore stores them: fixed-length ASCII strings, native scalars and lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import h5py
import numpy as np

from framepath.layout.constants import parse_numbers
from framepath.layout.model import ConstantType

HDF5_FAILURES = (OSError, RuntimeError, ValueError, KeyError)
"""What h5py raises when libhdf5 reports an error: the type depends on libhdf5's error class."""

_NUMBER_DTYPES = {ConstantType.INT: np.dtype("i4"), ConstantType.FLOAT: np.dtype("f8")}

HasAttributes: TypeAlias = h5py.h5g.GroupID | h5py.h5d.DatasetID
"""What an HDF5 attribute can be put on."""


def text_type(n_bytes: int) -> h5py.h5t.TypeStringID:
    """Fixed-length string of ``n_bytes``, NUL-terminated, marked ASCII whatever it holds."""
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(n_bytes)
    kind.set_strpad(h5py.h5t.STR_NULLTERM)
    return kind


def fitting_bytes(text: str | bytes, room: int | None = None) -> bytes:
    """UTF-8 of ``text`` in at most ``room`` bytes, cut at a character, and at the first NUL."""
    raw = text.encode(errors="replace") if isinstance(text, str) else text
    raw = raw.split(b"\0", 1)[0]
    if room is None or len(raw) <= room:
        return raw
    while room and raw[room] & 0xC0 == 0x80:
        room -= 1
    return raw[:room]


def write_text_attribute(
    owner: HasAttributes, name: str, text: str | bytes, n_bytes: int | None = None
) -> None:
    """Scalar string attribute of ``n_bytes``, by default of length + 1 (rule 7.1)."""
    raw = fitting_bytes(text, n_bytes - 1 if n_bytes else None)
    n_bytes = n_bytes or len(raw) + 1
    kind = text_type(n_bytes)
    attribute = h5py.h5a.create(owner, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    attribute.write(np.array(raw, f"S{n_bytes}"), mtype=kind)


def write_number_attribute(
    owner: HasAttributes, name: str, numbers: Sequence[float], dtype: np.dtype[np.generic]
) -> None:
    """Scalar for one number, else rank 1 (rule 6.5)."""
    values, space = _numbers(numbers, dtype)
    attribute = h5py.h5a.create(owner, name.encode(), h5py.h5t.py_create(dtype), space)
    if values.size:
        attribute.write(values)


def write_constant_attribute(
    owner: HasAttributes, name: str, text: str, kind: ConstantType
) -> None:
    """Attribute from a layout's ``value`` and ``type`` (rules 6.5 and 7.1)."""
    if kind is ConstantType.STRING:
        write_text_attribute(owner, name, text)
    else:
        write_number_attribute(owner, name, parse_numbers(text, kind)[0], _NUMBER_DTYPES[kind])


def write_constant_dataset(
    group: h5py.h5g.GroupID, name: str, text: str, kind: ConstantType
) -> h5py.h5d.DatasetID:
    """Dataset from a layout's ``value`` and ``type`` (rules 6.4 and 6.5)."""
    if kind is ConstantType.STRING:
        raw = fitting_bytes(text)
        file_type = text_type(len(raw) + 1)
        values, space = np.array([raw], f"S{len(raw) + 1}"), h5py.h5s.create_simple((1,))
    else:
        dtype = _NUMBER_DTYPES[kind]
        file_type = h5py.h5t.py_create(dtype)
        values, space = _numbers(parse_numbers(text, kind)[0], dtype)
    dataset = h5py.h5d.create(group, name.encode(), file_type, space)
    if values.size:
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values, mtype=file_type)
    return dataset


def _numbers(
    numbers: Sequence[float], dtype: np.dtype[np.generic]
) -> tuple[np.ndarray, h5py.h5s.SpaceID]:
    if len(numbers) == 1:
        return np.array(numbers[0], dtype), h5py.h5s.create(h5py.h5s.SCALAR)
    return np.array(numbers, dtype), h5py.h5s.create_simple((len(numbers),))
