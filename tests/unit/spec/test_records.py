import json
import pickle

import numpy as np
import pytest

from framepath.errors import FramepathError, LinkBroken, SettingsError
from framepath.spec.addresses import (
    ENTRY_DESTINATIONS,
    EXCHANGE_DESTINATIONS,
    MBBO_STATE_CHARACTERS,
)
from framepath.spec.findings import Finding, Severity
from framepath.spec.frame import Compressed, DataType, Dimension, Frame, checksum
from framepath.spec.frame_type import FrameType
from framepath.spec.ledger import LEDGER_DTYPE, Fate, LedgerRow
from framepath.spec.serving import IocReady


def test_the_three_numberings_of_frame_types_are_kept_apart():
    assert [t.image_key for t in FrameType] == [0, 2, 1, 3]
    assert [FrameType.of_image_key(k) for k in range(4)] == [
        FrameType.IMAGE,
        FrameType.FLAT,
        FrameType.DARK,
        FrameType.DOUBLE_CORRELATION,
    ]


@pytest.mark.parametrize(("word", "expected"), [("white", 2), ("Dark", 1), (" image ", 0)])
def test_synonyms_of_frame_types(word, expected):
    assert FrameType.of_name(word) == expected


def test_an_unknown_frame_type_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'drak'.*background, bright, dark"):
        FrameType.of_name("drak")
    with pytest.raises(ValueError, match="image_key 7"):
        FrameType.of_image_key(7)


def test_own_destinations_fit_an_mbbo_state():
    for address in [*ENTRY_DESTINATIONS.values(), *EXCHANGE_DESTINATIONS.values()]:
        assert len(address) <= MBBO_STATE_CHARACTERS


@pytest.mark.parametrize("data_type", DataType)
def test_data_types_and_numpy_types_agree(data_type):
    assert DataType.of(data_type.dtype) is data_type


def test_a_type_without_ndarray_is_refused():
    with pytest.raises(ValueError, match="complex128"):
        DataType.of(np.complex128)


def test_frame_of_pixels_and_frame_of_compressed_bytes_answer_alike():
    pixels = np.arange(12, dtype="u2").reshape(3, 4)
    plain = Frame(pixels, unique_id=1)
    packed = Frame(
        np.zeros(5, "u1"), unique_id=1, compressed=Compressed("bslz4", (3, 4), np.dtype("u2"))
    )
    assert (plain.shape, plain.dtype, plain.n_bytes) == (packed.shape, packed.dtype, packed.n_bytes)
    assert plain.ndarray_dimensions() == (Dimension(4), Dimension(3))


def test_checksum_is_of_the_bytes_in_c_order_and_sees_one_pixel():
    pixels = np.arange(12, dtype="u2").reshape(3, 4)
    assert checksum(pixels) == checksum(np.asfortranarray(pixels))
    changed = pixels.copy()
    changed[2, 3] += 1
    assert checksum(changed) != checksum(pixels)


def test_ledger_rows_fill_their_dtype():
    row = LedgerRow(7, FrameType.DARK, "/entry/data/dark", 2, 1.5, 2.5, Fate.STORED)
    stored = np.array([row], LEDGER_DTYPE)[0]
    assert LedgerRow._fields == LEDGER_DTYPE.names
    assert (stored["unique_id"], stored["destination"], stored["fate"]) == (
        7,
        b"/entry/data/dark",
        0,
    )


def test_findings_are_one_line_and_json():
    finding = Finding("rule-x", Severity.ERROR, "a", "b", "f.xml", "do c", line=3, column=4)
    assert str(finding) == "f.xml:3:4: error [rule-x] found a; expected b. Next: do c"
    assert json.loads(json.dumps(finding.as_json()))["line"] == 3


def test_errors_say_everything_and_cross_processes():
    error = LinkBroken("no data", found="x.h5", expected="a file", where="m.h5", next_step="look")
    assert str(error) == "no data; found x.h5; expected a file; at m.h5. Next: look"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.where) == (LinkBroken, str(error), "m.h5")
    assert isinstance(error, FileNotFoundError)
    assert issubclass(SettingsError, FramepathError)


def test_ready_lines_are_read_back():
    ioc = IocReady("sim", "13SIM1:", "127.0.0.1:5064", "127.0.0.1:5075")
    assert IocReady.from_line(f"noise {ioc.line} noise") == ioc
    with pytest.raises(ValueError, match="not the ready line"):
        IocReady.from_line("ready, steady")
