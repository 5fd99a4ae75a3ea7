"""Target `hls-cpp`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.target import Target

from vaqf_compiler.emit.flow import VITIS_HLS, flow_named
from vaqf_compiler.emit.hls_cpp import print_hls_cpp
from vaqf_compiler.hls_rules import check_module


@dataclass(frozen=True)
class HLSCppTarget(Target):
    """C++ for Vitis HLS, or with `flow=vivado-hls` for Vivado HLS."""

    name = "hls-cpp"

    flow: str = VITIS_HLS.name
    verify: bool = True
    """Whether to refuse first what Vitis HLS would not take, as `hls-verify` does."""

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        if self.verify:
            check_module(module)
        output.write(print_hls_cpp(module, syntax=flow_named(self.flow).pragma))
