"""A whole file as a tree: shapes, too, come from inside the folders only."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from tiled.client.utils import ClientError
from tiled.structures.container import ContainerStructure
from tiled.structures.core import StructureFamily

from chain.catalog.runs import FRAME_SHAPE, frames, write_stack
from framepath.catalog.register import source_of

ADDRESS = "/entry/data/data"


def growing(path, source, address=ADDRESS):
    """A virtual dataset that is as long as its source, of which two frames were recorded."""
    unlimited = (h5py.h5s.UNLIMITED, *FRAME_SHAPE)
    space = h5py.h5s.create_simple((2, *FRAME_SHAPE), unlimited)
    space.select_hyperslab((0, 0, 0), (1, 1, 1), block=unlimited)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_virtual(space, str(source).encode(), address.encode(), space)
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        group = file.create_group("g")
        h5py.h5d.create(group.id, b"data", h5py.h5t.NATIVE_UINT16, space, plist)
    return path


def tree_of(catalog, path):
    source = source_of(
        path, StructureFamily.container, ContainerStructure(keys=[]), {"dataset": "/"}
    )
    catalog.new(StructureFamily.container, [source], key=path.stem, metadata={}, specs=[])
    return catalog[path.stem]


def test_a_virtual_dataset_is_as_long_as_its_source(catalog, data_folder):
    source = write_stack(data_folder / "source of tree.h5", 5)
    images = tree_of(catalog, growing(data_folder / "tree inside.h5", source))["g", "data"]
    assert images.shape == (5, *FRAME_SHAPE)
    np.testing.assert_array_equal(images[3], frames(5)[3])


def test_a_source_outside_does_not_even_tell_its_shape(catalog, data_folder, tmp_path):
    source = write_stack(tmp_path / "outside.h5", 5)
    tree = tree_of(catalog, growing(data_folder / "tree outside.h5", source))
    with pytest.raises(ClientError) as caught:
        tree["g", "data"]
    assert caught.value.response.status_code == 403
