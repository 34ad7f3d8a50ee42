"""Files and the documents that a run would write about them."""

from __future__ import annotations

from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
from bluesky_tiled_plugins import TiledWriter
from event_model import compose_run

FRAME_SHAPE = (6, 8)


def frames(n, shape=FRAME_SHAPE, dtype="uint16", first=0):
    """(n, y, x); every pixel of frame i tells i, and where in the frame it is."""
    place = np.arange(np.prod(shape)).reshape(shape)
    return (np.arange(first, first + n)[:, None, None] * 100 + place).astype(dtype)


def write_stack(path: Path, n=10, dataset="/entry/data/data", **options):
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.create_dataset(
            dataset, data=frames(n, **options), chunks=(1, *FRAME_SHAPE), **hdf5plugin.Bitshuffle()
        )
    return path


def write_eiger(folder: Path, name: str, counts=(4, 4, 2)):
    """A v1 master with one data file a count; returns the master."""
    master = folder / f"{name}_master.h5"
    first = 0
    with h5py.File(master, "w", libver=("v110", "v110")) as file:
        group = file.create_group("/entry/data")
        for number, count in enumerate(counts, 1):
            data = f"{name}_data_{number:06d}.h5"
            with h5py.File(folder / data, "w", libver=("v110", "v110")) as part:
                dataset = part.create_dataset(
                    "/entry/data/data",
                    data=frames(count, first=first),
                    chunks=(1, *FRAME_SHAPE),
                    **hdf5plugin.Bitshuffle(),
                )
                dataset.attrs["image_nr_low"] = first + 1
                dataset.attrs["image_nr_high"] = first + count
            group[f"data_{number:06d}"] = h5py.ExternalLink(data, "/entry/data/data")
            first += count
    return master


class RunMaker:
    """Writes runs through the stock TiledWriter, as any RunEngine would."""

    def __init__(self, catalog, folder: Path) -> None:
        self.catalog = catalog
        self.folder = folder

    def add(
        self,
        uri,
        n=10,
        dataset="/entry/data/data",
        shape=FRAME_SHAPE,
        dtype="<u2",
        detector="eiger2",
        streams=None,
        **parameters,
    ):
        """A run whose streams (name -> frames, dataset) have one key of images; its client."""
        writer = TiledWriter(self.catalog)
        run = compose_run()
        writer("start", run.start_doc)
        for name, (count, address) in (streams or {"primary": (n, dataset)}).items():
            self._stream(writer, run, name, count, address, uri, shape, dtype, detector, parameters)
        writer("stop", run.compose_stop())
        return self.catalog[run.start_doc["uid"]]

    def _stream(self, writer, run, name, n, dataset, uri, shape, dtype, detector, parameters):
        key = f"{detector}_image"
        stream = run.compose_descriptor(
            name=name,
            data_keys={
                key: {
                    "source": "test",
                    "dtype": "array",
                    "dtype_numpy": dtype,
                    "shape": list(shape),
                    "external": "STREAM:",
                },
                "motor": {"source": "test", "dtype": "number", "shape": []},
            },
        )
        writer("descriptor", stream.descriptor_doc)
        resource = run.compose_stream_resource(
            mimetype="application/x-hdf5",
            uri=uri if isinstance(uri, str) else uri.as_uri(),
            data_key=key,
            parameters={"dataset": dataset, "chunk_shape": [1, *FRAME_SHAPE], **parameters},
        )
        writer("stream_resource", resource.stream_resource_doc)
        datum = resource.compose_stream_datum(
            indices={"start": 0, "stop": n},
            seq_nums={"start": 1, "stop": n + 1},
            descriptor=stream.descriptor_doc,
        )
        for index in range(n):
            writer(
                "event",
                stream.compose_event(
                    data={"motor": float(index)},
                    timestamps={"motor": 0.0},
                ),
            )
        writer("stream_datum", datum)
