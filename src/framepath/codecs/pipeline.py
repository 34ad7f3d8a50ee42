"""Codecs that only libhdf5 has, n-bit and szip: one chunk through an HDF5 file in memory.

Slow beside the others (tens of microseconds a chunk and a copy), but exactly what libhdf5 does.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from framepath.codecs.buffers import Bytes, Payload, Pixels, as_bytes, damaged
from framepath.errors import CodecError

NBIT_FILTER_ID = h5py.h5z.FILTER_NBIT
SZIP_FILTER_ID = h5py.h5z.FILTER_SZIP


def require_filter(filter_id: int, name: str) -> None:
    """Raise CodecError when libhdf5 was built without a filter that encodes."""
    if not h5py.h5z.filter_avail(filter_id):
        raise CodecError(
            f"this libhdf5 has no {name} filter",
            found=f"HDF5 {h5py.version.hdf5_version}",
            expected=f"filter {filter_id}",
            next_step="choose another compression, or an h5py built with it",
        )


def nbit_type(dtype: np.dtype[Any], precision: int, offset: int) -> h5py.h5t.TypeID:
    """HDF5 integer type of ``precision`` bits from bit ``offset``: what n-bit packs."""
    if dtype.kind not in "iu" or not 0 < precision <= 8 * dtype.itemsize - offset:
        raise CodecError(
            "n-bit cannot pack these pixels",
            found=f"{precision} bits from bit {offset} of {dtype}",
            expected="an integer type that has those bits",
            next_step="correct NumDataBits and DataBitsOffset",
        )
    packed = h5py.h5t.py_create(dtype).copy()
    packed.set_precision(precision)
    packed.set_offset(offset)
    return packed


def set_nbit(plist: h5py.h5p.PropDCID) -> None:
    """Put the n-bit filter on a dataset; its type must come from `nbit_type`."""
    require_filter(NBIT_FILTER_ID, "n-bit")
    plist.set_filter(NBIT_FILTER_ID, h5py.h5z.FLAG_OPTIONAL, ())


def set_szip(plist: h5py.h5p.PropDCID, pixels: int) -> None:
    """Put szip (nearest neighbour, ``pixels`` a block) on a dataset."""
    require_filter(SZIP_FILTER_ID, "szip")
    plist.set_szip(h5py.h5z.SZIP_NN_OPTION_MASK, pixels)


def encode_nbit(
    pixels: Pixels, out: Bytes | None = None, *, precision: int = 8, offset: int = 0
) -> Bytes:
    """Encode one chunk with n-bit: bits outside ``precision`` from bit ``offset`` are lost.

    A plain reader gets the kept bits moved down to bit 0, because that is the stored type's value.
    """
    return _through(pixels, nbit_type(pixels.dtype, precision, offset), set_nbit)


def decode_nbit(payload: Payload, out: Pixels, *, precision: int = 8, offset: int = 0) -> None:
    """Decode one n-bit chunk into ``out``; the same bits must be given as to encode."""
    _back(payload, out, nbit_type(out.dtype, precision, offset), set_nbit)


def encode_szip(pixels: Pixels, out: Bytes | None = None, *, pixels_a_block: int = 16) -> Bytes:
    """Encode one chunk with szip, ``pixels_a_block`` even, 2 to 32."""
    file_type = h5py.h5t.py_create(pixels.dtype)
    return _through(pixels, file_type, lambda plist: set_szip(plist, pixels_a_block))


def decode_szip(payload: Payload, out: Pixels, *, pixels_a_block: int = 16) -> None:
    """Decode one szip chunk into ``out``."""
    file_type = h5py.h5t.py_create(out.dtype)
    _back(payload, out, file_type, lambda plist: set_szip(plist, pixels_a_block))


Setter = Callable[[h5py.h5p.PropDCID], None]


def _one_chunk(
    file: h5py.File, shape: tuple[int, ...], file_type: h5py.h5t.TypeID, set_filter: Setter
) -> h5py.h5d.DatasetID:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(shape)
    set_filter(plist)
    space = h5py.h5s.create_simple(shape)
    try:
        return h5py.h5d.create(file.id, b"chunk", file_type, space, plist)
    except (ValueError, RuntimeError, OSError) as error:
        raise CodecError(
            "libhdf5 does not take this filter for these pixels",
            found=f"{file_type.dtype} {shape}: {error}",
            next_step="choose another compression or other parameters",
        ) from error


def _through(pixels: Pixels, file_type: h5py.h5t.TypeID, set_filter: Setter) -> Bytes:
    with h5py.File(io.BytesIO(), "w") as file:
        dataset = _one_chunk(file, pixels.shape, file_type, set_filter)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, pixels, mtype=file_type)
        dataset.flush()
        _, payload = dataset.read_direct_chunk((0,) * pixels.ndim)
        return as_bytes(payload)


def _back(payload: Payload, out: Pixels, file_type: h5py.h5t.TypeID, set_filter: Setter) -> None:
    with h5py.File(io.BytesIO(), "w") as file:
        dataset = _one_chunk(file, out.shape, file_type, set_filter)
        dataset.write_direct_chunk((0,) * out.ndim, as_bytes(payload))
        try:
            dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, out, mtype=file_type)
        except OSError as error:
            raise damaged("n-bit or szip", error, f"a chunk of shape {out.shape}") from error
