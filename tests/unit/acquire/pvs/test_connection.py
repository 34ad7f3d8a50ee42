"""What counts as an IOC that does not answer."""

from __future__ import annotations

from framepath.acquire.pvs.connection import NO_ANSWER

# After framepath, which has ophyd choose the libca.
# isort: split
from epics import ca


def test_no_family_of_pyepics_errors_is_left_out():
    families = {
        found
        for found in vars(ca).values()
        if isinstance(found, type)
        and issubclass(found, Exception)
        and found.__module__ == ca.__name__
    }
    assert len(families) >= 3
    assert families <= set(NO_ANSWER)
