"""The engine kind for multi-head attention, from scores to the requantised context."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from xdsl.dialects import func, memref
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import (
    AttentionContextOp,
    AttentionScoresOp,
    DispatchOp,
    EngineOp,
    RequantizeOp,
    SoftmaxOp,
)
from vaqf_compiler.dialects.binvit.checks import quantized, shape_of
from vaqf_compiler.dialects.binvit.mapping import LANES
from vaqf_compiler.engines.accelerator import ACTIVATIONS, LEAST_LANES, Accelerator, bits_of
from vaqf_compiler.engines.attention.loops import build_attention, build_exp_table
from vaqf_compiler.engines.attention.parts import attention_parts
from vaqf_compiler.engines.attention.plan import (
    EXP_TABLE,
    AttentionPlan,
    context_shift,
    exp_shift,
)
from vaqf_compiler.engines.dispatches import (
    find,
    first_row,
    layer_of,
    most_shift,
    parameter_of,
    scaling_of,
    target_row,
    tokens_and_channels,
)
from vaqf_compiler.engines.engine import Engine
from vaqf_compiler.engines.limits import MappedModel, uneven
from vaqf_compiler.engines.parameters import Parameters
from vaqf_compiler.engines.parts import Parts
from vaqf_compiler.errors import OperationError
from vaqf_compiler.reference.tables import RECIPROCAL_BITS, softmax_constants


class Attention(Engine[AttentionPlan]):
    """Computes scores, softmax and context of all heads of a layer."""

    kind = "attention"
    engines = MappingProxyType({"attention": {}})
    parameters = frozenset({LANES, "keys"})
    chains = ((AttentionScoresOp, SoftmaxOp, AttentionContextOp, RequantizeOp),)
    searchable = True

    def memory(self, dispatch: DispatchOp) -> str:
        return ACTIVATIONS

    def check(self, dispatch: DispatchOp, model: MappedModel) -> None:
        scores = find(dispatch, AttentionScoresOp)
        for operand in (scores.query, scores.key, find(dispatch, AttentionContextOp).value):
            model.check_read(dispatch, operand, ACTIVATIONS)
        if not isinstance(dispatch.operations[-1], RequantizeOp):
            raise OperationError(
                dispatch, f"{layer_of(dispatch)} has a context that is not requantised alone"
            )

    def check_together(self, dispatches: Sequence[DispatchOp]) -> None:
        head_sizes(dispatches)

    def check_channels(self, dispatch: DispatchOp, model: MappedModel) -> None:
        for size in head_sizes([dispatch]):
            if size % LEAST_LANES:
                raise OperationError(dispatch, uneven(dispatch, f"heads of {size} channels"))

    def plan(
        self, engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
    ) -> AttentionPlan:
        scores = [find(dispatch, AttentionScoresOp) for dispatch in dispatches]
        contexts = [find(dispatch, AttentionContextOp) for dispatch in dispatches]
        softmaxes = [find(dispatch, SoftmaxOp) for dispatch in dispatches]
        heads = [heads_of(dispatch) for dispatch in dispatches]
        probability_bits = {
            quantized("probabilities", op.result, signed=False).bits.data for op in softmaxes
        }
        if len(probability_bits) != 1:
            raise PassFailedException(
                f"all probabilities must have the same bits, got {sorted(probability_bits)}"
            )
        bits = bits_of(accelerator.activations)
        head_size, value_size = head_sizes(dispatches)
        for size in (head_size, value_size):
            if size % accelerator.lanes:
                raise PassFailedException(
                    f"heads of {size} channels are no multiple of the {accelerator.lanes} lanes; "
                    "choose fewer lanes in binvit-unroll"
                )
        score_types = [quantized("scores", op.result) for op in scores]
        return AttentionPlan(
            name=engine.sym_name.data,
            keys=parameter_of(engine, "keys"),
            heads=max(heads),
            head_size=head_size,
            value_size=value_size,
            activation_bits=bits,
            score_bits=max(type_.bits.data for type_ in score_types),
            context_bits=max(quantized("context", op.result).bits.data for op in contexts),
            probability_bits=probability_bits.pop(),
            most_shift=max(context_shift(bits), most_shift(dispatches)),
            most_exp_shift=max(
                exp_shift(bits),
                *(softmax_constants(type_.scale.data).shift for type_ in score_types),
            ),
            exp_table=EXP_TABLE,
            heads_vary=len(set(heads)) > 1,
        )

    def tables(self, plan: AttentionPlan) -> list[memref.GlobalOp]:
        return [build_exp_table(plan.exp_table)]

    def build(self, plan: AttentionPlan, accelerator: Accelerator) -> list[func.FuncOp]:
        return [build_attention(plan, accelerator)]

    def scalars(
        self,
        dispatch: DispatchOp,
        plan: AttentionPlan,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        scores, softmax = find(dispatch, AttentionScoresOp), find(dispatch, SoftmaxOp)
        score_type = quantized("scores", scores.result)
        constants = softmax_constants(score_type.scale.data)
        # No two scores are further apart than this, so a greater limit would have no effect.
        limit = min(constants.limit, (1 << score_type.bits.data) - 1)
        tokens, _ = tokens_and_channels(scores.query)
        values = (scores.query, scores.key, find(dispatch, AttentionContextOp).value)
        return (
            tokens,
            *(first_row(value, ACTIVATIONS, accelerator) for value in values),
            target_row(dispatch),
            constants.multiplier,
            constants.shift,
            limit,
            RECIPROCAL_BITS - softmax.result_exponent,
            *scaling_of(dispatch),
            *((heads_of(dispatch),) if plan.heads_vary else ()),
        )

    def parts(self, plan: AttentionPlan, accelerator: Accelerator) -> Parts:
        return attention_parts(plan, accelerator)


def heads_of(dispatch: DispatchOp) -> int:
    """Number of heads of a dispatch of attention."""
    return find(dispatch, AttentionScoresOp).heads.value.data


def head_sizes(dispatches: Sequence[DispatchOp]) -> tuple[int, int]:
    """
    Channels of a head's query and key, and of its value, for which an attention engine is built.
    Raises OperationError for a layer whose sizes differ from those of the first one.
    """
    sizes = [_head_sizes(dispatch) for dispatch in dispatches]
    for dispatch, found in zip(dispatches, sizes, strict=True):
        if found != sizes[0]:
            raise OperationError(
                dispatch,
                f"{layer_of(dispatch)} has heads of {_of_sizes(*found)}, "
                f"{layer_of(dispatches[0])} of {_of_sizes(*sizes[0])}; the attention engine is "
                "built for one size: keep or prune whole heads, or pad heads with zeros",
            )
    return sizes[0]


def _head_sizes(dispatch: DispatchOp) -> tuple[int, int]:
    heads = heads_of(dispatch)
    query, value = find(dispatch, AttentionScoresOp).query, find(dispatch, AttentionContextOp).value
    return shape_of(query)[1] // heads, shape_of(value)[1] // heads


def _of_sizes(head_size: int, value_size: int) -> str:
    values = "" if head_size == value_size else f" and values of {value_size}"
    return f"{head_size} channels{values}"


ENGINES = (Attention(),)
