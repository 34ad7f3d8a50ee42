"""Every compression: the pixels come back through libhdf5's own filters."""

from __future__ import annotations

import struct
import subprocess

import h5py
import hdf5plugin  # noqa: F401  (registers the filters that the reader needs)
import numpy as np
import pytest

from framepath import codecs
from framepath.errors import CodecError, FrameRefused, SettingsError
from framepath.layout.model import Mode
from framepath.spec.frame import Compressed, DataType, Frame
from framepath.spec.ledger import Fate
from framepath.writing import Compression, RoutedWriter, WriterSettings
from unit.writing.recipes import ONE_DATASET, frame

LOSSLESS = [
    *(Compression.NONE, Compression.SZIP, Compression.ZLIB, Compression.BLOSC),
    *(Compression.BSLZ4, Compression.LZ4, Compression.LZ4HDF5, Compression.ZSTD),
]
FILTERS = {
    Compression.NBIT: 5,
    Compression.SZIP: 4,
    Compression.ZLIB: 1,
    Compression.BLOSC: 32001,
    Compression.BSLZ4: 32008,
    Compression.LZ4: 32004,
    Compression.LZ4HDF5: 32004,
    Compression.JPEG: 32019,
    Compression.ZSTD: 32015,
}


def stack(dtype, shape=(20, 31), n=5) -> np.ndarray:
    """Few counts; the first pixel is the frame's index."""
    pixels = np.random.default_rng(5).poisson(3, (n, *shape)).astype(dtype)
    pixels[(slice(None), *(0,) * len(shape))] = range(n)
    return pixels


def write(path, pixels, **settings):
    with RoutedWriter(path, ONE_DATASET, WriterSettings(**settings)) as writer:
        for i, frame in enumerate(pixels):
            writer.write(Frame(frame, i + 1))


def filters_of(path):
    with h5py.File(path) as file:
        plist = file["/entry/data"].id.get_create_plist()
        return [plist.get_filter(i)[:3] for i in range(plist.get_nfilters())]


@pytest.mark.parametrize("kind", DataType)
@pytest.mark.parametrize("compression", LOSSLESS)
def test_every_compression_and_type(tmp_path, compression, kind):
    path = tmp_path / "all.h5"
    pixels = stack(kind.dtype)
    write(path, pixels, compression=compression)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["/entry/data"][()], pixels)


@pytest.mark.parametrize("compression", LOSSLESS)
@pytest.mark.parametrize(
    "geometry",
    [
        {"frame_chunks": 3},
        {"chunk_rows": 7},
        {"chunk_columns": 8, "chunk_rows": 6, "frame_chunks": 2},
        {"extra_dimensions": (3, 2)},
    ],
)
def test_chunks_that_are_not_one_frame(tmp_path, compression, geometry):
    path = tmp_path / "chunks.h5"
    pixels = stack("u2")
    write(path, pixels, compression=compression, **geometry)
    with h5py.File(path) as file:
        stored = file["/entry/data"][()].reshape(-1, 20, 31)[: len(pixels)]
        np.testing.assert_array_equal(stored, pixels)


@pytest.mark.parametrize("compression", [c for c in LOSSLESS if c is not Compression.SZIP])
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_keep_the_order(tmp_path, compression, workers):
    path = tmp_path / "ordered.h5"
    rng = np.random.default_rng(1)
    # Frames that take long and short times in turn.
    pixels = np.zeros((40, 64, 64), "u2")
    pixels[::2] = rng.integers(0, 2**16, (20, 64, 64))
    pixels[:, 0, 0] = range(40)
    write(path, pixels, compression=compression, compress_workers=workers)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["/entry/data"][()], pixels)
        ids = file["/entry/attributes/NDArrayUniqueId"][()]
        assert ids.tolist() == list(range(1, 41))


STORED_OPTIONS = {
    # As the C++ plugin's files have them; libraries put their own versions in the first places.
    Compression.ZLIB: ({"zlib_level": 3}, 1, lambda o: o == (3,)),
    Compression.BLOSC: (
        {"blosc_compressor": 1, "blosc_shuffle": 2, "blosc_level": 7},
        *(0, lambda o: o[2:] == (2, 20 * 31 * 2, 7, 2, 1)),
    ),
    Compression.BSLZ4: ({}, 0, lambda o: o[2:] == (2, 0, 2)),
    Compression.LZ4: ({}, 0, lambda o: o == (0, 0)),
    Compression.SZIP: ({"szip_pixels": 16}, 1, lambda o: o[1:3] == (16, 16)),
    Compression.NBIT: ({"nbit_precision": 12}, 1, lambda o: 12 in o),
    Compression.JPEG: ({"jpeg_quality": 75}, 1, lambda o: o == (75, 31, 20, 0)),
}


