"""Filters, NDAttributes, positions and file format of HDF1's compat files, recipe by recipe.

Rule numbers are those of docs/reference/layout-xml.md; filter values are those read from files of
the C++ plugin.
"""

from __future__ import annotations

import os

import h5py
import hdf5plugin  # noqa: F401  registers the filters that read the files
import numpy as np
import pytest

from chain.detector.hdf1_files import ATTRIBUTES, DATA, TIMES, Rig, X, Y, counted
from chain.detector.pvs import Pvs
from chain.iocs import running_ioc
from framepath.files.superblock import read_superblock

MANDATORY, OPTIONAL = 0, 1
U2 = np.dtype("u2").itemsize

FILTERS = {
    "None": ({}, None),
    "N-bit": ({"NumDataBits": 12}, (5, OPTIONAL, None)),
    "szip": ({"SZipNumPixels": 16}, (4, OPTIONAL, (169, 16, 16))),
    "zlib": ({"ZLevel": 4}, (1, OPTIONAL, (4,))),
    "Blosc": (
        {"BloscCompressor": 1, "BloscShuffle": 2, "BloscLevel": 6},
        (32001, MANDATORY, (2, 2, U2, Y * X * U2, 6, 2, 1)),
    ),
    "BSLZ4": ({}, (32008, MANDATORY, (0, 3, U2, 0, 2))),
    "LZ4": ({}, (32004, MANDATORY, (0, 0))),
}
"""``Compression``: settings, and id, flags and first values of the filter (rule 11.5)."""

FILLS = (
    h5py.h5d.FILL_VALUE_USER_DEFINED,
    h5py.h5d.ALLOC_TIME_INCR,
    h5py.h5d.FILL_TIME_IFSET,
)


@pytest.fixture(scope="module")
def ioc():
    with running_ioc("--size", f"{Y}x{X}") as running:
        yield running


@pytest.fixture
def rig(ioc, tmp_path):
    made = Rig(ioc)
    made.prepare(tmp_path)
    return made


@pytest.mark.parametrize("compression", FILTERS)
def test_each_codec_has_the_real_plugins_filter(rig, compression):
    settings, expected = FILTERS[compression]
    rig.hdf.put_all(Compression=compression, **settings)
    rig.take(1)
    with h5py.File(rig.file()) as file:
        plist = file[DATA].id.get_create_plist()
        assert plist.get_nfilters() == (expected is not None)
        if expected is not None:
            number, flags, values, _ = plist.get_filter(0)
            first = values[: len(expected[2] or ())]
            assert (number, flags, first) == (*expected[:2], expected[2] or ())
        assert counted(file[DATA], 3) == [1, 2, 3]
        fills = plist.fill_value_defined(), plist.get_alloc_time(), plist.get_fill_time()
        assert fills == (
            h5py.h5d.FILL_VALUE_USER_DEFINED,
            h5py.h5d.ALLOC_TIME_INCR,
            h5py.h5d.FILL_TIME_IFSET,
        )
        if compression == "N-bit":
            kind = file[DATA].id.get_type()
            assert (kind.get_precision(), kind.get_offset(), kind.get_size()) == (12, 0, U2)


def test_frames_that_codec1_compressed_are_stored_with_its_options(ioc, rig):
    codec = Pvs(ioc, "Codec1")
    codec.put_all(EnableCallbacks=1, Mode="Compress", Compressor="Blosc")
    codec.put_all(BloscCompressor="ZSTD", BloscShuffle=1, BloscCLevel=3)
    rig.hdf.put("NDArrayPort", codec.text("PortName_RBV"))
    rig.take(1)
    with h5py.File(rig.file()) as file:
        number, flags, values, _ = file[DATA].id.get_create_plist().get_filter(0)
        assert (number, flags, values[4:]) == (32001, MANDATORY, (3, 1, 5))
        assert counted(file[DATA], 3) == [1, 2, 3]
    rig.hdf.put("NDArrayPort", "SIM1")
    codec.put("EnableCallbacks", 0)


