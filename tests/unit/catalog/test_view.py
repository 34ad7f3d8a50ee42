"""Keys of documented shapes read what numpy would, from stacks of any documented shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiled.ndslice import NDSlice

from framepath.catalog.opener import InSequence
from framepath.catalog.view import read_as_documented
from framepath.errors import CatalogError, LinkBroken

N, M, Y, X = 12, 3, 4, 5
STACK = np.arange(N * Y * X, dtype="u2").reshape(N, Y, X)


def axis(n):
    bounds = st.none() | st.integers(-n - 2, n + 2)
    steps = st.none() | st.integers(-3, 3).filter(bool)
    return st.integers(-n, n - 1) | st.builds(slice, bounds, bounds, steps)


def keys(shape):
    return st.lists(st.integers(), max_size=0).flatmap(
        lambda _: st.integers(0, len(shape)).flatmap(
            lambda depth: st.tuples(*(axis(n) for n in shape[:depth]))
        )
    )


def expanded(key, shape):
    return tuple(NDSlice(*key).expand_for_shape(shape)) if key else ()


@given(keys((N, Y, X)))
def test_plain_stacks(key):
    read = read_as_documented(STACK, (N, Y, X), expanded(key, (N, Y, X)), "x")
    np.testing.assert_array_equal(read, STACK[key])


@given(keys((N // M, M, Y, X)))
def test_several_frames_an_event(key):
    shape = (N // M, M, Y, X)
    read = read_as_documented(STACK, shape, expanded(key, shape), "x")
    np.testing.assert_array_equal(read, STACK.reshape(shape)[key])


@given(keys((7, Y, X)))
def test_more_frames_than_documented_are_not_there(key):
    read = read_as_documented(STACK, (7, Y, X), expanded(key, (7, Y, X)), "x")
    np.testing.assert_array_equal(read, STACK[:7][key])


@given(keys((N, Y, X)))
def test_a_stored_axis_of_one_is_not_seen(key):
    read = read_as_documented(STACK[:, None], (N, Y, X), expanded(key, (N, Y, X)), "x")
    np.testing.assert_array_equal(read, STACK[key])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.data())
def test_files_in_sequence(counts, data):
    total = sum(counts)
    stack = np.arange(total * Y * X).reshape(total, Y, X)
    parts = np.split(stack, np.cumsum(counts)[:-1])
    key = data.draw(axis(total) if total else st.just(slice(None)))
    key = key % total if isinstance(key, int) else key
    np.testing.assert_array_equal(InSequence(parts)[(key, slice(1, 3))], stack[key][..., 1:3, :])


@pytest.mark.parametrize("key", [(N,), (slice(N - 1, N + 1),), (-1,)])
def test_frames_that_are_not_there(key):
    with pytest.raises(CatalogError, match="12 frames in the file"):
        read_as_documented(STACK, (N + 1, Y, X), key, "where.h5")


def test_what_is_there_is_read():
    read = read_as_documented(STACK, (N + 1, Y, X), (slice(0, N),), "where.h5")
    np.testing.assert_array_equal(read, STACK)


def test_missing_files_are_named():
    class Gap:
        reason = "x_data_000003.h5 does not exist"

    class Stack:
        shape, gaps = STACK.shape, (Gap,)

        def __len__(self):
            return N

    with pytest.raises(LinkBroken, match="x_data_000003"):
        read_as_documented(Stack(), (N + 1, Y, X), (N,), "where.h5")
