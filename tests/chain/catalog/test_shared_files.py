"""A client on the server's file system reads the files themselves: authorised, the same, or not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
from tiled.client import from_uri
from tiled.client.utils import ClientError

from chain.catalog.runs import FRAME_SHAPE, frames, write_eiger, write_stack
from framepath.spec.serving import HANDLE_ROUTE, SHARED_FILES_VARIABLE


@pytest.fixture(autouse=True)
def _files_may_be_shared(monkeypatch):
    monkeypatch.delenv(SHARED_FILES_VARIABLE)


def requests_of(images) -> list[str]:
    """Every request that a client makes from now on."""
    made: list[str] = []
    images.context.http_client.event_hooks["request"].append(
        lambda request: made.append(request.url.path)
    )
    return made


def elsewhere_in_python(script: str) -> None:
    """Run in a process of its own, which has none of our files open."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


@pytest.fixture
def stack(runs, data_folder, request):
    """A run of one plain file: path and images."""
    path = write_stack(data_folder / f"{request.node.name}.h5")
    return path, runs.add(path).primary["eiger2_image"]


def test_pixels_come_from_the_file_and_are_those_of_the_server(runs, data_folder):
    virtual = data_folder / "shared virtual.h5"
    write_stack(data_folder / "shared sourcé.h5", 10)
    layout = h5py.VirtualLayout((10, *FRAME_SHAPE), "u2")
    layout[:] = h5py.VirtualSource("shared sourcé.h5", "/entry/data/data", (10, *FRAME_SHAPE))[:]
    with h5py.File(virtual, "w", libver=("v110", "v110")) as file:
        file.create_virtual_dataset("/entry/data/data", layout)
    plain = write_stack(data_folder / "shared plain.h5", 10)
    stacks = [
        (runs.add(plain), frames(10)),
        (runs.add(plain, shape=(1, *FRAME_SHAPE)), frames(10)),
        (runs.add(plain, n=5, shape=(2, *FRAME_SHAPE)), frames(10).reshape(5, 2, *FRAME_SHAPE)),
        (runs.add(plain, dtype="<f8"), frames(10).astype("f8")),
        (runs.add(virtual), frames(10)),
        (runs.add(write_eiger(data_folder, "shared"), dataset="/entry/data"), frames(10)),
        (runs.add("file://detpc/C:/detector/shared plain.h5"), frames(10)),
    ]
    for run, expected in stacks:
        images = run.primary["eiger2_image"]
        images[0]
        assert images.shared_files
        made = requests_of(images)
        for key in (np.s_[:], 3, -1, np.s_[::-2], np.s_[1:4, ..., 2:5], np.s_[4, 1], np.s_[5:5]):
            ours, truth = images[key], expected[key]
            assert ours.dtype == truth.dtype
            np.testing.assert_array_equal(ours, truth, err_msg=f"{run} {key}")
        np.testing.assert_array_equal(images.dask[2:4].compute(), expected[2:4])
        assert made == []


def test_it_can_be_turned_off(stack, monkeypatch):
    monkeypatch.setenv(SHARED_FILES_VARIABLE, "no")
    _, images = stack
    made = requests_of(images)
    np.testing.assert_array_equal(images[:], frames(10))
    assert images.shared_files == ()
    assert len(made) == 2


@pytest.mark.parametrize("how", ["replaced", "rewritten"])
def test_a_file_that_becomes_another_is_left_to_the_server(stack, how):
    path, images = stack
    np.testing.assert_array_equal(images[4], frames(10)[4])
    assert images.shared_files
    other = write_stack(path.with_suffix(".new"), first=50)
    if how == "replaced":
        other.replace(path)
    else:
        path.write_bytes(other.read_bytes())
    np.testing.assert_array_equal(images[4], frames(10, first=50)[4])


def test_a_file_that_goes_away_is_an_error_of_the_server(stack):
    path, images = stack
    images[4]
    path.unlink()
    with pytest.raises(ClientError, match=f"hop 'file'.*{path.name}"):
        images[4]


