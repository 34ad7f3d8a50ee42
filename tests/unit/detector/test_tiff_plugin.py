"""TIFF1: files that other readers understand, tags, and every mode with one frame a file."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image

from framepath.detector.graph import Graph
from framepath.detector.plugins.tiff import read_tiff, tiff_plugin, write_tiff
from framepath.errors import FileUnreadable, FrameRefused
from framepath.spec.frame import ColorMode, Compressed, Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrType
from unit.detector.rigs import SOURCE, make_plugin, numbered, wait_for

SINGLE, CAPTURE, STREAM = range(3)


class Tiff1:
    def __init__(self, folder):
        self.graph = Graph()
        self.plugin = make_plugin("TIFF1", self.graph, tiff_plugin, QueueSize=100)
        self.port = self.plugin.port
        self.plugin.start()
        self.put(FilePath=str(folder), FileName="f", FileTemplate="%s%s_%3.3d.tif", AutoIncrement=1)

    def put(self, **values):
        for name, value in values.items():
            self.port.put(name, value)

    def send(self, *frames):
        for frame in frames:
            self.graph.send(SOURCE, frame if isinstance(frame, Frame) else numbered(frame))
        assert self.graph.wait_idle(60)

    def write_file(self):
        self.put(WriteFile=1)
        done = []
        self.port.when_done("WriteFile", lambda: done.append(1))
        wait_for(lambda: bool(done), "WriteFile")


@pytest.fixture
def tiff(tmp_path):
    made = Tiff1(tmp_path)
    yield made
    made.plugin.stop()


def indices(folder):
    return {
        path.name: int(tifffile.imread(path).flat[0]) // 100
        for path in sorted(folder.glob("f_*.tif"))
    }


def test_single_mode_writes_each_frame(tiff, tmp_path):
    tiff.put(FileWriteMode=SINGLE, AutoSave=1)
    tiff.send(0, 1, 2)
    assert indices(tmp_path) == {"f_000.tif": 0, "f_001.tif": 1, "f_002.tif": 2}
    tiff.put(AutoSave=0)
    tiff.send(3)
    tiff.write_file()
    assert tiff.port["FullFileName"] == f"{tmp_path}/f_003.tif"
    assert indices(tmp_path)["f_003.tif"] == 3


def test_a_stream_is_one_file_a_frame(tiff, tmp_path):
    tiff.send(9)
    tiff.put(FileWriteMode=STREAM, NumCapture=3, Capture=1)
    assert indices(tmp_path) == {}  # no file before its frame
    tiff.send(0, 1, 2, 3)
    assert indices(tmp_path) == {"f_000.tif": 0, "f_001.tif": 1, "f_002.tif": 2}
    assert (tiff.port["Capture"], tiff.port["NumCaptured"]) == (0, 3)
    assert tiff.port["WriteStatus"] == 0


def test_capture_holds_frames_until_written(tiff, tmp_path):
    tiff.send(9)
    tiff.put(FileWriteMode=CAPTURE, NumCapture=2, Capture=1)
    tiff.send(0, 1, 2)
    assert indices(tmp_path) == {}
    tiff.write_file()
    assert indices(tmp_path) == {"f_000.tif": 0, "f_001.tif": 1}


def test_temp_suffix_is_gone_when_the_file_is_complete(tiff, tmp_path):
    tiff.put(FileWriteMode=SINGLE, AutoSave=1, TempSuffix=".part")
    tiff.send(0)
    assert [path.name for path in tmp_path.iterdir()] == ["f_000.tif"]


def test_a_compressed_frame_is_dropped_counted_and_not_passed_on(tiff, tmp_path, caplog):
    tiff.put(FileWriteMode=SINGLE, AutoSave=1)
    pixels = numbered(0)
    packed = replace(
        pixels,
        data=np.zeros(7, np.uint8),
        compressed=Compressed("lz4", pixels.shape, pixels.dtype),
    )
    tiff.send(packed, packed)
    assert tiff.port["DroppedArrays"] == 2
    assert list(tmp_path.iterdir()) == []
    told = [r for r in caplog.records if "decompress them with Codec1" in r.message]
    assert len(told) == 1


def test_a_frame_that_does_not_fit_leaves_no_file(tiff, tmp_path):
    tiff.put(FileWriteMode=SINGLE, AutoSave=1)
    tiff.send(Frame(np.zeros((4, 5, 6), np.uint16), unique_id=1))
    assert tiff.port["WriteStatus"] == 1
    assert "TIFF" in tiff.port["WriteMessage"]
    assert list(tmp_path.iterdir()) == []
    tiff.send(1)
    assert list(indices(tmp_path).values()) == [1]


def test_an_unwritable_folder_is_said(tiff, tmp_path):
    tiff.put(FileWriteMode=SINGLE, AutoSave=1, FilePath=str(tmp_path / "none"))
    tiff.send(0)
    assert tiff.port["WriteStatus"] == 1
    assert "none" in tiff.port["WriteMessage"]


DTYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_comes_back(tmp_path, dtype):
    frame = numbered(0, shape=(3, 5), dtype=np.dtype(dtype).type)
    write_tiff(tmp_path / "f.tif", frame)
    back = tifffile.imread(tmp_path / "f.tif")
    assert back.dtype == frame.dtype
    np.testing.assert_array_equal(back, frame.data)


@pytest.mark.parametrize(
    ("mode", "order"),
    [(ColorMode.RGB1, (0, 1, 2)), (ColorMode.RGB2, (0, 2, 1)), (ColorMode.RGB3, (2, 0, 1))],
)
def test_colour_in_any_order(tmp_path, mode, order):
    rgb = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    frame = Frame(np.ascontiguousarray(rgb.transpose(order)), unique_id=1, color_mode=mode)
    write_tiff(tmp_path / "f.tif", frame)
    with Image.open(tmp_path / "f.tif") as image:  # a reader that is not the writer
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), rgb)


def test_a_line_is_one_row(tmp_path):
    write_tiff(tmp_path / "f.tif", Frame(np.arange(7, dtype=np.int32), unique_id=1))
    with tifffile.TiffFile(tmp_path / "f.tif") as file:
        page = file.pages[0]
        assert (page.imagelength, page.imagewidth) == (1, 7)
        assert page.asarray().reshape(-1).tolist() == list(range(7))


def test_tags(tmp_path):
    attributes = [
        NDAttribute("Model", NDAttrType.STRING, "Basic simulator"),
        NDAttribute("Temp", NDAttrType.FLOAT64, 1.5),
        NDAttribute("Gone", NDAttrType.UNDEFINED, None),
        NDAttribute("Count", NDAttrType.INT32, -3),
        NDAttribute("Sample", NDAttrType.STRING, "Öl"),
        NDAttribute("TIFFImageDescription", NDAttrType.STRING, "a crystal"),
    ]
    frame = replace(
        numbered(6),
        timestamp=12.25,
        epics_ts=(1164000000, 5),
        attributes={a.name: a for a in attributes},
    )
    write_tiff(tmp_path / "f.tif", frame)
    with tifffile.TiffFile(tmp_path / "f.tif") as file:
        tags = {tag.code: tag.value for tag in file.pages[0].tags}
        assert len(file.pages) == 1
    assert tags[65000] == 12.25
    assert (tags[65001], tags[65002], tags[65003]) == (7, 1164000000, 5)
    assert (tags[271], tags[272], tags[305]) == (
        "Unknown",
        "Basic simulator",
        "EPICS areaDetector",
    )
    assert tags[270] == "a crystal"
    assert [tags[n] for n in range(65010, 65014)] == [
        "Model:Basic simulator",
        "Temp:1.500000",
        "Count:-3",
        "Sample:Öl",
    ]


def test_refusal_names_the_shape(tmp_path):
    with pytest.raises(FrameRefused, match=r"\(4, 5, 6\)"):
        write_tiff(tmp_path / "f.tif", Frame(np.zeros((4, 5, 6), np.uint8), unique_id=1))


def read_file(tiff):
    done = []
    tiff.put(ReadFile=1)
    tiff.port.when_done("ReadFile", lambda: done.append(1))
    wait_for(lambda: bool(done), "ReadFile")


def test_a_file_read_back_is_the_frame_for_the_plugins_behind(tiff, tmp_path):
    behind = []
    tiff.graph.connect(SimpleNamespace(offer=behind.append), tiff.port.text("PortName"))
    tiff.put(FileWriteMode=SINGLE, AutoSave=1)
    frames = [replace(numbered(i), timestamp=5.5, epics_ts=(1, 2)) for i in range(2)]
    tiff.send(*frames)
    tiff.put(FileNumber=0)
    read_file(tiff)
    read_file(tiff)
    assert [f.unique_id for f in behind] == [1, 2]
    assert all(np.array_equal(a.data, b.data) for a, b in zip(behind, frames, strict=True))
    assert (behind[1].timestamp, behind[1].epics_ts) == (5.5, (1, 2))
    assert (tiff.port["FullFileName"], tiff.port["FileNumber"]) == (f"{tmp_path}/f_001.tif", 2)
    assert (tiff.port["WriteStatus"], tiff.port["ReadFile"]) == (0, 0)


def test_a_file_that_cannot_be_read_is_said_and_sends_nothing(tiff, tmp_path):
    behind = []
    tiff.graph.connect(SimpleNamespace(offer=behind.append), tiff.port.text("PortName"))
    read_file(tiff)
    assert tiff.port["WriteStatus"] == 1
    assert "f_000.tif" in tiff.port["WriteMessage"]
    (tmp_path / "f_000.tif").write_bytes(b"no TIFF at all")
    read_file(tiff)
    assert "this is no TIFF file" in tiff.port["WriteMessage"]
    assert behind == []


@pytest.mark.parametrize("mode", [ColorMode.RGB1, ColorMode.RGB3])
def test_colour_files_keep_their_order(tmp_path, mode):
    shape = (4, 6, 3) if mode is ColorMode.RGB1 else (3, 4, 6)
    frame = Frame(numbered(1, shape=shape, dtype=np.uint8).data, unique_id=1, color_mode=mode)
    write_tiff(tmp_path / "c.tif", frame)
    read = read_tiff(tmp_path / "c.tif")
    assert read.color_mode is mode
    assert np.array_equal(read.data, frame.data)


def test_a_stack_is_no_frame(tmp_path):
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((5, 4, 6), np.uint16))
    with pytest.raises(FileUnreadable, match="5 pages"):
        read_tiff(tmp_path / "stack.tif")
