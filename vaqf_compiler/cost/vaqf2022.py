"""
The profile `vaqf2022`: the accelerator of the VAQF paper (arXiv 2201.06618) as its authors' tools
built it in 2022, at 150 MHz on a ZCU102. It estimates that accelerator, not the one that this
compiler generates.

One engine computes all layers tile by tile: products of several bits in DSP slices, products with
binary weights in LUTs. Two constants, which say how much of either the engine gets, are fitted to
published frame rates (`vaqf2022_fit`); everything else is the paper's latency formula.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaqf_compiler.cost.layers import Kind, Layer
from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.blocks import AdderTree
from vaqf_compiler.hardware.board import Board, load_board

CONSTANTS = Path(__file__).with_name("vaqf2022.json")
"""File of the constants, written by `python -m vaqf_compiler.cost.vaqf2022_fit`."""

CLOCK_HZ = 150e6
BASELINE_BITS = 16
"""
Bits of what the paper leaves unquantised: patch embedding, classifier and the W16A16 baseline.
"""

PORT_BITS = 128

PORTS = 2
"""
Number of m_axi ports for each of inputs, weights and outputs. Together they are the four HP and two
HPC ports of a ZCU102.
"""

TREE_INPUTS = 32
"""Inputs of the adder tree whose synthesised LUTs measure a binary multiply-accumulate."""

BRAM_BITS, BRAM_DEPTH = 72, 512
"""Width and depth of a block RAM of 36 Kib with one port for writing and one for reading."""

Ints = NDArray[np.int64]
Work = Sequence[tuple[Layer, int]]
"""Layers, with the bits of the activations of each."""


@dataclass(frozen=True)
class Constants:
    """The fitted constants."""

    dsp_share: float
    """The share of the board's DSP slices that multiply, each one product per cycle."""
    lut_factor: float
    """Factor by which the board's LUTs per binary multiply-accumulate exceed those of synthesis."""


@dataclass(frozen=True)
class Tile:
    """The products of an engine per cycle: `T_m x T_n` for each of `P_h` heads."""

    m: int
    """Output channels."""
    n: int
    """Input channels."""
    heads: int

    @property
    def macs(self) -> int:
        """Number of multiply-accumulates per cycle."""
        return self.m * self.n * self.heads


@dataclass(frozen=True)
class Published:
    """The estimate of a published accelerator."""

    activation_bits: int
    tile: Tile | None
    """Tile of unquantised layers and attention; None if there are none."""
    binary_tile: Tile | None
    """Tile of layers with binary weights; None if there are none. Both have the same `heads`."""
    cycles_by_layer: tuple[tuple[str, int], ...]
    """Name and cycles of each layer, in the order of the layers."""
    lut: float
    """LUTs: binary products times the LUTs for each, including the fitted factor."""
    dsp: int
    """DSP slices: one for each of the other products per cycle."""
    bram36: int
    """Block RAMs of 36 Kib for the double buffers."""

    @property
    def cycles(self) -> int:
        """Cycles per image."""
        return sum(cycles for _, cycles in self.cycles_by_layer)

    @property
    def latency_ms(self) -> float:
        """Latency of one image, in milliseconds."""
        return 1e3 * self.cycles / CLOCK_HZ

    @property
    def fps(self) -> float:
        """Frame rate, in images per second; images follow one another without overlap."""
        return CLOCK_HZ / self.cycles


def estimate(
    layers: Sequence[Layer],
    activation_bits: int,
    quantised: bool = True,
    constants: Constants | None = None,
) -> Published:
    """
    Estimate the fastest accelerator for `layers` with activations of 1 to 16 bits. If `quantised`
    is false, no layer is quantised, and all use that many bits. Raises UserError for bad input.

    Frame rates never rise with bits: a tile that fits for more bits fits for fewer and takes no
    more cycles, and the search omits no tile that could be faster.
    """
    if not 1 <= activation_bits <= BASELINE_BITS:
        raise UserError(f"activation bits must be 1 to {BASELINE_BITS}, not {activation_bits}")
    if not layers:
        raise UserError("there are no layers to estimate; give those of layers_of(module)")
    board = load_board("zcu102")
    constants = constants or stored_constants()
    luts_per_mac = constants.lut_factor * synthesised_luts(activation_bits)
    binary_macs = int(board.available["lut"] / luts_per_mac)
    dsp_macs = int(board.available["dsp"] * constants.dsp_share)

    in_luts = [quantised and layer.kind is Kind.BINARY for layer in layers]
    bits = [
        BASELINE_BITS if quantised and layer.kind is Kind.WEIGHTS else activation_bits
        for layer in layers
    ]
    binary = [(layer, b) for layer, b, lut in zip(layers, bits, in_luts, strict=True) if lut]
    others = [(layer, b) for layer, b, lut in zip(layers, bits, in_luts, strict=True) if not lut]
    found = [
        (tile, binary_tile)
        for heads in _parallel_heads(layers)
        if (tile := fastest_tile(others, heads, dsp_macs, board)) is not None
        and (binary_tile := fastest_tile(binary, heads, binary_macs, board)) is not None
    ]
    if not found:
        tokens = max(layer.tokens for layer in layers)
        raise UserError(f"no tile fits the {board.name}: there are {tokens} tokens to buffer")

    def cycles(tiles: tuple[Tile, Tile]) -> list[int]:
        return [
            int(layer_cycles(layer, b, tiles[lut].m, tiles[lut].n, tiles[lut].heads))
            for layer, b, lut in zip(layers, bits, in_luts, strict=True)
        ]

    tiles = min(found, key=lambda tiles: sum(cycles(tiles)))
    names = [layer.name for layer in layers]
    buffers = [buffer_brams(w, tile) for w, tile in zip((others, binary), tiles, strict=True) if w]
    return Published(
        activation_bits=activation_bits,
        tile=tiles[0] if others else None,
        binary_tile=tiles[1] if binary else None,
        cycles_by_layer=tuple(zip(names, cycles(tiles), strict=True)),
        lut=tiles[1].macs * luts_per_mac if binary else 0.0,
        dsp=tiles[0].macs if others else 0,
        bram36=max(inputs for inputs, _ in buffers) + max(outputs for _, outputs in buffers),
    )


