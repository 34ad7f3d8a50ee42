"""Every codec: back to the same pixels, by us and by the HDF5 filter; damage is an error."""

from __future__ import annotations

import io
import struct

import h5py
import hdf5plugin  # noqa: F401  (registers the filters that the reader needs)
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from framepath import codecs
from framepath.codecs import bslz4, bslz4_compiled, libraries
from framepath.errors import CodecError
from framepath.spec.frame import DataType

LOSSLESS = ["bslz4", "lz4", "blosc", "zstd", "zlib", "szip"]
BY_FILTER = ["bslz4", "lz4", "blosc", "zstd", "zlib"]
SHAPES = [(1, 1), (3, 5), (1, 7), (64, 64), (65, 127), (3, 20, 30)]


def counts(shape, dtype):
    return np.random.default_rng(1).poisson(4, shape).astype(dtype)


@pytest.mark.parametrize("kind", DataType)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [n for n in LOSSLESS if n != "szip"])
def test_there_and_back(name, shape, kind):
    pixels = counts(shape, kind.dtype)
    out = np.empty(shape, kind.dtype)
    payload = codecs.encode(name, pixels)
    assert codecs.decode(name, bytes(payload), shape, kind.dtype, out) is out
    np.testing.assert_array_equal(out, pixels)


@pytest.mark.parametrize("kind", DataType)
@pytest.mark.parametrize("name", BY_FILTER)
@pytest.mark.parametrize("noise", [False, True])
def test_the_filter_reads_what_we_encode_and_we_read_what_it_encodes(name, kind, noise):
    shape = (65, 127)
    pixels = counts(shape, kind.dtype)
    if noise:
        random = np.random.default_rng(2).integers(0, 256, pixels.nbytes).astype("u1")
        pixels = random.view(kind.dtype).reshape(shape)
    codec = codecs.codec_named(name)
    with h5py.File(io.BytesIO(), "w") as file:
        for dataset_name in ("ours", "theirs"):
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_chunk(shape)
            options = codec.filter_options(shape, kind.dtype)
            plist.set_filter(codec.filter_id, h5py.h5z.FLAG_OPTIONAL, options)
            space = h5py.h5s.create_simple(shape)
            kind_id = h5py.h5t.py_create(kind.dtype)
            h5py.h5d.create(file.id, dataset_name.encode(), kind_id, space, plist)
        file["ours"].id.write_direct_chunk((0, 0), codec.encode(pixels))
        file["theirs"][...] = pixels
        file.flush()
        assert file["ours"][()].tobytes() == pixels.tobytes()
        mask, stored = file["theirs"].id.read_direct_chunk((0, 0))
        if mask == 0:
            plain = codecs.decode(name, stored, shape, kind.dtype)
            assert plain.tobytes() == pixels.tobytes()
        plist = file["theirs"].id.get_create_plist()
        filters = [plist.get_filter(i) for i in range(plist.get_nfilters())]
        assert codecs.codec_of_filters([(f[0], f[2]) for f in filters]) is codec


@pytest.mark.parametrize("pixels_a_block", [2, 16, 32])
def test_szip(pixels_a_block):
    pixels = counts((64, 65), "u2")
    payload = codecs.encode("szip", pixels, pixels_a_block=pixels_a_block)
    codec = codecs.codec_named("szip")
    out = np.empty_like(pixels)
    codec.decode(payload, out, pixels_a_block=pixels_a_block)
    np.testing.assert_array_equal(out, pixels)
    with pytest.raises(CodecError, match="libhdf5"):
        codecs.encode("szip", counts((1, 1), "u2"))


def test_nbit_keeps_the_bits_asked_for():
    pixels = np.arange(4096, dtype="u2").reshape(64, 64) * 7
    codec = codecs.codec_named("nbit")
    out = np.zeros_like(pixels)
    codec.decode(codec.encode(pixels, precision=11, offset=3), out, precision=11, offset=3)
    np.testing.assert_array_equal(out & 0x3FF8, pixels & 0x3FF8)


def test_jpeg_is_near():
    pixels = np.full((32, 48), 120, "u1")
    plain = codecs.decode("jpeg", codecs.encode("jpeg", pixels, quality=95), (32, 48), "u1")
    np.testing.assert_allclose(plain.astype(int), pixels, atol=2)
    with pytest.raises(CodecError, match="8-bit"):
        codecs.encode("jpeg", counts((4, 4), "u2"))


@pytest.mark.parametrize("name", ["bslz4", "lz4", "blosc", "zstd"])
def test_a_buffer_that_is_given_is_used_when_it_is_large_enough(name):
    pixels = counts((64, 64), "u2")
    large, small = np.empty(100_000, "u1"), np.empty(10, "u1")
    codec = codecs.codec_named(name)
    assert np.shares_memory(codec.encode(pixels, large), large)
    into_small = codec.encode(pixels, small)
    assert not np.shares_memory(into_small, small)
    assert bytes(into_small) == bytes(codec.encode(pixels))


