"""What bitshuffle's HDF5 filter notes in a file: in compat mode the version areaDetector has.

The filter puts its own version before the options of every dataset that is made with it. Readers
do not look at it, but two files of the same recipe should not differ in it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
from h5py._objects import phil

from framepath.codecs.bslz4 import FILTER_ID

ADCORE_VERSION = (0, 3)
"""Of bitshuffle in ADSupport, as files of ADCore R3-14 show it."""

LZ4 = 2


class _FilterClass(ctypes.Structure):
    """H5Z_class2_t of libhdf5's H5Zdevelop.h."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("id", ctypes.c_int),
        ("encoder_present", ctypes.c_uint),
        ("decoder_present", ctypes.c_uint),
        ("name", ctypes.c_char_p),
        ("can_apply", ctypes.c_void_p),
        ("set_local", ctypes.c_void_p),
        ("filter", ctypes.c_void_p),
    )


def adcore_options(dtype: np.dtype) -> tuple[int, ...]:
    """Everything that ADCore's filter notes: version, element size, block by default, LZ4."""
    return (*ADCORE_VERSION, dtype.itemsize, 0, LZ4)


@contextmanager
def options_as_given() -> Iterator[None]:
    """While this lasts datasets keep bitshuffle's options as they were given."""
    own, register = _filter_class(), _register()
    plain = _FilterClass.from_buffer_copy(own)
    plain.set_local = None
    with phil:  # h5py's lock: no other thread makes a dataset meanwhile
        register(ctypes.byref(plain))
        try:
            yield
        finally:
            register(ctypes.byref(own))


@cache
def _filter_class() -> _FilterClass:
    library = ctypes.CDLL(str(Path(hdf5plugin.PLUGIN_PATH) / "libh5bshuf.so"))
    library.H5PLget_plugin_info.restype = ctypes.POINTER(_FilterClass)
    found = library.H5PLget_plugin_info().contents
    assert found.id == FILTER_ID
    return found


@cache
def _register() -> ctypes._NamedFuncPointer:
    register = ctypes.CDLL(h5py.h5z.__file__).H5Zregister  # of the libhdf5 that h5py brought
    register.restype = ctypes.c_int
    register.argtypes = (ctypes.c_void_p,)
    return register
