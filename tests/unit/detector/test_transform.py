"""Trans1: every transform against numpy's rotations, mono and colour, and where pixels lie."""

from __future__ import annotations

import numpy as np
import pytest

from framepath.detector.graph import Graph
from framepath.detector.plugins.transform import transform_plugin
from framepath.detector.plugins.transform_pixels import (
    Transform,
    transformed,
    transformed_dimensions,
)
from framepath.spec.frame import ColorMode, Dimension, Frame
from unit.detector.rigs import SOURCE, make_plugin

IMAGE = np.arange(12, dtype=np.uint16).reshape(3, 4)
EXPECTED = {
    Transform.NONE: IMAGE,
    Transform.ROT90: np.rot90(IMAGE, -1),
    Transform.ROT180: np.rot90(IMAGE, 2),
    Transform.ROT270: np.rot90(IMAGE, 1),
    Transform.MIRROR: np.fliplr(IMAGE),
    Transform.ROT90_MIRROR: np.fliplr(np.rot90(IMAGE, -1)),
    Transform.ROT180_MIRROR: np.fliplr(np.rot90(IMAGE, 2)),
    Transform.ROT270_MIRROR: np.fliplr(np.rot90(IMAGE, 1)),
}
COLOR_AXES = {ColorMode.RGB1: (0, 1), ColorMode.RGB2: (0, 2), ColorMode.RGB3: (1, 2)}


class Sink:
    def __init__(self):
        self.frames = []

    def offer(self, frame):
        self.frames.append(frame)


@pytest.mark.parametrize("transform", Transform)
def test_each_type_is_numpys_rotation_then_mirror(transform):
    turned = transformed(IMAGE, transform, 0, 1)
    assert turned.flags.c_contiguous
    np.testing.assert_array_equal(turned, EXPECTED[transform])


@pytest.mark.parametrize("transform", Transform)
@pytest.mark.parametrize("mode", COLOR_AXES)
def test_each_colour_is_turned_like_a_mono_image(transform, mode):
    y, x = COLOR_AXES[mode]
    planes = [IMAGE + 100 * color for color in range(3)]
    color_axis = 3 - y - x
    turned = transformed(np.stack(planes, axis=color_axis), transform, y, x)
    for color in range(3):
        found = turned.take(color, axis=color_axis)
        np.testing.assert_array_equal(found, EXPECTED[transform] + 100 * color)


def test_dimensions_follow_their_axes():
    x, y = Dimension(4, 10, 2), Dimension(3, 20, 1, reverse=True)
    turned = transformed_dimensions((x, y), Transform.ROT90, 0, 1)
    assert turned == (Dimension(3, 20, 1, reverse=False), Dimension(4, 10, 2))


@pytest.mark.parametrize("transform", Transform)
def test_the_plugin_sends_the_turned_frame_on(transform):
    graph, sink = Graph(), Sink()
    plugin = make_plugin("Trans1", graph, transform_plugin, BlockingCallbacks=1, ArrayCallbacks=1)
    graph.connect(sink, plugin.port.text("PortName"))
    plugin.port.put("Type", int(transform))
    graph.send(SOURCE, Frame(IMAGE, unique_id=7))
    np.testing.assert_array_equal(sink.frames[0].data, EXPECTED[transform])
    assert sink.frames[0].unique_id == 7
    sizes = [plugin.port[f"ArraySize{letter}"] for letter in "YX"]
    assert sizes == list(EXPECTED[transform].shape)
