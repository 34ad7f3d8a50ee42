"""Decoding of whole bslz4 blocks, written as LLVM instructions and compiled for this CPU.

A block, once LZ4 has undone its part, holds a plane of bits for each bit of an element, the lowest
first: bit e of byte i of a plane belongs to element 8 i + e. Two steps give the elements back, 32
bytes of every plane at a time, each 16 of them on their own, as vector units do it:

1. Eight planes that make up a byte are eight rows of bits at every place; transposed, vector e
   holds that byte of the elements 8 i + e.
2. The vectors of all bytes of all eight elements are interleaved, two by two.

That is about half an instruction for a byte, where bitshuffle's builds without AVX2 take four.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

_LARGEST_BLOCK_BYTES = 2**15
_PLACES, _LANE = 32, 16
_BYTE, _INT, _SIZE = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_POINTER = ir.PointerType()
_VECTOR, _LANE_VECTOR = ir.VectorType(_BYTE, _PLACES), ir.VectorType(_BYTE, _LANE)
_WORDS = ir.VectorType(_SIZE, _PLACES // 8)
_NAME = "decode_blocks"
_LZ4 = "LZ4_decompress_safe"

Builder = Any
Value = Any
Function = Callable[[int, int, int, int, int], int]


def compiled(itemsize: int, lz4_decompress_safe: int) -> Function:
    """Machine code that decodes blocks of elements of ``itemsize`` bytes (1, 2, 4 or 8).

    Parameters
    ----------
    lz4_decompress_safe
        Address of that function.

    Returns
    -------
    ``decode_blocks(stored, n_stored, out, n_blocks, block_bytes)`` with addresses and sizes in
    bytes: decodes ``n_blocks`` >= 1 from a buffer into ``n_blocks * block_bytes`` bytes, and
    returns the bytes that they took. It returns 0 when a length leads out of the buffer, a block is
    damaged, or ``block_bytes`` is no multiple of ``256 * itemsize`` or above 32768. The code stays
    in memory.

    Raises
    ------
    RuntimeError
        LLVM has no code for this machine.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(str(_module(itemsize)))
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.add_global_mapping(module.get_function(_LZ4), lz4_decompress_safe)
    engine.finalize_object()
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    kind = ctypes.CFUNCTYPE(size, pointer, size, pointer, size, size)
    function = kind(engine.get_function_address(_NAME))
    engine.detach()  # or the code would go with it
    return function


def _module(itemsize: int) -> ir.Module:
    module = ir.Module()
    kind = ir.FunctionType(_SIZE, [_POINTER, _SIZE, _POINTER, _SIZE, _SIZE])
    function = ir.Function(module, kind, _NAME)
    lz4 = ir.Function(module, ir.FunctionType(_INT, [_POINTER, _POINTER, _INT, _INT]), _LZ4)
    stored, n_stored, out, n_blocks, block_bytes = function.args
    b = ir.IRBuilder(function.append_basic_block())
    _leave_unless(b, b.icmp_unsigned("<=", block_bytes, _SIZE(_LARGEST_BLOCK_BYTES)))
    rest = b.urem(block_bytes, _SIZE(8 * itemsize * _PLACES))
    _leave_unless(b, b.icmp_unsigned("==", rest, _SIZE(0)))
    planes = b.alloca(ir.ArrayType(_BYTE, _LARGEST_BLOCK_BYTES))
    position = b.alloca(_SIZE)
    b.store(_SIZE(0), position)
    plane_bytes = b.udiv(block_bytes, _SIZE(8 * itemsize))
    with _loop(b, n_blocks, 1) as block:
        at = b.load(position, typ=_SIZE)
        _leave_unless(b, b.icmp_unsigned("<=", b.add(at, _SIZE(4)), n_stored))
        length = b.zext(b.bswap(b.load(_at(b, stored, at), align=1, typ=_INT)), _SIZE)
        at = b.add(at, _SIZE(4))
        _leave_unless(b, b.icmp_unsigned("<=", length, b.sub(n_stored, at)))
        sizes = [b.trunc(length, _INT), b.trunc(block_bytes, _INT)]
        n = b.call(lz4, [_at(b, stored, at), planes, *sizes])
        _leave_unless(b, b.icmp_signed("==", n, sizes[1]))
        b.store(b.add(at, length), position)
        with _loop(b, plane_bytes, _PLACES) as place:
            sources = [
                _at(b, planes, b.add(b.mul(plane_bytes, _SIZE(plane)), place))
                for plane in range(8 * itemsize)
            ]
            vectors = [b.load(source, align=1, typ=_VECTOR) for source in sources]
            first = b.add(b.mul(block, block_bytes), b.mul(place, _SIZE(8 * itemsize)))
            _store(b, _elements(b, vectors, itemsize), _at(b, out, first))
    b.ret(b.load(position, typ=_SIZE))
    return module


