"""Codec1: there and back, what its PVs say, and files of compressed frames."""

from __future__ import annotations

from types import SimpleNamespace

import h5py
import hdf5plugin  # noqa: F401  registers the filters that read the files
import numpy as np
import pytest

from framepath.codecs import libraries, registry
from framepath.detector.graph import Graph
from framepath.detector.plugins.codec import CodecPlugin, Compressor, Status, decompressed
from framepath.detector.plugins.hdf5 import Hdf5Plugin
from framepath.detector.plugins.tiff import tiff_plugin
from framepath.spec.frame import ColorMode, Frame
from unit.detector.rigs import SOURCE, make_plugin, numbered

COMPRESS, DECOMPRESS = range(2)
LOSSLESS = (Compressor.BLOSC, Compressor.LZ4, Compressor.BSLZ4)
STREAM = 2


class Sink:
    """Keeps what a plugin sends on (implements `framepath.detector.graph.Receiver`)."""

    def __init__(self, graph, source):
        self.frames = []
        graph.connect(self, source)

    def offer(self, frame):
        self.frames.append(frame)


class Rig:
    def __init__(self, **settings):
        self.graph = Graph()
        self.plugin = make_plugin("Codec1", self.graph, CodecPlugin)
        self.port = self.plugin.port
        self.sink = Sink(self.graph, "CODEC1")
        self.plugin.start()
        for name, value in settings.items():
            self.port.put(name, value)

    def send(self, *frames):
        for frame in frames:
            self.graph.send(SOURCE, frame)
        assert self.graph.wait_idle(60)
        return self.sink.frames[-1]


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.plugin.stop()


def noisy(dtype=np.uint16):
    return np.random.default_rng(2).integers(0, 200, (31, 17)).astype(dtype)


@pytest.mark.parametrize("compressor", LOSSLESS)
@pytest.mark.parametrize("pixels", [noisy(), np.zeros((8, 8), np.float64), noisy(np.uint8)])
def test_pixels_come_back(rig, compressor, pixels):
    rig.port.put("Compressor", int(compressor))
    packed = rig.send(Frame(pixels, unique_id=5))
    assert packed.compressed is not None
    assert (packed.shape, packed.dtype, packed.unique_id) == (pixels.shape, pixels.dtype, 5)
    assert rig.port["Codec"] == packed.compressed.codec == compressor.name.lower()
    assert rig.port["CompressedSize"] == packed.data.nbytes
    assert rig.port["CompFactor"] == pytest.approx(pixels.nbytes / packed.data.nbytes)
    rig.port.put("Mode", DECOMPRESS)
    plain = rig.send(packed)
    assert plain.compressed is None
    np.testing.assert_array_equal(plain.data, pixels)
    assert rig.port["Codec"] == ""
    assert rig.port["CodecStatus"] == Status.SUCCESS


def test_jpeg_is_lossy_and_follows_its_quality(rig):
    rig.port.put("Compressor", int(Compressor.JPEG))
    sizes = []
    for quality in (10, 95):
        rig.port.put("JPEGQuality", quality)
        sizes.append(rig.send(Frame(noisy(np.uint8), unique_id=1)).data.nbytes)
    assert sizes[0] < sizes[1]
    np.testing.assert_allclose(
        decompressed(rig.sink.frames[-1]).data.astype(int), noisy(np.uint8), atol=40
    )
    colour = np.zeros((8, 8, 3), np.uint8)
    assert rig.send(Frame(colour, unique_id=2, color_mode=ColorMode.RGB1)).shape == (8, 8, 3)


def test_blosc_settings_reach_the_library(rig, monkeypatch):
    seen = []
    blosc = registry.CODECS["blosc"]
    real = blosc.encode

    def spy(pixels, out, **options):
        seen.append(options)
        return real(pixels, out, **options)

    changed = registry.Codec("blosc", blosc.filter_id, spy, blosc.decode, blosc.filter_options)
    monkeypatch.setitem(registry.CODECS, "blosc", changed)
    rig.port.put("Compressor", int(Compressor.BLOSC))
    for name, value in (("BloscCompressor", 5), ("BloscShuffle", 2), ("BloscCLevel", 77)):
        rig.port.put(name, value)
    rig.send(Frame(noisy(), unique_id=1))
    assert seen == [{"threads": 1, "compressor": 5, "shuffle": 2, "level": 9}]


