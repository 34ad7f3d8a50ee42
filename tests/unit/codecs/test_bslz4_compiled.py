"""Machine code for bslz4: pixels and refusals are those of bitshuffle."""

from __future__ import annotations

import ctypes
import mmap
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framepath.codecs import bslz4, bslz4_compiled
from framepath.codecs.bslz4_compiled import BlockDecoder
from framepath.errors import CodecError

pytest.importorskip("llvmlite", reason="optional: llvmlite, of framepath[fast], is not installed")

KINDS = ["u1", "<u2", ">u2", "i2", "u4", "<f4"]
HEADER = struct.calcsize(">QI")
either_way = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def ready():
    """Decoders by element size that have compiled."""
    decoders = {itemsize: BlockDecoder(itemsize) for itemsize in bslz4_compiled.ITEMSIZES}
    for itemsize, decoder in decoders.items():
        enough = np.broadcast_to(np.zeros(1, f"u{itemsize}"), bslz4_compiled.WORTH_BYTES)
        assert decoder.decode(np.empty(0, "u1"), enough, enough.size + 1) == (0, 0)
        assert decoder.ready
    return decoders


def decoded(payload, kind, n_elements, decoders, monkeypatch):
    """The elements, or the error, by these decoders; bytes around them stay as they were."""
    itemsize = np.dtype(kind).itemsize
    room = np.full((n_elements + 64) * itemsize, 0xA5, "u1")
    out = room[32 * itemsize : -32 * itemsize].view(kind)
    with monkeypatch.context() as patch:
        patch.setattr(bslz4_compiled, "DECODERS", decoders)
        try:
            bslz4.decode(payload, out)
        except CodecError as error:
            return error
        finally:
            edges = np.delete(room, slice(32 * itemsize, -32 * itemsize))
            assert (edges == 0xA5).all()
    return out.tobytes()


def elements(kind, n_elements, seed, bits):
    """Random bytes, ``bits`` of each, so that some compress and others do not."""
    n_bytes = n_elements * np.dtype(kind).itemsize
    return (np.random.default_rng(seed).integers(0, 256, n_bytes, "u1") & bits).view(kind)