def test_a_link_that_is_swapped_leads_nowhere_else(runs, data_folder, tmp_path):
    master = write_eiger(data_folder, "swapped")
    images = runs.add(master, dataset="/entry/data").primary["eiger2_image"]
    images[0]
    assert images.shared_files
    secret = write_stack(tmp_path / "secret.h5", 4)
    (data_folder / "swapped_data_000001.h5").unlink()
    (data_folder / "swapped_data_000001.h5").symlink_to(secret)
    with pytest.raises(ClientError, match="confinement"):
        images[0]


def test_authorisation_that_is_withdrawn_ends_it(served, runs, data_folder):
    run = runs.add(write_stack(data_folder / "withdrawn.h5"))
    catalog = from_uri(served.uri_with_key)
    images = catalog[run.start["uid"]].primary["eiger2_image"]
    images[0]
    assert images.shared_files
    catalog.context.api_key = "withdrawn"
    images._transfer._until = 0.0  # as after the 50 s of its handle
    with pytest.raises(ClientError, match="401"):
        images[0]
    assert images.shared_files == ()
    catalog.context.close()


def test_only_who_may_read_is_told_of_files(served, runs, data_folder, tmp_path):
    import httpx

    outside = write_stack(tmp_path / "outside.h5")
    (data_folder / "leads out.h5").symlink_to(outside)
    inside = write_stack(data_folder / "inside.h5")
    for path in (inside, outside, data_folder / "leads out.h5", data_folder / "no.h5"):
        uid = runs.add(path).start["uid"]
        url = f"{served.uri}{HANDLE_ROUTE}/{uid}/primary/eiger2_image?files=nonce"
        assert httpx.get(url).status_code == 401
        answer = httpx.get(url, headers={"Authorization": f"Apikey {served.api_key}"}).json()
        assert (answer["files"] is not None) == (path == inside), path


ON_ANOTHER_HOST = """
import subprocess, sys
from tiled.client import from_uri
address, uid, data, elsewhere, copies = sys.argv[1:]
catalog = from_uri(address)

def read_after(*command):
    subprocess.run(command, check=True)
    images = catalog[uid].primary["eiger2_image"]
    print(images[3, 0, 0], bool(images.shared_files))

def cover(folder):
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)

read_after("true")
read_after("mount", "--bind", copies, data)
subprocess.run(["umount", data], check=True)
subprocess.run(["mount", "--bind", data, elsewhere], check=True)
cover(data)
cover(elsewhere)
read_after("true")
read_after("umount", elsewhere)
"""


def test_a_host_that_mounts_the_folder_elsewhere_or_another_one_there(
    served, runs, data_folder, elsewhere, tmp_path
):
    """In turn: as here; a copy of the file at its path; not visible; `here` of a path map."""
    apart = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*apart, "true"], check=False).returncode:
        pytest.skip("optional: this system does not let users have mounts of their own")
    path = write_stack(data_folder / "mounted.h5")
    uid = runs.add(path).start["uid"]
    shutil.copy2(path, tmp_path)
    assert (tmp_path / path.name).stat().st_mtime_ns == path.stat().st_mtime_ns
    folders = [data_folder, elsewhere, tmp_path]
    command = [*apart, sys.executable, "-c", ON_ANOTHER_HOST, served.uri_with_key, uid, *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = [line.split() for line in done.stdout.splitlines()]
    assert read == [["300", "True"], ["300", "False"], ["300", "False"], ["300", "True"]]


def test_a_writer_opens_what_the_server_and_a_client_hold(stack, monkeypatch):
    path, images = stack
    images[0]
    assert images.shared_files
    monkeypatch.setenv(SHARED_FILES_VARIABLE, "no")
    remote = type(images)(
        images.context, item=images.item, structure_clients=images.structure_clients
    )
    np.testing.assert_array_equal(remote[2], frames(10)[2])
    assert remote.shared_files == ()
    elsewhere_in_python(
        f"import h5py\nwith h5py.File({str(path)!r}, 'r+') as f: f['entry/data/data'][2] = 9"
    )
    for client in (images, remote):
        assert set(client[2].ravel()) == {9}