@pytest.mark.parametrize(
    ("settings", "frame", "reason"),
    [
        ({"Compressor": 1}, Frame(noisy(), unique_id=1), "8-bit"),
        (
            {"Compressor": 1},
            Frame(np.zeros((3, 8, 8), np.uint8), unique_id=1, color_mode=ColorMode.RGB3),
            "RGB1",
        ),
        ({"Mode": DECOMPRESS}, "damaged", "bslz4"),
        ({"Compressor": 3}, "damaged", "compressed already"),
    ],
)
def test_a_frame_that_cannot_be_treated_passes_as_it_came(rig, settings, frame, reason):
    if frame == "damaged":
        rig.port.put("Compressor", int(Compressor.BSLZ4))
        whole = rig.send(Frame(noisy(), unique_id=1))
        frame = Frame(whole.data[:20], unique_id=2, compressed=whole.compressed)
    for name, value in settings.items():
        rig.port.put(name, value)
    assert rig.send(frame) is frame
    assert rig.port["CodecStatus"] == Status.ERROR
    assert reason in rig.port["CodecError"]
    rig.port.put("Compressor", 0)
    rig.port.put("Mode", COMPRESS)
    rig.send(numbered(3))
    assert (rig.port["CodecStatus"], rig.port["CodecError"]) == (Status.SUCCESS, "")


@pytest.mark.parametrize("compressor", LOSSLESS)
@pytest.mark.parametrize("strict", [0, 1])
def test_hdf1_stores_compressed_frames_as_they_are(tmp_path, rig, compressor, strict):
    rig.port.put("Compressor", int(compressor))
    hdf = make_plugin("HDF1", rig.graph, Hdf5Plugin, QueueSize=50)
    hdf.start()
    for name, value in {
        "NDArrayPort": "CODEC1",
        "FramepathMode": strict,
        "FilePath": str(tmp_path),
        "FileName": "f",
        "FileTemplate": "%s%s.h5",
        "FileWriteMode": STREAM,
        "NumCapture": 4,
        "LazyOpen": 1,
        "Capture": 1,
    }.items():
        hdf.port.put(name, value)
    rig.send(*(numbered(i, shape=(40, 30)) for i in range(4)))
    hdf.stop()
    with h5py.File(tmp_path / "f.h5") as file:
        data = file["/entry/data/data"]
        assert [int(frame[0, 0]) // 100 for frame in data[()]] == [0, 1, 2, 3]
        _, chunk = data.id.read_direct_chunk((2, 0, 0))
    assert chunk.endswith(rig.sink.frames[2].data.tobytes())


def test_tiff1_gets_pixels_through_a_second_codec_only(tmp_path, rig):
    """Chained by NDArrayPort: Codec1 -> TIFF1 drops; Codec1 -> Codec2 -> TIFF1 writes."""
    rig.port.put("Compressor", int(Compressor.LZ4))
    second = make_plugin("Codec1", rig.graph, CodecPlugin, PortName="CODEC2", Mode=DECOMPRESS)
    tiff = make_plugin("TIFF1", rig.graph, tiff_plugin, AutoSave=1)
    for plugin in (second, tiff):
        plugin.start()
    for name, value in (("FilePath", str(tmp_path)), ("FileTemplate", "%sf_%s%d.tif")):
        tiff.port.put(name, value)
    second.port.put("NDArrayPort", "CODEC1")
    tiff.port.put("NDArrayPort", "CODEC1")
    rig.send(numbered(0))
    assert (tiff.port["DroppedArrays"], len(list(tmp_path.iterdir()))) == (1, 0)
    tiff.port.put("NDArrayPort", "CODEC2")
    rig.send(numbered(1))
    assert (tiff.port["DroppedArrays"], len(list(tmp_path.iterdir()))) == (1, 1)
    for plugin in (second, tiff):
        plugin.stop()


@pytest.mark.parametrize(("asked", "used"), [(3, 3), (0, 1)])
def test_blosc_uses_the_threads_that_it_is_given(rig, monkeypatch, asked, used):
    library, n_threads = libraries.blosc(), []

    def compress(*arguments):
        n_threads.append(arguments[-1])
        return library.blosc_compress_ctx(*arguments)

    monkeypatch.setattr(libraries, "blosc", lambda: SimpleNamespace(blosc_compress_ctx=compress))
    rig.port.put("Compressor", int(Compressor.BLOSC))
    rig.port.put("BloscNumThreads", asked)
    packed = rig.send(Frame(noisy(), unique_id=1))
    monkeypatch.undo()
    assert n_threads == [used]
    np.testing.assert_array_equal(decompressed(packed).data, noisy())


def test_several_frames_are_compressed_at_once_and_sent_on_sorted(rig):
    rig.port.put("Compressor", int(Compressor.BSLZ4))
    rig.port.put("SortMode", 1)
    rig.port.put("SortTime", 60.0)
    rig.port.put("SortSize", 50)  # all find room behind one that a busy machine holds up
    rig.port.put("NumThreads", 5)
    rig.port.put("QueueSize", 50)
    rig.send(*(Frame(noisy() + i, unique_id=i) for i in range(1, 41)))
    assert [frame.unique_id for frame in rig.sink.frames] == list(range(1, 41))
    for frame in rig.sink.frames:
        np.testing.assert_array_equal(decompressed(frame).data, noisy() + frame.unique_id)
