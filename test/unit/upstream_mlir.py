"""The judgement of MLIR itself, through torch-mlir's Python bindings."""

from __future__ import annotations

from io import StringIO

from torch_mlir import ir
from torch_mlir.passmanager import PassManager
from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer


def standard_part(module: ModuleOp) -> ModuleOp:
    """A copy without the operations of our own dialects, which stage 5 has beside standard ones."""
    copy = module.clone()
    for op in [*copy.walk()]:
        if op.name.startswith(("vhls.", "binvit.")) and op.parent is not None:
            op.detach()
            op.erase()
    return copy


def verify_upstream(module: ModuleOp) -> None:
    """Parse and verify a module in MLIR, in generic form. Raises ir.MLIRError if it is invalid."""
    stream = StringIO()
    Printer(stream, print_generic_format=True).print_op(module)
    with ir.Context() as context:
        context.allow_unregistered_dialects = False
        ir.Module.parse(stream.getvalue()).operation.verify()


def fold(text: str) -> str:
    """A module after MLIR's own constant folding."""
    with ir.Context():
        module = ir.Module.parse(text)
        PassManager.parse("builtin.module(canonicalize)").run(module.operation)
        return str(module)
