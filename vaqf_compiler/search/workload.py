"""
The work of a model, as a search needs it: the shapes of layers and the lifetimes of activations,
none of which depend on the precision.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.dialects.binvit import DispatchOp, PatchEmbedOp
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.engines.allocation import lives_of
from vaqf_compiler.engines.attention.engine import heads_of
from vaqf_compiler.engines.attention.plan import AttentionPlan
from vaqf_compiler.engines.dispatches import name_of, tokens_and_channels
from vaqf_compiler.engines.lifetimes import Life, first_fit, rows_taken
from vaqf_compiler.engines.linear.engine import epilogue_of, in_channels_of, weighted_op
from vaqf_compiler.engines.linear.plan import Epilogue
from vaqf_compiler.engines.module_plan import ModulePlan
from vaqf_compiler.engines.registry import kind_of
from vaqf_compiler.errors import OperationError


@dataclass(frozen=True)
class LinearLayer:
    """A layer of a linear engine, from (tokens, in_channels) to (tokens, out_channels)."""

    tokens: int
    in_channels: int
    out_channels: int
    epilogue: Epilogue

    @property
    def shape(self) -> tuple[int, int, int]:
        """Tokens, input channels and output channels."""
        return self.tokens, self.in_channels, self.out_channels


@dataclass(frozen=True)
class Workload:
    """The work of a model by engine, in the order of its dispatches."""

    tokens: int
    """Tokens of the longest sequence."""
    channels: int
    """Channels of the residual stream."""
    heads: tuple[int, ...]
    """Heads of each attention layer, in the order of `others`."""
    head_size: int
    """Channels of a head's query and key."""
    value_size: int
    """Channels of a head's value."""
    patches: int
    pixels: int
    """Pixels of a patch, counted once for each colour."""
    linear: dict[str, tuple[LinearLayer, ...]]
    """Layers of each linear engine that the model needs, by the engine's name."""
    others: dict[str, tuple[int, ...]]
    """Tokens of each dispatch of attention, layer_norm, load_rows and copy_tokens."""
    activations: tuple[tuple[Life, int], ...]
    """Lifetimes in the activation memory, with their tokens as rows, and their channels."""
    kept_images: tuple[tuple[int, int], ...]
    """Tokens and channels of what is copied to the image memory for the classification heads."""
    _rows: dict[int, int] = field(default_factory=dict[int, int], compare=False, repr=False)

    def rows(self, channels: int) -> int:
        """Number of rows of the activation memory if a row has so many channels."""
        if channels not in self._rows:
            lives = [
                life._replace(rows=life.rows * -(-wanted // channels))
                for life, wanted in self.activations
            ]
            self._rows[channels] = rows_taken(lives, first_fit(lives))
        return self._rows[channels]

    @cached_property
    def distinct(self) -> dict[str, Counter[LinearLayer]]:
        """The distinct layers of each linear engine, with the number of each."""
        return {name: Counter(layers) for name, layers in self.linear.items()}

    @staticmethod
    def of(module: ModuleOp) -> Workload:
        """
        The workload of a model that is mapped, tiled, unrolled and allocated, whatever its
        parameters. Raises OperationError if the search has no closed form for an engine's kind.
        """
        plan = ModulePlan.of(module)
        for engine in plan.engines.values():
            if not kind_of(engine).searchable:
                raise OperationError(
                    engine,
                    f"the search knows no cycles of engines of kind '{engine.kind.data}'; choose "
                    "the parameters in binvit-tile, binvit-unroll and binvit-allocate",
                )
        linear: dict[str, list[LinearLayer]] = {}
        others: dict[str, list[int]] = {}
        kept: list[tuple[int, int]] = []
        heads: list[int] = []
        for dispatch in plan.dispatches:
            name = name_of(dispatch.engine)
            kind = plan.engines[name].kind.data
            if kind == "linear":
                linear.setdefault(name, []).append(_layer(dispatch))
            elif kind != "load_image":
                tokens, channels = tokens_and_channels(dispatch.result)
                others.setdefault(kind, []).append(tokens)
                if kind == "copy_tokens":
                    kept.append((tokens, channels))
                if kind == "attention":
                    heads.append(heads_of(dispatch))
        embedding = next(op for op in plan.model.walk() if isinstance(op, PatchEmbedOp))
        _, *kernel = shape_of(embedding.weight)
        machine = plan.accelerator
        attention = next((p for p in plan.plans.values() if isinstance(p, AttentionPlan)), None)
        return Workload(
            tokens=machine.tokens,
            channels=machine.channels,
            heads=tuple(heads),
            head_size=attention.head_size if attention else machine.channels,
            value_size=attention.value_size if attention else machine.channels,
            patches=shape_of(embedding.result)[0],
            pixels=kernel[0] * kernel[1] * kernel[2],
            linear={name: tuple(layers) for name, layers in linear.items()},
            others={name: tuple(tokens) for name, tokens in others.items()},
            activations=tuple(lives_of(module)),
            kept_images=tuple(kept),
        )


def _layer(dispatch: DispatchOp) -> LinearLayer:
    layer = weighted_op(dispatch)
    tokens, out_channels = tokens_and_channels(layer.result)
    return LinearLayer(tokens, in_channels_of(layer), out_channels, epilogue_of(dispatch))
