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


class GrowingRun:
    """A run whose file grows, frame by frame, each told to the catalog at once.

    Parameters
    ----------
    catalog
        Where its documents go.
    path
        The file, written so that others can read it meanwhile.
    key
        Data key of the frames.
    """

    def __init__(self, catalog, path: Path, key: str) -> None:
        self._writer = TiledWriter(catalog, batch_size=1)
        self._run = compose_run()
        self.uid = self._run.start_doc["uid"]
        self._file = h5py.File(path, "w", libver=("v110", "v110"))
        self._dataset = self._file.create_dataset(
            "/entry/data/data", (0, *FRAME_SHAPE), "u2", maxshape=(None, *FRAME_SHAPE),
            chunks=(1, *FRAME_SHAPE),
        )  # fmt: skip
        self._file.swmr_mode = True
        data_key = {
            "source": "test", "dtype": "array", "dtype_numpy": "<u2", "shape": [1, *FRAME_SHAPE],
            "external": "STREAM:",
        }  # fmt: skip
        self._stream = self._run.compose_descriptor(name="primary", data_keys={key: data_key})
        self._resource = self._run.compose_stream_resource(
            mimetype="application/x-hdf5",
            uri=path.as_uri(),
            data_key=key,
            parameters={"dataset": "/entry/data/data", "chunk_shape": [1, *FRAME_SHAPE]},
        )
        self._writer("start", self._run.start_doc)
        self._writer("descriptor", self._stream.descriptor_doc)
        self._writer("stream_resource", self._resource.stream_resource_doc)

    def add_frame(self) -> None:
        """Store a frame, and tell."""
        index = len(self._dataset)
        self._dataset.resize(index + 1, 0)
        self._dataset[index] = frames(1, first=index)[0]
        self._dataset.flush()
        self._writer(
            "stream_datum",
            self._resource.compose_stream_datum(
                indices={"start": index, "stop": index + 1},
                seq_nums={"start": index + 1, "stop": index + 2},
                descriptor=self._stream.descriptor_doc,
            ),
        )

    def close(self) -> None:
        """End file and run."""
        self._file.close()
        self._writer("stop", self._run.compose_stop())


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
        """A run whose streams (name -> frames, dataset) have one key of images; its client.

        Without ``dtype`` its descriptors do not say the pixels' type.
        """
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
                    **({"dtype_numpy": dtype} if dtype else {}),
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
