"""
Before, and after unchanged:

    scf.for %token = %zero to %tokens step %one {
      vhls.loop_tripcount min = 1 max = 197
      vhls.pipeline ii = 1
      %word = memref.load %port[%token] : memref<4096xi128>
      ...
    }

or the first thing that Vitis HLS would refuse, or not build as it is meant:

    loops.mlir:7:5: error: hls-verify refuses 'memref.load' in @fetch: the access to the m_axi port
    %port is conditional; access it always, or in a loop of its own

The rules are in `vaqf_compiler/hls_rules`; docs/hls-verify.md says what each rests on.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from vaqf_compiler.hls_rules import check_module


@dataclass(frozen=True)
class HLSVerifyPass(ModulePass):
    """Refuse loops that Vitis HLS would not take, or not build as they are meant."""

    name = "hls-verify"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        check_module(op)
