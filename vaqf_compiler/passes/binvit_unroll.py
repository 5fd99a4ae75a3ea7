"""
Before:

    binvit.engine @binary_linear "linear" {tile_m = 128 : i64, tile_n = 64 : i64, ...}
    binvit.engine @attention "attention" {}

After, with lanes=16 keys=8: the whole tile is multiplied in a cycle unless told otherwise.

    binvit.engine @binary_linear "linear" {..., lanes = 16 : i64, results = 16 : i64,
                                           unroll_m = 128 : i64, unroll_n = 64 : i64, ...}
    binvit.engine @attention "attention" {keys = 8 : i64, lanes = 16 : i64}

lower-binvit-to-loops splits the loops accordingly, and marks the inner ones as unrolled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import EngineOp
from vaqf_compiler.dialects.binvit.mapping import forget_costs, selected
from vaqf_compiler.engines.ranges import DEFAULT_LANES, check_keys, check_lanes, check_unroll
from vaqf_compiler.engines.registry import kind_of


@dataclass(frozen=True)
class BinvitUnrollPass(ModulePass):
    """Choose how much of its work each engine does in a cycle."""

    name = "binvit-unroll"

    binary_m: int | None = None
    """Output channels a cycle of the binary engine: as selected, or all of the tile's."""
    binary_n: int | None = None
    """Input channels a cycle of the binary engine."""
    int8_m: int | None = None
    """Output channels a cycle of the 8-bit engine."""
    int8_n: int | None = None
    """Input channels a cycle of the 8-bit engine."""
    binary_results: int | None = None
    """Results that the binary engine finishes in a cycle: as selected, or a whole group's."""
    int8_results: int | None = None
    """Results that the 8-bit engine finishes in a cycle."""
    lanes: int | None = None
    """Elements of a vector that are read or written at a time: as selected, or 16."""
    keys: int | None = None
    """Key tokens a cycle of attention: as selected, or 8."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        forget_costs(op)

        def chosen(name: str, default: int) -> int:
            given: int | None = getattr(self, name)
            if given is not None:
                return given
            return selected(op, name) or default

        lanes, keys = chosen("lanes", DEFAULT_LANES), chosen("keys", 8)
        check_lanes(lanes)
        check_keys(keys)
        engines = [engine for engine in op.ops if isinstance(engine, EngineOp)]
        if not engines:
            raise PassFailedException("no engine to unroll; run binvit-map first")
        parameters = {engine: kind_of(engine).parameters for engine in engines}
        for engine, names in parameters.items():
            engine.set(lanes=lanes)
            if "keys" in names:
                engine.set(keys=keys)
            if "unroll_m" in names:
                _unroll_linear(engine, lanes, chosen)


def _unroll_linear(engine: EngineOp, lanes: int, chosen: Callable[[str, int], int]) -> None:
    """`chosen` has the value of an option, or its default."""
    name = engine.sym_name.data
    tile_m, tile_n = engine.get("tile_m"), engine.get("tile_n")
    if tile_m is None or tile_n is None:
        raise PassFailedException(f"@{name} has no tile; run binvit-tile first")
    kind = "binary" if engine.get("weight_bits") == 1 else "int8"
    unroll_m, unroll_n = chosen(f"{kind}_m", tile_m), chosen(f"{kind}_n", tile_n)
    results = chosen(f"{kind}_results", lanes)
    check_unroll(name, unroll_m, unroll_n, tile_m, tile_n, lanes, results)
    engine.set(unroll_m=unroll_m, unroll_n=unroll_n, results=results)
