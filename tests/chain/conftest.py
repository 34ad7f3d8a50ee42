"""Real processes that the tests of this folder share."""

from __future__ import annotations

# libca reads its addresses once, so they are set before any EPICS client is imported.
from chain.iocs import running_ioc

# isort: split
import pytest


@pytest.fixture(scope="session")
def sim_ioc():
    """One simulated camera for all tests that leave it as they found it."""
    with running_ioc() as ioc:
        yield ioc