def layer_cycles(layer: Layer, bits: int, m: Ints | int, n: Ints | int, heads: int) -> Ints:
    """
    Cycles of a layer by the paper's latency formula, for `heads` tiles of `m x n` at the same time.
    `m` and `n` may be arrays that broadcast. Double buffers allow tiles to be loaded, multiplied
    and stored at the same time. For a layer with weights, which has no heads, the tiles are assumed
    to be of different input channels, whose sums are added.
    """
    tile_m, tile_n = np.asarray(m, np.int64), np.asarray(n, np.int64)
    packed = _packed(bits)
    tokens_per_port = _ceil(layer.tokens, PORTS)
    if layer.kind is Kind.ATTENTION:
        rounds, in_tiles, out_groups = _ceil(layer.heads, heads), tile_n, heads
    else:
        rounds, in_tiles, out_groups = 1, tile_n * heads, 1
    words = heads * _ceil(tile_n, packed)
    load_inputs = words * tokens_per_port
    load_weights = words * _ceil(tile_m, PORTS)
    store = out_groups * _ceil(tile_m, packed) * tokens_per_port
    compute = layer.tokens
    step = np.maximum(np.maximum(load_inputs, load_weights), compute)
    out_tile = np.maximum(_ceil(layer.in_channels, in_tiles) * step + compute, store)
    return rounds * (_ceil(layer.out_channels, tile_m) * out_tile + store)


def fastest_tile(work: Work, heads: int, macs: int, board: Board) -> Tile | None:
    """
    The tile with the fewest cycles among those that have at most `macs` products per cycle and
    whose buffers fit; the smallest one among equally fast ones, or None if none fits.
    """
    # Sizes between two candidates give no layer fewer tiles, and everything else only grows.
    m = _candidates({layer.out_channels for layer, _ in work})
    n = _candidates(
        {
            layer.in_channels if layer.kind is Kind.ATTENTION else -(-layer.in_channels // heads)
            for layer, _ in work
        }
    )
    m, n = (axis.ravel() for axis in np.meshgrid(m, n, indexing="ij"))
    inputs, outputs = _buffer_brams(work, m, n, heads)
    # Both tiles share the buffers: inputs and outputs get half of the block RAMs each.
    half = board.available["bram36"] // 2
    fits = (m * n * heads <= macs) & (inputs <= half) & (outputs <= half)
    if not fits.any():
        return None
    m, n = m[fits], n[fits]
    total = np.zeros_like(m)
    for (layer, bits), count in Counter((replace(row, name=""), b) for row, b in work).items():
        total += count * layer_cycles(layer, bits, m, n, heads)
    best = np.lexsort((m * n, total))[0]
    return Tile(int(m[best]), int(n[best]), heads)


def buffer_brams(work: Work, tile: Tile) -> tuple[int, int]:
    """
    Block RAMs of the double buffers for inputs and for outputs. Buffers have words of a port, and a
    row for each token. The weights of a tile stay in registers while all tokens pass.
    """
    inputs, outputs = _buffer_brams(work, np.asarray(tile.m), np.asarray(tile.n), tile.heads)
    return int(inputs), int(outputs)


def _buffer_brams(work: Work, m: Ints, n: Ints, heads: int) -> tuple[Ints, Ints]:
    if not work:
        return np.zeros_like(m), np.zeros_like(m)
    packed = _packed(max(bits for _, bits in work))
    tokens = max(layer.tokens for layer, _ in work)
    groups = heads if any(layer.kind is Kind.ATTENTION for layer, _ in work) else 1
    word = 2 * -(-PORT_BITS // BRAM_BITS) * -(-tokens // BRAM_DEPTH)
    return word * heads * _ceil(n, packed), word * groups * _ceil(m, packed)


def synthesised_luts(bits: int) -> float:
    """
    LUTs for each activation that is added or subtracted according to a binary weight, by this
    compiler's cost model: those of a tree of adders, and of LUTs that invert one operand of each
    first addition.
    """
    adders = AdderTree(bits, TREE_INPUTS).resources.lut
    return (adders + TREE_INPUTS // 2 * bits) / TREE_INPUTS


def _packed(bits: int) -> int:
    """Number of activations in a word of a port, the paper's `G`."""
    return PORT_BITS // bits


def _parallel_heads(layers: Sequence[Layer]) -> list[int]:
    """Choices of the number of heads that are computed at once: divisors of the number of heads."""
    most = max(layer.heads for layer in layers)
    return [heads for heads in range(1, most + 1) if most % heads == 0]


def _candidates(channels: set[int]) -> Ints:
    """The least tile size for each number of tiles into which a layer's channels can be divided."""
    sizes = {-(-size // tiles) for size in channels for tiles in range(1, size + 1)}
    return np.array(sorted(sizes or {1}), np.int64)


def _ceil(a: Ints | int, b: Ints | int) -> Ints:
    return -(-np.asarray(a, np.int64) // b)


@cache
def stored_constants() -> Constants:
    """The constants in `vaqf2022.json`."""
    return Constants(**json.loads(CONSTANTS.read_text(encoding="utf-8"))["constants"])
