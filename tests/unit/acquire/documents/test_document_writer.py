"""The document writer where no catalog answers: the plan never notices, nothing is lost."""

from __future__ import annotations

import pytest
from event_model import compose_run
from tiled.client import from_uri

from framepath.acquire import DocumentWriter
from framepath.acquire.documents.journal import read_journal
from framepath.errors import CatalogError
from framepath.processes import free_tcp_and_udp_port


@pytest.fixture
def nowhere(monkeypatch):
    """A catalog address at which nothing listens."""
    monkeypatch.setenv("TILED_RETRY_ATTEMPTS", "1")
    uri = f"http://127.0.0.1:{free_tcp_and_udp_port()}"
    return lambda: from_uri(uri, api_key="secret")


def documents_of_a_run():
    run = compose_run()
    described = run.compose_descriptor(
        name="primary",
        data_keys={"x": {"source": "s", "dtype": "number", "shape": []}},
        object_keys={},
        configuration={},
    )
    return [
        ("start", run.start_doc),
        ("descriptor", described.descriptor_doc),
        *(("event", described.compose_event(data={"x": i}, timestamps={"x": i})) for i in range(3)),
        ("stop", run.compose_stop()),
    ]


def test_without_a_catalog_the_journal_has_everything(nowhere, tmp_path):
    writer = DocumentWriter(nowhere, folder=tmp_path)
    documents = documents_of_a_run()
    for name, document in documents:
        writer(name, document)
    uid = documents[0][1]["uid"]
    with pytest.raises(CatalogError) as raised:
        writer.close(deadline_s=0.5)
    assert f"{uid}.jsonl" in str(raised.value)
    assert "framepath documents replay" in str(raised.value)
    assert "None" not in str(raised.value)
    assert writer.undelivered == (uid,)
    assert read_journal(tmp_path / f"{uid}.jsonl") == documents


def test_runs_that_interleave_are_kept_apart(nowhere, tmp_path):
    writer = DocumentWriter(nowhere, folder=tmp_path)
    one, two = documents_of_a_run(), documents_of_a_run()
    for pair in zip(one, two, strict=True):
        for name, document in pair:
            writer(name, document)
    for documents in (one, two):
        assert read_journal(tmp_path / f"{documents[0][1]['uid']}.jsonl") == documents
    with pytest.raises(CatalogError):
        writer.close(deadline_s=0.1)


def test_a_document_without_its_run_stops_nothing(nowhere, tmp_path):
    writer = DocumentWriter(nowhere, folder=tmp_path)
    for name, document in documents_of_a_run()[1:]:
        writer(name, document)
    assert list(tmp_path.iterdir()) == []
    writer.close(deadline_s=0.1)


def test_what_a_session_left_is_taken_up_by_the_next(nowhere, tmp_path):
    first = DocumentWriter(nowhere, folder=tmp_path)
    documents = documents_of_a_run()
    for name, document in documents:
        first(name, document)
    with pytest.raises(CatalogError):
        first.close(deadline_s=0.1)
    second = DocumentWriter(nowhere, folder=tmp_path)
    assert second.undelivered == (documents[0][1]["uid"],)
    with pytest.raises(CatalogError):
        second.close(deadline_s=0.1)
