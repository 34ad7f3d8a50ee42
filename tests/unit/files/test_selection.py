"""Every key gives what h5py gives, for every way the pixels can be stored."""

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framepath.files import open_frames
from unit.files.builders import eiger_master, frames, store, virtual

SHAPE = (10, 6, 8)
LAYOUTS = {
    "contiguous": {"chunks": None},
    "raw chunks": {},
    "chunks of four frames": {"chunks": (4, 6, 8), **hdf5plugin.Bitshuffle()},
    "chunks of rows": {"chunks": (1, 2, 8), "compression": "gzip"},
    "chunks larger than a frame": {"chunks": (3, 7, 9), "maxshape": (None, 9, 9)},
    "bslz4": hdf5plugin.Bitshuffle(),
    "lz4": hdf5plugin.LZ4(),
    "zstd": hdf5plugin.Zstd(),
    "blosc": hdf5plugin.Blosc(),
    "gzip": {"compression": "gzip"},
    "gzip and shuffle": {"compression": "gzip", "shuffle": True},
    "checksum": {"fletcher32": True},
    "big endian": {"dtype": ">u2"},
    "real numbers": {"dtype": "f4"},
    "bitshuffle without lz4": hdf5plugin.Bitshuffle(cname="none"),
}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory):
    """Each kind of stack, and the same frames as an array."""
    folder = tmp_path_factory.mktemp("stacks")
    opened = {}
    for number, (name, how) in enumerate(LAYOUTS.items()):
        path = store(folder / f"{number}.h5", "/entry/data/data", frames(10), **how)
        opened[name] = open_frames(path)
    opened["Eiger master"] = open_frames(eiger_master(folder))
    for name, n in (("p", 4), ("q", 6)):
        store(folder / f"{name}.h5", "/d", frames(n, first=0 if n == 4 else 4))
    opened["virtual"] = open_frames(virtual(folder / "v.h5", [("p.h5", "d", 4), ("q.h5", "d", 6)]))
    for stack in opened.values():
        np.testing.assert_array_equal(stack, frames(10))  # opens every source, too
    yield opened
    for stack in opened.values():
        stack.close()


def items(size):
    """One item of a key along an axis of ``size`` places."""
    bounds = st.one_of(st.none(), st.integers(-size - 2, size + 2))
    steps = st.one_of(st.none(), st.integers(-4, 4).filter(bool))
    return st.one_of(st.integers(-size, size - 1), st.builds(slice, bounds, bounds, steps))


@st.composite
def keys(draw):
    key = [draw(items(size)) for size in SHAPE[: draw(st.integers(0, 3))]]
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), Ellipsis)
        # Items behind an ellipsis count from the end: keep those that fit any axis.
        key = [k if not isinstance(k, int) else max(-6, min(k, 5)) for k in key]
    return key[0] if len(key) == 1 and draw(st.booleans()) else tuple(key)


@given(key=keys(), kind=st.sampled_from([*LAYOUTS, "Eiger master", "virtual"]))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_basic_key_gives_what_numpy_gives(stacks, key, kind):
    stack = stacks[kind]
    # numpy makes an ellipsis and three numbers an array without axes; here it is the pixel.
    expected = frames(10).astype(stack.dtype)[key][()]
    got = stack[key]
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected, strict=True)


@given(
    before=st.lists(items(3), max_size=2),
    axis=st.integers(0, 2),
    data=st.data(),
    kind=st.sampled_from([*LAYOUTS, "Eiger master", "virtual"]),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_list_or_mask_selects_along_its_own_axis(stacks, before, axis, data, kind):
    size = SHAPE[axis]
    if data.draw(st.booleans()):
        item = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    else:
        item = data.draw(st.lists(st.integers(-size, size - 1), max_size=12))
    key = [slice(None)] * 3
    key[: len(before)] = list(before)
    key[axis] = item
    expected = frames(10)
    for n in (2, 1, 0):  # one axis after the other, the last first, as an outer selection
        index = np.asarray(key[n], np.intp) if isinstance(key[n], list) else key[n]
        expected = expected[(slice(None),) * n + (index,)]
    np.testing.assert_array_equal(stacks[kind][tuple(key)], expected.astype(stacks[kind].dtype))


@pytest.mark.parametrize("kind", [*LAYOUTS, "virtual"])
def test_h5py_agrees(stacks, kind):
    stack = stacks[kind]
    with h5py.File(stack.source.path) as file:
        dataset = file[stack.source.address]
        for key in (
            3,
            -1,
            np.s_[2:9:3],
            np.s_[..., 1:7:2],
            np.s_[1, 2:5, 3],
            [1, 4, 7],
            np.s_[:, [0, 5]],
            np.arange(10) % 3 == 0,
            np.s_[2:2],
            (),
            Ellipsis,
        ):
            np.testing.assert_array_equal(stack[key], dataset[key], strict=True)


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (10, IndexError), (-11, IndexError), ((0, 6), IndexError), ((0, 0, 0, 0), IndexError),
        ((..., ...), IndexError), ([10], IndexError), ([True] * 9, IndexError),
        (None, TypeError), (True, TypeError), (1.5, TypeError), ("a", TypeError),
        (([0], [1]), TypeError), (np.zeros(SHAPE, bool), TypeError), ([0.5], TypeError),
    ],
)  # fmt: skip
def test_a_key_that_means_nothing_here_is_an_error(stacks, key, error):
    with pytest.raises(error):
        stacks["bslz4"][key]


def test_a_small_part_does_not_hold_the_whole_frame_in_memory(stacks):
    part = stacks["bslz4"][:, ::5, ::7]
    assert part.base is None or part.base.nbytes == part.nbytes
