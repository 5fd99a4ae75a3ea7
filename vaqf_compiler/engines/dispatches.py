"""Properties of a dispatch, which follow from the operations in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

from xdsl.dialects import func
from xdsl.dialects.builtin import FlatSymbolRefAttr, ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import (
    AddOp,
    ConcatTokensOp,
    DispatchOp,
    EngineOp,
    PatchEmbedOp,
    RequantizeOp,
    SelectTokenOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.engines.accelerator import Accelerator
from vaqf_compiler.engines.registry import kind_of
from vaqf_compiler.errors import OperationError

TOP = "vaqf_top"
"""Name of the accelerator's function, in a module that is lowered to loops."""

OpT = TypeVar("OpT", bound=Operation)


def engines_of(module: ModuleOp) -> dict[str, EngineOp]:
    """
    The engines of a module by name. Raises PassFailedException if there are none, OperationError
    if the kind or a parameter of one is not known.
    """
    engines = {op.sym_name.data: op for op in module.ops if isinstance(op, EngineOp)}
    for engine in engines.values():
        kind_of(engine)
    if not engines:
        lowered = any(isinstance(op, func.FuncOp) and op.sym_name.data == TOP for op in module.ops)
        raise PassFailedException(
            "the module is lowered to loops already; take the mapped one"
            if lowered
            else "the module has no engines; run binvit-map first"
        )
    return engines


def parameter_of(engine: EngineOp, name: str) -> int:
    """The value of an engine's parameter. Raises PassFailedException if it is not chosen yet."""
    value = engine.get(name)
    if value is None:
        raise PassFailedException(
            f"engine @{engine.sym_name.data} has no {name}; run binvit-tile and binvit-unroll first"
        )
    return value


def name_of(reference: FlatSymbolRefAttr | SymbolRefAttr) -> str:
    """The symbol that a reference names."""
    return reference.root_reference.data


def find(dispatch: DispatchOp, kind: type[OpT]) -> OpT:
    """The first operation of type `kind` in a dispatch. Raises PassFailedException if none is."""
    found = find_optional(dispatch, kind)
    if found is None:
        raise PassFailedException(f"a dispatch of {dispatch.engine} has no {kind.name}")
    return found


def find_optional(dispatch: DispatchOp, kind: type[OpT]) -> OpT | None:
    """The first operation of type `kind` in a dispatch, or None if there is none."""
    return next((op for op in dispatch.operations if isinstance(op, kind)), None)


def result_memory(dispatch: DispatchOp, engine: EngineOp) -> str | None:
    """The memory to which a dispatch writes, or None for the output port."""
    return kind_of(engine).memory(dispatch)


def first_row(value: SSAValue, memory: str, accelerator: Accelerator) -> int:
    """The row of `memory` at which a value starts; see `first_row_of`."""
    return first_row_of(value, memory, accelerator.token_rows)


def target_row(dispatch: DispatchOp) -> int:
    """The first row to which a dispatch writes."""
    return 0 if dispatch.row is None else dispatch.row.value.data


def scaling_of(dispatch: DispatchOp) -> tuple[int, int]:
    """Multiplier and shift of a dispatch's requantisation; (0, 1) if it has none."""
    requantize = find_optional(dispatch, RequantizeOp)
    if requantize is None:
        return 0, 1
    return requantize.multiplier.value.data, requantize.shift.value.data


def most_shift(dispatches: Sequence[DispatchOp]) -> int:
    """The greatest requantisation shift of the dispatches."""
    return max((scaling_of(dispatch)[1] for dispatch in dispatches), default=1)


def patch_embedding(dispatch: DispatchOp) -> PatchEmbedOp:
    """The patch embedding that uses a loaded image. Raises OperationError if there is none."""
    for use in dispatch.result.uses:
        if isinstance(use.operation, PatchEmbedOp):
            return use.operation
    raise OperationError(dispatch, "an image is fetched that no patch embedding uses")


def accumulated_operand(dispatch: DispatchOp) -> SSAValue:
    """
    The part of the residual stream to which a dispatch adds in place. Raises OperationError unless
    exactly one operand of the addition comes from outside the dispatch.
    """
    add = find(dispatch, AddOp)
    inside = {op.results[0] for op in dispatch.operations}
    outside = [value for value in add.operands if value not in inside]
    if len(outside) != 1:
        raise OperationError(
            add, "the addition must be of a result of this dispatch and a value from outside it"
        )
    return outside[0]


def layer_of(dispatch: DispatchOp) -> str:
    """The name of a dispatch's layer in messages."""
    layer = dispatch.attributes.get("layer")
    if isinstance(layer, StringAttr):
        return f"layer '{layer.data}'"
    return f"a layer of @{name_of(dispatch.engine)}"


def first_row_of(value: SSAValue, memory: str, token_rows: Callable[[str, int], int]) -> int:
    """
    The row of `memory` at which a value starts: the row of its dispatch, or of its first token.
    `token_rows(memory, channels)` is the number of rows that a token takes. Raises
    PassFailedException if the value has no place, OperationError if it is in another memory or
    its tokens are not in consecutive rows.
    """
    match value.owner:
        case DispatchOp() as dispatch:
            if dispatch.row is None or dispatch.memory is None:
                raise PassFailedException(
                    f"a dispatch of {dispatch.engine} has no place; run binvit-allocate first"
                )
            if (found := name_of(dispatch.memory)) != memory:
                raise OperationError(
                    dispatch, f"the result is in @{found}, but an engine reads it from @{memory}"
                )
            return dispatch.row.value.data
        case ConcatTokensOp() as concat:
            first, *others = concat.inputs
            row = first_row_of(first, memory, token_rows)
            end = row
            for part, following in pairwise((first, *others)):
                end += shape_of(part)[0] * token_rows(memory, shape_of(part)[1])
                if first_row_of(following, memory, token_rows) != end:
                    raise OperationError(
                        concat, f"tokens are joined in another order than they are in @{memory}"
                    )
            return row
        case SelectTokenOp() as select:
            row = first_row_of(select.input, memory, token_rows)
            rows = token_rows(memory, shape_of(select.input)[1])
            return row + select.index.value.data * rows
        case owner:
            what = owner.name if isinstance(owner, Operation) else "an argument"
            raise PassFailedException(f"the result of {what} is in no memory")


def trace_name(position: int, dispatch: DispatchOp) -> str | None:
    """
    The name under which a simulation shows the result of a dispatch, the `position`-th of the
    model, as `005-vit.layers.0.attention.q_proj`. None if the result is not in a memory or is no
    matrix of tokens.
    """
    if dispatch.memory is None or len(shape_of(dispatch.result)) != 2:
        return None
    layer = dispatch.attributes.get("layer")
    name = layer.data if isinstance(layer, StringAttr) else name_of(dispatch.engine)
    usable = re.sub(r"[^\w.-]", "_", name)
    return f"{position:03}-{usable}"


def tokens_and_channels(value: SSAValue) -> tuple[int, int]:
    """The shape (tokens, channels) of a matrix of tokens."""
    tokens, channels = shape_of(value)
    return tokens, channels