def test_jpeg_keeps_eight_bits_in_its_own_filter(rig):
    rig.cam.put("DataType", "UInt8")
    rig.hdf.put_all(Compression="JPEG", JPEGQuality=80)
    rig.take(1)
    with h5py.File(rig.file()) as file:
        plist = file[DATA].id.get_create_plist()
        number, _, values, _ = plist.get_filter(0)
        assert (number, values[0]) == (32019, 80)
        _, chunk = file[DATA].id.read_direct_chunk((0, 0, 0))
        assert chunk[:2] == b"\xff\xd8"


DTYPES = (
    *("Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64"),
    *("Float32", "Float64"),
)


@pytest.mark.parametrize("name", DTYPES)
def test_frames_keep_their_type_and_fill_value(rig, name):
    rig.cam.put("DataType", name)
    rig.hdf.put("FillValue", 7)
    rig.take(1)
    with h5py.File(rig.file()) as file:
        assert file[DATA].dtype == np.dtype(name.lower())
        assert file[DATA].fillvalue == 7
        assert counted(file[DATA], 3) == [1, 2, 3]


def xml(rig, tmp_path, *lines):
    """Put an attributes file of these lines; ``{P}`` is the prefix of cam1."""
    text = "\n".join(f"<Attribute {line}/>" for line in lines).replace("{P}", f"{rig.prefix}cam1:")
    path = tmp_path / "attributes.xml"
    path.write_text(f"<Attributes>{text}</Attributes>")
    rig.cam.put("NDAttributesFile", str(path))
    assert rig.cam.text("NDAttributesStatus") == "Attributes file OK"


TYPED = {
    "chars": ('type="EPICS_PV" source="{P}BinX" dbrtype="DBR_CHAR"', "i1", 1),
    "shorts": ('type="EPICS_PV" source="{P}BinX" dbrtype="DBR_SHORT"', "i2", 1),
    "ints": ('type="EPICS_PV" source="{P}BinX" dbrtype="DBR_INT"', "i2", 1),
    "longs": ('type="EPICS_PV" source="{P}BinX" dbrtype="DBR_LONG"', "i4", 1),
    "floats": ('type="EPICS_PV" source="{P}Gain" dbrtype="DBR_FLOAT"', "f4", 1.0),
    "doubles": ('type="EPICS_PV" source="{P}Gain" dbrtype="DBR_DOUBLE"', "f8", 1.0),
    "enums": ('type="EPICS_PV" source="{P}FrameType" dbrtype="DBR_ENUM"', "i2", 0),
    "texts": ('type="EPICS_PV" source="{P}FrameType" dbrtype="DBR_STRING"', "S256", b"Normal"),
    "long native": ('type="EPICS_PV" source="{P}BinX" dbrtype="DBR_NATIVE"', "i4", 1),
    "double native": ('type="EPICS_PV" source="{P}Gain"', "f8", 1.0),
    "enum native": ('type="EPICS_PV" source="{P}FrameType"', "i2", 0),
    "nowhere": ('type="EPICS_PV" source="{P}NoSuchRecord"', "f4", np.nan),
    "int": ('type="PARAM" source="BIN_X" datatype="INT"', "i4", 1),
    "int64": ('type="PARAM" source="BIN_X" datatype="INT64"', "i8", 1),
    "double": ('type="PARAM" source="GAIN" datatype="DOUBLE"', "f8", 1.0),
    "string": ('type="PARAM" source="MODEL" datatype="STRING"', "S256", b"Basic simulator"),
    "constant": ('type="CONST" source="as it is"', "S256", b"as it is"),
    "function": ('type="FUNCTION" source="myAttrFunct1" param="10"', "i4", 10),
}
"""NDAttribute: its definition, and type and value of its dataset (6n.3; NDAttributes 2.3, 2.4)."""


def test_ndattributes_of_every_type_are_datasets_of_it(rig, tmp_path):
    xml(rig, tmp_path, *(f'name="{name}" {how}' for name, (how, _, _) in TYPED.items()))
    rig.take(1)
    with h5py.File(rig.file()) as file:
        for name, (how, dtype, value) in TYPED.items():
            dataset = file[f"{ATTRIBUTES}/{name}"]
            found = (dataset.dtype, dataset.shape, dataset.maxshape, dataset.chunks)
            assert found == (np.dtype(dtype), (3,), (None,), (3,)), name
            np.testing.assert_array_equal(dataset[()], [value] * 3, err_msg=name)
            assert dataset.attrs["NDAttrName"] == name.encode(), how
        # The name of a color mode is known to the layout: it stands there and nowhere else.
        assert "ColorMode" not in file[ATTRIBUTES]
        assert "ColorMode" in file["/entry/instrument/detector/NDAttributes"]


