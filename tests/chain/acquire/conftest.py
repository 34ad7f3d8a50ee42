"""A RunEngine, its documents, and detectors on the shared IOC."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from bluesky import RunEngine
from event_model import DocumentNames, schema_validators, unpack_event_page

from framepath.acquire import area_detector, configure_routing
from framepath.acquire.pvs.crash_record import STATE_VARIABLE
from framepath.processes import Child
from framepath.spec.serving import Served

_numbers = itertools.count()


@dataclass(eq=False)
class Documents:
    """Documents of one test, validated as they come."""

    all: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, name, document):
        schema_validators[DocumentNames[name]].validate(document)
        self.all.append((name, document))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [document for name, document in self.all if name == kind]

    @property
    def streams(self) -> dict[str, dict[str, Any]]:
        """Descriptors by stream name."""
        return {document["name"]: document for document in self.of("descriptor")}

    def frames(self, stream: str) -> list[tuple[int, int]]:
        """(start, stop) of every StreamDatum of a stream."""
        uid = self.streams[stream]["uid"]
        return [
            (d["indices"]["start"], d["indices"]["stop"])
            for d in self.of("stream_datum")
            if d["descriptor"] == uid
        ]

    def n_frames(self, stream: str) -> int:
        """Frames of a stream, described in any number of pieces without a gap or an overlap."""
        described = self.frames(stream)
        assert [start for start, _ in described] == [0, *(stop for _, stop in described[:-1])]
        return described[-1][1]

    def numbers(self, stream: str) -> list[int]:
        """Sequence numbers of the events of a stream, in their order."""
        uid = self.streams[stream]["uid"]
        found = []
        for name, document in self.all:
            if name in ("event", "event_page") and document["descriptor"] == uid:
                number = document["seq_num"]
                found += number if name == "event_page" else [number]
        return found

    def ledger(self) -> dict[str, tuple[int, int, int]]:
        """(triggered, received, stored) by frame type."""
        uid = self.streams["ledger"]["uid"]
        pages = [d for d in self.of("event_page") if d["descriptor"] == uid]
        events = [event for page in pages for event in unpack_event_page(page)]
        rows = [event["data"] for event in events]
        return {r["frame_type"]: (r["triggered"], r["received"], r["stored"]) for r in rows}


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory):
    """Records of staged detectors go here, not to the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_VARIABLE, str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def _engine():
    return RunEngine({})


@pytest.fixture
def RE(_engine):
    yield _engine
    if _engine.state != "idle":
        _engine.halt()
    _engine.preprocessors.clear()


@pytest.fixture
def documents(RE):
    collected = Documents()
    token = RE.subscribe(collected)
    yield collected
    RE.unsubscribe(token)


@pytest.fixture(scope="session")
def files_folder(tmp_path_factory):
    """The folder that IOCs, tests and the server share."""
    return tmp_path_factory.mktemp("frames")


@pytest.fixture
def make_det(sim_ioc, files_folder):
    """Makes detectors on the shared IOC, each with a folder of its own."""

    def make(**keywords):
        number = next(_numbers)
        options = {"files": files_folder / f"det{number}", "name": f"det{number}", **keywords}
        return area_detector(sim_ioc.prefix, **options)

    # Never destroyed: pyepics gives other clients of this process the same channels.
    return make


@pytest.fixture
def det(make_det):
    """A detector that tells images, darks and flats apart; 1 ms exposures."""
    made = make_det()
    configure_routing(made)
    made.cam.acquire_time.put(0.001)
    made.cam.acquire_period.put(0.002)
    made.cam.frame_type.put(0)  # the IOC is shared: another test may have left darks or flats
    return made


@pytest.fixture(scope="session")
def served(tmp_path_factory, files_folder):
    """``framepath serve`` with the frames' folder readable."""
    settings = tmp_path_factory.mktemp("serve") / "framepath.yml"
    settings.write_text(
        f"serve:\n  folder: {tmp_path_factory.mktemp('catalog')}\n  data: [{files_folder}]\n"
    )
    command = [sys.executable, "-m", "framepath", "serve", "--settings", settings]
    with Child.start(command, name="framepath serve") as child:
        yield Served.from_ready_line(child.wait_ready(120))


@pytest.fixture(scope="session")
def catalog(served):
    from tiled.client import from_uri

    client = from_uri(served.uri_with_key)
    yield client
    client.context.close()
