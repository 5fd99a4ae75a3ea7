"""The widths that engines are built with: enough for the largest sums of a model, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.dialects.binvit import DispatchOp, QuantizedType
from vaqf_compiler.dialects.binvit.checks import element, shape_of
from vaqf_compiler.engines.attention.plan import AttentionPlan
from vaqf_compiler.engines.dispatches import name_of
from vaqf_compiler.engines.linear.engine import weighted_op
from vaqf_compiler.engines.linear.plan import LinearPlan
from vaqf_compiler.engines.module_plan import ModulePlan
from vaqf_compiler.pipeline import make_context, read_module, run_passes

MODEL = Path(__file__).parents[1] / "passes" / "Inputs" / "model.mlir"
HEAD_SIZE, TOKENS = 8, 5


def mapped(bits: int, tile_n: int = 16) -> ModuleOp:
    context = make_context()
    module = read_module(context, MODEL)
    run_passes(
        context,
        module,
        f"binvit-canonicalize-tokens,binvit-quantize{{activation-bits={bits}}},binvit-map,"
        f"binvit-tile{{binary-m=16 binary-n={tile_n} int8-m=16 int8-n=16}},"
        "binvit-unroll{lanes=8 keys=2},binvit-allocate",
    )
    return module


def largest_sum(dispatch: DispatchOp, tile_n: int) -> int:
    """The largest total of a layer: all inputs most negative, all weights and the bias alike."""
    layer = weighted_op(dispatch)
    x, weight = element(layer.operands[0]), element(layer.weight)
    terms = 1
    for size in shape_of(layer.weight)[1:]:
        terms *= size
    factor = 128
    if not isinstance(weight, QuantizedType):  # a tile is filled up with weights of -1
        terms, factor = -(-terms // tile_n) * tile_n, 1
    assert isinstance(x, QuantizedType)
    bias = 0
    if layer.bias is not None:
        bias_type = element(layer.bias)
        assert isinstance(bias_type, QuantizedType)
        bias = bias_type.maximum
    return terms * factor * -x.minimum + bias


@pytest.mark.parametrize("bits", range(1, 17))
@pytest.mark.parametrize("tile_n", [16, 128])
def test_totals_of_linear_engines(bits: int, tile_n: int):
    plan = ModulePlan.of(mapped(bits, tile_n))
    for name, engine in plan.plans.items():
        if isinstance(engine, LinearPlan):
            dispatches = [d for d in plan.dispatches if name_of(d.engine) == name]
            most = max(largest_sum(dispatch, tile_n) for dispatch in dispatches)
            assert most < 1 << (engine.total_bits - 1)
            assert most >= 1 << (engine.total_bits - 2)  # one bit less would overflow


@pytest.mark.parametrize("bits", range(1, 17))
def test_sums_of_attention(bits: int):
    plan = ModulePlan.of(mapped(bits)).plans["attention"]
    assert isinstance(plan, AttentionPlan)
    lowest = 1 << (bits - 1)
    score = plan.head_size * lowest * lowest
    assert 1 << (plan.score_bits - 2) <= score < 1 << (plan.score_bits - 1)
    context = TOKENS * ((1 << bits) - 1) * lowest  # negative: the least number fits too
    assert context <= 1 << (plan.context_bits - 1)
    assert context > 1 << (plan.context_bits - 2)
