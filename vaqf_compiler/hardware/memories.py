"""How a memory maps to block RAMs, to LUTs used as RAM, or to registers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

from vaqf_compiler.hardware.block import Block, Features
from vaqf_compiler.hardware.blocks import multiplexer_luts

COMPLETE_PARTITION_DEPTH = 4
"""
Vitis HLS turns arrays of no more elements into registers (UG1399, `config_array_partition
-complete_threshold`).
"""
LUTRAM_DEPTH = 64
LUTRAM_BITS = 1024
"""
Up to either, memories without a pragma are taken to be LUT RAM. That is an assumption: UG1399
leaves the choice to the tools, and 64 is the depth of one LUT.
"""
URAM_DEPTH, URAM_BITS = 4096, 72
"""
Of an UltraRAM, whose shape is fixed (AMD UG573). Deeper memories are joined by LUTs, as Yosys does,
not by the cascades between neighbours. For a few shapes it takes fewer UltraRAMs than are counted.
"""
BLOCKS = ("bram", "uram")
"""Styles that are blocks of their own."""
LUTS_PER_LUTRAM = 8
"""A RAM32M16 or a RAM64M8: a slice's eight LUTs, one of which is lost to the write address."""


class Tiling(NamedTuple):
    """A memory of equal primitives in `banks` ranges of addresses."""

    cost: float
    """In units of Yosys's `memory_libmap`."""
    primitives: int
    """Of one copy; each read port beyond the first may need another."""
    copies: int
    banks: int
    bram18: int
    """Of one primitive."""


class _Shape(NamedTuple):
    """A block RAM of `1 << address_bits` one-bit words that may be as wide as `widths` says."""

    address_bits: int
    widths: tuple[int, ...]
    cost: int
    bram18: int
    read_ports: tuple[int, int]
    """Without and with a write port."""


_NARROW, _TRUE_DUAL, _SIMPLE_DUAL = (1, 2, 4, 9), (2, 1), (1, 1)
_BRAM_SHAPES = (
    _Shape(14, (*_NARROW, 18), 129, 1, _TRUE_DUAL),
    _Shape(15, (*_NARROW, 18, 36), 257, 2, _TRUE_DUAL),
    _Shape(14, (*_NARROW, 18, 36), 129, 1, _SIMPLE_DUAL),
    _Shape(15, (*_NARROW, 18, 36, 72), 257, 2, _SIMPLE_DUAL),
)
"""
RAMB18E2 and RAMB36E2 (AMD UG573), with their costs in Yosys's library. It does not use cascades.
"""
_BYTE_BITS = 9
"""What one write enable covers: a word that is written takes whole bytes."""


def _selection_cost(banks: int, width: int, read_ports: int, write_ports: int) -> float:
    """Of read multiplexers and write decoders, in the units of a tiling."""
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
    What Yosys's `memory_libmap` chooses: the cheapest tiling, the first of equal ones. It may
    take half a block RAM more than the smallest tiling to save multiplexers, and it puts banks
    of narrow words side by side in one RAM.
    """
    return min(_bram_tilings(depth, width, reads, writes), key=lambda tiling: tiling.cost)


@cache
def lutram_luts(depth: int, width: int, reads: int) -> int:
    """
    LUTs of the smallest tiling by RAM32M16 with 14 bits of 32 words or RAM64M8 with 7 of 64, one
    copy for each read port, with its multiplexers and decoders. (Yosys makes memories of 65 to 96
    words of three RAM32M16 rather than of two RAM64M8, and takes more.)
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
    `depth` words of `width` bits with synchronous reads. A memory without write port is a ROM.

    Block RAMs are exactly those that Yosys takes. Its choice trades them for multiplexers, so
    LUTs may fall as a memory grows, and a narrower memory may take one block RAM in ten more.
    """

    depth: int
    width: int
    style: str = "auto"
    """
    `bram`, `uram`, `lutram`, `register`, or `auto` for what a memory without a pragma becomes.
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
        """The style, decided."""
        if self.style != "auto":
            return self.style
        if self.depth <= COMPLETE_PARTITION_DEPTH:
            return "register"
        small = self.depth <= LUTRAM_DEPTH or self.depth * self.width <= LUTRAM_BITS
        return "lutram" if small else "bram"

    @property
    def _banks(self) -> int:
        """Ranges of addresses, among which LUTs choose."""
        return -(-self.depth // URAM_DEPTH) if self.mapping == "uram" else self._tiling.banks

    @property
    def _tiling(self) -> Tiling:
        return bram_tiling(self.depth, self.width, self.read_ports, self.write_ports)

    def lut_features(self) -> Features:
        """LUTs that are RAM or a table; multiplexers for reads; decoders for writes."""
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
        """Registers, what is read from LUTs, and which bank a block RAM's word comes from."""
        read = self.width * self.read_ports
        if self.mapping == "register" and self.write_ports:
            return {"registered bits": self.depth * self.width + read}
        if self.mapping not in BLOCKS:
            return {"registered bits": read}
        return {"bank select bits": (self._banks - 1).bit_length() * self.read_ports}

    @property
    def bram18(self) -> int:
        """See `bram_tiling`."""
        if self.mapping != "bram":
            return 0
        tiling = self._tiling
        return tiling.primitives * tiling.copies * tiling.bram18

    @property
    def uram(self) -> int:
        """Those side by side for a word, in each bank."""
        return self._banks * -(-self.width // URAM_BITS) if self.mapping == "uram" else 0
