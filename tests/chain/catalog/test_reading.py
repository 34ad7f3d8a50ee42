"""The users' words work, whoever wrote the documents."""

from __future__ import annotations

import numpy as np
import pytest

from chain.catalog.runs import FRAME_SHAPE, frames, write_eiger, write_stack


@pytest.fixture(scope="module")
def eiger_run(runs, data_folder):
    return runs.add(write_eiger(data_folder, "lesson"), dataset="/entry/data")


def test_the_lesson_on_inspecting_data(catalog, eiger_run):
    run = catalog[-1]
    assert run.start["uid"] == eiger_run.start["uid"]
    assert "primary" in list(run)
    assert "eiger2_image" in list(run.primary)
    images = run.primary["eiger2_image"]
    assert images.shape == (10, *FRAME_SHAPE)
    np.testing.assert_array_equal(images[0], frames(1)[0])
    np.testing.assert_array_equal(images[0].read(), frames(1)[0])
    np.testing.assert_array_equal(np.asarray(images), frames(10))


def test_slices_equal_numpy_across_data_files(eiger_run):
    images, expected = eiger_run.primary["eiger2_image"], frames(10)
    for key in (
        np.s_[3], np.s_[-1], np.s_[2:6], np.s_[::3], np.s_[7:2:-2], np.s_[1:9, 2:4, ::2],
        np.s_[..., 3], np.s_[4, 1], np.s_[4, 1, 2], np.s_[5:5],
    ):  # fmt: skip
        np.testing.assert_array_equal(images[key], expected[key], err_msg=str(key))


def test_images_are_lazy_in_the_streams_dataset(eiger_run):
    dataset = eiger_run.primary.read()
    assert list(dataset["motor"].values) == list(range(10))
    images = dataset["eiger2_image"]
    assert images.chunks is not None
    np.testing.assert_array_equal(images[4].values, frames(10)[4])
    np.testing.assert_array_equal(
        eiger_run.primary.read(["eiger2_image"])["eiger2_image"].values, frames(10)
    )
    np.testing.assert_array_equal(
        eiger_run.primary["eiger2_image"].dask[2:8:3].compute(), frames(10)[2:8:3]
    )


def test_frame_types_are_streams(runs, data_folder):
    path = data_folder / "routed.h5"
    for name, n in (("data", 4), ("dark", 3), ("flat", 2)):
        write_stack(data_folder / f"{name}.h5", n, f"/entry/data/{name}", first=10 * n)
    import h5py

    with h5py.File(path, "w") as file:
        for name in ("data", "dark", "flat"):
            with h5py.File(data_folder / f"{name}.h5") as one:
                one.copy(f"/entry/data/{name}", file.require_group("/entry/data"))
    run = runs.add(
        path,
        detector="det",
        streams={
            "primary": (4, "/entry/data/data"),
            "dark": (3, "/entry/data/dark"),
            "flat": (2, "/entry/data/flat"),
        },
    )
    for stream, n in (("primary", 4), ("dark", 3), ("flat", 2)):
        images = run[stream]["det_image"]
        assert images.shape == (n, *FRAME_SHAPE)
        np.testing.assert_array_equal(images[:], frames(n, first=10 * n))
    for key, n in (("det_dark", 3), ("det_flat", 2)):
        np.testing.assert_array_equal(run.primary[key][:], frames(n, first=10 * n))
        assert key not in list(run.primary)
    assert set(run.primary.read().data_vars) >= {"motor", "det_image"}
    for absent in ("other_dark", "det_image_dark", "dark"):
        with pytest.raises(KeyError):
            run.primary[absent]
    with pytest.raises(KeyError):
        run["dark"]["det_flat"]


def test_one_image_an_event_is_seen_as_three_axes(runs, data_folder):
    path = write_stack(data_folder / "classic.h5")
    images = runs.add(path, shape=(1, *FRAME_SHAPE)).primary["eiger2_image"]
    assert images.shape == (10, *FRAME_SHAPE)
    np.testing.assert_array_equal(images[2:5], frames(10)[2:5])


def test_frames_per_point_keep_their_axis(runs, data_folder):
    path = write_stack(data_folder / "points.h5", 12)
    images = runs.add(path, n=4, shape=(3, *FRAME_SHAPE)).primary["eiger2_image"]
    expected = frames(12).reshape(4, 3, *FRAME_SHAPE)
    assert images.shape == expected.shape
    for key in (np.s_[:], np.s_[2], np.s_[2, 1], np.s_[1:3, ::2], np.s_[-1, -1, 2:4]):
        np.testing.assert_array_equal(images[key], expected[key], err_msg=str(key))


def test_several_files_of_one_key_follow_each_other(runs, data_folder):
    first = write_stack(data_folder / "part1.h5", 6)
    images = runs.add(first, n=6).primary["eiger2_image"]
    np.testing.assert_array_equal(images[:], frames(6))


def test_another_hosts_spelling_is_mapped(runs, data_folder):
    write_stack(data_folder / "mapped.h5")
    images = runs.add("file://detpc/C:/detector/mapped.h5").primary["eiger2_image"]
    np.testing.assert_array_equal(images[3], frames(10)[3])


def test_stock_dask_clients_still_work(served, eiger_run):
    from tiled.client import from_uri

    catalog = from_uri(served.uri_with_key, structure_clients="dask")
    images = catalog[eiger_run.start["uid"]].primary["eiger2_image"]
    np.testing.assert_array_equal(images[3].compute(), frames(10)[3])
    catalog.context.close()


def test_documents_come_back(eiger_run):
    names = [name for name, _ in eiger_run.documents()]
    assert names[0] == "start"
    assert names[-1] == "stop"


def test_a_sound_run_is_healthy(eiger_run):
    assert eiger_run.health() == []


def test_a_browser_at_an_array_sees_a_frame_or_why_not(catalog, runs, data_folder):
    images = runs.add(write_stack(data_folder / "page.h5"), n=10).primary["eiger2_image"]
    url = images.uri.replace("/metadata/", "/array/full/")
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    frame = catalog.context.http_client.get(url, params={"slice": "3"}, headers=browser)
    assert frame.status_code == 200, frame.text
    assert "data:image/png;base64," in frame.text
    stack = catalog.context.http_client.get(url, headers=browser)
    assert stack.status_code == 406, stack.text
