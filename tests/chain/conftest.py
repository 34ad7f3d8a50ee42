"""Real processes that the tests of this folder share."""

from __future__ import annotations

import os

# Tiled's client reads it when it is imported: its own retries would hide ours for 45 s.
os.environ.setdefault("TILED_RETRY_ATTEMPTS", "2")

# libca too reads its addresses once, so they are set before any EPICS client is imported.
from chain.iocs import running_ioc

# isort: split
import pytest


@pytest.fixture(scope="session")
def sim_ioc():
    """One simulated camera for all tests that leave it as they found it."""
    with running_ioc() as ioc:
        yield ioc
