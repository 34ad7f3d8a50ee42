"""NDAttribute datasets and HDF5 attributes: types, times of writing, and odd values."""

from __future__ import annotations

import math
import socket

import h5py
import numpy as np
import pytest

from framepath.errors import FrameRefused, LayoutError
from framepath.layout.model import Mode
from framepath.spec.frame import Frame
from framepath.spec.ledger import Fate
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType
from framepath.writing import RoutedWriter, WriterSettings
from unit.writing.recipes import ONE_DATASET, frame, number, text

COMPAT = WriterSettings(mode=Mode.COMPAT)
KINDS = NDAttrType
NUMBERS = [k for k in NDAttrType if k not in (KINDS.STRING, KINDS.UNDEFINED)]


def write(path, frames, layout=ONE_DATASET, settings=None, **more):
    with RoutedWriter(path, layout, settings, **more) as writer:
        return [writer.write(one) for one in frames]


def column(path, name, group="/entry/attributes"):
    with h5py.File(path) as file:
        return file[f"{group}/{name}"][()]


@pytest.mark.parametrize("kind", NUMBERS)
def test_every_number_type_at_its_limits(tmp_path, kind):
    path = tmp_path / "numbers.h5"
    limits = (np.iinfo if kind.dtype.kind in "iu" else np.finfo)(kind.dtype)
    values = [limits.min, 0, limits.max]
    write(path, [frame(i, number("Value", v, kind)) for i, v in enumerate(values)])
    stored = column(path, "Value")
    assert stored.dtype == kind.dtype
    assert stored.tolist() == values


def test_nan_and_infinity_are_stored_as_they_are(tmp_path):
    path = tmp_path / "nan.h5"
    values = [math.nan, math.inf, -math.inf]
    write(path, [frame(i, number("Value", v)) for i, v in enumerate(values)])
    np.testing.assert_array_equal(column(path, "Value"), values)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("", b""),
        ("plain", b"plain"),
        ("x" * 255, b"x" * 255),
        ("x" * 256, b"x" * 255),
        ("µm", "µm".encode()),
        ("é" * 128, "é".encode() * 127),
        (b"bytes \xff", b"bytes \xff"),
        ("cut\0here", b"cut"),
        ("\ud800", b"?"),
    ],
)
def test_texts(tmp_path, value, stored):
    path = tmp_path / "texts.h5"
    write(path, [frame(0, text("Note", value))])
    with h5py.File(path) as file:
        note = file["/entry/attributes/Note"]
        assert note[0] == stored
        kind = note.id.get_type()
        assert (kind.get_size(), kind.get_cset(), kind.get_strpad()) == (256, 0, 0)


def test_an_attribute_that_never_connected_is_nan(tmp_path):
    path = tmp_path / "undefined.h5"
    missing = NDAttribute("Missing", KINDS.UNDEFINED, None)
    late = NDAttribute("Missing", KINDS.FLOAT64, 1.0)
    write(path, [frame(0, missing), frame(1, late), frame(2)])
    assert column(path, "Missing").dtype == "f4"
    assert np.isnan(column(path, "Missing")).tolist() == [True] * 3


def test_what_describes_an_attribute(tmp_path):
    path = tmp_path / "described.h5"
    full = NDAttribute("A", KINDS.INT32, 1, "why", "where", NDAttrSourceType.PARAM)
    write(path, [frame(0, full, NDAttribute("B", KINDS.INT32, 1))])
    with h5py.File(path) as file:
        told = {n: dict(file[f"/entry/attributes/{n}"].attrs) for n in "AB"}
    assert told == {
        "A": {
            "NDAttrName": b"A",
            "NDAttrDescription": b"why",
            "NDAttrSourceType": b"NDAttrSourceParam",
            "NDAttrSource": b"where",
        },
        "B": {"NDAttrName": b"B", "NDAttrSourceType": b"Undefined"},
    }


