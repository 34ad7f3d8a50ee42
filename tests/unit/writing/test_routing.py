"""Each frame to the dataset that it names, or to the one the mode says, and always on record."""

from __future__ import annotations

import h5py
import pytest

from framepath.errors import LayoutError, RoutingError
from framepath.layout.model import Mode
from framepath.spec.frame_type import FrameType
from framepath.spec.ledger import Fate
from framepath.spec.ndattribute import NDAttribute, NDAttrType
from framepath.writing import RoutedWriter, WriterSettings
from unit.writing.recipes import ONE_DATASET, ROUTED, frame, number, routed_series, sent_to, text

COMPAT = WriterSettings(mode=Mode.COMPAT)


def first_pixels(path, address):
    with h5py.File(path) as file:
        return file[address][:, 0, 0].tolist()


@pytest.mark.parametrize("mode", [Mode.COMPAT, Mode.STRICT])
def test_frames_go_where_they_are_sent(tmp_path, mode):
    path = tmp_path / "routed.h5"
    with RoutedWriter(path, ROUTED, WriterSettings(mode=mode)) as writer:
        rows = [writer.write(one) for one in routed_series(7)]
    assert first_pixels(path, "/entry/data/data") == [1, 4, 7]
    assert first_pixels(path, "/entry/data/dark") == [2, 5]
    assert first_pixels(path, "/entry/data/flat") == [3, 6]
    assert [row.index for row in rows] == [0, 0, 0, 1, 1, 1, 2]
    assert {row.fate for row in rows} == {Fate.STORED}
    assert [row.frame_type for row in rows[:3]] == [
        *(FrameType.IMAGE, FrameType.DARK, FrameType.FLAT)
    ]
    assert writer.counts == {"/entry/data/dark": 2, "/entry/data/data": 3, "/entry/data/flat": 2}