@pytest.mark.parametrize("compression", STORED_OPTIONS)
def test_filters_and_their_options(tmp_path, compression):
    path = tmp_path / "filters.h5"
    settings, flag, agrees = STORED_OPTIONS[compression]
    dtype = "u1" if compression is Compression.JPEG else "u2"
    write(path, stack(dtype), compression=compression, **settings)
    ((filter_id, flags, options),) = filters_of(path)
    assert (filter_id, flags) == (FILTERS[compression], flag)
    assert agrees(options), options


@pytest.mark.parametrize(("mode", "block_bytes"), [(Mode.COMPAT, 8192), (Mode.STRICT, 16384)])
def test_compat_has_adcores_bitshuffle_blocks(tmp_path, mode, block_bytes):
    path = tmp_path / "blocks.h5"
    write(path, stack("u2"), compression=Compression.BSLZ4, mode=mode)
    with h5py.File(path) as file:
        _, chunk = file["/entry/data"].id.read_direct_chunk((0, 0, 0))
    assert struct.unpack(">QI", chunk[:12]) == (20 * 31 * 2, block_bytes)


@pytest.mark.parametrize(("precision", "offset"), [(8, 0), (10, 2), (16, 0)])
def test_nbit_keeps_the_bits_it_is_told(tmp_path, precision, offset):
    path = tmp_path / "nbit.h5"
    pixels = np.arange(20 * 31, dtype="u2").reshape(1, 20, 31) * 97
    write(
        *(path, pixels),
        compression=Compression.NBIT,
        nbit_precision=precision,
        nbit_offset=offset,
    )
    kept = (pixels >> offset) & ((1 << precision) - 1)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["/entry/data"][()], kept)


@pytest.mark.parametrize("shape", [(20, 31), (20, 31, 3)])
def test_jpeg_is_read_by_our_codec(tmp_path, shape):
    path = tmp_path / "jpeg.h5"
    pixels = np.full((2, *shape), 100, "u1")
    pixels[1] = 30
    write(path, pixels, compression=Compression.JPEG, jpeg_quality=95)
    with h5py.File(path) as file:
        for i in range(2):
            _, payload = file["/entry/data"].id.read_direct_chunk((i,) + (0,) * len(shape))
            plain = codecs.decode("jpeg", payload, shape, "u1")
            np.testing.assert_allclose(plain.astype(int), pixels[i], atol=3)


