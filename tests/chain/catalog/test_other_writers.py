"""Documents of stock ophyd, and frames of a run that is still being taken."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest
from bluesky_tiled_plugins import TiledWriter
from event_model import compose_run

from chain.catalog.runs import FRAME_SHAPE, GrowingRun, frames, write_stack

KEY = "adsimdet_image"


def data_key(**more):
    return {
        KEY: {
            "source": "test",
            "dtype": "array",
            "dtype_numpy": "<u2",
            "shape": [1, *FRAME_SHAPE],
            **more,
        }
    }


def test_resource_and_datum_of_stock_ophyd(catalog, data_folder):
    path = write_stack(data_folder / "stock_ophyd.h5", 5)
    writer = TiledWriter(catalog)
    run = compose_run()
    writer("start", run.start_doc)
    stream = run.compose_descriptor(name="primary", data_keys=data_key(external="FILESTORE:"))
    writer("descriptor", stream.descriptor_doc)
    resource = run.compose_resource(
        spec="AD_HDF5",
        root="/",
        resource_path=str(path).lstrip("/"),
        resource_kwargs={"frame_per_point": 1},
    )
    writer("resource", resource.resource_doc)
    for point in range(5):
        datum = resource.compose_datum(datum_kwargs={"point_number": point})
        writer("datum", datum)
        event = stream.compose_event(
            data={KEY: datum["datum_id"]}, timestamps={KEY: 0.0}, filled={KEY: False}
        )
        writer("event", event)
    writer("stop", run.compose_stop())
    images = catalog[run.start_doc["uid"]].primary[KEY]
    assert images.shape == (5, *FRAME_SHAPE)
    np.testing.assert_array_equal(images[:], frames(5))
    np.testing.assert_array_equal(images[3], frames(5)[3])


# Tiled 0.2.20 uses websockets in a way that its newest version warns of.
@pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager")
def test_frames_of_a_running_run(catalog, data_folder):
    n = 4
    received, all_there = {}, threading.Event()

    def on_frame(update):
        data = np.asarray(update.data())
        received[update.patch.offset[0]] = data
        if len(received) == n:
            all_there.set()

    with contextlib.closing(GrowingRun(catalog, data_folder / "live.h5", KEY)) as run:
        run.add_frame()
        images = catalog[run.uid].primary[KEY]
        np.testing.assert_array_equal(images[0], frames(n)[0])
        subscription = images.subscribe()
        subscription.new_data.add_callback(on_frame)
        subscription.start_in_thread(1)
        for _ in range(1, n):
            run.add_frame()
        assert all_there.wait(30), sorted(received)
        assert catalog[run.uid].primary[KEY].shape == (n, *FRAME_SHAPE)
        subscription.disconnect()
    for index, data in received.items():
        np.testing.assert_array_equal(data.reshape(FRAME_SHAPE), frames(n)[index])
