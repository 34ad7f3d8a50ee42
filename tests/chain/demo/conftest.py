"""One demo, kept up, for all tests that only look at what it made."""

from __future__ import annotations

import signal

import pytest

from demo_runs import DEADLINE_S, KeptDemo, start_demo


@pytest.fixture(scope="session")
def kept_demo(tmp_path_factory) -> KeptDemo:
    output = tmp_path_factory.mktemp("demo")
    child = start_demo(output, "--keep")
    try:
        child.wait_ready(DEADLINE_S)
        yield KeptDemo(child, output, child.tail)
    finally:
        child.signal(signal.SIGINT)
        child.wait(30)
