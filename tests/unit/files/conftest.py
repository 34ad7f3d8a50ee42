import gc

import h5py
import pytest


def open_files():
    return set(h5py.h5f.get_obj_ids(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE))


@pytest.fixture(autouse=True)
def _nothing_is_left_open():
    """Every test closes its HDF5 files, those that end in an error too."""
    before = open_files()
    yield
    left = open_files() - before
    if left:
        gc.collect()
    assert not {h5py.h5f.get_name(file) for file in open_files() - before}