def test_rows_of_attributes_and_ledger_follow_the_order_of_arrival(tmp_path):
    path = tmp_path / "order.h5"
    with RoutedWriter(path, ROUTED) as writer:
        for one in routed_series(7):
            writer.write(one)
    with h5py.File(path) as file:
        assert file["/entry/attributes/NDArrayUniqueId"][()].tolist() == [1, 2, 3, 4, 5, 6, 7]
        destinations = file["/entry/attributes/SaveDest"][()].tolist()
        ledger = file["/framepath/ledger"][()]
    assert ledger["unique_id"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert ledger["destination"].tolist() == destinations
    assert ledger["index"].tolist() == [0, 0, 0, 1, 1, 1, 2]


NOT_DATASETS = ["/nowhere", "", "entry/data/dark", "/entry/data/dark/", "/entry/links/images"]


@pytest.mark.parametrize("destination", NOT_DATASETS)
def test_an_unknown_destination_in_compat(tmp_path, destination):
    path = tmp_path / "default.h5"
    with RoutedWriter(path, ROUTED, COMPAT) as writer:
        row = writer.write(sent_to(0, destination))
    assert row.fate is Fate.STORED_IN_DEFAULT
    assert (row.destination, row.index) == ("/entry/data/data", 0)
    assert repr(destination) in row.reason or not destination
    assert (writer.n_in_default, writer.n_refused) == (1, 0)
    assert first_pixels(path, "/entry/data/data") == [1]


@pytest.mark.parametrize("destination", NOT_DATASETS)
def test_an_unknown_destination_in_strict(tmp_path, destination):
    path = tmp_path / "refused.h5"
    with RoutedWriter(path, ROUTED) as writer:
        with pytest.raises(RoutingError) as caught:
            writer.write(sent_to(0, destination))
        writer.write(sent_to(1, "/entry/data/dark"))
    message = str(caught.value)
    assert "/entry/data/dark, /entry/data/data, /entry/data/flat" in message
    assert "frame 1" in message
    assert destination in message
    with h5py.File(path) as file:
        ledger = file["/framepath/ledger"][()]
    assert ledger["fate"].tolist() == [Fate.REFUSED, Fate.STORED]
    assert ledger["index"].tolist() == [-1, 0]
    assert ledger["destination"].tolist() == [destination.encode(), b"/entry/data/dark"]
    assert (writer.n_received, writer.n_stored, writer.n_refused) == (2, 1, 1)


def test_a_frame_without_the_routing_attribute(tmp_path):
    with RoutedWriter(tmp_path / "compat.h5", ROUTED, COMPAT) as writer:
        assert writer.write(frame(0)).fate is Fate.STORED_IN_DEFAULT
    with (
        RoutedWriter(tmp_path / "strict.h5", ROUTED) as writer,
        pytest.raises(RoutingError, match="no NDAttribute SaveDest"),
    ):
        writer.write(frame(0))


def test_a_destination_that_is_no_text_is_refused_in_both_modes(tmp_path):
    bad = frame(0, NDAttribute("SaveDest", NDAttrType.INT16, 1))
    with RoutedWriter(tmp_path / "compat.h5", ROUTED, COMPAT) as writer:
        row = writer.write(bad)
    assert row.fate is Fate.REFUSED
    assert "not text" in row.reason
    with (
        RoutedWriter(tmp_path / "strict.h5", ROUTED) as writer,
        pytest.raises(RoutingError, match="DBR_STRING"),
    ):
        writer.write(bad)


def test_attributes_of_the_writer_itself_do_not_route(tmp_path):
    path = tmp_path / "own.h5"
    with RoutedWriter(
        path, ROUTED, COMPAT, extra_attributes=[text("SaveDest", "/entry/data/dark")]
    ) as writer:
        assert writer.write(frame(0)).fate is Fate.STORED_IN_DEFAULT
    with h5py.File(path) as file:
        assert file["/entry/attributes/SaveDest"][()].tolist() == [b"/entry/data/dark"]


def test_a_long_destination_is_compared_as_far_as_adcore_copies_it(tmp_path):
    with RoutedWriter(tmp_path / "long.h5", ROUTED, COMPAT) as writer:
        assert writer.write(sent_to(0, "/x" * 100)).fate is Fate.STORED_IN_DEFAULT


def test_without_a_global_every_frame_goes_to_the_default(tmp_path):
    layout = ROUTED.replace('<global name="detector_data_destination" ndattribute="SaveDest"/>', "")
    with RoutedWriter(tmp_path / "plain.h5", layout) as writer:
        row = writer.write(sent_to(0, "/entry/data/dark", number("Theta", 1)))
    assert (row.destination, row.fate) == ("/entry/data/data", Fate.STORED)


def test_without_a_default_the_first_in_byte_order_is_it(tmp_path):
    layout = ROUTED.replace(' det_default="true"', "")
    with RoutedWriter(tmp_path / "dark.h5", layout, COMPAT) as writer:
        assert writer.write(frame(0)).destination == "/entry/data/dark"


@pytest.mark.parametrize(
    "layout",
    [
        ONE_DATASET.replace('source="detector"', 'source="constant" value="1" type="int"'),
        ONE_DATASET.replace(' source="detector" det_default="true"', ' source="constant"'),
    ],
)
def test_a_layout_without_a_place_for_frames(tmp_path, layout):
    with pytest.raises(LayoutError):
        RoutedWriter(tmp_path / "no.h5", layout, COMPAT)
    assert list(tmp_path.iterdir()) == []


def test_a_frame_dropped_on_the_way_is_in_the_ledger(tmp_path):
    path = tmp_path / "dropped.h5"
    with RoutedWriter(path, ROUTED) as writer:
        writer.record_dropped(sent_to(0, "/entry/data/flat"), "the queue was full")
        writer.write(sent_to(1, "/entry/data/dark"))
        writer.record_dropped(frame(2), "the queue was full")
    with h5py.File(path) as file:
        ledger = file["/framepath/ledger"][()]
    assert ledger["unique_id"].tolist() == [1, 2, 3]
    assert ledger["fate"].tolist() == [Fate.DROPPED, Fate.STORED, Fate.DROPPED]
    assert ledger["destination"].tolist() == [
        *(b"/entry/data/flat", b"/entry/data/dark", b"/entry/data/data")
    ]
    assert ledger["reason"].tolist() == [b"the queue was full", b"", b"the queue was full"]
    assert (writer.n_received, writer.n_stored, writer.n_refused) == (1, 1, 0)
