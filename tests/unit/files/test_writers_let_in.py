"""A reader keeps no writer from a file, and returns nothing of what the writer did to it."""

import os
import subprocess
import sys

import h5py
import hdf5plugin
import numpy as np
import pytest

from framepath.errors import FileUnreadable
from framepath.files import open_frames
from unit.files.builders import eiger_master, frames, store

WRITE = """
import sys, h5py
from unit.files.builders import frames
path, mode = sys.argv[1:]
with h5py.File(path, mode) as file:
    if mode == "w":
        file.create_dataset("entry/data/data", data=frames(5, first=50), chunks=(1, 6, 8))
    else:
        file["entry/data/data"][1] = 7
"""

HOLD = """
import sys, h5py
with h5py.File(sys.argv[1], "r+"):
    print("held", flush=True)
    sys.stdin.read()
"""

ENVIRONMENT = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
BOUNDS = {"old format": None, "new format": ("v110", "v110")}
LAYOUTS = {
    "chunks": {"chunks": (1, 6, 8)},
    "contiguous": {"chunks": None},
    "tiles": {"chunks": (2, 3, 4)},
}


def write_elsewhere(path, mode) -> None:
    subprocess.run([sys.executable, "-c", WRITE, path, mode], env=ENVIRONMENT, check=True)


@pytest.fixture(params=BOUNDS)
def path(request, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", libver=BOUNDS[request.param]):
        pass
    return tmp_path / "a.h5"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mode", ["r+", "w"])
def test_a_writer_opens_what_a_reader_holds(path, layout, mode):
    store(path, "/entry/data/data", frames(3), **LAYOUTS[layout])
    with open_frames(path) as stack:
        np.testing.assert_array_equal(stack, frames(3))
        write_elsewhere(path, mode)
        for key in (0, np.s_[:], np.s_[1, 2:4]):
            with pytest.raises(FileUnreadable, match=r"was changed since it was opened.*a\.h5"):
                stack[key]
    with open_frames(path) as stack:
        assert stack[1, 0, 0] == (7 if mode == "r+" else 5100)


def test_a_writer_opens_what_a_linked_reader_holds(tmp_path):
    master = eiger_master(tmp_path)
    with open_frames(master) as stack:
        np.testing.assert_array_equal(stack, frames(10))
        write_elsewhere(tmp_path / "series_1_data_000002.h5", "r+")
        np.testing.assert_array_equal(stack[:4], frames(4))
        np.testing.assert_array_equal(stack[8:], frames(2, first=8))
        with pytest.raises(FileUnreadable, match="data_000002"):
            stack[4]
        with pytest.raises(FileUnreadable, match="data_000002"):
            stack.stored_chunk(4)


def test_what_a_writer_holds_is_not_read(path):
    """Files of the old format carry no mark of their writer: its lock is the only sign."""
    store(path, "/entry/data/data", frames(3), **hdf5plugin.Bitshuffle())
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"held\n"
        with pytest.raises(FileUnreadable, match="writer"):
            open_frames(path)
        writer.stdin.close()
    # The mark that opening to write left in a file of the new format is gone again.
    with open_frames(path) as stack:
        np.testing.assert_array_equal(stack, frames(3))


def test_the_lock_of_a_writer_in_this_process_stays(path):
    store(path, "/entry/data/data", frames(3))
    with h5py.File(path, "r+") as ours, open_frames(path) as stack:
        ours["entry/data/data"][1] = 9
        ours.flush()
        assert stack[1, 0, 0] == 9
        with pytest.raises(subprocess.CalledProcessError):
            subprocess.run(
                [sys.executable, "-c", WRITE, path, "r+"],
                env=ENVIRONMENT, check=True, capture_output=True,
            )  # fmt: skip


def test_plain_h5py_opens_the_file_beside_a_reader(path):
    store(path, "/entry/data/data", frames(3))
    with open_frames(path) as stack, h5py.File(path) as file:
        np.testing.assert_array_equal(file["entry/data/data"][()], stack)
