"""A damaged virtual dataset on which libhdf5 itself crashes when the dataset is opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import pytest

ADDRESS = "/entry/data/data"

_RANK = 88
"""Bytes from a source's name in the mapping to the second byte of the rank of its selection of
places in the virtual dataset: name, address, the source's selection, then type, version, ..."""

_OPEN = "import h5py, sys; h5py.File(sys.argv[1])[sys.argv[2]]"


def write_damaged(path: Path) -> Path:
    """Write such a file; other versions of libhdf5 may call it damaged."""
    layout = h5py.VirtualLayout((4, 6, 8), "u2")
    layout[:] = h5py.VirtualSource("s0.h5", ADDRESS, (4, 6, 8))[:]
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset(ADDRESS, layout)
    content = bytearray(path.read_bytes())
    content[content.index(b"s0.h5\0" + ADDRESS.encode()) + _RANK] = 0xFF
    path.write_bytes(content)
    return path


def write_crashing(path: Path) -> Path:
    """Write such a file; skips the test where this libhdf5 only raises."""
    write_damaged(path)
    opened = subprocess.run(
        [sys.executable, "-c", _OPEN, path, ADDRESS], capture_output=True, check=False, timeout=60
    )
    if opened.returncode >= 0:
        pytest.skip(f"optional: libhdf5 {h5py.version.hdf5_version} survives this file")
    return path
