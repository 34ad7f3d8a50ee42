"""A series as its settings describe it: names, shape, type, compression."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from framepath.codecs import codec_named
from framepath.errors import SettingsError
from framepath.writing.encoding import Encoding
from framepath.writing.geometry import UNLIMITED, Geometry
from framepath.writing.settings import WriterSettings

COMPRESSIONS = ("bslz4", "lz4", "none")
FORMATS = ("v1", "v2")
_PIXEL_TYPES = ("uint8", "uint16", "uint32")

FILE_SETTINGS = WriterSettings(temp_suffix=".part", overwrite=True)
"""A file gets its name when it is complete, and replaces one of an earlier series."""


@dataclass(frozen=True, slots=True)
class Series:
    """The settings of one series, checked; see `EigerFileWriter` for their meaning."""

    directory: Path
    name: str
    shape_yx: tuple[int, int]
    dtype: np.dtype[Any]
    images_per_file: int
    image_nr_start: int
    compression: str
    format: str

    def __post_init__(self) -> None:
        _one_of("compression", self.compression, COMPRESSIONS)
        _one_of("format", self.format, FORMATS)
        _one_of("pixel type", self.dtype.name, _PIXEL_TYPES)
        _at_least("images_per_file", self.images_per_file, 0)
        _at_least("image_nr_start", self.image_nr_start, 0)
        _at_least("rows and columns", min(self.shape_yx), 1)
        if not self.name or "/" in self.name:
            raise SettingsError(
                "a name pattern makes one file name",
                found=repr(self.name),
                expected="text without a slash, such as series_$id",
            )

    @property
    def master_path(self) -> Path:
        """``<name>_master.h5``."""
        return self.directory / f"{self.name}_master.h5"

    def data_path(self, number: int) -> Path:
        """``<name>_data_000001.h5`` for number 1."""
        return self.directory / f"{self.name}_data_{number:06d}.h5"

    def encoding(self) -> Encoding:
        """How frames are stored: one a chunk, past the filter pipeline."""
        shape = self.shape_yx
        geometry = Geometry(self.dtype, shape, (UNLIMITED,), (UNLIMITED,), (1, *shape))
        codec = None if self.compression == "none" else codec_named(self.compression)
        return Encoding(geometry, codec)


def _one_of(what: str, found: str, expected: tuple[str, ...]) -> None:
    if found not in expected:
        raise SettingsError(
            f"an Eiger series does not have this {what}",
            found=repr(found),
            expected=f"one of {', '.join(expected)}",
        )


def _at_least(what: str, found: int, least: int) -> None:
    if found < least:
        raise SettingsError(f"{what} is too small", found=found, expected=f"at least {least}")
