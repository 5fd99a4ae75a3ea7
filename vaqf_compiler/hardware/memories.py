"""The mapping of a memory to block RAMs, UltraRAMs, LUTs used as RAM, or registers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

from vaqf_compiler.hardware.block import Block, Features
from vaqf_compiler.hardware.blocks import multiplexer_luts

COMPLETE_PARTITION_DEPTH = 4
"""
The most elements of an array that Vitis HLS turns into registers (UG1399, `config_array_partition
-complete_threshold`).
"""
LUTRAM_DEPTH = 64
LUTRAM_BITS = 1024
"""
Memories without a pragma are assumed to be LUT RAM up to this depth or up to this number of bits.
UG1399 leaves the choice to the tools; 64 is the depth of one LUT.
"""
URAM_DEPTH, URAM_BITS = 4096, 72
"""
The fixed shape of an UltraRAM (AMD UG573). Deeper memories are joined by LUTs, as Yosys does, and
not by the cascades between neighbours. For a few shapes, Yosys takes fewer UltraRAMs than are
counted here.
"""
BLOCKS = ("bram", "uram")
"""Styles that are made of memory blocks instead of LUTs or flip-flops."""
LUTS_PER_LUTRAM = 8
"""
LUTs of a RAM32M16 or a RAM64M8: the eight of a slice, one of which is lost to the write address.
"""


class Tiling(NamedTuple):
    """A memory made of equal primitives, divided into `banks` ranges of addresses."""

    cost: float
    """Cost in the units of Yosys's `memory_libmap`."""
    primitives: int
    """Primitives of one copy. Each read port beyond the first may need another copy."""
    copies: int
    banks: int
    bram18: int
    """Halves of block RAMs that one primitive takes."""


class _Shape(NamedTuple):
    """A block RAM of `1 << address_bits` one-bit words, which can be as wide as `widths` says."""

    address_bits: int
    widths: tuple[int, ...]
    cost: int
    bram18: int
    read_ports: tuple[int, int]
    """Read ports without and with a write port."""


_NARROW, _TRUE_DUAL, _SIMPLE_DUAL = (1, 2, 4, 9), (2, 1), (1, 1)
_BRAM_SHAPES = (
    _Shape(14, (*_NARROW, 18), 129, 1, _TRUE_DUAL),
    _Shape(15, (*_NARROW, 18, 36), 257, 2, _TRUE_DUAL),
    _Shape(14, (*_NARROW, 18, 36), 129, 1, _SIMPLE_DUAL),
    _Shape(15, (*_NARROW, 18, 36, 72), 257, 2, _SIMPLE_DUAL),
)
"""
RAMB18E2 and RAMB36E2 (AMD UG573), with their costs in Yosys's library, which does not use cascades.
"""
_BYTE_BITS = 9
"""Bits that one write enable covers. Words of a memory that is written take whole bytes."""


def _selection_cost(banks: int, width: int, read_ports: int, write_ports: int) -> float:
    """Return the cost of read multiplexers and write decoders, in the units of a tiling."""
    decoded = banks * write_ports if banks > 1 else 0
    return 0.5 * ((banks - 1) * width * read_ports + decoded)