TIMES = """<?xml version="1.0"?>
<hdf5_layout auto_ndattr_default="false">
  <group name="entry">
    <attribute name="at_open" source="ndattribute" ndattribute="Theta" when="OnFileOpen"/>
    <attribute name="at_close" source="ndattribute" ndattribute="Theta" when="OnFileClose"/>
    <attribute name="at_either" source="ndattribute" ndattribute="Theta"/>
    <attribute name="of_nothing" source="ndattribute" ndattribute="Nothing"/>
    <attribute name="said" source="ndattribute" ndattribute="Note" when="OnFileClose"/>
    <dataset name="data" source="detector">
      <attribute name="last" source="ndattribute" ndattribute="Id" when="OnFileClose"/>
    </dataset>
    <dataset name="each" source="ndattribute" ndattribute="Theta"/>
    <dataset name="again" source="ndattribute" ndattribute="Theta"/>
    <dataset name="first" source="ndattribute" ndattribute="Id" when="OnFileOpen"/>
    <dataset name="last" source="ndattribute" ndattribute="Note" when="OnFileClose">
      <attribute name="units" source="constant" value="words" type="string"/>
    </dataset>
    <dataset name="absent" source="ndattribute" ndattribute="Nothing"/>
    <group name="links">
      <hardlink name="each" target="/entry/each"/>
      <hardlink name="absent" target="/entry/absent"/>
    </group>
  </group>
</hdf5_layout>
"""


@pytest.mark.parametrize("swmr", [False, True])
def test_when_values_are_written(tmp_path, swmr):
    path = tmp_path / "times.h5"
    frames = [
        frame(
            i,
            number("Theta", 10 + i),
            number("Id", i, KINDS.INT16),
            text("Note", f"frame {i}"),
        )
        for i in range(3)
    ]
    write(path, frames, TIMES, WriterSettings(mode=Mode.COMPAT, swmr=swmr))
    with h5py.File(path) as file:
        entry = file["entry"]
        told = {name: np.asarray(v).tolist() for name, v in entry.attrs.items()}
        assert told == {"at_open": 10, "at_close": 12, "at_either": 10, "said": b"frame 2"}
        assert entry["data"].attrs["last"] == 2
        assert entry["data"].attrs["last"].dtype == "i2"
        # Rule 6n.2: one dataset for an NDAttribute, the first by name.
        assert entry["again"][()].tolist() == [10, 11, 12]
        assert "each" not in entry
        assert entry["first"][()].tolist() == [0]
        assert entry["last"][()].tolist() == [b"frame 2"]
        assert entry["last"].attrs["units"] == b"words"
        assert "absent" not in entry
        assert list(entry["links"]) == []
        assert "NDArrayUniqueId" not in file


def test_nothing_of_attributes_when_they_are_switched_off(tmp_path):
    path = tmp_path / "off.h5"
    settings = WriterSettings(mode=Mode.COMPAT, store_attributes=False, store_performance=False)
    write(path, [frame(0, number("Theta", 1), number("Id", 1), text("Note", ""))], TIMES, settings)
    with h5py.File(path) as file:
        assert sorted(file["entry"]) == ["data", "links"]
        assert dict(file["entry"].attrs) == {}


def test_the_default_group_tells_the_host(tmp_path):
    path = tmp_path / "host.h5"
    write(path, [frame(0)])
    with h5py.File(path) as file:
        assert file["/entry/attributes"].attrs["hostname"] == socket.gethostname().encode()


def test_without_a_default_group_attributes_are_in_the_root(tmp_path):
    path = tmp_path / "root.h5"
    layout = ONE_DATASET.replace(' ndattr_default="true"', "")
    write(path, [frame(0, number("Theta", 2))], layout, COMPAT)
    assert column(path, "Theta", "").tolist() == [2]
    with h5py.File(path) as file:
        assert "timestamp" in file


