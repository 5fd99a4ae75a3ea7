"""
Before:

    %2 = binvit.linear %1, %w bias %b : ...
    %3 = binvit.requantize %2 by 50332 shift 22 : ...
    %4 = binvit.add %3, %residual : ...

After:

    binvit.engine @binary_linear "linear" {weight_bits = 1 : i64}
    ...
    %4 = binvit.dispatch @binary_linear : tensor<...> {
      %2 = binvit.linear %1, %w bias %b : ...
      %3 = binvit.requantize %2 by 50332 shift 22 : ...
      %5 = binvit.add %3, %residual : ...
      binvit.yield %5 : ...
    }

What an engine computes in one go becomes one dispatch: a layer with the requantisation, GELU or
residual addition after it, or attention from scores to context.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import (
    AddOp,
    AttentionContextOp,
    AttentionScoresOp,
    BinaryType,
    ConcatTokensOp,
    DispatchOp,
    EngineOp,
    GeluOp,
    LayerNormOp,
    LinearOp,
    ParameterOp,
    PatchEmbedOp,
    QuantizeOp,
    RequantizeOp,
    SelectTokenOp,
    SoftmaxOp,
    YieldOp,
)
from vaqf_compiler.dialects.binvit.checks import element, is_quantized
from vaqf_compiler.dialects.binvit.mapping import forget_costs
from vaqf_compiler.dialects.binvit.model import model_function
from vaqf_compiler.engines.contents import is_constant
from vaqf_compiler.engines.limits import check_mapped
from vaqf_compiler.errors import OperationError

ENGINES: dict[str, tuple[str, dict[str, int]]] = {
    "load_image": ("load_image", {}),
    "load_rows": ("load_rows", {}),
    "int8_linear": ("linear", {"weight_bits": 8}),
    "layer_norm": ("layer_norm", {}),
    "binary_linear": ("linear", {"weight_bits": 1}),
    "attention": ("attention", {}),
    "copy_tokens": ("copy_tokens", {}),
}
"""Names of engines, their kinds, and the parameters that follow from their purpose."""

FOLLOWERS: dict[type[Operation], tuple[type[Operation], ...]] = {
    LinearOp: (RequantizeOp,),
    PatchEmbedOp: (RequantizeOp,),
    AttentionScoresOp: (SoftmaxOp,),
    SoftmaxOp: (AttentionContextOp,),
    AttentionContextOp: (RequantizeOp,),
    RequantizeOp: (GeluOp, AddOp),
}
"""What may come next in a dispatch."""


@dataclass(frozen=True)
class BinvitMapPass(ModulePass):
    """Group the operations of a quantised model into dispatches of engines."""

    name = "binvit-map"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        forget_costs(op)
        if any(isinstance(o, EngineOp) for o in op.ops):
            raise PassFailedException("the module is mapped already; take the quantised model")
        function = model_function(op)
        if not all(is_quantized(argument) for argument in function.args):
            raise PassFailedException("the model is not quantised; run binvit-quantize first")
        _map(function)
        used = {
            dispatch.engine.root_reference.data
            for dispatch in op.walk()
            if isinstance(dispatch, DispatchOp)
        }
        engines = [
            EngineOp(name, kind, parameters)
            for name, (kind, parameters) in ENGINES.items()
            if name in used
        ]
        check_mapped(function, {engine.sym_name.data: engine for engine in engines})
        assert function.parent is not None
        function.parent.insert_ops_before(engines, function)


def _map(function: func.FuncOp) -> None:
    fetched_image: SSAValue | None = None
    for op in list(function.body.block.ops):
        if op.parent is not function.body.block:
            continue  # already in a dispatch
        match op:
            case AddOp() if is_constant(op.result):
                _dispatch("load_rows", [op])
            case LinearOp() | PatchEmbedOp() | LayerNormOp() | AttentionScoresOp():
                if isinstance(op, PatchEmbedOp):
                    fetched_image = fetched_image or _fetch(op, op.image, "load_image")
                    op.operands[0] = fetched_image
                if isinstance(op, LinearOp) and not _is_binary(op):
                    op.operands[0] = _fetch(op, op.input, "copy_tokens")
                chain = _chain(op)
                if isinstance(add := chain[-1], AddOp):
                    _fetch_constant_operand(add, chain[-2].results[0])
                _dispatch(_engine(op), chain)
            case ConcatTokensOp():
                for position, operand in enumerate(op.operands):
                    if isinstance(operand.owner, QuantizeOp):
                        op.operands[position] = _fetch(op, operand, "load_rows")
            case ParameterOp() | QuantizeOp() | SelectTokenOp() | DispatchOp() | func.ReturnOp():
                pass
            case _:
                raise OperationError(
                    op,
                    f"no engine computes {op.name}; the accelerator supports models that pool by "
                    "a token and have one head",
                )


def _engine(op: Operation) -> str:
    match op:
        case LayerNormOp():
            return "layer_norm"
        case AttentionScoresOp():
            return "attention"
        case LinearOp() if _is_binary(op):
            return "binary_linear"
        case _:
            return "int8_linear"


def _is_binary(op: LinearOp) -> bool:
    return isinstance(element(op.weight), BinaryType)


def _chain(first: Operation) -> list[Operation]:
    """`first` and the operations that its engine goes on with, one the only user of the last."""
    chain = [first]
    while True:
        last = chain[-1]
        users = [
            use.operation for use in last.results[0].uses
        ]  # twice, where it is added to itself
        if len(users) != 1 or not isinstance(users[0], FOLLOWERS.get(type(last), ())):
            return chain
        chain.append(users[0])


def _dispatch(engine: str, operations: list[Operation]) -> DispatchOp:
    """Move operations into a dispatch where the last of them stands."""
    last = operations[-1]
    block = Block()
    dispatch = DispatchOp(engine, last.results[0].type, Region(block))
    dispatch.result.name_hint = last.results[0].name_hint
    for op in operations:
        if (layer := op.attributes.get("layer")) is not None:
            dispatch.attributes["layer"] = layer
    assert last.parent is not None
    last.parent.insert_op_before(dispatch, last)
    for op in operations:
        op.detach()
        block.add_op(op)
    last.results[0].replace_all_uses_with(dispatch.result)
    block.add_op(YieldOp(last.results[0]))
    return dispatch


def _fetch(user: Operation, value: SSAValue, engine: str) -> SSAValue:
    """A dispatch that only moves `value` to where `user` can read it."""
    block = Block([YieldOp(value)])
    dispatch = DispatchOp(engine, value.type, Region(block))
    dispatch.result.name_hint = value.name_hint
    return Builder(InsertPoint.before(user)).insert(dispatch).result


def _fetch_constant_operand(add: AddOp, computed: SSAValue) -> None:
    """Have the operand that is not `computed` in memory, if it is a parameter."""
    position = 1 if add.lhs is computed else 0
    other = add.operands[position]
    if is_constant(other):
        add.operands[position] = _fetch(add, other, "load_rows")
