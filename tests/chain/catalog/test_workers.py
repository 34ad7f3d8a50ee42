"""Workers end together: asked, by an accident of one, or with their parent."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from chain.waiting import wait_for
from framepath.processes import Child

PROGRAM = """
import signal, sys
from framepath.catalog.workers import Workers
from framepath.errors import FramepathError, SettingsError

def run(started, deaf):
    if sys.argv[1] == "refuse":
        raise SettingsError("cannot start", found="nothing")
    started()
    signal.pause()

try:
    Workers(run, 3, 1.0).serve(lambda: print("ready", flush=True))
except FramepathError as error:
    sys.exit(str(error))
"""


def started(how: str) -> Child:
    return Child.start([sys.executable, "-c", PROGRAM, how], name="workers")


def workers_of(child: Child) -> list[int]:
    text = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text()
    workers = [int(pid) for pid in text.split()]
    assert len(workers) == 3
    return workers


def run(pid: int) -> bool:
    """Whether a process runs: one that ended may wait for somebody to fetch its exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_worker_that_dies_ends_all():
    with started("serve") as child:
        child.wait_ready()
        workers = workers_of(child)
        os.kill(workers[1], signal.SIGKILL)
        assert child.wait(60) == 1
        assert "exit code -9" in child.tail
        assert not any(run(pid) for pid in workers)


def test_workers_end_with_a_killed_parent():
    with started("serve") as child:
        child.wait_ready()
        workers = workers_of(child)
        os.kill(child.pid, signal.SIGKILL)
        wait_for(lambda: not any(run(pid) for pid in workers), "the workers' end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_parent_alone_being_asked_ends_all_with_zero(number):
    with started("serve") as child:
        child.wait_ready()
        workers = workers_of(child)
        os.kill(child.pid, number)
        assert child.wait(60) == 0
        assert not any(run(pid) for pid in workers)


def test_why_the_first_did_not_start_is_told():
    with started("refuse") as child:
        assert child.wait(60) == 1
        assert "cannot start; found nothing" in child.tail