@either_way
@given(
    kind=st.sampled_from(KINDS),
    n_elements=st.integers(1, 40_000),
    blocks=st.sampled_from([1, 2, 3, 4, 8, 16, 32, 64]),
    seed=st.integers(0, 9),
    bits=st.sampled_from([0x00, 0x01, 0x81, 0x0F, 0xFF]),
)
def test_the_same_pixels(ready, monkeypatch, kind, n_elements, blocks, seed, bits):
    pixels = elements(kind, n_elements, seed, bits)
    block_bytes = blocks * 256 * pixels.itemsize
    payload = bslz4.encode(pixels, block_bytes=block_bytes)
    assert decoded(payload, kind, n_elements, ready, monkeypatch) == pixels.tobytes()
    done, n = ready[pixels.itemsize].decode(
        payload[HEADER:], np.empty_like(pixels), block_bytes // pixels.itemsize
    )
    whole = n_elements // (block_bytes // pixels.itemsize)
    assert done == (whole * block_bytes // pixels.itemsize if block_bytes <= 2**15 else 0)
    assert (n > 0) == (done > 0)


@pytest.mark.parametrize("block_bytes", [64, 4096 + 64, 2**16, 2**20])
def test_blocks_of_other_sizes_are_left_to_bitshuffle(ready, monkeypatch, block_bytes):
    pixels = elements("u2", 50_000, 1, 0x0F)
    payload = bslz4.encode(pixels, block_bytes=block_bytes)
    assert ready[2].decode(payload[HEADER:], np.empty_like(pixels), block_bytes // 2) == (0, 0)
    assert decoded(payload, "u2", pixels.size, ready, monkeypatch) == pixels.tobytes()


def test_rows(ready, monkeypatch):
    monkeypatch.setattr(bslz4_compiled, "DECODERS", ready)
    frame = elements("u2", 514 * 1030, 3, 0x0F).reshape(514, 1030)
    payload = bslz4.encode(frame)
    for rows in ((0, 514), (100, 101), (500, 514), (0, 0)):
        part = bslz4.decode_rows(payload, frame.shape, frame.dtype, *rows)
        np.testing.assert_array_equal(part, frame[slice(*rows)])


def damage(draw, payload):
    """A chunk as a broken disk gives it: some bytes changed, or cut, or more behind its end."""
    payload = bytearray(payload)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(HEADER, len(payload) - 1))
        payload[at] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        del payload[draw(st.integers(0, len(payload))) :]
    return bytes(payload) + draw(st.binary(max_size=8))


@either_way
@given(
    kind=st.sampled_from(KINDS),
    n_elements=st.integers(1024, 9000),
    bits=st.integers(0, 255),
    data=st.data(),
)
def test_the_same_refusals(ready, monkeypatch, kind, n_elements, bits, data):
    pixels = elements(kind, n_elements, 5, bits)
    payload = damage(data.draw, bslz4.encode(pixels, block_bytes=1024))
    by_us = decoded(payload, kind, n_elements, ready, monkeypatch)
    by_bitshuffle = decoded(payload, kind, n_elements, {}, monkeypatch)
    if isinstance(by_us, CodecError):
        assert "bslz4 chunk is damaged" in str(by_us)
        assert str(by_us) == str(by_bitshuffle)
    else:
        assert by_us == by_bitshuffle


@pytest.mark.parametrize("length", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_a_wrong_length(ready, monkeypatch, length):
    pixels = elements("u2", 8192, 5, 0xFF)
    payload = bytearray(bslz4.encode(pixels))
    for at in (HEADER, HEADER + 4 + struct.unpack_from(">I", payload, HEADER)[0]):
        bad = payload[:at] + struct.pack(">I", length) + payload[at + 4 :]
        refused = decoded(bytes(bad), "u2", pixels.size, ready, monkeypatch)
        assert "bslz4 chunk is damaged" in str(refused)


def test_nothing_is_read_behind_the_chunk(ready):
    """Every cut of a chunk, its last byte before memory that ends the process when it is read."""
    pixels = elements("u2", 2048, 5, 0x0F)
    blocks = bslz4.encode(pixels, block_bytes=1024)[HEADER:]
    memory = mmap.mmap(-1, 4 * mmap.PAGESIZE)
    room = np.frombuffer(memory, "u1")
    fence = room.ctypes.data + 3 * mmap.PAGESIZE
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mprotect(ctypes.c_void_p(fence), mmap.PAGESIZE, 0) == 0
    for n in range(blocks.size + 1):
        cut = room[3 * mmap.PAGESIZE - n : 3 * mmap.PAGESIZE]
        cut[:] = blocks[:n]
        out = np.empty_like(pixels)
        done = ready[2].decode(cut, out, 512)
        assert done == ((pixels.size, n) if n == blocks.size else (0, 0))


def test_nobody_pays_who_reads_little():
    decoder = BlockDecoder(2)
    pixels = elements("u2", 8192, 5, 0x0F)
    payload = bslz4.encode(pixels)
    assert decoder.decode(payload[HEADER:], np.empty_like(pixels), 4096) == (0, 0)
    assert not decoder.ready
    code = "import framepath.files, framepath.codecs, sys; sys.exit('llvmlite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_of_many_threads_compiles_and_all_are_served(monkeypatch):
    monkeypatch.setattr(bslz4_compiled, "WORTH_BYTES", 2**18)
    monkeypatch.setattr(bslz4_compiled, "DECODERS", {2: BlockDecoder(2)})
    pixels = elements("u2", 2**16, 5, 0x0F)
    payload = bslz4.encode(pixels)

    def read(_):
        out = np.empty_like(pixels)
        bslz4.decode(payload, out)
        return (out == pixels).all()

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read, range(400)))
    assert bslz4_compiled.DECODERS[2].ready


@pytest.mark.parametrize("module", ["llvmlite", "llvmlite.binding"])
def test_without_llvmlite(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "framepath.codecs.bslz4_machine_code", raising=False)
    monkeypatch.delattr("framepath.codecs.bslz4_machine_code", raising=False)
    monkeypatch.setattr(bslz4_compiled, "WORTH_BYTES", 0)
    decoder = BlockDecoder(2)
    pixels = elements("u2", 8192, 5, 0x0F)
    for _ in range(2):
        assert decoded(bslz4.encode(pixels), "u2", 8192, {2: decoder}, monkeypatch) == (
            pixels.tobytes()
        )
    assert not decoder.ready


def test_code_that_is_wrong_on_this_cpu_is_not_used(monkeypatch):
    from framepath.codecs import bslz4_machine_code

    def wrong(stored, n_stored, out, n_blocks, block_bytes):
        return n_stored

    monkeypatch.setattr(bslz4_machine_code, "compiled", lambda itemsize, lz4: wrong)
    monkeypatch.setattr(bslz4_compiled, "WORTH_BYTES", 0)
    decoder = BlockDecoder(2)
    pixels = elements("u2", 8192, 5, 0x0F)
    assert decoded(bslz4.encode(pixels), "u2", 8192, {2: decoder}, monkeypatch) == pixels.tobytes()
    assert not decoder.ready