class TestMissingValues:
    """A frame that lacks what the first one had."""

    frames = (
        frame(0, number("F", 1.5), number("I", 7, KINDS.INT32), text("S", "here")),
        frame(1),
        frame(2, number("F", 2.5), number("I", 8, KINDS.INT32), text("S", "again")),
    )

    def test_compat_repeats_the_last_value(self, tmp_path):
        path = tmp_path / "compat.h5"
        write(path, self.frames, settings=COMPAT)
        assert column(path, "F").tolist() == [1.5, 1.5, 2.5]
        assert column(path, "I").tolist() == [7, 7, 8]
        assert column(path, "S").tolist() == [b"here", b"here", b"again"]

    def test_strict_stores_nothing_and_says_so(self, tmp_path):
        path = tmp_path / "strict.h5"
        rows = write(path, self.frames)
        np.testing.assert_array_equal(column(path, "F"), [1.5, math.nan, 2.5])
        assert column(path, "I").tolist() == [7, 0, 8]
        assert column(path, "S").tolist() == [b"here", b"", b"again"]
        assert rows[1].fate is Fate.STORED
        assert all(f"no value of {name}" in rows[1].reason for name in "FIS")
        with h5py.File(path) as file:
            assert b"no value of F" in file["/framepath/ledger"]["reason"][1]

    def test_a_value_of_none_is_missing_too(self, tmp_path):
        path = tmp_path / "none.h5"
        rows = write(path, [frame(0, number("F", 1.0)), frame(1, number("F", None))])
        assert math.isnan(column(path, "F")[1])
        assert "no value of F" in rows[1].reason


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (KINDS.UINT8, 1, 256),
        (KINDS.INT32, 1, 1.5),
        (KINDS.INT16, 1, "text"),
        (KINDS.FLOAT64, 1.0, "text"),
        (KINDS.STRING, "text", 3),
    ],
)
def test_a_value_that_does_not_fit_refuses_the_frame(tmp_path, kind, first, second):
    path = tmp_path / "misfit.h5"
    frames = [frame(i, number("A", i), NDAttribute("V", kind, first)) for i in range(2)]
    bad = frame(9, number("A", 9), NDAttribute("V", kind, second))
    with RoutedWriter(path, ONE_DATASET) as writer:
        writer.write(frames[0])
        with pytest.raises(FrameRefused, match="V = "):
            writer.write(bad)
        writer.write(frames[1])
    # The columns before the misfit are in step with the frames.
    assert column(path, "A").tolist() == [0, 1]
    assert len(column(path, "V")) == 2
    with RoutedWriter(tmp_path / "compat.h5", ONE_DATASET, COMPAT) as writer:
        writer.write(frames[0])
        assert writer.write(bad).fate is Fate.REFUSED


def test_an_attribute_that_comes_later_is_left_out(tmp_path):
    path = tmp_path / "late.h5"
    write(path, [frame(0), frame(1, number("Late", 1))])
    with h5py.File(path) as file:
        assert "Late" not in file["/entry/attributes"]


def test_the_writers_own_attributes_follow_the_frames(tmp_path):
    path = tmp_path / "own.h5"
    temperatures = iter(range(10, 100))
    frames = [frame(0), frame(1), frame(2, number("Temperature", -1))]
    write(
        path,
        frames,
        extra_attributes=lambda: [number("Temperature", next(temperatures)), text("Note", "own")],
    )
    stored = column(path, "Temperature").tolist()
    assert stored[0] < stored[1]
    assert stored[2] == -1
    assert column(path, "Note").tolist() == [b"own"] * 3


def test_a_name_that_is_taken(tmp_path):
    layout = ONE_DATASET.replace(
        '<group name="attributes" ndattr_default="true"/>',
        '<group name="attributes" ndattr_default="true"><group name="Theta"/></group>',
    )
    with (
        RoutedWriter(tmp_path / "strict.h5", layout) as writer,
        pytest.raises(LayoutError, match="Theta"),
    ):
        writer.write(frame(0, number("Theta", 1)))
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "compat.h5", [frame(0, number("Theta", 1))], layout, COMPAT)
    with h5py.File(tmp_path / "compat.h5") as file:
        assert list(file["/entry/attributes/Theta"]) == []


