"""JPEG1: grey and colour, quality, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from framepath.detector.graph import Graph
from framepath.detector.plugins.jpeg import jpeg_plugin
from framepath.spec.frame import ColorMode, Frame
from unit.detector.rigs import SOURCE, make_plugin

SHAPE_YX = (32, 48)


@pytest.fixture
def jpeg(tmp_path):
    graph = Graph()
    plugin = make_plugin("JPEG1", graph, jpeg_plugin)
    plugin.start()
    for name, value in (
        ("FilePath", str(tmp_path)),
        ("FileName", "f"),
        ("FileTemplate", "%s%s_%d.jpg"),
        ("AutoSave", 1),
    ):
        plugin.port.put(name, value)

    def send(pixels, mode=ColorMode.MONO):
        graph.send(SOURCE, Frame(pixels, unique_id=1, color_mode=mode))
        assert graph.wait_idle(60)
        return tmp_path / "f_0.jpg"

    yield plugin.port, send
    plugin.stop()


def smooth():
    y, x = np.indices(SHAPE_YX)
    return (2 * x + 3 * y).astype(np.uint8)


def test_grey(jpeg):
    _, send = jpeg
    with Image.open(send(smooth())) as image:
        assert (image.format, image.mode) == ("JPEG", "L")
        np.testing.assert_allclose(np.asarray(image, float), smooth(), atol=8)


@pytest.mark.parametrize(
    ("mode", "order"),
    [(ColorMode.RGB1, (0, 1, 2)), (ColorMode.RGB2, (0, 2, 1)), (ColorMode.RGB3, (2, 0, 1))],
)
def test_colour_in_any_order(jpeg, mode, order):
    _, send = jpeg
    rgb = np.stack([smooth(), smooth() // 2, np.full(SHAPE_YX, 40, np.uint8)], axis=2)
    with Image.open(send(np.ascontiguousarray(rgb.transpose(order)), mode)) as image:
        assert image.mode == "RGB"
        means = np.asarray(image, float).mean(axis=(0, 1))
    np.testing.assert_allclose(means, rgb.mean(axis=(0, 1)), atol=4)


def test_quality_decides_the_size(jpeg):
    port, send = jpeg
    noise = np.random.default_rng(1).integers(0, 255, SHAPE_YX, np.uint8)
    sizes = []
    for quality in (10, 90):
        port.put("JPEGQuality", quality)
        sizes.append(send(noise).stat().st_size)
    assert sizes[0] < sizes[1] / 2
    port.put("JPEGQuality", 1000)
    assert port["JPEGQuality"] == 100


def test_other_types_are_refused_and_leave_no_file(jpeg):
    port, send = jpeg
    path = send(smooth().astype(np.uint16))
    assert not path.exists()
    assert port["WriteStatus"] == 1
    assert "uint16" in port["WriteMessage"]
    assert "UInt8" in port["WriteMessage"]
