"""Find the frames of a file whose address nobody gave."""

from __future__ import annotations

from collections.abc import Iterator

import h5py

from framepath.errors import FileUnreadable, FramepathError, LinkBroken
from framepath.files.concatenated import data_links
from framepath.files.dataset_source import holds_pixels
from framepath.files.follow import Found, follow, look_up
from framepath.files.opened import FileSet, OpenFile
from framepath.files.virtual_map import recorded_shape
from framepath.files.walk import walk_links
from framepath.spec.addresses import (
    EIGER_DATA_GROUP,
    ENTRY_DESTINATIONS,
    EXCHANGE_DESTINATIONS,
)
from framepath.spec.frame_type import FrameType
from framepath.spec.links import LinkKind

_FIRMWARE_BELOW_1_3 = "/entry"
"""Group of the data links in masters of old Eiger firmware (file_formats.md, section 3)."""


def find_frames(files: FileSet, file: OpenFile, address: str | None = None) -> Found:
    """The dataset of frames, or the group of an Eiger master's data links.

    Without an address, in this order: ``/entry/data/data``; ``/exchange/data``; a group
    ``/entry/data`` or ``/entry`` with links ``data_000001``, ...; the only dataset of three axes
    or more, in the file or at the end of one of its links.

    Raises
    ------
    FileUnreadable
        There is none, or there are several: the message lists them.
    LinkBroken
        One of the known addresses is there, and leads nowhere.
    """
    if address is not None:
        return follow(files, file, address)
    for known in (ENTRY_DESTINATIONS[FrameType.IMAGE], EXCHANGE_DESTINATIONS[FrameType.IMAGE]):
        found = look_up(files, file, known)
        if found is not None and _n_axes(found) >= 2:
            return found
    for known in (EIGER_DATA_GROUP, _FIRMWARE_BELOW_1_3):
        found = look_up(files, file, known)
        if found is not None and isinstance(found.node, h5py.Group) and data_links(found.node):
            return found
    return _only_stack(files, file)


def find_frame_types(files: FileSet, file: OpenFile) -> dict[FrameType, str]:
    """Address of each frame type's dataset, by framepath's names, else Data Exchange's.

    A file that has neither is one of images only, found as `find_frames` does.
    """
    for names in (ENTRY_DESTINATIONS, EXCHANGE_DESTINATIONS):
        there = {kind: address for kind, address in names.items() if _there(files, file, address)}
        if there:
            return there
    return {FrameType.IMAGE: find_frames(files, file).asked}


def _there(files: FileSet, file: OpenFile, address: str) -> bool:
    try:
        found = look_up(files, file, address)
    except LinkBroken:
        return True  # opening it will say what is wrong
    return found is not None and _n_axes(found) >= 2


def _n_axes(found: Found) -> int:
    if not isinstance(found.node, h5py.Dataset) or not holds_pixels(found.node):
        return 0
    return len(recorded_shape(found.node))


def _only_stack(files: FileSet, file: OpenFile) -> Found:
    stacks: dict[tuple[int, int, int], Found] = {}
    for found in _all_found(files, file):
        if _n_axes(found) >= 3:
            stacks.setdefault(found.identity, found)
    if len(stacks) == 1:
        return next(iter(stacks.values()))
    addresses = [
        f"{f.asked} {recorded_shape(f.node)}"
        for f in stacks.values()
        if isinstance(f.node, h5py.Dataset)
    ]
    raise FileUnreadable(
        "which dataset holds the frames?" if stacks else "no frames were found in this file",
        found=", ".join(addresses) or "no dataset of three axes or more",
        expected="one of them, or one of the addresses that framepath and Data Exchange use",
        where=file.path,
        next_step="give the address; framepath links shows where links lead, or fail to",
    )


def _all_found(files: FileSet, file: OpenFile) -> Iterator[Found]:
    """Datasets by hard links, and what external links lead to; broken ones are passed over."""
    datasets: list[Found] = []

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            datasets.append(Found(file, item, f"/{name}", f"/{name}"))

    file.h5.visititems(note)
    yield from datasets
    for link in walk_links(file.h5):
        if link.kind is LinkKind.EXTERNAL:
            try:
                yield follow(files, file, link.address)
            except FramepathError:
                continue
