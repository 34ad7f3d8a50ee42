"""What is broken is named: run, file, hop and cause, at once."""

from __future__ import annotations

import os
import time

import h5py
import numpy as np
import pytest
from tiled.client.array import ArrayClient
from tiled.client.utils import ClientError

from chain.catalog.runs import FRAME_SHAPE, frames, write_eiger, write_stack
from framepath.spec.serving import FRAMES_ROUTE, HANDLE_HEADER, HANDLE_ROUTE

AT_ONCE_S = 2.0


def failure(read) -> str:
    """The text of the error that reading raises, which has to come without retries."""
    begin = time.monotonic()
    with pytest.raises(ClientError) as caught:
        read()
    assert time.monotonic() - begin < AT_ONCE_S
    return str(caught.value)


def test_a_deleted_data_file_is_named(runs, data_folder):
    run = runs.add(write_eiger(data_folder, "gone"), dataset="/entry/data")
    images = run.primary["eiger2_image"]
    images[5]
    (data_folder / "gone_data_000002.h5").unlink()
    text = failure(lambda: images[5])
    assert "gone_data_000002.h5" in text
    assert "hop 'link'" in text
    assert run.start["uid"] in text
    np.testing.assert_array_equal(images[0], frames(1)[0])
    (finding,) = run.health()
    assert "gone_data_000002.h5" in finding.found + finding.where


def test_a_deleted_last_data_file_is_named(runs, data_folder):
    run = runs.add(write_eiger(data_folder, "last"), dataset="/entry/data")
    (data_folder / "last_data_000003.h5").unlink()
    assert "last_data_000003.h5" in failure(lambda: run.primary["eiger2_image"][9])


def test_a_missing_top_file_is_named(runs, data_folder):
    run = runs.add(data_folder / "never.h5")
    text = failure(lambda: run.primary["eiger2_image"][0])
    assert "never.h5" in text
    assert "hop 'file'" in text
    assert run.health()[0].rule == "catalog-file"


def test_an_aborted_scan_reads_what_exists(runs, data_folder):
    run = runs.add(write_stack(data_folder / "aborted.h5", 7), shape=(1, *FRAME_SHAPE))
    images = run.primary["eiger2_image"]
    np.testing.assert_array_equal(images[:7], frames(7))
    text = failure(lambda: images[:])
    assert "7 frames in the file" in text
    assert "10 frames in the documents" in text
    assert [finding.rule for finding in run.health()] == ["catalog-frames-fewer"]


def test_extra_frames_are_told_and_not_shown(runs, data_folder):
    run = runs.add(write_stack(data_folder / "extra.h5", 12), shape=(1, *FRAME_SHAPE))
    images = run.primary["eiger2_image"]
    assert len(images) == 10
    np.testing.assert_array_equal(images[:], frames(10))
    np.testing.assert_array_equal(images[-1], frames(10)[-1])
    assert [finding.rule for finding in run.health()] == ["catalog-frames-more"]


def test_a_wrong_frame_size_is_an_error(runs, data_folder):
    run = runs.add(write_stack(data_folder / "size.h5"), shape=(7, 8))
    assert "(10, 6, 8)" in failure(lambda: run.primary["eiger2_image"][0])
    assert [finding.rule for finding in run.health()] == ["catalog-frame-size"]


def test_a_wider_documented_type_is_converted_and_told(runs, data_folder):
    run = runs.add(write_stack(data_folder / "wide.h5"), dtype="<f8")
    images = run.primary["eiger2_image"]
    assert images[0].dtype == np.float64
    np.testing.assert_array_equal(images[0], frames(1)[0])
    assert [finding.rule for finding in run.health()] == ["catalog-frame-type"]


def test_a_narrower_documented_type_is_an_error(runs, data_folder):
    run = runs.add(write_stack(data_folder / "narrow.h5"), dtype="|u1")
    assert "uint16" in failure(lambda: run.primary["eiger2_image"][0])


@pytest.mark.parametrize("sliced", [True, False])
def test_a_missing_virtual_source_is_not_zeros(runs, data_folder, sliced):
    layout = h5py.VirtualLayout((10, *FRAME_SHAPE), "u2")
    source = h5py.VirtualSource(f"nowhere_{sliced}.h5", "/entry/data/data", (10, *FRAME_SHAPE))
    layout[:] = source[:] if sliced else source
    path = data_folder / f"virtual_{sliced}.h5"
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.create_virtual_dataset("/entry/data/data", layout)
    run = runs.add(path)
    assert f"nowhere_{sliced}.h5" in failure(lambda: run.primary["eiger2_image"][0])
    assert f"nowhere_{sliced}.h5" in run.health()[0].found + run.health()[0].where


