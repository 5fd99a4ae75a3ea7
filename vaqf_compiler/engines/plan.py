"""The `Accelerator` of a mapped model, from its memories and dispatches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Attribute
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import DispatchOp, EngineOp, MemoryOp
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.engines.accelerator import ACTIVATIONS, IMAGE, RESIDUAL, Accelerator
from vaqf_compiler.engines.dispatches import name_of, parameter_of


def plan_accelerator(
    module: ModuleOp,
    engines: dict[str, EngineOp],
    dispatches: Sequence[DispatchOp],
    ports: Mapping[str, MemRefType[Attribute]],
) -> Accelerator:
    """
    The memories, ports and lanes that the engines of a module share; `ports` are those of the
    parameters. Raises PassFailedException if a memory is missing or engines differ in their lanes.
    """
    found = [op for op in module.ops if isinstance(op, MemoryOp)]
    memories = {op.sym_name.data: op.type for op in found}
    for name in (ACTIVATIONS, RESIDUAL, IMAGE):
        if name not in memories:
            raise PassFailedException(f"there is no memory @{name}; run binvit-allocate first")
    lanes = {parameter_of(engine, "lanes") for engine in engines.values()}
    if len(lanes) != 1:
        raise PassFailedException(f"all engines must have the same lanes, got {sorted(lanes)}")
    streams = [shape_of(d.result) for d in dispatches if _is_in(d, RESIDUAL)]
    residual_rows = _shape(memories[RESIDUAL])[0]
    (number,) = lanes
    channels = streams[0][1]
    return Accelerator(
        lanes=number,
        tokens=residual_rows * number // channels,
        channels=channels,
        activations=memories[ACTIVATIONS],
        residual=memories[RESIDUAL],
        image=memories[IMAGE],
        ports=ports,
        uram=frozenset(op.sym_name.data for op in found if op.storage.data == "uram"),
    )


def _shape(memory: MemRefType[Attribute]) -> tuple[int, ...]:
    return memory.get_shape()


def _is_in(dispatch: DispatchOp, memory: str) -> bool:
    return dispatch.memory is not None and name_of(dispatch.memory) == memory
