"""Formats in which arrays are sent, where stock Tiled fails."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from tiled.utils import SerializationError, UnsupportedShape

from framepath.catalog.formats import serializers


def sent(array, media_type):
    return bytes(serializers().dispatch("array", media_type)(media_type, array, {}))


@pytest.mark.parametrize("dtype", ["<u2", ">u2", ">f8", "<f2", "?", "<i4"])
def test_json_holds_the_numbers(dtype):
    array = np.arange(12).reshape(3, 4).astype(dtype)[:, ::2]
    np.testing.assert_array_equal(np.array(json.loads(sent(array, "application/json"))), array)


def test_complex_numbers_are_refused_as_json():
    with pytest.raises(SerializationError, match="octet-stream"):
        sent(np.ones(2, complex), "application/json")


def test_a_page_shows_a_frame():
    frame = np.arange(48, dtype=np.uint16).reshape(6, 8)
    page = sent(frame, "text/html").decode()
    picture = Image.open(io.BytesIO(base64.b64decode(page.split("base64,")[1].split('"')[0])))
    assert picture.size == (8, 6)
    pixels = np.asarray(picture).astype(int)
    assert (np.diff(pixels.ravel()) >= 0).all()
    assert pixels.ravel()[-1] > pixels.ravel()[0]


@pytest.mark.parametrize("shape", [(2, 6, 8), (2, 2, 6, 8)])
def test_a_stack_makes_no_page(shape):
    with pytest.raises((SerializationError, UnsupportedShape)):
        sent(np.zeros(shape, np.uint16) + np.arange(8, dtype=np.uint16), "text/html")


def test_nothing_is_sent_as_nothing():
    assert sent(np.zeros((0, 6, 8)), "application/octet-stream") == b""
