"""JPEG, HDF5 filter 32019: lossy, 8-bit grey or RGB1, as ADCore's filter stores it.

Pillow does the work; neither it nor an HDF5 plugin for 32019 comes with framepath's core.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from framepath.codecs.buffers import Bytes, Payload, Pixels, as_bytes, damaged
from framepath.errors import CodecError, MissingExtra

FILTER_ID = 32019
_COLORS = 3


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtra(
            "the JPEG codec needs Pillow",
            found="Pillow is not installed",
            next_step="pip install pillow, or choose another compression",
        ) from error
    return Image


def _image_shape(shape: Sequence[int], dtype: np.dtype[Any]) -> tuple[int, ...]:
    """(y, x) or (y, x, 3) without leading axes of length 1."""
    core = tuple(shape)
    while len(core) > 2 and core[0] == 1:
        core = core[1:]
    if dtype.itemsize != 1 or len(core) not in (2, 3) or (len(core) == 3 and core[2] != _COLORS):
        raise CodecError(
            "JPEG stores 8-bit grey or RGB1 frames only",
            found=f"{dtype} {tuple(shape)}",
            expected="uint8 (y, x) or (y, x, 3)",
            next_step="choose a lossless compression",
        )
    return core


def encode(pixels: Pixels, out: Bytes | None = None, *, quality: int = 90) -> Bytes:
    """Encode one chunk, uint8 (y, x) or (y, x, 3), at ``quality`` 1 to 100; ``out`` is not used."""
    shape = _image_shape(pixels.shape, pixels.dtype)
    stream = io.BytesIO()
    image = _pillow().fromarray(pixels.reshape(shape).view(np.uint8))
    image.save(stream, format="JPEG", quality=quality)
    return as_bytes(stream.getvalue())


def decode(payload: Payload, out: Pixels) -> None:
    """Decode one chunk into ``out``; raises CodecError when it does not fit."""
    shape = _image_shape(out.shape, out.dtype)
    try:
        with _pillow().open(io.BytesIO(as_bytes(payload).data), formats=("JPEG",)) as image:
            plain = np.asarray(image)
    except (OSError, SyntaxError) as error:
        raise damaged("JPEG", error, f"a frame of shape {shape}") from error
    if plain.shape != shape:
        raise damaged("JPEG", f"shape {plain.shape}", f"shape {shape}")
    out.reshape(shape).view(np.uint8)[...] = plain


def filter_options(
    shape: Sequence[int], dtype: np.dtype[Any], *, quality: int = 90
) -> tuple[int, ...]:
    """Options given to filter 32019: quality, columns, rows, 1 for colour."""
    core = _image_shape(shape, dtype)
    return (quality, core[1], core[0], int(len(core) == _COLORS))
