import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.scenes import frame_index
from framepath.scenes.index_code import CODE_PIXELS, stamp
from framepath.spec.frame import DataType

INDICES = st.integers(0, 2**32 - 1)


@given(index=INDICES, data_type=st.sampled_from(DataType))
def test_index_comes_back_from_every_data_type(index, data_type):
    pixels = np.full((2, CODE_PIXELS), 77, data_type.dtype)
    stamp(pixels, index)
    assert frame_index(pixels) == index
    assert (pixels[1] == 77).all()


@given(index=INDICES, place=st.integers(0, CODE_PIXELS - 1), change=st.integers(1, 15))
def test_a_changed_pixel_is_noticed(index, place, change):
    pixels = np.zeros((1, CODE_PIXELS), np.uint8)
    stamp(pixels, index)
    pixels[0, place] = (pixels[0, place] + change) % 16
    with pytest.raises(ValueError, match="no index in the corner"):
        frame_index(pixels)


@pytest.mark.parametrize("value", [0, 1, 15, 255])
def test_an_even_corner_is_no_index(value):
    with pytest.raises(ValueError, match="row 0 begins with"):
        frame_index(np.full((4, 20), value, np.uint8))


def test_a_frame_without_the_corner_is_refused():
    with pytest.raises(ValueError, match="shape"):
        frame_index(np.zeros((4, CODE_PIXELS - 1), np.uint8))
    with pytest.raises(ValueError, match="shape"):
        stamp(np.zeros((4, CODE_PIXELS - 1), np.uint8), 1)


@pytest.mark.parametrize("index", [-1, 2**32])
def test_an_index_that_does_not_fit_is_refused(index):
    with pytest.raises(ValueError, match=str(index)):
        stamp(np.zeros((4, 20), np.uint8), index)
