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
from vaqf_compiler.dialects.binvit.mapping import forget_costs, selected
from vaqf_compiler.engines.dispatches import parameter_of
from vaqf_compiler.engines.ranges import DEFAULT_SIZES, check_tile
from vaqf_compiler.engines.registry import kind_of


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
        engines = [each for each in op.ops if isinstance(each, EngineOp)]
        engines = [engine for engine in engines if "tile_m" in kind_of(engine).parameters]
        if not engines:
            raise PassFailedException("no linear engine to tile; run binvit-map first")
        for engine in engines:
            bits = parameter_of(engine, "weight_bits")
            tile_m, tile_n = tiles[bits]
            check_tile(engine.sym_name.data, tile_m, tile_n, bits)
            engine.set(tile_m=tile_m, tile_n=tile_n)
