"""Runs whose session died get a stop document, always the same one."""

from __future__ import annotations

import pytest
from event_model import DocumentNames, compose_run, schema_validators

from framepath.acquire.documents.journal import Journal, encoded, is_in_use, read_journal
from framepath.acquire.documents.orphans import REASON, close_orphan, closing_stop


@pytest.fixture
def documents():
    """A run with two events and a page of three, which nobody closed."""
    run = compose_run()
    keys = {"x": {"source": "s", "dtype": "number", "shape": []}}
    made = [("start", run.start_doc)]
    for name in ("primary", "dark"):
        described = run.compose_descriptor(
            name=name, data_keys=keys, object_keys={"d": ["x"]}, configuration={}
        )
        made.append(("descriptor", described.descriptor_doc))
        if name == "primary":
            for n in range(2):
                event = described.compose_event(data={"x": n}, timestamps={"x": 5.0}, time=1e10 + n)
                made.append(("event", event))
        else:
            columns = {"x": [1, 2, 3]}
            page = described.compose_event_page(
                data=columns, timestamps=columns, seq_num=[1, 2, 3], time=[1.0, 2.0, 3.0],
                filled={}, uid=["a", "b", "c"], validate=False,
            )  # fmt: skip
            made.append(("event_page", page))
    return [(name, dict(document)) for name, document in made]


def written(folder, documents):
    uid = documents[0][1]["uid"]
    journal = Journal(folder, uid)
    for name, document in documents:
        journal.append(name, document)
    return journal


def test_the_stop_is_valid_and_says_what_there_is(documents):
    stop = closing_stop(documents)
    schema_validators[DocumentNames.stop].validate(stop)
    assert stop["run_start"] == documents[0][1]["uid"]
    assert stop["num_events"] == {"primary": 2, "dark": 3}
    assert (stop["exit_status"], stop["reason"]) == ("fail", REASON)
    assert stop["time"] == 1e10 + 1
    assert closing_stop(documents) == stop


def test_a_run_that_is_closed_stays_as_it_is(documents):
    documents.append(("stop", closing_stop(documents)))
    assert closing_stop(documents) is None
    assert closing_stop([]) is None


def test_a_journal_is_closed_once_and_loses_its_cut_off_line(documents, tmp_path):
    journal = written(tmp_path, documents)
    journal.close()
    with journal.path.open("a") as file:
        file.write(encoded("event", {"descriptor": "x"})[:20])
    close_orphan(journal.path)
    closed = journal.path.read_bytes()
    close_orphan(journal.path)
    assert journal.path.read_bytes() == closed
    found = read_journal(journal.path)
    assert [name for name, _ in found] == [*(name for name, _ in documents), "stop"]


def test_a_journal_in_use_is_left_alone(documents, tmp_path):
    journal = written(tmp_path, documents)
    before = journal.path.read_bytes()
    close_orphan(journal.path)
    assert is_in_use(journal.path)
    assert journal.path.read_bytes() == before
    journal.close()
