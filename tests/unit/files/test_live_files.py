"""Files that a writer has open, or left open when it was killed."""

import subprocess
import sys
from contextlib import contextmanager

import h5py
import numpy as np
import pytest

from framepath.errors import FileUnreadable
from framepath.files import open_frames
from unit.files.builders import frames

WRITER = """
import sys
import h5py, hdf5plugin, numpy as np
from unit.files.builders import add_rows, frames

path, routed, grow = sys.argv[1], sys.argv[2] == "routed", int(sys.argv[3])
file = h5py.File(path, "w", libver=("v110", "v110"))
names = ("data", "dark") if routed else ("data",)
data = {
    name: file.create_dataset(
        f"entry/data/{name}", (0, 6, 8), "u2", maxshape=(None, 6, 8), chunks=(1, 6, 8),
        **hdf5plugin.Bitshuffle(),
    )
    for name in names
}
add_rows(file, [])
rows = file["entry/instrument/NDAttributes"]
file.swmr_mode = True
n = dict.fromkeys(names, 0)
print("ready", flush=True)
for line in sys.stdin:
    word, name, count, n_rows = line.split()
    for _ in range(int(count)):
        if n[name] == data[name].shape[0]:
            data[name].resize(n[name] + grow, 0)
        data[name][n[name]] = frames(1, first=n[name] + 1000 * (name == "dark"))[0].astype("u2")
        n[name] += 1
    for _ in range(int(n_rows)):
        at = rows["SaveDest"].shape[0]
        rows["SaveDest"].resize(at + 1, 0)
        rows["SaveDest"][at] = f"/entry/data/{name}".encode()
        rows["NDArrayUniqueId"].resize(at + 1, 0)
        rows["NDArrayUniqueId"][at] = at + 1
    if word == "flush":
        file.flush()
    print("done", flush=True)
"""


@contextmanager
def writing(path, kind="plain", grow=1):
    """A writer in a process of its own: call it with an order; it is killed at the end."""
    command = [sys.executable, "-c", WRITER, str(path), kind, str(grow)]
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    stdin, stdout = child.stdin, child.stdout
    assert stdin is not None
    assert stdout is not None
    assert stdout.readline() == "ready\n"

    def order(name, count, n_rows, word="flush"):
        stdin.write(f"{word} {name} {count} {n_rows}\n")
        stdin.flush()
        assert stdout.readline() == "done\n"

    try:
        yield order
    finally:
        child.kill()
        child.wait()
        stdin.close()
        stdout.close()


def test_a_growing_file_is_followed(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path) as write:
        with open_frames(path) as stack:
            assert len(stack) == 0
            write("data", 3, 3)
            assert len(stack) == 0
            assert stack.refresh() == 3
            np.testing.assert_array_equal(stack, frames(3))
            write("data", 100, 100)
            assert stack.refresh() == 103
            np.testing.assert_array_equal(stack[100:], frames(3, first=100))
        with pytest.raises(FileUnreadable, match="a writer has this file open"):
            open_frames(path, swmr=False)


def test_a_frame_counts_once_its_attribute_row_is_there(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path) as write, open_frames(path) as stack:
        write("data", 5, 2)
        assert stack.refresh() == 2
        write("data", 0, 3)
        assert stack.refresh() == 5


def test_frame_types_are_counted_apart(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path, "routed") as write:
        write("data", 4, 4)
        write("dark", 3, 2)
        with open_frames(path) as images, open_frames(path, "/entry/data/dark") as darks:
            assert (len(images), len(darks)) == (4, 2)
            write("data", 2, 1)
            assert (images.refresh(), darks.refresh()) == (5, 2)


@pytest.mark.parametrize("grow", [1, 16, 200])
def test_a_killed_writer_leaves_what_it_flushed(tmp_path, grow):
    path = tmp_path / "killed.h5"
    with writing(path, grow=grow) as write:
        write("data", 40, 40)
        write("data", 10, 0, word="keep")
    with open_frames(path) as stack:
        assert len(stack) == 40
        np.testing.assert_array_equal(stack, frames(40))
    with h5py.File(path, swmr=True) as file:
        assert grow == 1 or file["entry/data/data"].shape[0] > 40  # what the shape alone says


def test_a_file_written_by_this_process_is_read_through_hdf5(tmp_path):
    path = tmp_path / "own.h5"
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        data = file.create_dataset(
            "entry/data/data", (0, 6, 8), "u2", maxshape=(None, 6, 8), chunks=(1, 6, 8)
        )
        file.swmr_mode = True
        with open_frames(path) as stack:
            for n in range(5):
                data.resize(n + 1, 0)
                data[n] = frames(1, first=n)[0]
                assert stack.refresh() == n + 1  # not flushed: still in HDF5's cache
                np.testing.assert_array_equal(stack[n], frames(1, first=n)[0])


def test_a_writer_that_died_without_swmr_is_explained(tmp_path):
    path = tmp_path / "dead.h5"
    code = (
        "import h5py, os, sys; f = h5py.File(sys.argv[1], 'w', libver=('v110', 'v110'));"
        "f['d'] = [1]; f.flush(); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    with pytest.raises(FileUnreadable, match=r"died with it open.*write mark.*ledger --close"):
        open_frames(path)
