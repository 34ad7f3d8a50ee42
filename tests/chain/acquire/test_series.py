"""Series and counts on a running IOC: documents, file, ledger and PVs afterwards."""

from __future__ import annotations

import bluesky.plans as bp
import h5py
import numpy as np
import pytest

from framepath.acquire import DARK, FLAT, IMAGE, frame_series
from framepath.spec.addresses import ENTRY_DESTINATIONS

WATCHED = (
    "cam.image_mode",
    "cam.num_images",
    "cam.frame_type",
    "cam.wait_for_plugins",
    "hdf1.enable",
    "hdf1.file_path",
    "hdf1.file_name",
    "hdf1.file_template",
    "hdf1.file_write_mode",
    "hdf1.num_capture",
    "hdf1.lazy_open",
    "hdf1.create_directory",
    "hdf1.capture",
)


def values(det):
    def value(dotted):
        part, attribute = dotted.split(".")
        return getattr(getattr(det, part), attribute).get()

    return {dotted: value(dotted) for dotted in WATCHED}


def unique_ids(path):
    """(rows,) of the whole file, and the order of frame types they came in."""
    with h5py.File(path) as file:
        attributes = file["/entry/instrument/detector/NDAttributes"]
        return attributes["NDArrayUniqueId"][()], attributes["SaveDest"].asstr()[()]


def test_a_series_is_one_file_with_a_stream_a_frame_type(RE, documents, det):
    before = values(det)
    RE(frame_series(det, images=4, darks=3, flats=2))

    described = {stream: documents.n_frames(stream) for stream in ("primary", "dark", "flat")}
    assert described == {"primary": 4, "dark": 3, "flat": 2}
    assert documents.ledger() == {"dark": (3, 3, 3), "flat": (2, 2, 2), "image": (4, 4, 4)}
    (stop,) = documents.of("stop")
    assert stop["exit_status"] == "success"
    assert stop["num_events"] == {"primary": 4, "dark": 3, "flat": 2, "ledger": 3}

    (uri,) = {d["uri"] for d in documents.of("stream_resource")}
    path = uri.removeprefix("file://localhost")
    assert path == det.ledger[0].file
    with h5py.File(path) as file:
        lengths = {t: len(file[address]) for t, address in ENTRY_DESTINATIONS.items()}
    assert lengths == {IMAGE: 4, DARK: 3, FLAT: 2}
    ids, destinations = unique_ids(path)
    assert np.all(np.diff(ids) == 1)
    assert list(destinations) == (
        3 * [ENTRY_DESTINATIONS[DARK]]
        + 2 * [ENTRY_DESTINATIONS[FLAT]]
        + 4 * [ENTRY_DESTINATIONS[IMAGE]]
    )
    assert values(det) == before


def test_documents_say_what_the_file_holds(RE, documents, det):
    RE(frame_series(det, images=2, darks=1))
    for stream, frame_type in (("primary", IMAGE), ("dark", DARK)):
        key = documents.streams[stream]["data_keys"][f"{det.name}_image"]
        (resource,) = [
            d
            for d in documents.of("stream_resource")
            if d["parameters"]["dataset"] == ENTRY_DESTINATIONS[frame_type]
        ]
        with h5py.File(resource["uri"].removeprefix("file://localhost")) as file:
            dataset = file[resource["parameters"]["dataset"]]
            assert tuple(key["shape"]) == dataset.shape[1:]
            assert key["dtype_numpy"] == dataset.dtype.str
            assert tuple(resource["parameters"]["chunk_shape"]) == dataset.chunks


def test_a_mixed_sequence_keeps_its_order(RE, documents, det):
    RE(frame_series(det, [(DARK, 1), ("white", 1), (IMAGE, 2), ("dark", 1)]))
    assert (documents.n_frames("dark"), documents.n_frames("primary")) == (2, 2)
    assert documents.ledger() == {"dark": (2, 2, 2), "flat": (1, 1, 1), "image": (2, 2, 2)}
    _, destinations = unique_ids(det.ledger[0].file)
    assert [d.rpartition("/")[2] for d in destinations] == ["dark", "flat", "data", "data", "dark"]


def test_count_gives_one_frame_a_point(RE, documents, det):
    before = values(det)
    RE(bp.count([det], num=5))
    assert documents.n_frames("primary") == 5
    assert [d["seq_num"] for d in documents.of("event")] == [1, 2, 3, 4, 5]
    (entry,) = det.ledger
    assert (entry.triggered, entry.received, entry.stored) == (5, 5, 5)
    with h5py.File(entry.file) as file:
        assert len(file[entry.dataset]) == 5
    assert values(det) == before


def test_every_run_has_its_own_file(RE, det):
    files = set()
    for _ in range(3):
        RE(bp.count([det], num=1))
        files.add(det.ledger[0].file)
    assert len(files) == 3


@pytest.mark.parametrize("n", [200])
def test_many_points_lose_nothing(RE, documents, det, n):
    RE(bp.count([det], num=n))
    assert det.ledger[0].stored == n
    ids, _ = unique_ids(det.ledger[0].file)
    assert np.all(np.diff(ids) == 1)
    assert len(ids) == n
