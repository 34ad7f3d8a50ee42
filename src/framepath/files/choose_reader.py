"""The shortest way to the pixels of a dataset that is right for how it is stored."""

from __future__ import annotations

import importlib
import os

import h5py

from framepath.codecs import codec_of_filters
from framepath.errors import FileUnreadable, LinkBroken, OutsideFolders
from framepath.files.chunk_index import ChunkTable
from framepath.files.chunk_reader import ChunkReader
from framepath.files.follow import Found, broken, leads_out
from framepath.files.library_reader import LibraryReader
from framepath.files.opened import FileSet, hdf5_errors, regular_file
from framepath.files.plain_reader import PlainReader, Segment
from framepath.files.resolve import find_target
from framepath.files.source import PixelReader
from framepath.spec.links import LinkKind

_CHECKSUM_BYTES = 4


def choose_reader(
    files: FileSet, found: Found, frame_shape: tuple[int, ...], table: ChunkTable | None
) -> PixelReader:
    """The reader that fits a dataset's layout, filters and type.

    ``table`` tells where its chunks lie, where that is known.

    Raises
    ------
    FileUnreadable
        A filter is not installed.
    LinkBroken, OutsideFolders
        A raw external file is missing, or may not be read.
    """
    dataset = found.node
    assert isinstance(dataset, h5py.Dataset)
    plist = dataset.id.get_create_plist()
    if plist.get_external_count():
        return _raw_reader(files, found, frame_shape)
    if h5py.h5t.py_create(dataset.dtype) != dataset.id.get_type():
        return _library_reader(found)
    # Behind HDF5's back only where nothing in this process can hold newer bytes than the file.
    descriptor = None if found.file.live or found.file.h5.userblock_size else found.file.descriptor
    if plist.get_layout() == h5py.h5d.CONTIGUOUS and descriptor is not None:
        if dataset.id.get_offset() is None:
            return PlainReader([], frame_shape, dataset.dtype)
        path = str(found.file.path)
        part = Segment(descriptor, dataset.id.get_offset(), dataset.nbytes, path)
        return PlainReader([part], frame_shape, dataset.dtype)
    if dataset.chunks is not None and dataset.chunks[-len(frame_shape) :] == frame_shape:
        filters = [plist.get_filter(n) for n in range(plist.get_nfilters())]
        codec = codec_of_filters([(f[0], f[2]) for f in filters])
        if codec is not None or not filters:
            return ChunkReader(dataset, codec, descriptor, table)
    return _library_reader(found)


def _library_reader(found: Found) -> LibraryReader:
    dataset = found.node
    assert isinstance(dataset, h5py.Dataset)
    plist = dataset.id.get_create_plist()
    for n in range(plist.get_nfilters()):
        number, _, _, name = plist.get_filter(n)
        if not h5py.h5z.filter_avail(number):
            importlib.import_module("hdf5plugin")
        if not h5py.h5z.filter_avail(number):
            raise FileUnreadable(
                "the filter that compressed this dataset is not installed",
                found=f"HDF5 filter {number} ({name.decode(errors='replace')})",
                where=f"{found.file.path}:{found.address}",
                next_step="put its plugin where HDF5_PLUGIN_PATH points",
            )
        if number == h5py.h5z.FILTER_FLETCHER32:
            _check_sizes(found, dataset)
    return LibraryReader(dataset)


def _check_sizes(found: Found, dataset: h5py.Dataset) -> None:
    """Refuse chunks shorter than their checksum, on which libhdf5 2.0 crashes."""
    short: list[tuple[int, ...]] = []

    def note(info: h5py.h5d.StoreInfo) -> None:
        if info.size < _CHECKSUM_BYTES:
            short.append(info.chunk_offset)

    where = f"{found.file.path}:{found.address}"
    with hdf5_errors(where):
        dataset.id.chunk_iter(note)
    if short:
        raise FileUnreadable(
            "a chunk is shorter than its checksum",
            found=f"{len(short)} such chunks, the first at element {short[0]}",
            expected=f"at least {_CHECKSUM_BYTES} bytes",
            where=where,
            next_step="the file is damaged: copy it again from where it was written",
        )


def _raw_reader(files: FileSet, found: Found, frame_shape: tuple[int, ...]) -> PlainReader:
    """A reader of raw external files, each found and checked here: HDF5 opens none of them."""
    dataset = found.node
    assert isinstance(dataset, h5py.Dataset)
    segments: list[Segment] = []
    owned: list[int] = []
    left = dataset.nbytes
    try:
        for name, offset, n_bytes in dataset.external or ():
            descriptor, path = _open_raw(files, found, name)
            owned.append(descriptor)
            n_bytes = min(n_bytes, left)
            segments.append(Segment(descriptor, offset, n_bytes, path))
            left -= n_bytes
    except (FileUnreadable, LinkBroken, OutsideFolders):
        for descriptor in owned:
            os.close(descriptor)
        raise
    return PlainReader(segments, frame_shape, dataset.dtype, owned)


def _open_raw(files: FileSet, found: Found, name: str) -> tuple[int, str]:
    target = find_target(LinkKind.RAW, name, found.file.path, files.path_map, files.host)
    if target.path is None:
        raise broken(LinkKind.RAW, name, target, found.file.path, found.address)
    try:
        real = files.real(target.path)
    except OutsideFolders as error:
        raise leads_out(LinkKind.RAW, name, found.file.path, found.address, error) from error
    with regular_file(real, files.folders) as descriptor:
        return os.dup(descriptor), str(real)
