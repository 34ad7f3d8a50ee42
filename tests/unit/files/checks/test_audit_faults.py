"""One planted fault a rule: the audit must name it, and nothing that is not there."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import h5py
import numpy as np
import pytest

from framepath.files.checks.ledger import audit
from framepath.files.checks.rules import RULES
from framepath.spec.addresses import LEDGER_ADDRESS
from framepath.spec.ledger import Fate
from unit.files.checks.cases import COMPAT, DARK, DATA, FLAT, STRICT, write_series

SERIES = [DARK, DATA, DATA, DATA, FLAT]
ROWS = "/entry/attributes"
IDS, SAVE_DEST = f"{ROWS}/NDArrayUniqueId", f"{ROWS}/SaveDest"


def change(address: str, index: int, value: object) -> Callable[[h5py.File], None]:
    def spoil(file: h5py.File) -> None:
        file[address][index] = value

    return spoil


def shorten(address: str, length: int) -> Callable[[h5py.File], None]:
    return lambda file: file[address].resize(length, axis=0)


def lengthen(address: str) -> Callable[[h5py.File], None]:
    return lambda file: file[address].resize(len(file[address]) + 1, axis=0)


def remove(*addresses: str) -> Callable[[h5py.File], None]:
    def spoil(file: h5py.File) -> None:
        for address in addresses:
            del file[address]

    return spoil


COMPAT_FAULTS = {
    "a repeated id": (change(IDS, 4, 4), {"ledger-repeat"}),
    "an id that jumps": (change(IDS, 4, 9), {"ledger-gap"}),
    "two ids swapped": (
        lambda file: file[IDS].write_direct(np.array([1, 2, 4, 3, 5], "i4")),
        {"ledger-order"},
    ),
    "a dataset cut short": (shorten(DATA, 2), {"ledger-rows-without-frames"}),
    "a dataset longer than its data": (lengthen(DATA), {"ledger-never-written"}),
    "ids cut short": (shorten(IDS, 4), {"ledger-attribute-length", "ledger-frames-without-rows"}),
    "one attribute cut short": (
        shorten(f"{ROWS}/NDArrayTimeStamp", 4),
        {"ledger-attribute-length"},
    ),
    "a frame of fill": (change(DATA, 1, 0), {"ledger-all-fill", "ledger-checksum"}),
    "a changed pixel": (change(DATA, (1, 0, 0), 77), {"ledger-checksum"}),
    "frames swapped": (
        lambda file: file[DATA].write_direct(file[DATA][:][::-1].copy()),
        {"ledger-checksum"},
    ),
    "no dataset of that name": (remove(FLAT), {"ledger-unknown-destination"}),
    "no ids": (remove(IDS), {"ledger-no-rows"}),
    "no destinations": (remove(SAVE_DEST), {"ledger-no-destination"}),
    "no frames": (
        remove(DATA, DARK, FLAT, "/entry/links/images"),
        {"ledger-no-frames", "ledger-unknown-destination"},
    ),
}


@pytest.fixture(scope="module")
def compat_file(tmp_path_factory):
    return write_series(tmp_path_factory.mktemp("compat") / "good.h5", SERIES, COMPAT)


@pytest.fixture(scope="module")
def strict_file(tmp_path_factory):
    return write_series(tmp_path_factory.mktemp("strict") / "good.h5", SERIES, STRICT)


def rules_after(good, path, spoil) -> set[str]:
    shutil.copy(good, path)
    with h5py.File(path, "r+") as file:
        spoil(file)
    return {finding.rule for finding in audit(path, verify_pixels=True).findings}


def test_the_unspoiled_files_have_no_findings(compat_file, strict_file):
    assert audit(compat_file, verify_pixels=True).findings == ()
    assert audit(strict_file, verify_pixels=True).findings == ()


@pytest.mark.parametrize("fault", COMPAT_FAULTS)
def test_a_fault_in_a_file_without_ledger(compat_file, tmp_path, fault):
    spoil, rules = COMPAT_FAULTS[fault]
    assert rules_after(compat_file, tmp_path / "f.h5", spoil) == rules


def change_ledger(row: int, /, **values: object) -> Callable[[h5py.File], None]:
    def spoil(file: h5py.File) -> None:
        rows = file[LEDGER_ADDRESS][:]
        for name, value in values.items():
            rows[name][row] = value
        file[LEDGER_ADDRESS][:] = rows

    return spoil


STRICT_FAULTS = {
    "a row that names another index": (
        change_ledger(3, index=7),
        {"ledger-rows-without-frames", "ledger-frames-without-rows", "ledger-disagrees"},
    ),
    "a row that names another id": (
        change_ledger(4, unique_id=6),
        {"ledger-disagrees", "ledger-gap"},
    ),
    "a refused frame": (
        lambda file: append(file, unique_id=6, fate=Fate.REFUSED, index=-1, reason=b"size"),
        {"ledger-refused"},
    ),
    "a dropped frame": (
        lambda file: append(file, unique_id=6, fate=Fate.DROPPED, index=-1, reason=b"queue full"),
        {"ledger-refused"},
    ),
    "a ledger cut short": (shorten(LEDGER_ADDRESS, 3), {"ledger-attribute-length"}),
    "a dataset cut short": (
        shorten(DATA, 2),
        {"ledger-rows-without-frames", "ledger-disagrees"},
    ),
}


def append(file: h5py.File, **values: object) -> None:
    lengthen(LEDGER_ADDRESS)(file)
    change_ledger(-1, **values)(file)


@pytest.mark.parametrize("fault", STRICT_FAULTS)
def test_a_fault_in_a_file_with_ledger(strict_file, tmp_path, fault):
    spoil, rules = STRICT_FAULTS[fault]
    assert rules_after(strict_file, tmp_path / "f.h5", spoil) == rules


def test_frames_that_the_cpp_plugin_stored_in_its_default_dataset(tmp_path):
    # Layout 6d.3: one missing slash, and the frame is silently among the images.
    path = write_series(tmp_path / "f.h5", [DARK, "entry/data/dark", DATA], COMPAT)
    result = audit(path)
    (finding,) = result.findings
    assert finding.rule == "ledger-unknown-destination"
    stray = result.rows[1]
    assert (stray.destination, stray.index, stray.fate) == (DATA, 0, Fate.STORED_IN_DEFAULT)
    assert result.rows[2].index == 1


def test_a_missing_source_of_a_virtual_dataset(tmp_path):
    for n in (1, 2):
        with h5py.File(tmp_path / f"{n}.h5", "w") as file:
            file["d"] = np.full((n, 2, 3), n, "u2")
    layout = h5py.VirtualLayout((5, 2, 3), "u2")
    layout[0:1] = h5py.VirtualSource("1.h5", "d", (1, 2, 3))
    layout[1:3] = h5py.VirtualSource("gone.h5", "d", (2, 2, 3))
    layout[3:5] = h5py.VirtualSource("2.h5", "d", (2, 2, 3))
    with h5py.File(tmp_path / "v.h5", "w", libver=("earliest", "v110")) as file:
        file.create_virtual_dataset("frames", layout)
    result = audit(tmp_path / "v.h5")
    assert {f.rule for f in result.findings} == {"ledger-missing-source", "ledger-no-rows"}
    assert (result.counts[0].n_stored, result.counts[0].n_length) == (3, 5)


def test_an_image_key_of_another_length(tmp_path):
    with h5py.File(tmp_path / "f.nxs", "w") as file:
        file["entry/detector/data"] = np.ones((3, 2, 2), "u2")
        file["entry/detector/image_key"] = np.array([0, 2], "i4")
    assert {f.rule for f in audit(tmp_path / "f.nxs").findings} == {
        "ledger-image-key-length",
        "ledger-frames-without-rows",
    }


def test_extra_dimensions_that_were_not_filled(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        frames = file.create_dataset("d", (2, 3, 2, 2), "u2", chunks=(1, 1, 2, 2))
        frames.attrs["NDArrayNumDims"] = 2
        for k in (0, 1, 2, 5):
            frames[k // 3, k % 3] = k + 1
        ids = file.create_dataset("NDArrayUniqueId", data=np.arange(1, 5, dtype="i4"))
        ids.attrs["NDAttrName"] = "NDArrayUniqueId"
    result = audit(tmp_path / "f.h5")
    assert [row.index for row in result.rows] == [0, 1, 2, 5]
    assert {f.rule for f in result.findings} == {"ledger-never-written"}


def test_every_rule_is_planted_somewhere():
    here = {"ledger-missing-source", "ledger-image-key-length", "ledger-broken-link"}
    elsewhere = {"ledger-open-for-write"} | {rule for rule in RULES if rule.startswith("eiger-")}
    planted = set().union(*(r for _, r in (COMPAT_FAULTS | STRICT_FAULTS).values()))
    assert planted | here | elsewhere == set(RULES)
