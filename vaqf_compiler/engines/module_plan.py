"""The plan of a mapped module: everything that follows from it before loops are built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.dialects.binvit import DispatchOp, EngineOp
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.binvit.model import model_function
from vaqf_compiler.engines.accelerator import ACTIVATIONS, RESIDUAL, Accelerator
from vaqf_compiler.engines.contents import check_contents
from vaqf_compiler.engines.dispatches import (
    engines_of,
    name_of,
    parameter_of,
    result_memory,
    tokens_and_channels,
)
from vaqf_compiler.engines.engine import AnyEngine
from vaqf_compiler.engines.parameters import Parameters
from vaqf_compiler.engines.plan import plan_accelerator
from vaqf_compiler.engines.registry import kind_of
from vaqf_compiler.errors import OperationError


@dataclass(frozen=True)
class ModulePlan:
    """A mapped module, and the plans of its engines."""

    model: func.FuncOp
    engines: Mapping[str, EngineOp]
    dispatches: Sequence[DispatchOp]
    parameters: Parameters
    accelerator: Accelerator
    plans: Mapping[str, Any]
    """The plan of each engine, by the engine's name."""

    def kind(self, name: str) -> AnyEngine:
        """The kind of an engine."""
        return kind_of(self.engines[name])

    @staticmethod
    def of(module: ModuleOp) -> ModulePlan:
        """
        The plan of a module. Raises PassFailedException if the module is not mapped, tiled and
        allocated, OperationError if an engine cannot run one of its dispatches.
        """
        engines = engines_of(module)
        model = model_function(module)
        dispatches = [op for op in model.body.block.ops if isinstance(op, DispatchOp)]
        used = {name_of(dispatch.engine) for dispatch in dispatches}
        for name, engine in engines.items():
            if name not in used:
                raise OperationError(engine, f"no dispatch uses @{name}; remove it")
        for dispatch in dispatches:
            check_contents(dispatch, engines[name_of(dispatch.engine)])
        lanes = parameter_of(next(iter(engines.values())), "lanes")
        parameters = Parameters(engines, lanes)
        for dispatch in dispatches:
            parameters.add(dispatch)
        accelerator = plan_accelerator(module, engines, dispatches, parameters.ports)
        for dispatch in dispatches:
            _check_place(dispatch, engines[name_of(dispatch.engine)], accelerator)
        plans = {
            name: kind_of(engine).plan(
                engine, [d for d in dispatches if name_of(d.engine) == name], accelerator
            )
            for name, engine in engines.items()
        }
        return ModulePlan(model, engines, dispatches, parameters, accelerator, plans)


def _check_place(dispatch: DispatchOp, engine: EngineOp, accelerator: Accelerator) -> None:
    """Raise OperationError unless a result is where its engine writes, and the memory has room."""
    memory = result_memory(dispatch, engine)
    found = None if dispatch.memory is None else name_of(dispatch.memory)
    if found != memory:
        places = ["the output port" if name is None else f"@{name}" for name in (memory, found)]
        raise OperationError(
            dispatch, f"@{engine.sym_name.data} writes this to {places[0]}, not to {places[1]}"
        )
    if memory is None or dispatch.row is None or len(shape_of(dispatch.result)) != 2:
        return
    tokens, channels = tokens_and_channels(dispatch.result)
    end = dispatch.row.value.data + tokens * accelerator.token_rows(memory, channels)
    rows = {ACTIVATIONS: accelerator.activations, RESIDUAL: accelerator.residual}
    size = rows.get(memory, accelerator.image).get_shape()[0]
    if end > size:
        raise OperationError(
            dispatch, f"the result ends at row {end} of @{memory}, which has {size}"
        )
