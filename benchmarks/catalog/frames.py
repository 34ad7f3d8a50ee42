"""Frames over HTTP: against stock Tiled, against h5py, long datasets, many clients."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import h5py
import numpy as np
from tiled.client.array import ArrayClient

from benchmarks.catalog_servers import cpu_s, images_in, our_server, stock_server
from benchmarks.files.series import (
    ADDRESS,
    Frames,
    folder,
    is_frame,
    is_sparse_frame,
    linked,
    write,
    write_sparse,
)
from benchmarks.harness import Row, paired_ratio, row
from framepath.spec.addresses import EIGER_DATA_GROUP

RUNS = 5
N_FILES, FRAMES_A_FILE = 100, 3
N_FRAMES = N_FILES * FRAMES_A_FILE
FRAMES_A_RUN = 40
CLIENTS, FRAMES_OF_CLIENTS = 8, 1200
LENGTHS = (100, 20_000)


def frames_over_http() -> Iterator[Row]:
    """One frame a request and slabs; the same plain file in both servers, and a linked master."""
    with folder() as where:
        frames = Frames()
        data = where / "data"
        data.mkdir()
        write(data / "plain.h5", 0, N_FRAMES, frames)
        master = linked(data, N_FILES, FRAMES_A_FILE, frames)
        with (
            our_server(where, data) as (ours, server),
            stock_server(where, data) as (stock, _),
            images_in(ours, data / "plain.h5", ADDRESS, "plain") as images,
            images_in(ours, master, EIGER_DATA_GROUP, "linked") as linked_images,
            images_in(stock, data / "plain.h5", ADDRESS, "plain") as stock_images,
        ):
            bare = ArrayClient(
                images.context, item=images.item, structure_clients=images.structure_clients
            )
            baseline = "stock Tiled, the same file: frames/s"
            speed = 1 / paired_ratio(_reads(images), _reads(stock_images), runs=RUNS, of=_wall)
            yield row("catalog/one-frame-our-client", speed, ">= 8", baseline, RUNS)
            speed = 1 / paired_ratio(_reads(bare), _reads(stock_images), runs=RUNS, of=_wall)
            yield row("catalog/one-frame-bare-client", speed, ">= 1.1", baseline, RUNS)
            yield _server_cost(linked_images, server)
            ratio = 1 / paired_ratio(
                _slabs(linked_images), _h5py_slabs(master), runs=RUNS, of=_wall
            )
            yield row("catalog/slabs-of-100", ratio, ">= 0.5", "h5py, the same slabs", RUNS)


def _wall(cost: Any) -> float:
    return cost.wall_s


def _reads(images: Any) -> Callable[[], None]:
    """Reads single frames in random order, each once in all its runs: h5py keeps decoded chunks."""
    left = iter(np.random.default_rng(514).permutation(N_FRAMES).tolist())

    def read() -> None:
        for number in islice(left, FRAMES_A_RUN):
            assert is_frame(images[number], number)

    return read


def _server_cost(images: Any, server: Any) -> Row:
    costs = []
    for _ in range(RUNS + 1):
        before = cpu_s(server)
        for number in np.random.default_rng(1).permutation(N_FRAMES).tolist():
            assert is_frame(images[number], number)
        costs.append(1e3 * (cpu_s(server) - before) / N_FRAMES)
    value = statistics.median(costs[1:])
    return row("catalog/server-cpu-a-frame", value, "<= 2", "100 linked files", RUNS, "ms")


def _slabs(images: Any) -> Callable[[], None]:
    def read() -> None:
        for first in range(0, N_FRAMES, 100):
            slab = images[first : first + 100]
            assert is_frame(slab[0], first)
            assert is_frame(slab[-1], first + 99)

    return read


def _h5py_slabs(master: Any) -> Callable[[], None]:
    def read() -> None:
        with h5py.File(master) as file:
            links = [file[EIGER_DATA_GROUP][name] for name in sorted(file[EIGER_DATA_GROUP])]
            flat = [(link, n) for link in links for n in range(FRAMES_A_FILE)]
            for first in range(0, N_FRAMES, 100):
                slab = np.empty((100, *links[0].shape[1:]), links[0].dtype)
                for at, (link, n) in enumerate(flat[first : first + 100]):
                    link.read_direct(slab, n, at)
                assert is_frame(slab[-1], first + 99)

    return read


def long_dataset() -> Iterator[Row]:
    """Cost of a frame in a dataset of 20,000 frames against one of 100."""
    with folder() as where:
        data = where / "data"
        data.mkdir()
        for length in LENGTHS:
            write_sparse(data / f"{length}.h5", length)
        with our_server(where, data) as (served, _):
            short, long = LENGTHS
            with (
                images_in(served, data / f"{short}.h5", ADDRESS, "short") as few,
                images_in(served, data / f"{long}.h5", ADDRESS, "long") as many,
            ):
                ratio = paired_ratio(_spread(many, long), _spread(few, short), runs=RUNS, of=_wall)
    yield row("catalog/long-dataset", ratio, "<= 1.2", "a dataset of 100 frames", RUNS)


def _spread(images: Any, length: int) -> Callable[[], None]:
    def read() -> None:
        for number in np.random.default_rng(2).integers(0, length, 200).tolist():
            assert is_sparse_frame(images[number], number)

    return read


CLIENT = """
import sys
from tiled.client.container import Container
from framepath.catalog.clients.connect import connect
with connect(sys.argv[1]) as catalog:
    images = Container.__getitem__(catalog, "plain")
    images[0]
    print("ready", flush=True)
    for line in sys.stdin:
        for number in range(int(line)):
            images[number % len(images)]
        print("done", flush=True)
"""

Client = subprocess.Popen[str]


def many_clients() -> Iterator[Row]:
    """Frames/s of eight client processes together against one of them alone."""
    with folder() as where:
        data = where / "data"
        data.mkdir()
        write(data / "plain.h5", 0, N_FRAMES, Frames())
        with (
            our_server(where, data) as (served, _),
            images_in(served, data / "plain.h5", ADDRESS, "plain"),
            _clients(served) as clients,
        ):
            ratio = 1 / paired_ratio(
                lambda: _all_read(clients), lambda: _all_read(clients[:1]), runs=RUNS, of=_wall
            )
    yield row("catalog/eight-clients", ratio, ">= 1", "one client: frames/s in total", RUNS)


@contextlib.contextmanager
def _clients(served: Any) -> Iterator[list[Client]]:
    command = [sys.executable, "-c", CLIENT, served.uri_with_key]
    pipe = subprocess.PIPE
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            for _ in range(CLIENTS)
        ]
        for client in clients:
            _hear(client, "ready")
        yield clients
        for client in clients:
            assert client.stdin is not None
            client.stdin.close()
            assert client.wait() == 0


def _all_read(clients: list[Client]) -> None:
    for client in clients:
        assert client.stdin is not None
        client.stdin.write(f"{FRAMES_OF_CLIENTS // len(clients)}\n")
        client.stdin.flush()
    for client in clients:
        _hear(client, "done")


def _hear(client: Client, word: str) -> None:
    assert client.stdout is not None
    assert client.stdout.readline() == f"{word}\n"