@pytest.mark.parametrize("name", ["bslz4", "lz4", "blosc", "zstd", "zlib", "jpeg"])
class TestDamage:
    pixels = counts((64, 65), "u1")

    def payload(self, name):
        return bytes(codecs.encode(name, self.pixels))

    @pytest.mark.parametrize("length", [0, 1, 5, 11, 15, 20, 200])
    def test_a_short_payload(self, name, length):
        with pytest.raises(CodecError):
            codecs.decode(name, self.payload(name)[:length], (64, 65), "u1")

    @pytest.mark.parametrize("shape", [(64, 64), (64, 66), (128, 65)])
    def test_another_shape(self, name, shape):
        with pytest.raises(CodecError):
            codecs.decode(name, self.payload(name), shape, "u1")

    def test_an_array_that_does_not_fit(self, name):
        for out in (np.empty((64, 65), "u2"), np.empty((65, 64), "u1").T):
            with pytest.raises(CodecError, match="does not fit"):
                codecs.decode(name, self.payload(name), (64, 65), "u1", out)

    def test_any_flipped_byte_is_harmless(self, name):
        # Never a crash: an error, or wrong pixels where the format has no checksum.
        payload = bytearray(self.payload(name))
        for at in range(0, len(payload), max(1, len(payload) // 97)):
            payload[at] ^= 0xFF
            try:
                codecs.decode(name, bytes(payload), (64, 65), "u1")
            except CodecError:
                pass
            payload[at] ^= 0xFF


@settings(max_examples=60, deadline=None)
@given(
    pixels=arrays.arrays(
        st.sampled_from(["u1", "u2", "u4", "i8", "f4"]),
        st.tuples(st.integers(1, 90), st.integers(1, 90)),
        elements=st.integers(0, 100),
    ),
    data=st.data(),
)
def test_rows_of_a_frame_are_those_of_the_whole(pixels, data):
    payload = codecs.encode("bslz4", pixels)
    first = data.draw(st.integers(0, len(pixels)))
    last = data.draw(st.integers(first, len(pixels)))
    rows = codecs.decode_bslz4_rows(payload, pixels.shape, pixels.dtype, first, last)
    np.testing.assert_array_equal(rows, pixels[first:last])


def test_rows_outside_the_frame():
    payload = codecs.encode("bslz4", counts((10, 10), "u2"))
    for rows in ((-1, 3), (3, 2), (0, 11)):
        with pytest.raises(IndexError, match="rows"):
            codecs.decode_bslz4_rows(payload, (10, 10), "u2", *rows)
    with pytest.raises(CodecError):
        codecs.decode_bslz4_rows(payload, (10, 11), "u2", 0, 3)


def test_rows_touch_only_their_blocks():
    pixels = counts((512, 512), "u2")
    payload = bytearray(codecs.encode("bslz4", pixels))
    half = len(payload) // 2
    # Damage to the second half, past its block lengths, cannot be noticed from the first rows.
    payload[half + 4 : half + 8] = b"\xff" * 4
    rows = codecs.decode_bslz4_rows(payload, (512, 512), "u2", 0, 16)
    np.testing.assert_array_equal(rows, pixels[:16])


@pytest.mark.parametrize("prefer_wheel", [False, True])
def test_both_builds_of_bitshuffle_write_the_same(prefer_wheel, monkeypatch):
    stacks = [counts((65, 127), kind) for kind in ("u1", "u2", "u4")]
    usual = [bytes(bslz4.encode(pixels)) for pixels in stacks]
    library = libraries.load_bitshuffle(prefer_wheel=prefer_wheel)
    monkeypatch.setattr(libraries, "bitshuffle", lambda: library)
    assert [bytes(bslz4.encode(pixels)) for pixels in stacks] == usual


@pytest.mark.parametrize("kind", ["u1", "<u2", ">u2", "i4", "f8"])
@pytest.mark.parametrize("prefer_wheel", [False, True])
def test_both_builds_of_bitshuffle_read_the_same(prefer_wheel, kind, monkeypatch):
    library = libraries.load_bitshuffle(prefer_wheel=prefer_wheel)
    monkeypatch.setattr(bslz4_compiled, "DECODERS", {})
    monkeypatch.setattr(libraries, "bitshuffle_for_decoding", lambda itemsize: library)
    for shape in ((65, 127), (1, 3), (64, 128)):
        pixels = counts(shape, kind)
        payload = bslz4.encode(pixels)
        np.testing.assert_array_equal(codecs.decode("bslz4", payload, shape, kind), pixels)
        for bad in (payload[:-1], payload[:12], payload[:3]):
            with pytest.raises(CodecError, match="bslz4 chunk is damaged"):
                codecs.decode("bslz4", bad, shape, kind)


@pytest.mark.parametrize("block_bytes", [64, 8192, 16384, 2**20])
def test_a_chunk_says_how_long_its_blocks_are(block_bytes):
    pixels = counts((65, 127), "u4")
    payload = codecs.encode("bslz4", pixels, block_bytes=block_bytes)
    assert struct.unpack(">QI", payload[:12]) == (pixels.nbytes, block_bytes)
    np.testing.assert_array_equal(codecs.decode("bslz4", payload, pixels.shape, "u4"), pixels)
    rows = codecs.decode_bslz4_rows(payload, pixels.shape, "u4", 7, 50)
    np.testing.assert_array_equal(rows, pixels[7:50])


def test_an_unknown_codec_names_the_known_ones():
    with pytest.raises(CodecError, match="blosc, bslz4"):
        codecs.codec_named("zip")


@pytest.mark.parametrize(
    "filters",
    [
        [],
        [(2, (2,)), (1, (6,))],
        [(3, ())],
        [(32008, (0, 4, 2, 0, 0))],
        [(32008, (0, 4, 2, 0, 3, 5))],
        [(99999, ())],
    ],
)
def test_pipelines_that_are_left_to_libhdf5(filters):
    assert codecs.codec_of_filters(filters) is None
