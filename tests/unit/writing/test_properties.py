"""Any layout, any sequence of frames, any chunking: plain h5py reads what a simple model says."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import h5py
import hdf5plugin  # noqa: F401  (registers the filters that the reader needs)
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framepath.errors import FrameRefused, RoutingError
from framepath.layout.model import Mode
from framepath.layout.parse_layout import parse_layout
from framepath.spec.frame import Frame
from framepath.spec.ledger import Fate
from framepath.spec.ndattribute import NDAttrType
from framepath.writing import Compression, FileWriteMode, RoutedWriter, WriterSettings
from unit.writing.recipes import attributes, number, text

NAMES = st.sampled_from(["a", "b", "data", "entry", "Z", "x1", "é"])
SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)
COMPRESSIONS = st.sampled_from([c for c in Compression if c.name not in ("NBIT", "JPEG", "SZIP")])


@st.composite
def layouts(draw):
    """XML with one to four detector datasets, up to two groups deep, and their addresses."""
    places = st.tuples(NAMES, st.none() | NAMES, NAMES.map(lambda name: f"d_{name}"))
    chosen = draw(st.lists(places, min_size=1, max_size=4, unique=True))
    default = draw(st.none() | st.integers(0, len(chosen) - 1))
    tree: dict[str, dict[str | None, list[tuple[str, bool]]]] = {}
    for i, (top, sub, name) in enumerate(chosen):
        tree.setdefault(top, {}).setdefault(sub, []).append((name, i == default))
    body = ""
    for top, subs in tree.items():
        body += f'<group name="{top}">'
        for sub, datasets in subs.items():
            inside = "".join(
                f'<dataset name="{name}" source="detector"'
                + (' det_default="true"/>' if flagged else "/>")
                for name, flagged in datasets
            )
            body += inside if sub is None else f'<group name="{sub}">{inside}</group>'
        body += "</group>"
    head = '<global name="detector_data_destination" ndattribute="Dest"/>'
    addresses = ["/" + "/".join(filter(None, place)) for place in chosen]
    first = addresses[default] if default is not None else min(addresses, key=str.encode)
    xml = f'<?xml version="1.0"?><hdf5_layout>{head}{body}<group name="nd" ndattr_default="true"/>'
    # Parsed as compat: the parser's strict mode wants a det_default, the writer takes any.
    return parse_layout(xml + "</hdf5_layout>"), addresses, first


@dataclass
class Expected:
    """What a file must hold after the frames."""

    stored: dict[str, list[int]]
    order: list[int] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)


def model(sent, shapes, frame_shape, addresses, default, limit, strict) -> Expected:
    expected = Expected({address: [] for address in addresses})
    for i, destination in enumerate(sent):
        known = destination in addresses
        full = 0 < limit <= len(expected.order)
        if full or shapes[i] != frame_shape or (strict and not known):
            expected.fates.append(Fate.REFUSED)
            continue
        expected.stored[destination if known else default].append(i)
        expected.order.append(i)
        expected.fates.append(Fate.STORED if known else Fate.STORED_IN_DEFAULT)
    return expected


def pixels_of(i: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    ramp = np.arange(math.prod(shape)).reshape(shape) % 7
    return (ramp + i + 1).astype(dtype)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), layout=layouts(), frame_shape=SHAPES)
def test_any_file(tmp_path_factory, data, layout, frame_shape):
    parsed, addresses, default = layout
    strict = data.draw(st.booleans(), "strict")
    dtype = data.draw(st.sampled_from(["u1", "i2", "u4", "f8"]), "dtype")
    sizes = data.draw(st.just(()) | st.lists(st.integers(1, 3), max_size=4).map(tuple), "extra")
    chosen = WriterSettings(
        mode=Mode.STRICT if strict else Mode.COMPAT,
        num_capture=data.draw(st.integers(0, 12), "num_capture"),
        unlimited=data.draw(st.booleans(), "unlimited"),
        frame_chunks=data.draw(st.integers(0, 3), "frame_chunks"),
        chunk_rows=data.draw(st.integers(0, 10), "chunk_rows"),
        chunk_columns=data.draw(st.integers(0, 10), "chunk_columns"),
        extra_dimensions=sizes,
        ndattribute_chunk=data.draw(st.integers(1, 9), "ndattribute_chunk"),
        compression=data.draw(COMPRESSIONS, "compression"),
        compress_workers=data.draw(st.sampled_from([0, 0, 2]), "workers"),
        swmr=data.draw(st.booleans(), "swmr"),
        flush_every_frames=data.draw(st.integers(0, 4), "flush"),
        write_mode=data.draw(
            st.sampled_from([FileWriteMode.STREAM, FileWriteMode.STREAM, FileWriteMode.CAPTURE])
        ),
    )
    if chosen.write_mode is FileWriteMode.CAPTURE and not chosen.n_frames_limit:
        return
    sent = data.draw(st.lists(st.sampled_from([*addresses, "/nowhere"]), max_size=10), "sent")
    other = (*frame_shape[:-1], frame_shape[-1] + 1)
    odd = [data.draw(st.integers(0, 9)) == 0 and i > 0 for i in range(len(sent))]
    # The first frame that is not refused makes the file; an odd one before it would be that.
    first_good = next((i for i, d in enumerate(sent) if not strict or d in addresses), 0)
    shapes = [other if odd[i] and i > first_good else frame_shape for i in range(len(sent))]
    limit = chosen.n_frames_limit
    expected = model(sent, shapes, frame_shape, addresses, default, limit, strict)

    path = tmp_path_factory.mktemp("any") / "any.h5"
    with RoutedWriter(path, parsed, chosen) as writer:
        for i, destination in enumerate(sent):
            items = attributes(
                text("Dest", destination), number("Index", i, NDAttrType.INT32), number("T", i / 2)
            )
            try:
                row = writer.write(Frame(pixels_of(i, shapes[i], dtype), i + 1, attributes=items))
                fate = row.fate
            except (FrameRefused, RoutingError):
                assert strict
                fate = Fate.REFUSED
            assert fate is expected.fates[i]
    assert writer.n_received == len(sent)
    assert writer.n_stored == len(expected.order)
    assert writer.n_refused == expected.fates.count(Fate.REFUSED)
    assert writer.n_in_default == expected.fates.count(Fate.STORED_IN_DEFAULT)
    if not expected.order:
        assert not path.exists()
        return
    check(path, expected, frame_shape, dtype, chosen)


def check(path, expected: Expected, frame_shape, dtype: str, chosen: WriterSettings) -> None:
    strict = chosen.mode is Mode.STRICT
    with h5py.File(path) as file:
        for address, indices in expected.stored.items():
            dataset = file[address]
            assert dataset.dtype == np.dtype(dtype)
            if chosen.extra_dimensions:
                assert dataset.maxshape == (*reversed(chosen.extra_dimensions), *frame_shape)
            least = 0 if strict else 1
            if not chosen.extra_dimensions:
                assert dataset.shape == (max(len(indices), least), *frame_shape)
            stored = in_order(dataset, chosen.extra_dimensions, frame_shape)
            for pixels, i in zip(stored, indices, strict=False):
                np.testing.assert_array_equal(pixels, pixels_of(i, frame_shape, dtype))
            assert len(stored) >= len(indices)
            # What nobody sent is fill.
            for pixels in stored[len(indices) :]:
                assert not pixels.any()
        columns = file["nd"]
        assert columns["NDArrayUniqueId"][()].tolist() == [i + 1 for i in expected.order]
        assert columns["Index"][()].tolist() == expected.order
        assert columns["T"][()].tolist() == [i / 2 for i in expected.order]
        assert ("framepath" in file) == strict
        if strict:
            assert file["/framepath/ledger"]["fate"].tolist() == expected.fates


def in_order(dataset, sizes, frame_shape) -> np.ndarray:
    """Frames in the order of their places, also those that the extent does not reach."""
    if not sizes:
        return dataset[()]
    whole = np.zeros((*reversed(sizes), *frame_shape), dataset.dtype)
    whole[tuple(slice(n) for n in dataset.shape)] = dataset[()]
    return whole.reshape(-1, *frame_shape)
