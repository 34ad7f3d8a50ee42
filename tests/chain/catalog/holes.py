"""Holes of stock Tiled: what each looks like there, and what it is here instead.

A hole that stock Tiled closes is good news: its test then says which line of the page to take out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import httpx
import numpy as np

from chain.catalog.runs import FRAME_SHAPE, RunMaker, frames, write_stack

KEY = "eiger2_image"
ADDRESS = "/entry/data/data"
N = 10


@dataclass(frozen=True)
class Place:
    """Folders of one server, and a run maker that writes to it."""

    runs: RunMaker
    data: Path
    outside: Path

    @property
    def secret(self) -> Path:
        """A file outside the readable folder, for which every attack asks."""
        path = self.outside / "secret.h5"
        return path if path.exists() else write_stack(path)


@dataclass(frozen=True)
class Outcome:
    """What a client got: pixels, or the text of an error with how long it took."""

    pixels: Any = None
    error: str = ""
    seconds: float = 0.0

    @property
    def has_secret(self) -> bool:
        """It got the frames of the file outside."""
        return self.pixels is not None and np.array_equal(np.squeeze(self.pixels), frames(1)[0])

    def names(self, *words: str) -> bool:
        """The error, which came at once, has all these words."""
        return self.seconds < 2 and all(word in self.error for word in words)


@dataclass(frozen=True)
class Hole:
    """One hole.

    Attributes
    ----------
    name
        As in the table of the page.
    run
        Makes the run that shows it.
    ask
        What the client then does.
    stock, ours
        Whether the outcome is the hole; whether it is what framepath promises.
    """

    name: str
    run: Callable[[Place], Any]
    stock: Callable[[Outcome], bool]
    ours: Callable[[Outcome], bool]
    ask: Callable[[Any], Any] = lambda run: run.primary[KEY][0]


def _dots(place: Place) -> Any:
    secret = place.secret
    return place.runs.add(f"file://localhost{place.data}/../{secret.parent.name}/{secret.name}")


def _symlink(place: Place) -> Any:
    link = place.data / "symlink.h5"
    link.symlink_to(place.secret)
    return place.runs.add(link)


def _external_link(place: Place) -> Any:
    path = place.data / "external.h5"
    with h5py.File(path, "w") as file:
        file[ADDRESS] = h5py.ExternalLink(str(place.secret), ADDRESS)
    return place.runs.add(path)


def _virtual(path: Path, source: Path | str) -> Path:
    layout = h5py.VirtualLayout((N, *FRAME_SHAPE), "u2")
    layout[:] = h5py.VirtualSource(str(source), ADDRESS, (N, *FRAME_SHAPE))[:]
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.create_virtual_dataset(ADDRESS, layout)
    return path


def _virtual_outside(place: Place) -> Any:
    return place.runs.add(_virtual(place.data / "virtual.h5", place.secret))


def _raw_storage(place: Place) -> Any:
    plain = place.outside / "plain.bin"
    plain.write_bytes(frames(N).tobytes())
    path = place.data / "raw.h5"
    with h5py.File(path, "w") as file:
        raw = [(os.fspath(plain), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset(ADDRESS, (N, *FRAME_SHAPE), "u2", external=raw)
    return place.runs.add(path)


def _download(place: Place) -> Any:
    link = place.data / "download.h5"
    link.symlink_to(place.secret)
    return place.runs.add(link)


def _bytes_of_the_file(run: Any) -> Any:
    images, http = run.primary[KEY], run.context.http_client
    node = http.get(images.uri, params={"include_data_sources": True}).json()
    asset = node["data"]["attributes"]["data_sources"][0]["assets"][0]["id"]
    uri = images.uri.replace("/metadata/", "/asset/bytes/")
    answer = http.get(uri, params={"id": asset})
    if answer.is_error:
        raise PermissionError(answer.text)
    return frames(1)[0] if answer.content.startswith(b"\x89HDF") else None


def _shape_without_key(run: Any) -> Any:
    uri = run.primary[KEY].uri.replace("/api/v1/metadata/", "/zarr/v2/")
    answer = httpx.get(f"{uri}/.zarray")
    if answer.is_error:
        raise PermissionError(answer.text)
    return frames(1)[0] if answer.json()["shape"][0] == N else None


def _virtual_nowhere(place: Place) -> Any:
    return place.runs.add(_virtual(place.data / "hollow.h5", "nowhere.h5"))


def _broken_link(place: Place) -> Any:
    path = place.data / "master.h5"
    with h5py.File(path, "w") as file:
        file[ADDRESS] = h5py.ExternalLink("gone_000001.h5", ADDRESS)
    return place.runs.add(path)


def _missing(place: Place) -> Any:
    return place.runs.add(place.data / "missing.h5")


def _outside(place: Place) -> Any:
    return place.runs.add(place.secret)


def _fewer(place: Place) -> Any:
    path = write_stack(place.data / "fewer.h5", 7)
    return place.runs.add(path, n=N, shape=(1, *FRAME_SHAPE))


def _more(place: Place) -> Any:
    path = write_stack(place.data / "more.h5", 12)
    return place.runs.add(path, n=N, shape=(1, *FRAME_SHAPE))


def _classic(place: Place) -> Any:
    return place.runs.add(write_stack(place.data / "classic.h5"), shape=(1, *FRAME_SHAPE))


def _without_type(place: Place) -> Any:
    return place.runs.add(write_stack(place.data / "untyped.h5"), dtype=None)


def _other_host(place: Place) -> Any:
    write_stack(place.data / "mapped.h5")
    return place.runs.add("file://detpc/C:/detector/mapped.h5")


def _truncated(place: Place) -> Any:
    path = write_stack(place.data / "truncated.h5")
    os.truncate(path, path.stat().st_size // 2)
    return place.runs.add(path)


def _right(outcome: Outcome) -> bool:
    return outcome.has_secret


def _refused(outcome: Outcome) -> bool:
    return outcome.names("confinement")


def _nameless(outcome: Outcome) -> bool:
    return "search server logs for correlation ID" in outcome.error


HOLES = (
    Hole("`..` in a path leads outside", _dots, _right, _refused),
    Hole("a symlink leads outside", _symlink, _right, _refused),
    Hole("an external link leads outside", _external_link, _right, _refused),
    Hole("a virtual source lies outside", _virtual_outside, _right, _refused),
    Hole("raw external storage lies outside", _raw_storage, _right, _refused),
    Hole("the raw download follows a symlink", _download, _right, _refused, _bytes_of_the_file),
    Hole(
        "Zarr's routes ask for no key",
        lambda place: place.runs.add(write_stack(place.data / "zarr.h5")),
        _right,
        lambda outcome: outcome.names("A key is needed"),
        _shape_without_key,
    ),
    Hole(
        "a virtual source is missing",
        _virtual_nowhere,
        lambda outcome: outcome.pixels is not None and not np.any(outcome.pixels),
        lambda outcome: outcome.names("link", "nowhere.h5"),
    ),
    Hole(
        "a link is broken",
        _broken_link,
        _nameless,
        lambda outcome: outcome.names("'link'", "gone_000001.h5"),
    ),
    Hole(
        "the file is missing",
        _missing,
        _nameless,
        lambda outcome: outcome.names("'file'", "missing.h5"),
    ),
    Hole(
        "the file is cut short",
        _truncated,
        _nameless,
        lambda outcome: outcome.names("'file'", "truncated.h5"),
    ),
    Hole("the file is outside", _outside, _nameless, _refused),
    Hole(
        "fewer frames than documented",
        _fewer,
        lambda outcome: "Can not reshape" in outcome.error,
        _right,
    ),
    Hole(
        "more frames than documented",
        _more,
        lambda outcome: "Can not reshape" in outcome.error,
        _right,
    ),
    Hole(
        "(N, 1, y, x) of classic ophyd",
        _classic,
        lambda outcome: outcome.pixels.shape == (1, *FRAME_SHAPE),
        lambda outcome: outcome.pixels.shape == FRAME_SHAPE and outcome.has_secret,
    ),
    Hole("the documents do not say the type", _without_type, _nameless, _right),
    Hole("another host's spelling of a path", _other_host, _nameless, _right),
    Hole(
        "`images[0].read()`",
        lambda place: place.runs.add(write_stack(place.data / "lesson.h5")),
        lambda outcome: "no attribute 'read'" in outcome.error,
        _right,
        lambda run: run.primary[KEY][0].read(),
    ),
    Hole(
        "the documents of a run",
        lambda place: place.runs.add(write_stack(place.data / "documents.h5")),
        lambda outcome: "406" in outcome.error,
        lambda outcome: outcome.pixels[0] == "start" and outcome.pixels[-1] == "stop",
        lambda run: [name for name, _ in run.documents()],
    ),
)
