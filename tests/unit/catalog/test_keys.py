"""Keys mean what numpy means by them, on both sides of the wire."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices

from framepath.catalog.keys import as_text, expanded, parsed, shape_after


@given(data=st.data())
def test_a_key_means_what_numpy_means(data):
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=7))
    key = data.draw(basic_indices(shape, allow_newaxis=False))
    array = np.arange(np.prod(shape)).reshape(shape)
    ours = expanded(key, shape)
    np.testing.assert_array_equal(array[ours], array[key])
    assert len(ours) == array.ndim
    assert shape_after(ours, shape) == array[key].shape
    assert expanded(parsed(as_text(ours)), shape) == ours


@pytest.mark.parametrize(
    "key", [3, -4, (0, 0, 0), (..., ...), None, True, [1], 1.0, "1", np.array([1, 2]), (0, None)]
)
def test_what_is_no_key_of_two_axes(key):
    with pytest.raises(IndexError):
        expanded(key, (3, 4))


def test_a_step_of_zero_is_none():
    with pytest.raises(ValueError, match="step"):
        expanded(slice(None, None, 0), (3,))


def test_what_people_write():
    assert parsed(" ::2 , ..., -5") == (slice(None, None, 2), Ellipsis, -5)
    assert parsed("") == ()


@pytest.mark.parametrize(
    "text",
    [",", "a", "1.5", "0:1e9", "1,", "(1)", "[1]", "--1", "1:2:3:4", "9" * 19, "\u0661", "1 2"],
)
def test_what_is_no_text_of_a_key(text):
    with pytest.raises(ValueError, match="no integer, slice or ellipsis"):
        parsed(text)
