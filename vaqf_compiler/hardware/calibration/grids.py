"""The points at which building blocks are synthesised."""

from __future__ import annotations

from itertools import product

from vaqf_compiler.hardware.block import Block
from vaqf_compiler.hardware.blocks import (
    Accumulator,
    AdderTree,
    BarrelShift,
    BinaryDot,
    MaximumTree,
    Multiplexer,
    RestoringDigit,
    SaturatingAdd,
)
from vaqf_compiler.hardware.lanes import ExponentialLane, NormaliseLane, ProbabilityLane, Requantise
from vaqf_compiler.hardware.memories import Memory
from vaqf_compiler.hardware.products import Product


def points() -> list[Block]:
    """Return all points, grouped by block."""
    return [*_lanes(), *_products(), *_logic(), *_memories()]


def _logic() -> list[Block]:
    return [
        *(BinaryDot(b, n) for b, n in product((1, 4, 6, 8, 12, 16), (4, 16, 48))),
        *(BinaryDot(b, n) for b, n in ((4, 32), (6, 32), (8, 32), (4, 64), (6, 64), (8, 64))),
        *(BinaryDot(b, n) for b, n in ((2, 96), (8, 96), (6, 192), (8, 256))),
        *(BinaryDot(b, n) for b, n in product((2, 3, 5, 7, 9, 10, 11, 13, 14, 15, 16), (8, 64))),
        *(AdderTree(b, n) for b, n in product((2, 8, 18, 32), (4, 12, 32, 64))),
        *(MaximumTree(b, n) for b, n in product((4, 8, 16, 24), (2, 4, 12, 32))),
        *(Accumulator(b) for b in (4, 8, 12, 14, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64)),
        *(SaturatingAdd(b) for b in (4, 6, 8, 10, 12, 14, 16, 17, 20, 24, 32, 40)),
        *(Multiplexer(b, n) for b, n in product((4, 8, 20), (2, 3, 4, 8, 16, 32))),
        *(Multiplexer(b, n) for b, n in ((8, 6), (8, 12), (16, 24), (64, 4), (8, 64), (32, 64))),
        *(BarrelShift(b, s) for b, s in product((12, 24, 40, 64), (3, 7, 15, 31, 63))),
        *(BarrelShift(b, s) for b, s in product((16, 32, 48, 56), (7, 15, 40))),
        *(RestoringDigit(b) for b in (8, 12, 16, 18, 20, 24, 27, 30, 34, 36, 38, 42, 48, 56, 64)),
    ]


def _products() -> list[Block]:
    small = [(1, 1), (2, 2), (2, 4), (3, 3), (3, 5), (4, 4), (1, 8), (2, 7), (4, 5), (1, 16)]
    small += [(2, 5), (3, 4), (2, 6)]
    one = [(5, 5), (8, 8), (16, 16), (12, 16), (18, 18), (27, 18), (17, 25)]
    wide = [(19, 19), (28, 17), (24, 24), (27, 27), (28, 28), (32, 16), (32, 32), (34, 34)]
    more = [(28, 2), (34, 18), (34, 19), (20, 26), (30, 27), (18, 33), (22, 22), (31, 24)]
    return [
        *(Product(a, b) for a, b in small + one + wide + more),
    ]


def _lanes() -> list[Block]:
    requantise = [
        *product((16, 18, 20, 22), (24, 40), (4, 8)),
        *((12, 15, 6), (17, 31, 12), (28, 40, 8), (30, 40, 16), (20, 47, 16), (32, 31, 8)),
        *((20, 12, 8), (24, 15, 4), (40, 40, 16), (18, 20, 16), (14, 7, 8), (24, 63, 16)),
    ]
    normalise = [
        *product((24, 25, 26, 27), (48,), (4, 8)),
        *((28, 49, 6), (25, 50, 6), (27, 53, 6), (23, 44, 8), (28, 53, 16), (20, 48, 5)),
        *((26, 53, 12), (22, 53, 8), (24, 60, 8), (29, 64, 8)),
    ]
    return [
        *(Requantise(total, most, result) for total, most, result in requantise),
        *(ExponentialLane(b, s) for b, s in product((8, 12, 16, 20, 24), (15, 31, 40))),
        *(
            ExponentialLane(b, s)
            for b, s in ((12, 7), (20, 7), (28, 24), (10, 24), (18, 20), (24, 63), (30, 40))
        ),
        *(ProbabilityLane(bits) for bits in range(1, 17)),
        *(NormaliseLane(c, p, b) for c, p, b in normalise),
    ]


def _memories() -> list[Block]:
    bram = [
        *product((512, 3000), (8, 32, 64)),
        *((256, 16), (512, 72), (512, 36), (1024, 18), (1025, 18), (2048, 9)),
        *((2049, 8), (5000, 16), (8192, 4), (11820, 64), (16384, 2)),
        *((11820, 32), (20000, 8), (32768, 4), (40000, 6), (65536, 1), (65536, 8), (100, 300)),
        *((197, 200), (2364, 128), (3940, 96), (591, 512), (9000, 10)),
    ]
    lutram = [
        *product((16, 32, 64), (8, 14, 32)),
        *((100, 8), (128, 16), (197, 20), (256, 8), (256, 32), (512, 8), (48, 96), (1024, 16)),
    ]
    register = [*product((2, 4, 8), (4, 16)), (3, 40), (16, 8), (16, 32), (12, 20), (6, 64)]
    return [
        *(Memory(depth, width, "bram") for depth, width in bram),
        *(Memory(d, w, "bram", 2) for d, w in ((512, 32), (1024, 16), (2048, 64), (4096, 8))),
        *(Memory(d, w, "bram", r, 0) for d, w, r in ((256, 16, 1), (512, 36, 1), (1024, 16, 2))),
        *(Memory(depth, width, "lutram") for depth, width in lutram),
        *(Memory(d, w, "lutram", 2) for d, w in ((32, 28), (64, 16), (128, 32))),
        *(Memory(d, w, "lutram", 1, 0) for d, w in ((64, 16), (256, 16), (256, 8), (128, 32))),
        *(Memory(depth, width, "register") for depth, width in register),
        *(Memory(d, w, "register", 2) for d, w in ((4, 16), (8, 8))),
    ]