def test_without_attributes_groups_have_none_either(rig):
    rig.hdf.put("StoreAttr", 0)
    rig.take(1)
    with h5py.File(rig.file()) as file:
        assert list(file[ATTRIBUTES]) == []
        assert dict(file[ATTRIBUTES].attrs) == dict(file["entry"].attrs) == {}
        assert set(file[DATA].attrs) == {
            "signal", "NDArrayNumDims", "NDArrayDimOffset", "NDArrayDimBinning", "NDArrayDimReverse"
        }  # fmt: skip
        assert TIMES in file


def test_without_performance_only_its_group_is_there(rig):
    rig.hdf.put("StorePerform", 0)
    rig.take(1)
    with h5py.File(rig.file()) as file:
        assert list(file["/entry/instrument/performance"]) == []
        assert "NDArrayUniqueId" in file[ATTRIBUTES]


@pytest.mark.parametrize(("swmr", "versions"), [(0, {0, 1}), (1, {3})])
def test_the_superblock_is_the_real_plugins(rig, swmr, versions):
    rig.hdf.put("SWMRMode", swmr)
    rig.take(1)
    descriptor = os.open(rig.file(), os.O_RDONLY)
    superblock = read_superblock(descriptor)
    os.close(descriptor)
    assert superblock.version in versions
    assert not superblock.open_for_write


def test_chunks_begin_where_they_are_aligned(rig):
    rig.hdf.put_all(BoundaryAlign=4096, BoundaryThreshold=1024)
    rig.take(1)
    with h5py.File(rig.file()) as file:
        offsets = [file[DATA].id.get_chunk_info(i).byte_offset for i in range(3)]
    assert [offset % 4096 for offset in offsets] == [0, 0, 0]


def grid(rig, tmp_path, **settings):
    """Extra dimensions N = 2, X = 3, whose indices are attributes; X first in the frames' order."""
    xml(
        rig, tmp_path,
        'name="at_x" type="PARAM" source="ARRAY_COUNTER" datatype="INT"',
        'name="at_n" type="EPICS_PV" source="{P}BinX" dbrtype="DBR_LONG"',
    )  # fmt: skip
    rig.hdf.put_all(ExtraDimSizeN=2, ExtraDimSizeX=3, NumExtraDims=1, PositionMode=1)
    rig.hdf.put_all(PosNameDimN="at_n", PosNameDimX="at_x", **settings)
    rig.cam.put_all(BinX=1)
    rig.take(1)
    rig.cam.put("ArrayCounter", -1)


def test_positions_come_from_attributes(rig, tmp_path):
    grid(rig, tmp_path)
    with h5py.File(rig.file(3)) as file:
        frames = file[DATA]
        assert frames.shape == (3, 2, Y, X)
        assert [int(frames[x, 1, 0, 0]) for x in range(3)] == [1, 2, 3]
        assert not frames[:, 0].any()
        assert file[f"{ATTRIBUTES}/at_x"].shape == (3,)


def test_attribute_datasets_can_have_the_frames_dimensions(rig, tmp_path):
    grid(rig, tmp_path, DimAttDatasets=1)
    with h5py.File(rig.file(3)) as file:
        at_x = file[f"{ATTRIBUTES}/at_x"]
        assert at_x.shape == (3, 2, 1, 1)
        assert at_x.maxshape == (None, None, 1, 1)
        assert at_x.chunks == (2, 3, 1, 1)  # N's size on the axis of X: rule 6d.6
        assert at_x[:, 1, 0, 0].tolist() == [0, 1, 2]


def test_an_index_dataset_has_one_row_an_index(rig, tmp_path):
    grid(rig, tmp_path, DimAttDatasets=1, PosIndexDimX="at_x", PosIndexDimN="at_n")
    with h5py.File(rig.file(3)) as file:
        assert file[f"{ATTRIBUTES}/at_x"][()].tolist() == [0, 1, 2]
        assert file[f"{ATTRIBUTES}/at_n"][()].tolist() == [0, 1]
        assert file[f"{ATTRIBUTES}/NDArrayUniqueId"].shape == (3, 2, 1, 1)
