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
    ConcatTokensOp,
    DispatchOp,
    EngineOp,
    ParameterOp,
    QuantizeOp,
    SelectTokenOp,
    YieldOp,
)
from vaqf_compiler.dialects.binvit.checks import is_quantized
from vaqf_compiler.dialects.binvit.mapping import forget_costs
from vaqf_compiler.dialects.binvit.model import model_function
from vaqf_compiler.engines.dispatches import name_of
from vaqf_compiler.engines.engine import AnyEngine
from vaqf_compiler.engines.limits import check_mapped
from vaqf_compiler.engines.movement.names import LOAD_ROWS
from vaqf_compiler.engines.registry import kinds
from vaqf_compiler.errors import OperationError


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
        used = dict.fromkeys(
            name_of(dispatch.engine) for dispatch in op.walk() if isinstance(dispatch, DispatchOp)
        )
        fixed = {
            name: (kind.kind, parameters)
            for kind in kinds().values()
            for name, parameters in kind.engines.items()
        }
        engines = [EngineOp(name, *fixed[name]) for name in used]
        check_mapped(function, {engine.sym_name.data: engine for engine in engines})
        assert function.parent is not None
        function.parent.insert_ops_before(engines, function)


def _map(function: func.FuncOp) -> None:
    fetched: dict[SSAValue, SSAValue] = {}
    for op in list(function.body.block.ops):
        if op.parent is not function.body.block:
            continue  # already in a dispatch
        runs = [(kind, name) for kind in kinds().values() if (name := kind.engine_for(op))]
        match op:
            case _ if runs:
                (kind, name), *others = runs
                if others:
                    claims = ", ".join(f"'{each.kind}'" for each, _ in runs)
                    raise OperationError(
                        op, f"engines of several kinds compute {op.name}: {claims}"
                    )
                chain = _chain(kind, op)
                for user, position, mover in kind.fetched(chain):
                    value = user.operands[position]
                    copy = fetched.get(value) or _fetch(user, value, mover)
                    if isinstance(value.owner, Block):  # the image, once for all that read it
                        fetched[value] = copy
                    user.operands[position] = copy
                _dispatch(name, chain)
            case ConcatTokensOp():
                for position, operand in enumerate(op.operands):
                    if isinstance(operand.owner, QuantizeOp):
                        op.operands[position] = _fetch(op, operand, LOAD_ROWS)
            case ParameterOp() | QuantizeOp() | SelectTokenOp() | DispatchOp() | func.ReturnOp():
                pass
            case AddOp():
                raise OperationError(
                    op,
                    "no engine computes this addition: the accelerator adds positions to tokens, "
                    "and the results of linear layers to the residual stream",
                )
            case _:
                raise OperationError(
                    op,
                    f"no engine computes {op.name}; the accelerator supports models that pool by "
                    "a token and have one head",
                )


def _chain(kind: AnyEngine, first: Operation) -> list[Operation]:
    """`first` and the operations that its engine goes on with, one the only user of the last."""
    chain = [first]
    while True:
        # Twice, where it is added to itself.
        users = [use.operation for use in chain[-1].results[0].uses]
        types = tuple(type(op) for op in (*chain, *users))
        if len(users) != 1 or not any(each[: len(types)] == types for each in kind.chains):
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
