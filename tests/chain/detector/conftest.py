"""An IOC for the tests of a module, and words for talking to it by Channel Access."""

from __future__ import annotations

import pytest

from chain.iocs import RunningIoc, running_ioc


class Client:
    """pyepics with a prefix; puts wait for their completion."""

    def __init__(self, ioc: RunningIoc) -> None:
        import epics

        self.epics = epics
        self.prefix = ioc.prefix
        self.ioc = ioc
        self._pvs = {}

    def pv(self, suffix):
        if suffix not in self._pvs:
            self._pvs[suffix] = self.epics.PV(self.prefix + suffix)
            assert self._pvs[suffix].wait_for_connection(30), f"{suffix} does not connect"
        return self._pvs[suffix]

    def put(self, suffix, value, wait=True):
        assert self.pv(suffix).put(value, wait=wait, timeout=30) in (1, None), suffix

    def put_all(self, plugin, **values):
        for name, value in values.items():
            self.put(f"{plugin}:{name}", value)

    def get(self, suffix):
        return self.pv(suffix).get(use_monitor=False, timeout=60)

    def text(self, suffix):
        return self.pv(suffix).get(use_monitor=False, as_string=True, timeout=60)


@pytest.fixture(scope="module")
def ioc():
    with running_ioc("--size", "24x32") as running:
        yield running


@pytest.fixture
def client(ioc):
    return Client(ioc)
