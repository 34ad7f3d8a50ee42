"""Pva1: frames as NTNDArrays, read back by p4p's own unwrapping."""

from __future__ import annotations

import numpy as np
import pytest
from p4p.nt import NTNDArray

from framepath.detector.graph import Graph
from framepath.detector.plugins.pva import PvaImage
from framepath.detector.plugins.pva_value import empty, ntndarray
from framepath.spec.frame import EPICS_EPOCH_S, ColorMode, Compressed, DataType, Dimension, Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType
from unit.detector.rigs import SOURCE, make_plugin, numbered, wait_for


@pytest.mark.parametrize("data_type", DataType)
def test_pixels_of_every_type(data_type):
    pixels = np.arange(12, dtype=data_type.dtype).reshape(3, 4)
    found = NTNDArray.unwrap(ntndarray(Frame(pixels, unique_id=5)))
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


def test_colour_axes_are_fastest_first():
    pixels = np.zeros((4, 5, 3), np.uint8)
    value = ntndarray(Frame(pixels, unique_id=1, color_mode=ColorMode.RGB1))
    assert [d["size"] for d in value["dimension"]] == [3, 5, 4]
    assert value["attribute"][0]["value"] == int(ColorMode.RGB1)


def test_identity_times_and_dimensions():
    frame = Frame(
        np.zeros((3, 4), np.uint16),
        unique_id=42,
        timestamp=1000.25,
        epics_ts=(1001, 7),
        dimensions=(Dimension(4, 10, 2, True), Dimension(3, 20)),
    )
    value = ntndarray(frame)
    assert value["uniqueId"] == 42
    assert value["dataTimeStamp.secondsPastEpoch"] == 1000 + EPICS_EPOCH_S
    assert value["dataTimeStamp.nanoseconds"] == 250_000_000
    assert value["timeStamp.secondsPastEpoch"] == 1001 + EPICS_EPOCH_S
    assert value["timeStamp.nanoseconds"] == 7
    x = value["dimension"][0]
    assert (x["size"], x["offset"], x["binning"], x["reverse"]) == (4, 10, 2, True)
    assert (value["compressedSize"], value["uncompressedSize"]) == (24, 24)


def test_attributes_keep_their_type_and_source():
    attributes = {
        a.name: a
        for a in (
            NDAttribute("Pi", NDAttrType.FLOAT32, 3.5, "about", "PI", NDAttrSourceType.FUNCTION),
            NDAttribute("Text", NDAttrType.STRING, "dark", "", "T:X", NDAttrSourceType.EPICS_PV),
            NDAttribute("Dead", NDAttrType.UNDEFINED, None),
        )
    }
    frame = Frame(np.zeros((1, 1), np.uint8), unique_id=1, attributes=attributes)
    found = {a["name"]: a for a in ntndarray(frame)["attribute"]}
    assert list(found) == ["ColorMode", "Pi", "Text", "Dead"]
    assert (found["Pi"]["value"], found["Pi"]["descriptor"]) == (3.5, "about")
    assert found["Pi"]["sourceType"] == 3
    assert (found["Text"]["value"], found["Text"]["source"]) == ("dark", "T:X")
    assert found["Dead"]["value"] is None


def test_a_compressed_frame_keeps_its_bytes_and_says_how_to_read_them():
    stored = np.arange(7, dtype=np.uint8)
    how = Compressed("bslz4", (3, 4), np.dtype(np.uint16))
    value = ntndarray(Frame(stored, unique_id=1, compressed=how))
    np.testing.assert_array_equal(value["value"], stored)
    assert value["codec.name"] == "bslz4"
    assert value["codec.parameters"] == 6
    assert (value["compressedSize"], value["uncompressedSize"]) == (7, 24)
    assert [d["size"] for d in value["dimension"]] == [4, 3]


def test_before_the_first_frame_there_are_no_pixels():
    assert empty()["uniqueId"] == 0
    assert NTNDArray.unwrap(empty()).size == 0


def test_a_picture_is_there_when_its_frame_has_been_counted():
    graph, images = Graph(), []

    def make(plugin):
        images.append(PvaImage(plugin))
        return images[-1]

    def shown():
        return images[0]._pv.current()["uniqueId"]

    plugin = make_plugin("Pva1", graph, make, BlockingCallbacks=1)
    plugin.start()
    wait_for(lambda: images[0]._server is not None, "the server has started")
    graph.send(SOURCE, numbered(0))
    assert (plugin.port["ArrayCounter"], shown()) == (1, 1)
    for index in (1, 2, 3):  # faster than pictures: the last is shown in the end
        graph.send(SOURCE, numbered(index))
    wait_for(lambda: shown() == 4, "the last picture")
    plugin.stop()