def test_a_file_cut_short_is_named(runs, data_folder):
    path = write_stack(data_folder / "short.h5")
    run = runs.add(path)
    run.primary["eiger2_image"][0]
    os.truncate(path, path.stat().st_size // 2)
    text = failure(lambda: run.primary["eiger2_image"][0])
    assert "short.h5" in text
    assert "hop 'file'" in text
    assert run.start["uid"] in text
    assert run.health()[0].rule == "catalog-file"


BROKEN = {
    "file": lambda folder: folder / "bare_never.h5",
    "confinement": lambda folder: folder.parent / "bare_outside.h5",
    "documents": lambda folder: write_stack(folder / "bare_few.h5", 7),
}


@pytest.mark.parametrize("hop", BROKEN)
def test_a_bare_tiled_client_is_told_the_same(runs, data_folder, hop):
    path = BROKEN[hop](data_folder)
    run = runs.add(path)
    images = run.primary["eiger2_image"]
    bare = ArrayClient(images.context, item=images.item, structure_clients=images.structure_clients)
    text = failure(lambda: bare[9])
    assert f"hop '{hop}'" in text
    assert path.name in text
    assert run.start["uid"] in text


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    return write_stack(tmp_path_factory.mktemp("outside") / "secret.h5")


class TestConfinement:
    """Nothing outside the data folder is read, however a path leads there."""

    def refused(self, run, *named):
        text = failure(lambda: run.primary["eiger2_image"][0])
        assert "403" in text
        assert "hop 'confinement'" in text
        for name in named:
            assert name in text
        assert run.health()[0].rule == "catalog-confinement"

    def test_a_path(self, runs, outside):
        self.refused(runs.add(outside))

    def test_dots(self, runs, data_folder, outside):
        uri = f"file://localhost{data_folder}/../{outside.parent.name}/{outside.name}"
        self.refused(runs.add(uri))

    def test_a_symlink(self, runs, data_folder, outside):
        (data_folder / "symlink.h5").symlink_to(outside)
        self.refused(runs.add(data_folder / "symlink.h5"))

    def test_a_symlinked_folder(self, runs, data_folder, outside):
        (data_folder / "folder").symlink_to(outside.parent)
        self.refused(runs.add(data_folder / "folder" / outside.name))

    def test_an_external_link(self, runs, data_folder, outside):
        with h5py.File(data_folder / "external.h5", "w") as file:
            file["/entry/data/data"] = h5py.ExternalLink(str(outside), "/entry/data/data")
        self.refused(runs.add(data_folder / "external.h5"), "external.h5:/entry/data/data")

    def test_a_virtual_source(self, runs, data_folder, outside):
        layout = h5py.VirtualLayout((10, *FRAME_SHAPE), "u2")
        layout[:] = h5py.VirtualSource(str(outside), "/entry/data/data", (10, *FRAME_SHAPE))[:]
        with h5py.File(data_folder / "vds.h5", "w", libver=("v110", "v110")) as file:
            file.create_virtual_dataset("/entry/data/data", layout)
        self.refused(runs.add(data_folder / "vds.h5"), "vds.h5:/entry/data/data")

    def test_raw_external_storage(self, runs, data_folder, outside):
        with h5py.File(data_folder / "raw.h5", "w") as file:
            file.create_dataset(
                "/entry/data/data",
                (10, *FRAME_SHAPE),
                "u2",
                external=[(os.fspath(outside), 0, h5py.h5f.UNLIMITED)],
            )
        self.refused(runs.add(data_folder / "raw.h5"))

    def test_the_raw_download(self, served, runs, data_folder, outside):
        (data_folder / "download.h5").symlink_to(outside)
        run = runs.add(data_folder / "download.h5")
        answer = run.context.http_client.get(
            f"{served.uri}/api/v1/asset/bytes/{run.start['uid']}/primary/eiger2_image",
            params={"id": asset_id(run)},
        )
        assert answer.status_code == 403
        assert b"HDF" not in answer.content


def asset_id(run) -> int:
    node = run.context.http_client.get(
        run.primary["eiger2_image"].uri, params={"include_data_sources": True}
    )
    return node.json()["data"]["attributes"]["data_sources"][0]["assets"][0]["id"]


def test_nothing_is_read_without_a_key(served, runs, data_folder):
    import httpx

    run = runs.add(write_stack(data_folder / "keyed.h5"))
    uid = run.start["uid"]
    for path in (
        f"/api/v1/array/full/{uid}/primary/eiger2_image?slice=0",
        f"/custom/framepath/health/{uid}",
    ):
        assert httpx.get(served.uri + path).status_code == 401, path


def test_a_handle_serves_only_the_key_that_opened_it(served, runs, data_folder):
    import httpx

    run = runs.add(write_stack(data_folder / "handle.h5"))
    node = f"{run.start['uid']}/primary/eiger2_image"
    mine = {"Authorization": f"Apikey {served.api_key}"}
    assert httpx.get(f"{served.uri}{HANDLE_ROUTE}/{node}").status_code == 401
    opened = httpx.get(f"{served.uri}{HANDLE_ROUTE}/{node}", headers=mine).json()
    url, handle = served.uri + FRAMES_ROUTE, {HANDLE_HEADER: opened["handle"]}
    assert httpx.get(url, params={"slice": "0"}, headers=mine | handle).status_code == 200
    assert httpx.get(url, params={"slice": "0"}, headers=handle).status_code == 410
    assert httpx.get(url, params={"slice": "0"}, headers=mine).status_code == 410


@pytest.mark.parametrize("text", ["10", "-11", "a", "0,0,0,0", "1.5", "::0", ",", "0:1e9"])
def test_hostile_slices_are_answered(served, runs, data_folder, text):
    import httpx

    run = runs.add(write_stack(data_folder / f"hostile {text.encode().hex()}.h5"))
    node = f"{run.start['uid']}/primary/eiger2_image"
    mine = {"Authorization": f"Apikey {served.api_key}"}
    opened = httpx.get(f"{served.uri}{HANDLE_ROUTE}/{node}", headers=mine).json()
    answer = httpx.get(
        served.uri + FRAMES_ROUTE,
        params={"slice": text},
        headers=mine | {HANDLE_HEADER: opened["handle"]},
    )
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]
