"""The matrix products of a Vision Transformer, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from xdsl.dialects import func
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from vaqf_compiler.dialects.binvit import (
    AttentionContextOp,
    AttentionScoresOp,
    BinaryType,
    LinearOp,
    PatchEmbedOp,
)
from vaqf_compiler.dialects.binvit.checks import element, is_quantized, shape_of
from vaqf_compiler.errors import UserError
from vaqf_compiler.quantize.roles import binary_layers


class Kind(Enum):
    """The kind of operand by which a layer multiplies its input."""

    BINARY = "binary weights"
    WEIGHTS = "weights of several bits"
    ATTENTION = "activations"


@dataclass(frozen=True)
class Layer:
    """
    A layer: for each head a product of an FxN and an NxM matrix. A layer with weights has one head.
    """

    name: str
    kind: Kind
    in_channels: int
    """The size N."""
    out_channels: int
    """The size M."""
    tokens: int
    """The size F."""
    heads: int = 1

    @property
    def macs(self) -> int:
        """Number of multiply-accumulates per image."""
        return self.in_channels * self.out_channels * self.tokens * self.heads


def layers_of(module: Operation) -> list[Layer]:
    """
    The layers of a float or quantised `binvit` module, in order. In a float module, those layers
    count as binary that `binvit-quantize` would make binary. Raises UserError if there are none.
    """
    binary: set[Operation] = set()
    for function in module.walk():
        if isinstance(function, func.FuncOp):
            binary.update(binary_layers(function))
    layers = list(_layers(module, binary))
    if not layers:
        raise UserError(
            "the module has no layers: expected binvit operations on tensors, as before "
            "lower-binvit-to-loops"
        )
    return layers


def _layers(module: Operation, binary: set[Operation]) -> Iterator[Layer]:
    for op in module.walk():
        match op:
            case PatchEmbedOp():
                out_channels, *kernel = shape_of(op.weight)
                in_channels = kernel[0] * kernel[1] * kernel[2]
                patches = shape_of(op.result)[0]
                yield Layer(_name(op), Kind.WEIGHTS, in_channels, out_channels, patches)
            case LinearOp():
                out_channels, in_channels = shape_of(op.weight)
                if is_quantized(op.weight):
                    is_binary = isinstance(element(op.weight), BinaryType)
                else:
                    is_binary = op in binary
                kind = Kind.BINARY if is_binary else Kind.WEIGHTS
                yield Layer(_name(op), kind, in_channels, out_channels, shape_of(op.input)[0])
            case AttentionScoresOp():
                heads, tokens, keys = shape_of(op.result)
                channels = shape_of(op.query)[1] // heads
                name = f"{_name(op)} scores"
                yield Layer(name, Kind.ATTENTION, channels, keys, tokens, heads)
            case AttentionContextOp():
                heads, tokens, keys = shape_of(op.probabilities)
                channels = shape_of(op.value)[1] // heads
                name = f"{_name(op)} context"
                yield Layer(name, Kind.ATTENTION, keys, channels, tokens, heads)
            case _:
                pass


def _name(op: Operation) -> str:
    """The `layer` attribute, or if there is none the start of the operation's name."""
    layer = op.attributes.get("layer")
    if isinstance(layer, StringAttr):
        return layer.data
    return op.name.removeprefix("binvit.").partition("_")[0]
