"""Damaged and hostile files in a catalog: an error that names the file, and the server goes on."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest
from tiled.client.utils import ClientError

from chain.catalog.runs import FRAME_SHAPE, frames, write_stack
from crashing_file import write_crashing

ADDRESS = "/entry/data/data"


def _cut_short(path):
    os.truncate(write_stack(path), 2000)


def _circle(path):
    with h5py.File(path, "w") as file:
        file[ADDRESS] = h5py.ExternalLink(path.name, "/there")
        file["there"] = h5py.SoftLink(ADDRESS)


def _includes_itself(path):
    layout = h5py.VirtualLayout((10, *FRAME_SHAPE), "u2")
    layout[:] = h5py.VirtualSource(".", ADDRESS, (10, *FRAME_SHAPE))[:]
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.create_virtual_dataset(ADDRESS, layout)


def _compound(path):
    with h5py.File(path, "w") as file:
        file[ADDRESS] = np.zeros((10, *FRAME_SHAPE), [("a", "i4"), ("b", "f8")])


def _variable_length(path):
    with h5py.File(path, "w") as file:
        file.create_dataset(ADDRESS, (10, *FRAME_SHAPE), h5py.vlen_dtype("u2"))


def _filter_not_installed(path):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((1, *FRAME_SHAPE))
    plist.set_filter(31999, h5py.h5z.FLAG_OPTIONAL, ())
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        space = h5py.h5s.create_simple((10, *FRAME_SHAPE))
        made = h5py.h5d.create(group.id, b"data", h5py.h5t.NATIVE_UINT16, space, plist)
        made.write_direct_chunk((0, 0, 0), frames(1).tobytes())


def _damaged_chunk(path):
    with h5py.File(write_stack(path), "a") as file:
        file[ADDRESS].id.write_direct_chunk((0, 0, 0), b"\xff" * 40)


def _links_to_nothing(path):
    with h5py.File(path, "w") as file:
        group = file.create_group(ADDRESS)
        for number in range(300):
            group[f"data_{number:06d}"] = h5py.ExternalLink(f"{path.stem} {number}.h5", "/d")


def _damaged_root(path):
    write_stack(path)
    content = bytearray(path.read_bytes())
    at = content.index(b"OHDR")  # the first object header is the root group's
    content[at + 20] ^= 0xFF
    path.write_bytes(content)


BAD = {
    "cut short": _cut_short,
    "in a circle": _circle,
    "includes itself": _includes_itself,
    "compound": _compound,
    "variable length": _variable_length,
    "not installed": _filter_not_installed,
    "cannot be decoded": _damaged_chunk,
    "does not exist": _links_to_nothing,
    "ends the HDF5 library": write_crashing,
    "it is damaged": _damaged_root,
}
"""Words of the error, and what makes such a file."""


@pytest.mark.parametrize("words", BAD)
def test_a_bad_file_is_named_and_the_server_goes_on(runs, data_folder, words):
    path = data_folder / f"bad ü {words}.h5"
    BAD[words](path)
    run = runs.add(path)
    images = run.primary["eiger2_image"]
    for read in (lambda: images[0], lambda: super(type(images), images).read(0)):
        with pytest.raises(ClientError) as caught:
            read()
        assert caught.value.response.status_code in (422, 424)
        for part in (words, path.stem, run.start["uid"]):
            assert part in str(caught.value)
    sound = runs.add(write_stack(data_folder / f"sound {words}.h5")).primary["eiger2_image"]
    np.testing.assert_array_equal(sound[2], frames(10)[2])
