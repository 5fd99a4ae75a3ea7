"""The engine kind for layer normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from xdsl.dialects import func
from xdsl.ir import SSAValue

from vaqf_compiler.dialects.binvit import DispatchOp, EngineOp, LayerNormOp
from vaqf_compiler.dialects.binvit.checks import quantized, shape_of
from vaqf_compiler.engines.accelerator import ACTIVATIONS, RESIDUAL, Accelerator
from vaqf_compiler.engines.dispatches import (
    find,
    first_row,
    layer_of,
    target_row,
    tokens_and_channels,
)
from vaqf_compiler.engines.engine import Engine
from vaqf_compiler.engines.layer_norm.loops import build_layer_norm
from vaqf_compiler.engines.layer_norm.parts import layer_norm_parts
from vaqf_compiler.engines.layer_norm.plan import ROOT_BITS, LayerNormPlan
from vaqf_compiler.engines.limits import MappedModel
from vaqf_compiler.engines.parameters import Parameters
from vaqf_compiler.engines.parts import Parts
from vaqf_compiler.errors import OperationError
from vaqf_compiler.reference.tables import layer_norm_epsilon


class LayerNorm(Engine[LayerNormPlan]):
    """Normalises tokens of the residual stream and writes them as activations."""

    kind = "layer_norm"
    engines = MappingProxyType({"layer_norm": {}})
    chains = ((LayerNormOp,),)
    searchable = True

    def memory(self, dispatch: DispatchOp) -> str:
        return ACTIVATIONS

    def constants(self, dispatch: DispatchOp) -> list[SSAValue]:
        norm = find(dispatch, LayerNormOp)
        return [norm.gamma, norm.beta]

    def check(self, dispatch: DispatchOp, model: MappedModel) -> None:
        norm = find(dispatch, LayerNormOp)
        model.check_read(dispatch, norm.input, RESIDUAL)
        stream = quantized("input", norm.input)
        channels, most = shape_of(norm.input)[1], 1 << (2 * ROOT_BITS)
        greatest = (channels * stream.minimum) ** 2
        if greatest + layer_norm_epsilon(norm) < most:
            return
        if greatest >= most:
            raise OperationError(
                dispatch,
                f"{layer_of(dispatch)} normalises {channels} channels, whose variance has more "
                f"than {2 * ROOT_BITS} bits",
            )
        largest = stream.maximum * stream.scale.data
        raise OperationError(
            dispatch,
            f"the epsilon of {layer_of(dispatch)}, {norm.epsilon.value.data:.3g}, is too large "
            f"beside the residual stream, whose values are {largest:.3g} at most: in its units "
            f"epsilon has more than {2 * ROOT_BITS} bits; check the weights of the layers that add "
            "to the stream, and the calibration images",
        )

    def pack(self, dispatch: DispatchOp, engine: EngineOp, parameters: Parameters) -> None:
        norm = find(dispatch, LayerNormOp)
        parameters.parameters_at[dispatch] = parameters.vector(norm.gamma)
        parameters.vector(norm.beta)

    def plan(
        self, engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
    ) -> LayerNormPlan:
        epsilons = [layer_norm_epsilon(find(dispatch, LayerNormOp)) for dispatch in dispatches]
        return LayerNormPlan(engine.sym_name.data, max(epsilons))

    def build(self, plan: LayerNormPlan, accelerator: Accelerator) -> list[func.FuncOp]:
        return [build_layer_norm(plan, accelerator)]

    def scalars(
        self,
        dispatch: DispatchOp,
        plan: LayerNormPlan,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        norm = find(dispatch, LayerNormOp)
        tokens, _ = tokens_and_channels(norm.input)
        return (
            parameters.parameters_at[dispatch],
            tokens,
            first_row(norm.input, RESIDUAL, accelerator),
            target_row(dispatch),
            layer_norm_epsilon(norm),
            norm.shift,
        )

    def parts(self, plan: LayerNormPlan, accelerator: Accelerator) -> Parts:
        return layer_norm_parts(plan, accelerator)


ENGINES = (LayerNorm(),)
