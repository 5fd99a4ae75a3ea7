"""
Before:

    binvit.engine @binary_linear "linear" {weight_bits = 1 : i64}

After, with binary-m=128 binary-n=64:

    binvit.engine @binary_linear "linear" {tile_m = 128 : i64, tile_n = 64 : i64, ...}

The weights of `tile_m` output by `tile_n` input channels stay in the engine while all tokens
stream past; lower-binvit-to-loops cuts the loops over channels accordingly.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import EngineOp
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS, forget_costs, selected
from vaqf_compiler.engines.accelerator import PIXEL_BITS, PIXELS_PER_WORD

MOST_CHANNELS = 4096
"""Of a tile: its totals have a memory for each output channel."""
MOST_WORDS = 1024
"""Of a tile, each of which is a register; tools give up on more parts of an array."""
DEFAULT_SIZES = {"binary_m": 96, "binary_n": 64, "int8_m": 32, "int8_n": 16}
"""Of tiles, where nothing was selected."""


@dataclass(frozen=True)
class BinvitTilePass(ModulePass):
    """Choose the tiles of output and input channels that linear engines work on."""

    name = "binvit-tile"

    binary_m: int | None = None
    """Output channels of a tile of binary weights. Without this option: as selected, or 96."""
    binary_n: int | None = None
    """Input channels of a tile of binary weights. As selected, or 64."""
    int8_m: int | None = None
    """Output channels of a tile of 8-bit weights. As selected, or 32."""
    int8_n: int | None = None
    """Input channels of a tile of 8-bit weights. As selected, or 16."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        forget_costs(op)

        def size(name: str) -> int:
            given: int | None = getattr(self, name)
            if given is not None:
                return given
            return selected(op, f"tile_{name}") or DEFAULT_SIZES[name]

        tiles = {1: (size("binary_m"), size("binary_n")), 8: (size("int8_m"), size("int8_n"))}
        engines = [e for e in op.ops if isinstance(e, EngineOp) and e.kind.data == "linear"]
        if not engines:
            raise PassFailedException("no linear engine to tile; run binvit-map first")
        for engine in engines:
            bits = engine.get("weight_bits") or 1
            tile_m, tile_n = tiles[bits]
            check_tile(engine.sym_name.data, tile_m, tile_n, bits)
            engine.set(tile_m=tile_m, tile_n=tile_n)


def check_tile(name: str, tile_m: int | None, tile_n: int | None, bits: int) -> None:
    """
    Raise PassFailedException unless rows of a weight tile fill words of the port or share them
    evenly, and the tile's words can be registers. What is not known yet, None, is not checked.
    """
    for size in (tile_m, tile_n):
        if size is not None and not 1 <= size <= MOST_CHANNELS:
            raise PassFailedException(
                f"@{name}: tile sizes must be in 1..{MOST_CHANNELS}, got {size}"
            )
    if tile_n is None:
        return
    row_bits = tile_n * bits
    if WORD_BITS % row_bits and row_bits % WORD_BITS:
        raise PassFailedException(
            f"@{name}: a row of {tile_n} weights of {bits} bits must divide a {WORD_BITS}-bit "
            "word or be a multiple of it; choose a power of two"
        )
    if tile_m is not None:
        _check_words(name, tile_m, tile_n, bits)
    if bits == PIXEL_BITS and tile_n < PIXELS_PER_WORD:
        raise PassFailedException(
            f"@{name}: {tile_n} input channels do not take a whole word of the image; choose at "
            f"least {PIXELS_PER_WORD}"
        )


def _check_words(name: str, tile_m: int, tile_n: int, bits: int) -> None:
    """Raise PassFailedException unless a tile fills words, and is not too many."""
    row_bits = tile_n * bits
    if row_bits < WORD_BITS and tile_m * row_bits % WORD_BITS:
        raise PassFailedException(
            f"@{name}: a tile of {tile_m} x {tile_n} weights does not fill {WORD_BITS}-bit words; "
            f"make its height a multiple of {WORD_BITS // row_bits}"
        )
    if (words := tile_m * row_bits // WORD_BITS) > MOST_WORDS:
        raise PassFailedException(
            f"@{name}: a tile of {tile_m} x {tile_n} weights takes {words} words of registers; "
            f"choose a tile of at most {MOST_WORDS}"
        )
