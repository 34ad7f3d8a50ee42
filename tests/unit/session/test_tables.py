"""What a session prints of its runs."""

from __future__ import annotations

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import pytest
from bluesky import RunEngine
from ophyd.sim import det, motor

from framepath.session.tables import FrameTables, lines_of


@pytest.fixture
def RE():
    engine = RunEngine({})
    tables = FrameTables()
    tables.disable_plots()
    engine.subscribe(tables)
    return engine


def entry(frame_type, triggered, stored, file="/data/a.h5"):
    counts = {"triggered": triggered, "received": triggered, "stored": stored}
    return {"detector": "simdet", "frame_type": frame_type, "file": file, **counts}


def test_frames_are_told_with_their_file():
    assert lines_of([entry("dark", 3, 3), entry("image", 40, 38)]) == [
        "simdet: 3 dark, 38 of 40 image frame(s) stored in /data/a.h5"
    ]
    assert lines_of([entry("image", 1, 0, file="")]) == ["simdet: 0 of 1 image frame(s) stored"]
    assert lines_of([]) == []


def test_ordinary_plans_have_bluesky_s_table(RE, capsys):
    RE(bp.scan([det], motor, 0, 1, 3))
    assert "|         3 |" in capsys.readouterr().out


def test_the_rest_of_a_run_around_another_stops_nothing(RE, capsys):
    @bpp.run_decorator()
    def outer():
        yield from bps.trigger_and_read([det])
        yield from bpp.set_run_key_wrapper(bp.count([det]), "inner")
        yield from bps.trigger_and_read([det])

    RE(outer())
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert printed.out.count("Persistent Unique Scan ID") == 2
