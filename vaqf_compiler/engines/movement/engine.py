"""The engine kinds that move data: the image, initial tokens, and tokens for the heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from xdsl.dialects import func
from xdsl.ir import Block, Operation, SSAValue

from vaqf_compiler.dialects.binvit import AddOp, DispatchOp, EngineOp
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.engines.accelerator import (
    ACTIVATIONS,
    IMAGE,
    PIXELS_PER_WORD,
    RESIDUAL,
    Accelerator,
    token_bits,
    width_of,
)
from vaqf_compiler.engines.contents import is_constant
from vaqf_compiler.engines.dispatches import (
    first_row,
    patch_embedding,
    target_row,
    tokens_and_channels,
)
from vaqf_compiler.engines.engine import Engine
from vaqf_compiler.engines.limits import MappedModel
from vaqf_compiler.engines.movement.loops import (
    build_copy_tokens,
    build_load_image,
    build_load_rows,
)
from vaqf_compiler.engines.movement.names import COPY_TOKENS, LOAD_IMAGE, LOAD_ROWS
from vaqf_compiler.engines.movement.parts import copy_parts, load_parts
from vaqf_compiler.engines.parameters import Parameters
from vaqf_compiler.engines.parts import Parts
from vaqf_compiler.errors import OperationError


@dataclass(frozen=True)
class MovementPlan:
    """Parameters of an engine that moves data."""

    name: str
    words: int = 0
    """Words of the image's port; other engines get the number of words at run time."""


class _Movement(Engine[MovementPlan]):
    """A kind whose plan depends on no dispatch, unless it says otherwise."""

    searchable = True

    def plan(
        self, engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
    ) -> MovementPlan:
        return MovementPlan(engine.sym_name.data)


class LoadImage(_Movement):
    """Loads the image, cut into patches, into the image memory."""

    kind = LOAD_IMAGE
    engines = MappingProxyType({LOAD_IMAGE: {}})
    chains = ((),)
    result_rank = 3

    def memory(self, dispatch: DispatchOp) -> str:
        return IMAGE

    def check(self, dispatch: DispatchOp, model: MappedModel) -> None:
        _check_image(dispatch)

    def plan(
        self, engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
    ) -> MovementPlan:
        row = width_of(accelerator.image) * accelerator.lanes
        words = 0
        for dispatch in dispatches:
            _check_image(dispatch)  # again, as the file may have been changed since it was mapped
            embedding = patch_embedding(dispatch)
            _, *kernel = shape_of(embedding.weight)
            pixels = kernel[0] * kernel[1] * kernel[2]
            rows = shape_of(embedding.result)[0] * -(-pixels // row)
            words = max(words, rows * row // PIXELS_PER_WORD)
        return MovementPlan(engine.sym_name.data, words)

    def build(self, plan: MovementPlan, accelerator: Accelerator) -> list[func.FuncOp]:
        return [build_load_image(plan.name, accelerator, plan.words)]

    def scalars(
        self,
        dispatch: DispatchOp,
        plan: MovementPlan,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        return ()

    def parts(self, plan: MovementPlan, accelerator: Accelerator) -> Parts:
        return load_parts()


def _check_image(dispatch: DispatchOp) -> None:
    """Raise OperationError unless a dispatch loads the function's argument."""
    if not isinstance(dispatch.yielded.owner, Block):
        raise OperationError(
            dispatch, "an engine of kind 'load_image' loads the function's argument"
        )


class LoadRows(_Movement):
    """Loads tokens that are parameters into the residual stream."""

    kind = LOAD_ROWS
    engines = MappingProxyType({LOAD_ROWS: {}})
    chains = ((), (AddOp,))

    def engine_for(self, op: Operation) -> str | None:
        return LOAD_ROWS if isinstance(op, AddOp) and is_constant(op.result) else None

    def memory(self, dispatch: DispatchOp) -> str:
        return RESIDUAL

    def constants(self, dispatch: DispatchOp) -> list[SSAValue]:
        return [dispatch.yielded]

    def pack(self, dispatch: DispatchOp, engine: EngineOp, parameters: Parameters) -> None:
        at = parameters.vector(dispatch.yielded, token_bits(parameters.lanes))
        parameters.parameters_at[dispatch] = at

    def build(self, plan: MovementPlan, accelerator: Accelerator) -> list[func.FuncOp]:
        return [build_load_rows(plan.name, accelerator)]

    def scalars(
        self,
        dispatch: DispatchOp,
        plan: MovementPlan,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        tokens, _ = tokens_and_channels(dispatch.result)
        at = parameters.parameters_at[dispatch]
        return at, tokens * accelerator.channel_groups, target_row(dispatch)

    def parts(self, plan: MovementPlan, accelerator: Accelerator) -> Parts:
        return load_parts()


class CopyTokens(_Movement):
    """Copies tokens from the activation memory to the image memory, where the heads read them."""

    kind = COPY_TOKENS
    engines = MappingProxyType({COPY_TOKENS: {}})
    chains = ((),)

    def memory(self, dispatch: DispatchOp) -> str:
        return IMAGE

    def check(self, dispatch: DispatchOp, model: MappedModel) -> None:
        model.check_read(dispatch, dispatch.yielded, ACTIVATIONS)

    def check_channels(self, dispatch: DispatchOp, model: MappedModel) -> None:
        widths = {shape_of(op.result)[1] for op in model.written(RESIDUAL)}
        if widths and (channels := shape_of(dispatch.result)[1]) not in widths:
            raise OperationError(
                dispatch,
                f"{model.name(dispatch)} reads {channels} channels, but the residual stream has "
                f"{widths.pop()}; pool the normalised residual stream",
            )

    def build(self, plan: MovementPlan, accelerator: Accelerator) -> list[func.FuncOp]:
        return [build_copy_tokens(plan.name, accelerator)]

    def scalars(
        self,
        dispatch: DispatchOp,
        plan: MovementPlan,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        tokens, _ = tokens_and_channels(dispatch.result)
        return tokens, first_row(dispatch.yielded, ACTIVATIONS, accelerator)

    def parts(self, plan: MovementPlan, accelerator: Accelerator) -> Parts:
        return copy_parts(accelerator)


ENGINES = (LoadImage(), LoadRows(), CopyTokens())
