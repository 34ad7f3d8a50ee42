"""Files are tried out in another process first: once, and again when they change."""

from __future__ import annotations

import os
import shutil
import signal
import sys

import h5py
import pytest

from crashing_file import ADDRESS, write_crashing
from framepath.catalog.opener import Opener
from framepath.catalog.probe import COMMAND, Probe
from framepath.errors import FileCrashes, FileUnreadable, OutsideFolders, ProcessFailed
from framepath.files import Folders
from unit.files.builders import eiger_master, frames, store, virtual

PROGRAM = """
import os, signal, sys
from pathlib import Path
from framepath.catalog import probe_process, trials

n_tried = 0

def noting(path, address, folders, trial=trials.TRIALS["frames"]):
    global n_tried
    n_tried += 1
    with Path("tried").open("a") as log:
        log.write(Path(path).name + "\\n")
    folders.check(path)
    if "bad" in path or ("second" in path and n_tried == 2):
        os.kill(os.getpid(), signal.SIGSEGV)
    while "endless" in path:
        pass
    trial(path, address, folders)

trials.TRIALS["frames"] = noting
probe_process.HANGS_S = 0.3
probe_process.main()
"""
"""The real process, but that it crashes or hangs on files of some names."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def opener(folder):
    opener, probe = opening(folder, (sys.executable, "-c", PROGRAM))
    yield opener
    opener.close()
    probe.close()


def opening(folder, command):
    folders = Folders((folder,))
    probe = Probe(folders, command)
    return Opener(folders, probe=probe), probe


def read(opener, path, address=ADDRESS):
    with opener.opened([str(path)], address) as stack:
        pixels = stack[:]
    opener.close()  # so that the next one opens its files again
    return pixels


def tried(folder):
    log = folder.parent / "tried"
    return log.read_text().split() if log.exists() else []


def pid_of(probe):
    return probe._process._popen.pid


def test_a_file_that_crashes_is_told_once_and_again_when_it_changed(folder, opener):
    bad = store(folder / "bad.h5", ADDRESS, frames(3))
    for _ in range(2):
        with pytest.raises(FileCrashes, match=rf"found signal SIGSEGV after opening {bad}.*{bad}"):
            read(opener, bad)
    assert tried(folder) == ["bad.h5"]
    good = store(folder / "good.h5", ADDRESS, frames(3))
    assert (read(opener, good) == frames(3)).all()
    os.utime(bad)
    with pytest.raises(FileCrashes):
        read(opener, bad)
    # The process had answered before, so it was asked anew in a fresh one.
    assert tried(folder) == ["bad.h5", "good.h5", "bad.h5", "bad.h5"]


def test_one_that_never_ends_is_told(folder, opener):
    endless = store(folder / "endless.h5", ADDRESS, frames(3))
    with pytest.raises(FileCrashes, match="no end within"):
        read(opener, endless)


def test_what_an_earlier_file_did_is_not_blamed_on_the_next(folder, opener):
    for name in ("first.h5", "second.h5"):
        store(folder / name, ADDRESS, frames(3))
        assert len(read(opener, folder / name)) == 3
    assert tried(folder) == ["first.h5", "second.h5", "second.h5"]


def test_a_file_is_tried_again_only_when_it_or_what_it_leads_to_changed(folder, opener):
    master = eiger_master(folder, (2, 2, 0))
    for _ in range(2):
        assert len(read(opener, master, "/entry/data")) == 4
    assert len(tried(folder)) == 1
    store(folder / "series_1_data_000003.h5", ADDRESS, frames(2))
    assert len(read(opener, master, "/entry/data")) == 6
    assert len(tried(folder)) == 2
    source = folder / "series_1_data_000001.h5"
    links = virtual(folder / "virtual.h5", [(source.name, ADDRESS, 2)])
    for n_tried in (3, 3):
        read(opener, links)
        assert len(tried(folder)) == n_tried
    os.utime(source)
    read(opener, links)
    assert len(tried(folder)) == 4


def test_a_live_file_is_not_tried_for_every_frame(folder, opener):
    path = folder / "live.h5"
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        data = file.create_dataset(ADDRESS, data=frames(1), maxshape=(None, 6, 8), chunks=(1, 6, 8))
        file.swmr_mode = True
        for n in range(2, 6):
            assert len(read(opener, path)) == n - 1
            data.resize(n, axis=0)
            data[n - 1] = frames(n)[n - 1]
            data.flush()
    assert tried(folder) == ["live.h5"]
    read(opener, path)
    assert tried(folder) == ["live.h5"] * 2, "once more when it was closed"


def test_nothing_outside_is_tried(folder, opener, tmp_path):
    secret = store(tmp_path / "secret.h5", ADDRESS, frames(3))
    (folder / "symlink.h5").symlink_to(secret)
    for path in (secret, folder / "symlink.h5", f"{folder}/../secret.h5"):
        with pytest.raises(OutsideFolders):
            read(opener, path)
    assert tried(folder) == []
    with h5py.File(folder / "link.h5", "w") as file:
        file[ADDRESS] = h5py.ExternalLink(str(secret), ADDRESS)
    with pytest.raises(OutsideFolders, match=r"link\.h5"):
        read(opener, folder / "link.h5")


def test_a_process_that_was_killed_is_replaced(folder):
    opener, probe = opening(folder, COMMAND)
    probe.start()
    killed = pid_of(probe)
    os.kill(killed, signal.SIGSEGV)
    path = store(folder / "a.h5", ADDRESS, frames(3))
    assert len(read(opener, path)) == 3
    assert pid_of(probe) != killed
    probe.close()


def test_without_a_process_nothing_is_opened(folder):
    opener, _ = opening(folder, (sys.executable, "-c", "raise SystemExit(3)"))
    path = store(folder / "a.h5", ADDRESS, frames(3))
    with pytest.raises(ProcessFailed, match="found exit code 3"):
        read(opener, path)


def test_libhdf5_crashing_is_an_error(folder):
    opener, probe = opening(folder, COMMAND)
    path = write_crashing(folder / "damaged.h5")
    where = str(path)
    with pytest.raises(FileCrashes, match="signal SIG"):
        read(opener, path)
    with pytest.raises(FileCrashes, match="signal SIG"), opener.node(where, ADDRESS):
        pass
    with pytest.raises(FileCrashes, match="signal SIG"):
        opener.check_links(where)
    with opener.node(where, "/entry") as group:
        assert list(group) == ["data"]
    shutil.copy(store(folder / "sound.h5", ADDRESS, frames(3)), path)
    assert len(read(opener, path)) == 3
    with pytest.raises(FileUnreadable, match="nothing is stored"), opener.node(where, "/no"):
        pass
    probe.close()
