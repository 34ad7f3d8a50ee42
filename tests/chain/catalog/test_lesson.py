"""Every line of the published lesson on inspecting data, as its readers type it."""

from __future__ import annotations

import numpy as np
import pytest
from bluesky_tiled_plugins import TiledWriter
from event_model import compose_run
from tiled.queries import Key

from chain.catalog.runs import FRAME_SHAPE, frames, write_stack


@pytest.fixture(scope="module")
def lesson(catalog, runs, data_folder):
    """Three runs with images, the last one also with a baseline."""
    for n in range(3):
        runs.add(write_stack(data_folder / f"lesson{n}.h5", first=n))
    writer = TiledWriter(catalog)
    run = compose_run(metadata={"plan_name": "lesson", "scan_id": 4711})
    writer("start", run.start_doc)
    keys = {"temperature": {"source": "test", "dtype": "number", "shape": []}}
    baseline = run.compose_descriptor(name="baseline", data_keys=keys)
    writer("descriptor", baseline.descriptor_doc)
    for value in (290.0, 291.0):
        writer(
            "event",
            baseline.compose_event(data={"temperature": value}, timestamps={"temperature": 0.0}),
        )
    writer("stop", run.compose_stop())
    catalog.refresh()
    return run.start_doc["uid"]


def uids(found):
    return [run.start["uid"] for run in found]


def test_finding_runs(catalog, lesson):
    assert len(catalog) >= 4
    assert len(catalog[-3:]) == 3
    assert [run.start["uid"] for run in catalog[-2:]] == [
        run.start["uid"] for run in catalog[:-3:-1]
    ][::-1]
    assert catalog[-1].start["uid"] == lesson
    assert catalog[lesson].start["uid"] == lesson
    assert catalog[lesson[:8]].start["uid"] == lesson
    assert catalog[4711].start["uid"] == lesson
    for key in ("plan_name", "start.plan_name"):
        assert list(catalog.search(Key(key) == "lesson")) == [lesson]


def test_what_is_no_run_is_found_by_its_name_and_is_not_counted(catalog, lesson):
    catalog.create_container("raw")
    catalog.refresh()
    assert list(catalog["raw"]) == []
    assert catalog[0].start["uid"] == catalog[: len(catalog)][0].start["uid"]
    assert catalog[-1].start["uid"] == lesson
    for key in ("nil", "no-such-run", 4712):
        assert key not in catalog
        with pytest.raises((KeyError, ValueError), match=str(key)):
            catalog[key]


def test_the_baseline(catalog, lesson):
    run = catalog[lesson]
    assert "baseline" in list(run)
    table = run.baseline.read().to_pandas()
    assert list(table["temperature"]) == [290.0, 291.0]


def test_images_of_the_latest_count(catalog, lesson, data_folder):
    run = catalog[-2]
    assert set(run.primary) >= {"motor", "ts_motor", "eiger2_image"}
    images = run.primary["eiger2_image"]
    assert images.shape == (10, *FRAME_SHAPE)
    assert images.dtype == np.dtype("uint16")
    np.testing.assert_array_equal(images[0].read(), frames(1, first=2)[0])


def test_a_picture(catalog, lesson, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    images = catalog[-2].primary["eiger2_image"]
    artist = plt.imshow(images[0])
    np.testing.assert_array_equal(artist.get_array(), images[0])
    plt.close("all")