REFUSED = {
    "JPEG of 16 bit": ({"compression": Compression.JPEG}, "u2", CodecError),
    "JPEG in multi-frame chunks": (
        {"compression": Compression.JPEG, "frame_chunks": 2},
        *("u1", SettingsError),
    ),
    "n-bit of floats": ({"compression": Compression.NBIT}, "f4", CodecError),
    "n-bit beyond the type": (
        {"compression": Compression.NBIT, "nbit_precision": 20},
        *("u2", CodecError),
    ),
    "n-bit past the last bit": (
        {"compression": Compression.NBIT, "nbit_offset": 12, "nbit_precision": 8},
        *("u2", CodecError),
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_a_codec_cannot_do_is_said_before_a_file_is_made(tmp_path, kind):
    settings, dtype, error = REFUSED[kind]
    writer = RoutedWriter(tmp_path / "no.h5", ONE_DATASET, WriterSettings(**settings))
    with pytest.raises(error):
        writer.write(Frame(stack(dtype)[0], 1))
    writer.close()
    assert list(tmp_path.iterdir()) == []


class TestPreCompressed:
    """Frames that arrive compressed, as NDPluginCodec makes them."""

    pixels = stack("u2", (64, 70))

    def arriving(self, index, codec):
        stored = codecs.encode(codec, self.pixels[index])
        # NDPluginCodec's output has no HDF5 chunk header.
        header = {"bslz4": 12, "lz4": 16}.get(codec, 0)
        how = Compressed(codec, (64, 70), np.dtype("u2"))
        return Frame(stored[header:], index + 1, compressed=how)

    @pytest.mark.parametrize("codec", ["bslz4", "lz4", "blosc", "zlib"])
    def test_they_are_stored_as_they_are(self, tmp_path, codec):
        path = tmp_path / "chunks.h5"
        # The compression that is set does not matter (rule 11.5).
        settings = WriterSettings(compression=Compression.ZSTD, swmr=True)
        with RoutedWriter(path, ONE_DATASET, settings) as writer:
            for i in range(3):
                assert writer.write(self.arriving(i, codec)).index == i
        with h5py.File(path) as file:
            np.testing.assert_array_equal(file["/entry/data"][()], self.pixels[:3])
            _, chunk = file["/entry/data"].id.read_direct_chunk((0, 0, 0))
        if codec == "bslz4":
            assert chunk[:12] == struct.pack(">QI", 64 * 70 * 2, 8192)
        if codec == "lz4":
            n_bytes = 64 * 70 * 2
            assert chunk[:16] == struct.pack(">QII", n_bytes, n_bytes, len(chunk) - 16)

    def test_plain_frames_beside_them_are_encoded(self, tmp_path):
        path = tmp_path / "mixed.h5"
        with RoutedWriter(path, ONE_DATASET) as writer:
            writer.write(self.arriving(0, "bslz4"))
            writer.write(Frame(self.pixels[1], 2))
        with h5py.File(path) as file:
            np.testing.assert_array_equal(file["/entry/data"][()], self.pixels[:2])

    def test_another_codec_is_refused(self, tmp_path):
        with RoutedWriter(tmp_path / "one.h5", ONE_DATASET) as writer:
            writer.write(self.arriving(0, "bslz4"))
            with pytest.raises(FrameRefused, match="lz4"):
                writer.write(self.arriving(1, "lz4"))
        with RoutedWriter(
            tmp_path / "plain.h5", ONE_DATASET, WriterSettings(mode=Mode.COMPAT)
        ) as writer:
            writer.write(Frame(self.pixels[0], 1))
            assert writer.write(self.arriving(1, "bslz4")).fate is Fate.REFUSED

    def test_chunks_must_be_one_frame(self, tmp_path):
        writer = RoutedWriter(tmp_path / "no.h5", ONE_DATASET, WriterSettings(frame_chunks=2))
        with pytest.raises(SettingsError, match="one frame a chunk"):
            writer.write(self.arriving(0, "bslz4"))

    def test_damaged_or_unknown(self, tmp_path):
        writer = RoutedWriter(tmp_path / "no.h5", ONE_DATASET)
        how = Compressed("zip", (64, 70), np.dtype("u2"))
        with pytest.raises(CodecError, match="bslz4"):
            writer.write(Frame(np.zeros(9, "u1"), 1, compressed=how))
        wide = Compressed("lz4", (64, 70), np.dtype("u2"))
        with pytest.raises(FrameRefused, match="compressed bytes"):
            writer.write(Frame(np.zeros(9, "u2"), 1, compressed=wide))


@pytest.mark.parametrize("swmr", [False, True])
@pytest.mark.parametrize("compression", [Compression.NONE, Compression.ZLIB, Compression.SZIP])
def test_h5dump_reads_plain_filters(tmp_path, program, compression, swmr):
    path = tmp_path / "plain.h5"
    pixels = stack("u2", (3, 40))
    write(path, pixels, compression=compression, swmr=swmr)
    dumped = subprocess.run(
        [program("h5dump"), "-y", "-w", "1000", "-d", "/entry/data", path],
        capture_output=True,
        text=True,
        check=True,
    )
    body = dumped.stdout.split("DATA {")[1].split("}")[0]
    numbers = [int(word) for word in body.replace(",", " ").split()]
    assert numbers == pixels.ravel().tolist()


def test_bslz4_notes_adcores_version_in_compat_and_its_own_again_after(tmp_path):
    noted = {}
    for mode in (Mode.COMPAT, Mode.STRICT):
        settings = WriterSettings(mode=mode, compression=Compression.BSLZ4)
        with RoutedWriter(tmp_path / f"{mode.value}.h5", ONE_DATASET, settings) as writer:
            writer.write(frame(0))
        with h5py.File(tmp_path / f"{mode.value}.h5") as file:
            assert (file["/entry/data"][0] == 1).all()
            noted[mode] = file["/entry/data"].id.get_create_plist().get_filter(0)[2]
    assert noted[Mode.COMPAT] == (0, 3, 2, 0, 2)
    assert noted[Mode.STRICT][1] > 3
    assert noted[Mode.STRICT][2:] == (2, 0, 2)
