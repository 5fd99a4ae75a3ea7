"""Mapped models that were changed by hand: what no engine computes is refused, not built wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, SymbolRefAttr, i64
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import (
    AddOp,
    AttentionScoresOp,
    DispatchOp,
    LayerNormOp,
    LinearOp,
    RequantizeOp,
)
from vaqf_compiler.engines.dispatches import name_of
from vaqf_compiler.pipeline import make_context, read_module, run_passes

MODEL = Path(__file__).parents[1] / "passes" / "Inputs" / "model.mlir"
PASSES = (
    "binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile{"
    "binary-m=32 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{binary-m=8 lanes=8 keys=2},"
    "binvit-allocate"
)


@pytest.fixture(scope="module")
def mapped() -> tuple[Context, ModuleOp]:
    context = make_context()
    module = read_module(context, MODEL)
    run_passes(context, module, PASSES)
    return context, module


def refusal(mapped: tuple[Context, ModuleOp], module: ModuleOp) -> str:
    with pytest.raises(PassFailedException) as error:
        run_passes(mapped[0], module, "lower-binvit-to-loops")
    return str(error.value)


def dispatch_with(module: ModuleOp, *kinds: type) -> DispatchOp:
    """The first dispatch that has an operation of each kind."""
    for op in module.walk():
        if isinstance(op, DispatchOp):
            found = {type(each) for each in op.operations}
            if found.issuperset(kinds):
                return op
    raise AssertionError(kinds)


def inside(dispatch: DispatchOp, kind: type):
    return next(op for op in dispatch.operations if isinstance(op, kind))


def test_operations_that_its_engine_does_not_compute(mapped: tuple[Context, ModuleOp]):
    module = mapped[1].clone()
    norm = dispatch_with(module, LayerNormOp)
    norm.engine = SymbolRefAttr(name_of(dispatch_with(module, AttentionScoresOp).engine))
    assert "computes binvit.attention_scores, binvit.softmax" in refusal(mapped, module)
    module = mapped[1].clone()
    linear = dispatch_with(module, LinearOp, AddOp)
    add = inside(linear, AddOp)
    linear.body.block.insert_op_after(twice := AddOp(add.result, add.operands[1]), add)
    assert linear.body.block.last_op is not None
    linear.body.block.last_op.operands[0] = twice.result
    assert "computes binvit.linear or" in refusal(mapped, module)


def test_results_that_the_next_operation_does_not_take(mapped: tuple[Context, ModuleOp]):
    module = mapped[1].clone()
    add = inside(dispatch_with(module, LinearOp, AddOp), AddOp)
    outside = next(at for at in (0, 1) if not isinstance(add.operands[at].owner, RequantizeOp))
    add.operands[outside] = add.operands[1 - outside]
    assert "must be an operand of binvit.add, and only that" in refusal(mapped, module)


@pytest.mark.parametrize("row", [3, 1 << 40])
def test_places_that_are_not_those_of_the_engines(mapped: tuple[Context, ModuleOp], row: int):
    module = mapped[1].clone()
    dispatch = dispatch_with(module, LinearOp, AddOp)
    dispatch.row = IntegerAttr(row, i64)
    assert "@residual" in refusal(mapped, module)
    module = mapped[1].clone()
    dispatch = dispatch_with(module, LinearOp, AddOp)
    dispatch.memory = SymbolRefAttr("activations")
    assert "writes this to @residual, not to @activations" in refusal(mapped, module)
