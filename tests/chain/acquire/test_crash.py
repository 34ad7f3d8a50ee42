"""A session that dies with a staged detector: the next one puts things right."""

from __future__ import annotations

import sys

import bluesky.plans as bp
import pytest

from chain.acquire.test_series import values
from framepath.acquire.pvs.crash_record import CrashRecord
from framepath.errors import StagingError
from framepath.processes import Child

SESSION = """
import sys
from framepath.acquire import area_detector
det = area_detector({prefix!r}, name="det", files={files!r})
det.stage()
det.cam.image_mode.put(1)
det.cam.num_images.put(20)
det.cam.acquire_period.put(1)
det.cam.acquire.put(1)
print("staged and ready", flush=True)
sys.stdin.read()
import threading
threading.Event().wait()
"""


@pytest.fixture
def other_session(sim_ioc, det, tmp_path):
    """A session that has staged the detector and left it acquiring."""
    script = SESSION.format(prefix=sim_ioc.prefix, files=str(tmp_path))
    with Child.start([sys.executable, "-c", script], name="session") as child:
        child.wait_ready(60)
        yield child
    # A dead session leaves the camera at work; nobody else ends it.
    det.cam.acquire.put(0)
    det.hdf1.capture.put(0)


def test_what_a_dead_session_left_is_put_right(RE, documents, det, request):
    before = values(det)
    session = request.getfixturevalue("other_session")
    assert values(det) != before
    session.kill()
    assert values(det)["hdf1.capture"] == 1
    RE(bp.count([det], num=2))
    assert det.ledger[0].stored == 2
    assert values(det) == before
    assert not CrashRecord(det.prefix).path.exists()


def test_two_sessions_on_one_detector(RE, documents, det, other_session):
    with pytest.raises(StagingError, match="another session"):
        RE(bp.count([det]))
    assert documents.of("event") == []


def test_a_record_is_gone_after_a_plan(RE, det):
    RE(bp.count([det]))
    assert not CrashRecord(det.prefix).path.exists()
