"""Codec1: frames compressed or decompressed, one by one.

A compressed frame holds the bytes that areaDetector's plugin would send: those of ``lz4`` and
``bslz4`` come without the header that an HDF5 filter puts before them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum
from typing import Any

import numpy as np

from framepath import codecs
from framepath.codecs.bslz4 import HEADER as BSLZ4_HEADER
from framepath.codecs.lz4 import encode_block
from framepath.detector.drivers.base import PutHandler, Value
from framepath.detector.plugins.base import Plugin
from framepath.detector.port import Port
from framepath.errors import CodecError
from framepath.spec.frame import ColorMode, Compressed, Frame
from framepath.writing.encoding import chunk_of

log = logging.getLogger(__name__)

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class Compressor(IntEnum):
    """``Compressor``, numbered as the record."""

    NONE = 0
    JPEG = 1
    BLOSC = 2
    LZ4 = 3
    BSLZ4 = 4


class Status(IntEnum):
    """``CodecStatus``, numbered as the record."""

    SUCCESS = 0
    WARNING = 1
    ERROR = 2


DECOMPRESS = 1
"""``Mode``."""

MOST_THREADS = 64
_LARGEST_SHUFFLE = 2


def _jpeg(frame: Frame, port: Port) -> Bytes:
    if frame.data.ndim == 3 and frame.color_mode is not ColorMode.RGB1:
        raise CodecError(
            "JPEG compresses grey and RGB1 frames only",
            found=frame.color_mode.name,
            expected="Mono or RGB1",
            next_step="set the camera's ColorMode to RGB1, or choose a lossless compressor",
        )
    return codecs.encode("jpeg", frame.data, quality=port.integer("JPEGQuality"))


def _options(compressor: Compressor, port: Port) -> dict[str, int]:
    """Options that a file that stores the bytes says (ADCore's NDArray carries Blosc's)."""
    if compressor is not Compressor.BLOSC:
        return {}
    return {
        "compressor": port.integer("BloscCompressor"),
        "shuffle": port.integer("BloscShuffle"),
        "level": port.integer("BloscCLevel"),
    }


def _blosc(frame: Frame, port: Port) -> Bytes:
    threads = port.integer("BloscNumThreads")
    options = _options(Compressor.BLOSC, port)
    return codecs.encode("blosc", frame.data, None, threads=threads, **options)


def _lz4(frame: Frame, port: Port) -> Bytes:
    return encode_block(np.ascontiguousarray(frame.data))


def _bslz4(frame: Frame, port: Port) -> Bytes:
    return codecs.encode("bslz4", frame.data)[BSLZ4_HEADER.size :]


COMPRESSORS: dict[Compressor, tuple[str, Callable[[Frame, Port], Bytes]]] = {
    Compressor.JPEG: ("jpeg", _jpeg),
    Compressor.BLOSC: ("blosc", _blosc),
    Compressor.LZ4: ("lz4", _lz4),
    Compressor.BSLZ4: ("bslz4", _bslz4),
}
"""Name of the codec and what compresses."""


class CodecPlugin:
    """Codec1's processor; a frame that it cannot treat goes on as it came, and the status says why.

    ``Codec_RBV`` and ``CompressedSize_RBV`` describe what is sent on.
    """

    is_concurrent = True

    def __init__(self, plugin: Plugin) -> None:
        self._port = port = plugin.port
        for name, least, most in (
            ("JPEGQuality", 1, 100),
            ("BloscCLevel", 0, 9),
            ("BloscShuffle", 0, _LARGEST_SHUFFLE),
            ("BloscNumThreads", 1, MOST_THREADS),
        ):
            port.on_put(name, _held_between(least, most))

    def process(self, frame: Frame) -> Frame | None:
        """Compress or decompress, as ``Mode`` says."""
        treat = decompressed if self._port["Mode"] == DECOMPRESS else self._compressed
        status, message, result = Status.SUCCESS, "", frame
        try:
            result = treat(frame)
        except CodecError as error:
            status, message = Status.ERROR, str(error)
        self._show(status, message)
        self._port.publish("CompFactor", _factor(frame, result))
        self._port.publish("Codec", result.compressed.codec if result.compressed else "")
        self._port.publish("CompressedSize", result.data.nbytes)
        return result

    def _compressed(self, frame: Frame) -> Frame:
        compressor = Compressor(self._port.integer("Compressor"))
        if compressor is Compressor.NONE:
            return frame
        if frame.compressed is not None:
            raise CodecError(
                "the frame is compressed already",
                found=frame.compressed.codec,
                expected="pixels",
                next_step="decompress it in another Codec plugin first, or set Compressor to None",
            )
        name, compress = COMPRESSORS[compressor]
        options = tuple(_options(compressor, self._port).items())
        return replace(
            frame,
            data=compress(frame, self._port),
            compressed=Compressed(name, frame.shape, frame.dtype, options),
            dimensions=frame.ndarray_dimensions(),
        )

    def _show(self, status: Status, message: str) -> None:
        if status is Status.ERROR and self._port["CodecStatus"] != Status.ERROR:
            log.warning("frames pass as they came: %s", message)
        for name, value in (("CodecStatus", int(status)), ("CodecError", message)):
            if self._port[name] != value:
                self._port.publish(name, value)

    def lost(self, frame: Frame, reason: str) -> None:
        """A frame that was not treated; the counters say so."""

    def close(self) -> None:
        """Nothing is open."""


def decompressed(frame: Frame) -> Frame:
    """A frame as pixels; raises CodecError when its bytes are damaged."""
    if frame.compressed is None:
        return frame
    codec, shape, dtype = frame.compressed.codec, frame.compressed.shape, frame.compressed.dtype
    pixels = codecs.decode(codec, chunk_of(frame), shape, dtype)
    return replace(frame, data=pixels, compressed=None)


def _factor(frame: Frame, result: Frame) -> float:
    """How many times smaller the pixels became, or were; 1 for a frame that passed as it came."""
    if result is frame:
        return 1.0
    packed = result if result.compressed else frame
    return frame.n_bytes / packed.data.nbytes


def _held_between(least: int, most: int) -> PutHandler:
    def handler(value: Value) -> Value:
        return min(most, max(least, int(value)))  # type: ignore[arg-type]

    return handler
