"""Files in which nothing is wrong: the audit counts them right and finds nothing."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.files.checks.ledger import audit
from framepath.spec.ledger import Fate
from unit.files.checks.cases import COMPAT, DARK, DATA, FLAT, STRICT, write_series

GOLDEN = {
    "a_default_stream5.h5": {"/entry/data/data": ("image", 5)},
    "b_routed_capture.h5": {DATA: ("image", 4), DARK: ("dark", 3), FLAT: ("flat", 2)},
    "c_exchange_capture.h5": {
        "/exchange/data": ("image", 4),
        "/exchange/data_dark": ("dark", 3),
        "/exchange/data_white": ("flat", 2),
    },
}


@pytest.mark.parametrize("name", GOLDEN)
def test_files_of_the_cpp_plugin(golden, name):
    result = audit(golden / name)
    assert result.findings == ()
    counted = {c.destination: c for c in result.counts}
    assert set(counted) == set(GOLDEN[name])
    for address, (frame_type, n) in GOLDEN[name].items():
        count = counted[address]
        assert count.frame_types == {frame_type: n}
        assert (count.n_received, count.n_stored, count.n_length, count.n_gaps) == (n, n, n, 0)
    ids = [row.unique_id for row in result.rows]
    assert ids == list(range(ids[0], ids[0] + result.n_complete))


def test_the_recorded_scan_is_counted_by_image_key(recorded_scan):
    result = audit(recorded_scan)
    (count,) = result.counts
    assert count.n_stored == 3201
    assert count.frame_types == {"flat": 100, "dark": 100, "image": 3001}
    assert [f.rule for f in result.findings] == ["ledger-broken-link"]


@pytest.mark.parametrize("mode", [COMPAT, STRICT], ids=["compat", "strict"])
def test_datasets_that_received_nothing_hold_no_frames(tmp_path, mode):
    # compat leaves (1, y, x) of fill there, as ADCore does (layout 6d.4); strict (0, y, x).
    result = audit(write_series(tmp_path / "f.h5", [DATA] * 3, mode))
    assert {c.destination: c.n_stored for c in result.counts} == {DATA: 3, DARK: 0, FLAT: 0}
    assert result.findings == ()


sequences = st.lists(st.sampled_from([DATA, DARK, FLAT]), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None)
@given(destinations=sequences, steps=st.data(), mode=st.sampled_from([COMPAT, STRICT]))
def test_any_sequence_is_accounted_for(destinations, steps, mode):
    gaps = steps.draw(st.lists(st.integers(0, 3), min_size=12, max_size=12))
    ids = [1 + index + sum(gaps[: index + 1]) for index in range(len(destinations))]
    with tempfile.TemporaryDirectory() as folder:
        result = audit(
            write_series(Path(folder) / "f.h5", destinations, mode, ids), verify_pixels=True
        )
    assert [(r.unique_id, r.destination) for r in result.rows] == list(
        zip(ids, destinations, strict=True)
    )
    seen: Counter[str] = Counter()
    for row in result.rows:
        assert row.index == seen[row.destination]
        assert row.fate == Fate.STORED
        seen[row.destination] += 1
    missing = sum(gaps[1 : len(ids)])
    assert result.n_missing_ids == missing == sum(c.n_gaps for c in result.counts)
    assert [f.rule for f in result.findings] == ["ledger-gap"] * bool(missing)
    assert result.n_checksums == result.n_stored == result.n_complete == len(ids)