def _bram_tilings(depth: int, width: int, reads: int, writes: int) -> Iterator[Tiling]:
    for shape in _BRAM_SHAPES:
        copies = -(-reads // shape.read_ports[min(writes, 1)])
        for log, unit in enumerate(shape.widths):
            banks = -(-depth // (1 << (shape.address_bits - log)))
            byte = min(_BYTE_BITS, unit) if writes else 1
            padded = -(-width // byte) * byte
            primitives = -(-banks * padded // unit)
            cost = shape.cost * primitives * copies
            cost += _selection_cost(banks, width, reads, writes)
            yield Tiling(cost, primitives, copies, banks, shape.bram18)


@cache
def bram_tiling(depth: int, width: int, reads: int, writes: int) -> Tiling:
    """
    Return the tiling that Yosys's `memory_libmap` chooses: the cheapest, and the first of equal
    ones. It may take half a block RAM more than the smallest tiling to save multiplexers, and it
    puts banks of narrow words side by side in one RAM.
    """
    return min(_bram_tilings(depth, width, reads, writes), key=lambda tiling: tiling.cost)


@cache
def lutram_luts(depth: int, width: int, reads: int) -> int:
    """
    Return the LUTs of the smallest tiling by RAM32M16, which has 14 bits of 32 words, or by
    RAM64M8, which has 7 bits of 64 words. Each read port has a copy, with its multiplexers and
    decoders. (Yosys makes memories of 65 to 96 words from three RAM32M16 instead of two RAM64M8,
    and takes more.)
    """
    tilings: list[int] = []
    for words, unit in ((32, 14), (64, 7)):
        banks = -(-depth // words)
        ram = LUTS_PER_LUTRAM * banks * -(-width // unit) * reads
        choice = multiplexer_luts(banks) * width * reads + banks if banks > 1 else 0
        tilings.append(ram + choice)
    return min(tilings)


@dataclass(frozen=True)
class Memory(Block):
    """
    A memory of `depth` words of `width` bits with synchronous reads. Without a write port it is a
    ROM.

    Block RAMs are exactly those that Yosys takes. Because Yosys trades block RAMs for multiplexers,
    LUTs may decrease as a memory grows, and a narrower memory may take one block RAM in ten more.
    """

    depth: int
    width: int
    style: str = "auto"
    """
    `bram`, `uram`, `lutram`, `register`, or `auto`, which stands for what a memory without a pragma
    becomes.
    """
    read_ports: int = 1
    write_ports: int = 1

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {
        "depth": (1, 1 << 20),
        "width": (1, 1 << 16),
        "read_ports": (1, 16),
        "write_ports": (0, 1),
    }
    STYLES: ClassVar[tuple[str, ...]] = ("auto", "bram", "uram", "lutram", "register")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.style not in self.STYLES:
            raise ValueError(f"style of Memory must be one of {self.STYLES}, not '{self.style}'")

    @property
    def mapping(self) -> str:
        """The style, with `auto` resolved."""
        if self.style != "auto":
            return self.style
        if self.depth <= COMPLETE_PARTITION_DEPTH:
            return "register"
        small = self.depth <= LUTRAM_DEPTH or self.depth * self.width <= LUTRAM_BITS
        return "lutram" if small else "bram"

    @property
    def _banks(self) -> int:
        """The number of ranges of addresses that LUTs select among."""
        return -(-self.depth // URAM_DEPTH) if self.mapping == "uram" else self._tiling.banks

    @property
    def _tiling(self) -> Tiling:
        return bram_tiling(self.depth, self.width, self.read_ports, self.write_ports)

    def lut_features(self) -> Features:
        """Count LUTs that are RAM or a table, multiplexers for reads, and decoders for writes."""
        if self.mapping not in BLOCKS and self.write_ports == 0:
            return {"table words of 64": -(-self.depth // 64) * self.width * self.read_ports}
        if self.mapping == "register":
            return {
                "chosen bits": multiplexer_luts(self.depth) * self.width * self.read_ports,
                "written words": self.depth * self.write_ports,
            }
        if self.mapping == "lutram":
            return {"RAM": lutram_luts(self.depth, self.width, self.read_ports)}
        banks = self._banks
        return {
            "bank bits": multiplexer_luts(banks) * self.width * self.read_ports,
            "written banks": banks * self.write_ports if banks > 1 else 0,
        }

    def ff_features(self) -> Features:
        """
        Count registers, words read from LUTs, and the number of the bank that a block RAM's word is
        from.
        """
        read = self.width * self.read_ports
        if self.mapping == "register" and self.write_ports:
            return {"registered bits": self.depth * self.width + read}
        if self.mapping not in BLOCKS:
            return {"registered bits": read}
        return {"bank select bits": (self._banks - 1).bit_length() * self.read_ports}

    @property
    def bram18(self) -> int:
        """The halves of block RAMs; see `bram_tiling`."""
        if self.mapping != "bram":
            return 0
        tiling = self._tiling
        return tiling.primitives * tiling.copies * tiling.bram18

    @property
    def uram(self) -> int:
        """The UltraRAMs: those side by side for a word, times the number of banks."""
        return self._banks * -(-self.width // URAM_BITS) if self.mapping == "uram" else 0