@pytest.mark.parametrize("name", ["a/b", "/", ".", ""])
def test_a_name_that_hdf5_cannot_have(tmp_path, name):
    writer = RoutedWriter(tmp_path / "strict.h5", ONE_DATASET)
    with pytest.raises(LayoutError, match="slashes"):
        writer.write(frame(0, number(name, 1)))
    writer.close()
    write(tmp_path / "compat.h5", [frame(0, number(name, 1))], settings=COMPAT)
    with h5py.File(tmp_path / "compat.h5") as file:
        assert len(file["/entry/attributes"]) == 5  # four of every frame, and the table


def test_a_first_value_beyond_its_own_type(tmp_path):
    path = tmp_path / "beyond.h5"
    bad = [number("Theta", 1), number("Id", 2**15, KINDS.INT16), text("Note", "")]
    good = [number("Theta", 1), number("Id", 2**15 - 1, KINDS.INT16), text("Note", "")]
    with RoutedWriter(path, TIMES, COMPAT) as writer:
        assert "Id = 32768" in writer.write(frame(0, *bad)).reason
        assert writer.write(frame(1, *good)).fate is Fate.STORED
    assert column(path, "first", "/entry").tolist() == [2**15 - 1]


def test_a_last_value_beyond_its_own_type_is_not_stored(tmp_path):
    path = tmp_path / "beyond.h5"
    frames = [
        frame(i, number("Theta", i), number("Id", v, KINDS.INT16), text("Note", "end"))
        for i, v in enumerate([3, 2**15])
    ]
    write(path, frames, TIMES, COMPAT)
    with h5py.File(path) as file:
        assert "last" not in file["/entry/data"].attrs
        assert file["/entry/first"][()].tolist() == [3]
        assert file["/entry/last"][()].tolist() == [b"end"]


def test_a_unique_id_beyond_its_type(tmp_path):
    with RoutedWriter(tmp_path / "id.h5", ONE_DATASET) as writer:
        writer.write(frame(0))
        with pytest.raises(FrameRefused, match=f"NDArrayUniqueId = {2**31 + 1}"):
            writer.write(Frame(np.ones((4, 6), "u2"), 2**31 + 1))


def test_constants(tmp_path):
    path = tmp_path / "constants.h5"
    table = {
        "text": ('type="string" value="kept"', [b"kept"]),
        "one": ('type="int" value="3"', 3),
        "many": ('type="int" value="1,2,3"', [1, 2, 3]),
        "none": ('type="int" value="x"', []),
        "float": ('type="float" value="1.5"', 1.5),
        "floats": ('type="float" value="1.5, 2, x"', [1.5, 2]),
        "untyped": ('value="lost"', [b""]),
    }
    datasets = "".join(
        f'<dataset name="{name}" source="constant" {rest}/>' for name, (rest, _) in table.items()
    )
    layout = ONE_DATASET.replace('<group name="attributes"', datasets + '<group name="attributes"')
    write(path, [frame(0)], layout, COMPAT)
    for name, (_, stored) in table.items():
        assert column(path, name, "/entry").tolist() == stored


def test_the_performance_table(tmp_path):
    path = tmp_path / "performance.h5"
    layout = ONE_DATASET.replace(
        '<group name="attributes"',
        '<group name="performance"><dataset name="timestamp"/></group><group name="attributes"',
    )
    write(path, [frame(i, shape=(512, 512)) for i in range(4)], layout)
    table = column(path, "timestamp", "/entry/performance")
    write_s, period_s, total_s, rate, average = table.T
    assert table.shape == (4, 5)
    assert (write_s > 0).all()
    assert (period_s >= write_s).all()
    assert (np.diff(total_s) > 0).all()
    np.testing.assert_allclose(rate, 4 / period_s)
    np.testing.assert_allclose(average, 4 * np.arange(1, 5) / total_s)
