"""Memory used again: never while anybody can still see it."""

from __future__ import annotations

import copy
import mmap
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framepath.files import recycled

U2 = np.dtype("u2")


@pytest.fixture(autouse=True)
def small_arrays_too(monkeypatch):
    monkeypatch.setattr(recycled, "SMALLEST_BYTES", 2**12)
    monkeypatch.setattr(recycled, "LARGEST_BYTES", 2**18)
    recycled._idle.clear()
    yield
    recycled._idle.clear()


def address(array):
    return array.ctypes.data


VIEWS = {
    "the array": lambda array: array,
    "a part": lambda array: array[1:],
    "a part of a part": lambda array: array[1:][::2],
    "another shape": lambda array: array.reshape(-1),
    "other axes": lambda array: array.T,
    "another type": lambda array: array.view("u1"),
    "a memoryview": memoryview,
    "bytes of a memoryview": lambda array: memoryview(array).cast("B"),
    "an array on a memoryview": lambda array: np.asarray(memoryview(array)),
    "the base": lambda array: array.base,
    "an array on the base": lambda array: np.frombuffer(array.base, "u2"),
    "a memoryview of the base": lambda array: memoryview(array.base),
    "__array_interface__": lambda array: np.asarray(_Wrapped(array)),
    "dlpack": np.from_dlpack,
    "ctypes": lambda array: np.ctypeslib.as_array(np.ctypeslib.as_ctypes(array)),
}


class _Wrapped:
    def __init__(self, array):
        self.kept, self.__array_interface__ = array, array.__array_interface__


def seen(view):
    """The values that a view shows."""
    return {int(n) for n in np.unique(np.frombuffer(bytes(memoryview(view)), "u2"))}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_is_held_keeps_its_pixels(data):
    held = []
    for number in range(1, data.draw(st.integers(1, 25)) + 1):
        rows = data.draw(st.integers(32, 300))
        array = recycled.empty((rows, 64), U2)
        array[...] = number
        if (kind := data.draw(st.sampled_from([None, *VIEWS]))) is not None:
            held.append((number, VIEWS[kind](array)))
        del array
        if held and data.draw(st.booleans()):
            held.pop(data.draw(st.integers(0, len(held) - 1)))
        for value, view in held:
            assert seen(view) == {value}
        assert len(recycled._idle) <= 2


@pytest.mark.parametrize("kind", VIEWS)
def test_memory_is_used_again_when_the_last_view_is_gone(kind):
    array = recycled.empty((100, 64), U2)
    array[...] = 7
    where, view = address(array), VIEWS[kind](array)
    del array
    other = recycled.empty((100, 64), U2)
    assert address(other) != where
    assert seen(view) == {7}
    del view
    again = recycled.empty((100, 64), U2)
    assert address(again) == where
    again[...] = 8
    assert seen(again) == {8}


def test_slab_after_slab_takes_two():
    addresses = set()
    slab = None
    for number in range(10):
        slab = recycled.empty((100, 64), U2)
        slab[...] = number
        addresses.add(address(slab))
    assert len(addresses) == 2


def test_an_array_like_any_other():
    array = recycled.empty((100, 64), U2)
    array[...] = np.arange(6400).reshape(100, 64)
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.aligned
    for twin in (copy.deepcopy(array), pickle.loads(pickle.dumps(array)), array.copy()):
        np.testing.assert_array_equal(twin, array)
        assert not np.shares_memory(twin, array)


@pytest.mark.parametrize("rows", [10, 3000])
def test_small_and_huge_arrays_are_left_to_numpy(rows):
    array = recycled.empty((rows, 64), U2)
    assert array.flags.owndata
    del array
    assert not recycled._idle


def test_memory_of_another_size_goes():
    arrays = [recycled.empty((rows, 64), U2) for rows in (120, 110, 100)]
    while arrays:
        arrays.pop()
    assert [len(memory) for memory in recycled._idle] == [110 * 128, 120 * 128]
    larger = recycled.empty((240, 64), U2)
    smaller = recycled.empty((50, 64), U2)
    assert [len(memory) for memory in recycled._idle] == [110 * 128, 120 * 128]
    del larger, smaller
    assert [len(memory) for memory in recycled._idle] == [240 * 128, 50 * 128]
    assert recycled.empty((150, 64), U2).nbytes == 150 * 128
    assert [len(memory) for memory in recycled._idle] == [50 * 128, 240 * 128]


FORK = """
import os, numpy
from framepath.files import recycled
array = recycled.empty((2**24,), numpy.dtype("u2"))
array[...] = 1
child = os.fork()
if child == 0:
    array[...] = 2
    os._exit(0)
os.waitpid(child, 0)
assert array.base is not None and (array == 1).all()
"""


def test_a_forked_process_has_its_own():
    subprocess.run([sys.executable, "-c", FORK], check=True)


def test_many_threads():
    def work(number):
        for turn in range(200):
            array = recycled.empty((100 + turn % 3, 64), U2)
            array[...] = number
            if seen(array[::3].copy()) != {number}:
                return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(4)))


@pytest.mark.parametrize("refused", ["mmap", "MADV_HUGEPAGE", "MADV_FREE"])
def test_a_system_without_it(refused, monkeypatch):
    class Other(mmap.mmap):
        def __new__(cls, *arguments):
            if refused == "mmap":
                raise OSError(12, "no memory")
            return super().__new__(cls, *arguments)

        def madvise(self, advice):
            if advice == getattr(mmap, refused):
                raise OSError(22, "not here")

    monkeypatch.setattr(recycled.mmap, "mmap", Other)
    array = recycled.empty((100, 64), U2)
    assert array.flags.owndata == (refused != "MADV_FREE")
    array[...] = 3
    del array
    assert not recycled._idle
