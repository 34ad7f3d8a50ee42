"""The shared libraries that compress: loaded once, called through ctypes, which frees the GIL."""

from __future__ import annotations

import ctypes
import importlib.util
import os
from functools import cache
from pathlib import Path

import hdf5plugin

from framepath.errors import CodecError

_SIZE = ctypes.c_size_t
_POINTER = ctypes.c_void_p


def _hdf5plugin_library(name: str) -> ctypes.CDLL:
    path = Path(hdf5plugin.PLUGIN_PATH) / f"{name}.so"
    if not path.exists():
        raise CodecError(
            "hdf5plugin came without a codec library",
            found=f"no {path.name}",
            where=path.parent,
            next_step="install an hdf5plugin wheel that bundles its filters",
        )
    return ctypes.CDLL(str(path))


def _bitshuffle_wheel() -> Path | None:
    """Extension module of the ``bitshuffle`` package (AVX2, OpenMP), None when not installed."""
    spec = importlib.util.find_spec("bitshuffle")
    folders = spec.submodule_search_locations if spec else None
    return next((p for f in folders or () for p in Path(f).glob("ext.*.so")), None)


def _with_one_openmp_thread(path: Path) -> ctypes.CDLL:
    # libgomp reads the variable once, while it is being loaded; our threads are the parallelism.
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        return ctypes.CDLL(str(path))
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def load_bitshuffle(*, prefer_wheel: bool = True) -> ctypes.CDLL:
    """Load bitshuffle: the wheel's AVX2 build where installed, else the one in hdf5plugin."""
    wheel = _bitshuffle_wheel() if prefer_wheel else None
    library = _with_one_openmp_thread(wheel) if wheel else _hdf5plugin_library("libh5bshuf")
    for name in ("bshuf_compress_lz4", "bshuf_decompress_lz4"):
        function = getattr(library, name)
        function.restype = ctypes.c_int64
        function.argtypes = (_POINTER, _POINTER, _SIZE, _SIZE, _SIZE)
    library.bshuf_compress_lz4_bound.restype = _SIZE
    library.bshuf_compress_lz4_bound.argtypes = (_SIZE, _SIZE, _SIZE)
    return library


@cache
def bitshuffle() -> ctypes.CDLL:
    """The bitshuffle library of this process, for compressing."""
    return load_bitshuffle()


@cache
def bitshuffle_for_decoding(itemsize: int) -> ctypes.CDLL:
    """The build that decodes elements of so many bytes with the least CPU.

    Bitshuffle has AVX2 code for decoding multiples of 4 bytes only; for less, the wheel does what
    hdf5plugin's build does, and takes 8 to 12 % longer through OpenMP.
    """
    return bitshuffle() if itemsize % 4 == 0 else load_bitshuffle(prefer_wheel=False)


@cache
def lz4() -> ctypes.CDLL:
    """The LZ4 library that hdf5plugin bundles."""
    library = _hdf5plugin_library("libh5lz4")
    for name in ("LZ4_compress_default", "LZ4_decompress_safe"):
        function = getattr(library, name)
        function.restype = ctypes.c_int
        function.argtypes = (_POINTER, _POINTER, ctypes.c_int, ctypes.c_int)
    return library


@cache
def blosc() -> ctypes.CDLL:
    """The Blosc library that hdf5plugin bundles; only its thread-safe ``_ctx`` calls are used."""
    library = _hdf5plugin_library("libh5blosc")
    library.blosc_compress_ctx.restype = ctypes.c_int
    library.blosc_compress_ctx.argtypes = (
        *(ctypes.c_int, ctypes.c_int, _SIZE, _SIZE, _POINTER, _POINTER, _SIZE),
        *(ctypes.c_char_p, _SIZE, ctypes.c_int),
    )
    library.blosc_decompress_ctx.restype = ctypes.c_int
    library.blosc_decompress_ctx.argtypes = (_POINTER, _POINTER, _SIZE, ctypes.c_int)
    library.blosc_cbuffer_validate.restype = ctypes.c_int
    library.blosc_cbuffer_validate.argtypes = (_POINTER, _SIZE, ctypes.POINTER(_SIZE))
    return library


@cache
def zstd() -> ctypes.CDLL:
    """The Zstandard library that hdf5plugin bundles."""
    library = _hdf5plugin_library("libh5zstd")
    library.ZSTD_compress.restype = _SIZE
    library.ZSTD_compress.argtypes = (_POINTER, _SIZE, _POINTER, _SIZE, ctypes.c_int)
    library.ZSTD_decompress.restype = _SIZE
    library.ZSTD_decompress.argtypes = (_POINTER, _SIZE, _POINTER, _SIZE)
    library.ZSTD_compressBound.restype = _SIZE
    library.ZSTD_compressBound.argtypes = (_SIZE,)
    library.ZSTD_isError.restype = ctypes.c_uint
    library.ZSTD_isError.argtypes = (_SIZE,)
    return library
