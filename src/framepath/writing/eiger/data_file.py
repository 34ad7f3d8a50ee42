"""One dataset of frames with its image numbers: in a data file, or in the master itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from framepath.spec.addresses import EIGER_DATA_ADDRESS, EIGER_DATA_GROUP
from framepath.spec.frame import Frame
from framepath.writing.eiger.series import FILE_SETTINGS, Series
from framepath.writing.encoding import Encoding
from framepath.writing.frames import create_frame_dataset
from framepath.writing.output_file import OutputFile, failures_as

_DATA = EIGER_DATA_ADDRESS.rpartition("/")[2]


class ImageDataset:
    """``/entry/data/data`` of an open file, one frame a chunk.

    Parameters
    ----------
    output
        The file, new and empty.
    encoding
        How frames are stored.
    image_nr_low
        Number of the first image that will be written.

    Attributes
    ----------
    n_stored
        Frames written.
    """

    def __init__(self, output: OutputFile, encoding: Encoding, image_nr_low: int) -> None:
        self._output = output
        self._encoding = encoding
        self._low = image_nr_low
        frame_bytes = int(np.prod(encoding.geometry.frame_shape)) * encoding.geometry.dtype.itemsize
        self._buffer = np.empty(frame_bytes + frame_bytes // 8 + 4096, np.uint8)
        with failures_as("the dataset of images cannot be made", output.working_path):
            group = output.h5.require_group(EIGER_DATA_GROUP)
            self._id = create_frame_dataset(group.id, _DATA, encoding, 0)
        self.n_stored = 0

    def append(self, frame: Frame) -> int:
        """Write a frame that fits; returns its index.

        Raises
        ------
        WriteFailed
            The file system or HDF5 refused it.
        """
        payload = self._encoding.payload(frame, self._buffer)
        index = self.n_stored
        with failures_as("an image cannot be written", self._output.working_path):
            self._id.set_extent((index + 1, *self._encoding.geometry.frame_shape))
            self._id.write_direct_chunk((index, 0, 0), payload)
        self.n_stored = index + 1
        return index

    def finish(self) -> None:
        """Put the image numbers on the dataset."""
        number_images(h5py.Dataset(self._id), self._low, self.n_stored)


def number_images(dataset: h5py.Dataset, low: int, n_images: int) -> None:
    """Write ``image_nr_low`` and ``image_nr_high`` (the last one's number, inclusive)."""
    dataset.attrs["image_nr_low"] = np.int32(low)
    dataset.attrs["image_nr_high"] = np.int32(low + n_images - 1)


class DataFile:
    """A data file under its temporary name until `close`.

    Attributes
    ----------
    path
        Its final name.
    images
        Its frames.
    """

    def __init__(self, series: Series, number: int, image_nr_low: int) -> None:
        self.path: Path = series.data_path(number)
        self._output = OutputFile(self.path, FILE_SETTINGS)
        try:
            self.images = ImageDataset(self._output, series.encoding(), image_nr_low)
            for address, nx_class in (("entry", "NXentry"), (EIGER_DATA_GROUP, "NXdata")):
                self._output.h5[address].attrs["NX_class"] = nx_class
        except BaseException:
            self._output.discard()
            raise

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises
        ------
        WriteFailed
            It could not be finished; it keeps its temporary name.
        """
        with failures_as("the data file cannot be finished", self._output.working_path):
            self.images.finish()
        self._output.close()


def virtual_images(
    file: h5py.File, shape_yx: tuple[int, int], dtype: np.dtype[Any], parts: list[tuple[str, int]]
) -> h5py.Dataset:
    """One virtual dataset (frames, y, x) over data files.

    Parameters
    ----------
    parts
        (bare file name, frames) in order. Frames whose file goes missing read as the greatest
        value of the type, which is DECTRIS's "no data".
    """
    n_frames = sum(n for _, n in parts)
    layout = h5py.VirtualLayout((n_frames, *shape_yx), dtype)
    first = 0
    for name, n in parts:
        source = h5py.VirtualSource(name, EIGER_DATA_ADDRESS, (n, *shape_yx), dtype)
        layout[first : first + n] = source
        first += n
    no_data = np.iinfo(dtype).max
    return file.create_virtual_dataset(EIGER_DATA_ADDRESS, layout, fillvalue=no_data)