def _elements(b: Builder, planes: list[Value], itemsize: int) -> list[Value]:
    """From vectors of the planes to vectors of the elements: lane 0 of all, then lane 1."""
    of_byte = [_transposed(b, planes[8 * byte : 8 * byte + 8]) for byte in range(itemsize)]
    vectors = [of_byte[byte][element] for element in range(8) for byte in range(itemsize)]
    # Each round moves the highest bit of a vector's number to the lowest of a byte's place.
    half = len(vectors) // 2
    for _ in range((8 * itemsize).bit_length() - 1):
        vectors = [
            b.shuffle_vector(vectors[n], vectors[n + half], _interleaving(begin))
            for n in range(half)
            for begin in (0, _LANE // 2)
        ]
    return vectors


def _transposed(b: Builder, rows: list[Value]) -> list[Value]:
    """Eight rows of eight bits, at every place, as eight columns: swap ever smaller squares."""
    for size, mask in ((4, 0x0F), (2, 0x33), (1, 0x55)):
        kept, by = (
            ir.Constant(_VECTOR, [mask] * _PLACES),
            ir.Constant(_WORDS, [size] * (_PLACES // 8)),
        )
        for n in (n for n in range(8) if not n & size):
            low, high = rows[n], rows[n + size]
            # Vector units shift words; the mask drops what came from the byte beside.
            down = b.bitcast(b.lshr(b.bitcast(low, _WORDS), by), _VECTOR)
            change = b.and_(b.xor(down, high), kept)
            up = b.bitcast(b.shl(b.bitcast(change, _WORDS), by), _VECTOR)
            rows[n], rows[n + size] = b.xor(low, up), b.xor(high, change)
    return rows


def _interleaving(begin: int) -> Value:
    """Mask that takes bytes by turns from two vectors, half of each lane from byte ``begin`` on."""
    order = [
        lane + begin + n // 2 + _PLACES * (n % 2)
        for lane in range(0, _PLACES, _LANE)
        for n in range(_LANE)
    ]
    return ir.Constant(ir.VectorType(_INT, _PLACES), order)


def _store(b: Builder, vectors: list[Value], out: Value) -> None:
    for lane in range(_PLACES // _LANE):
        mask = ir.Constant(ir.VectorType(_INT, _LANE), [lane * _LANE + n for n in range(_LANE)])
        for n, vector in enumerate(vectors, lane * len(vectors)):
            part = b.shuffle_vector(vector, vector, mask)
            b.store(part, _at(b, out, _SIZE(n * _LANE)), align=1)


def _at(b: Builder, pointer: Value, n_bytes: Value) -> Value:
    return b.gep(pointer, [n_bytes], source_etype=_BYTE)


def _leave_unless(b: Builder, holds: Value) -> None:
    with b.if_then(b.not_(holds)):
        b.ret(_SIZE(0))


@contextmanager
def _loop(b: Builder, past: Value, step: int) -> Iterator[Value]:
    """Instructions for 0, step, ... below ``past``, once at least; gives the running number."""
    before, body = b.block, b.append_basic_block()
    b.branch(body)
    b.position_at_end(body)
    number = b.phi(_SIZE)
    number.add_incoming(_SIZE(0), before)
    yield number
    following = b.add(number, _SIZE(step))
    number.add_incoming(following, b.block)
    behind = b.append_basic_block()
    b.cbranch(b.icmp_unsigned("<", following, past), body, behind)
    b.position_at_end(behind)
