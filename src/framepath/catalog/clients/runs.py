"""Runs and their streams, with what the frames add to them."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

from bluesky_tiled_plugins.clients.bluesky_event_stream import (
    DATAVALUES,
    BlueskyEventStream,
    BlueskyEventStreamV2Mongo,
    BlueskyEventStreamV3,
)
from bluesky_tiled_plugins.clients.bluesky_run import (
    BlueskyRun,
    BlueskyRunV2Mongo,
    BlueskyRunV3,
)
from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from tiled.client.container import Container
from tiled.queries import SpecsQuery

from framepath.catalog.clients.frame_stack import FrameStackClient
from framepath.catalog.clients.health import health_of
from framepath.catalog.clients.provenance import references_of
from framepath.catalog.clients.run_files import RunFile, files_of
from framepath.spec.documents import (
    FILES_KEY,
    FRAME_STACK_SPEC,
    STREAM_OF_FRAME_TYPE,
    image_key,
)
from framepath.spec.findings import Finding
from framepath.spec.frame_type import FrameType


class Catalog(CatalogOfBlueskyRuns):
    """Runs, as bluesky's client gives them, and the files that no run documents.

    ``cat[-1]`` is the latest run even after files were registered; ``cat.files`` are those.
    """

    def __getitem__(self, key: Any) -> Any:
        """A run by number from the end, scan id or (partial) uid; or a path: ``raw/runs``."""
        first = key[0] if isinstance(key, tuple) and key else key
        if isinstance(first, str) and ("/" in first or first == FILES_KEY):
            # A path as other Tiled containers take it: bluesky's client would look for a run.
            return Container.__getitem__(self, key)
        if isinstance(key, slice):
            return self._runs_between(key)
        if isinstance(key, numbers.Integral) and key <= 0:  # above, it is a scan id
            return self._runs().values()[int(key)]
        try:
            return super().__getitem__(key)
        except (KeyError, ValueError) as no_run:  # a name that is too short for a uid is the latter
            if not isinstance(key, str):
                raise
            try:
                return Container.__getitem__(self, key)  # a container that is no run
            except KeyError:
                raise no_run from None

    def __contains__(self, key: Any) -> bool:
        """Whether there is such a run or path; also of a name that is too short for a uid."""
        try:
            self[key]
        except (LookupError, ValueError):
            return False
        return True

    def _runs(self) -> Any:
        return self.search(SpecsQuery(include=["BlueskyRun"]))

    def _runs_between(self, key: slice) -> list[Any]:
        # Tiled's own sequences refuse cat[-5:], which every lesson begins with.
        runs = self._runs()
        wanted = range(*key.indices(len(runs)))
        if not wanted:
            return []
        first, last = sorted((wanted[0], wanted[-1]))
        found = list(runs.values()[first : last + 1])
        return found[:: wanted.step]

    @property
    def files(self) -> Any:
        """Container of registered files; KeyError when there are none."""
        return self[FILES_KEY]


class Run(BlueskyRunV3):
    """A run: everything of bluesky's client, its health, files, and darks and flats."""

    def health(self) -> list[Finding]:
        """What is wrong between documents, files and links; empty when nothing is."""
        return health_of(self)

    def files(self) -> list[RunFile]:
        """Where the data are: each file as IOC, session and server spell it, its dataset."""
        return files_of(self)

    def references(self) -> dict[str, dict[str, dict[str, str]]]:
        """By detector, ``dark`` and ``flat``: the ``uid`` of the run that holds them, ``reason``.

        The run's own come first; without any the uid is "" and the reason says why.
        """
        return references_of(self)


BESIDE_THE_IMAGES = {
    f"_{STREAM_OF_FRAME_TYPE[kind]}": STREAM_OF_FRAME_TYPE[kind]
    for kind in (FrameType.DARK, FrameType.FLAT)
}
"""Ending of a key of the image stream that means another stream's frames of the same detector."""


class EventStream(BlueskyEventStreamV3):
    """A stream of a run, whose images are not fetched unasked.

    ``run.primary["det_dark"]`` and ``["det_flat"]`` are ``run["dark"]["det_image"]`` and
    ``run["flat"]["det_image"]``; they are no keys of the stream, whose columns are of one length.
    """

    def __getitem__(self, key: Any, *arguments: Any) -> Any:
        """A column; or the darks or flats of a detector that the image stream names so."""
        try:
            return super().__getitem__(key, *arguments)
        except KeyError:
            images = self._beside_the_images(key)
            if images is None:
                raise
            return images

    def _beside_the_images(self, key: Any) -> Any:
        if not isinstance(key, str) or self.item["id"] != STREAM_OF_FRAME_TYPE[FrameType.IMAGE]:
            return None
        for ending, stream in BESIDE_THE_IMAGES.items():
            if key.endswith(ending):
                siblings, of_detector = self.parent, image_key(key.removesuffix(ending))
                if stream in siblings and of_detector in siblings[stream]:
                    return siblings[stream][of_detector]
        return None

    def read(self, variables: Iterable[Any] = (DATAVALUES,), dim0: str | None = None) -> Any:
        """The stream as an xarray Dataset; images are in it as lazy dask arrays.

        Parameters
        ----------
        variables
            Names to read; an image named here is fetched.
        dim0
            Name of the axis of events.
        """
        variables = set(variables)
        if DATAVALUES not in variables:
            return super().read(variables, dim0=dim0)
        lazy = self._frame_stacks() - variables
        dataset = super().read((variables | self._var_keys) - {DATAVALUES} - lazy, dim0=dim0)
        for key in sorted(lazy):
            images = self[key]
            dims = images.dims or (dim0 or "time", *(f"{key}_{n}" for n in range(1, images.ndim)))
            if dataset.sizes.get(dims[0], images.shape[0]) != images.shape[0]:
                dims = (f"{key}_0", *dims[1:])
            dataset[key] = (dims, images.dask)
        return dataset

    def _frame_stacks(self) -> set[str]:
        contents = self.get_contents()
        return {
            key
            for key, item in contents.items()
            if any(spec["name"] == FRAME_STACK_SPEC for spec in item["attributes"]["specs"] or ())
        }


def run_client(context: Any, *, item: Any, structure_clients: Any, **rest: Any) -> Any:
    """The client of a run, by the version that its spec states."""
    chosen = Run if BlueskyRun._is_sql(item) else BlueskyRunV2Mongo
    return chosen(context, item=item, structure_clients=structure_clients, **rest)


def stream_client(context: Any, *, item: Any, structure_clients: Any, **rest: Any) -> Any:
    """The client of a stream, by the version that its spec states."""
    chosen = EventStream if BlueskyEventStream._is_sql(item) else BlueskyEventStreamV2Mongo
    return chosen(context, item=item, structure_clients=structure_clients, **rest)


__all__ = ["Catalog", "EventStream", "FrameStackClient", "Run", "run_client", "stream_client"]
