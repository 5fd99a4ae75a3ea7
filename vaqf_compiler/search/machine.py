"""
The engines and memories of an accelerator, built from a model's workload and a choice of
parameters. They are the same as those that the passes build from the model itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property

from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.dialects.binvit import BinaryType, QuantizedType
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.dialects.binvit.types import dot_product_bits
from vaqf_compiler.engines.accelerator import (
    IN_URAM,
    PARAMETERS,
    PIXEL_BITS,
    Accelerator,
)
from vaqf_compiler.engines.attention.plan import EXP_TABLE, AttentionPlan, context_shift, exp_shift
from vaqf_compiler.engines.linear.plan import (
    BINARY,
    INT8,
    LINEAR_SHIFT,
    WEIGHT_BITS,
    Epilogue,
    LinearPlan,
    LinearTile,
    weights_port,
)
from vaqf_compiler.quantize.rewriter import RESIDUAL_BITS, gelu_input_bits
from vaqf_compiler.search.workload import Workload


@dataclass(frozen=True)
class Choice:
    """Parameters of an accelerator."""

    lanes: int
    linear: dict[str, LinearTile]
    """Tile of each linear engine, by the engine's name."""
    keys: int
    uram: int
    """1 if the activations and the residual stream are in UltraRAM, 0 if in block RAM."""

    @property
    def options(self) -> dict[str, int]:
        """
        The parameters by the names of the options of binvit-tile (`tile_binary_m` is its
        `binary_m`), binvit-unroll and binvit-allocate.
        """
        found = {"lanes": self.lanes, "keys": self.keys}
        for name, chosen in self.linear.items():
            engine = name.removesuffix("_linear")
            found |= {
                f"tile_{engine}_m": chosen.tile_m,
                f"tile_{engine}_n": chosen.tile_n,
                f"{engine}_m": chosen.unroll_m,
                f"{engine}_n": chosen.unroll_n,
                f"{engine}_results": chosen.results,
            }
        return {**found, "uram": self.uram}


@dataclass(frozen=True)
class Frame:
    """Parameters that the engines of an accelerator share: precision, lanes and memory widths."""

    workload: Workload
    bits: int
    lanes: int
    uram: int
    width: int
    """Groups of lanes in a row of the activation memory. `image_width` is the image memory's."""
    image_width: int

    @cached_property
    def accelerator(self) -> Accelerator:
        """The memories and ports."""
        workload, lanes = self.workload, self.lanes
        image_bits = max(PIXEL_BITS, self.bits)
        groups = -(-workload.channels // lanes)
        ports = (*(weights_port(name) for name in workload.linear), PARAMETERS)
        return Accelerator(
            lanes=lanes,
            tokens=workload.tokens,
            channels=workload.channels,
            activations=_memory(self.bits, workload.rows(self.width * lanes), self.width, lanes),
            residual=_memory(RESIDUAL_BITS, workload.tokens * groups, 1, lanes),
            image=_memory(image_bits, self._image_rows, self.image_width, lanes),
            ports={name: MemRefType(IntegerType(WORD_BITS), [1 << 20]) for name in ports},
            uram=IN_URAM if self.uram else frozenset(),
        )

    @property
    def _image_rows(self) -> int:
        row = self.image_width * self.lanes
        kept = (tokens * -(-channels // row) for tokens, channels in self.workload.kept_images)
        return max(self.workload.patches * -(-self.workload.pixels // row), *kept, 1)

    def linear(self, name: str, chosen: LinearTile, accelerator: Accelerator) -> LinearPlan:
        """The linear engine `name` with a tile."""
        workload, bits = self.workload, self.bits
        layers = workload.distinct[name]
        binary = WEIGHT_BITS[name] == 1
        memory = accelerator.activations if binary else accelerator.image
        if binary:
            most = max(-(-layer.in_channels // chosen.tile_n) for layer in layers)
            total_bits = _sum_bits(most * chosen.tile_n, bits, 1)
        else:  # the patch embedding reads pixels, classifiers activations
            pairs = {
                (layer.in_channels, bits if layer.epilogue is Epilogue.LOGITS else PIXEL_BITS)
                for layer in layers
            }
            total_bits = max(_sum_bits(terms, x, WEIGHT_BITS[name]) for terms, x in pairs)
        heads = [each for each in workload.linear[name] if each.epilogue is Epilogue.LOGITS]
        has_gelu = any(layer.epilogue is Epilogue.GELU for layer in layers)
        return LinearPlan(
            name=name,
            weight_bits=WEIGHT_BITS[name],
            tile_m=chosen.tile_m,
            tile_n=chosen.tile_n,
            unroll_m=chosen.unroll_m,
            unroll_n=chosen.unroll_n,
            results=chosen.results,
            total_bits=total_bits,
            gelu_bits=gelu_input_bits(bits) if has_gelu else 1,
            most_shift=LINEAR_SHIFT,
            epilogues=frozenset(layer.epilogue for layer in layers),
            shapes=frozenset(layer.shape for layer in layers),
            masks_channels=any(layer.in_channels % chosen.tile_n for layer in layers),
            overhangs=any(layer.out_channels % chosen.tile_m for layer in layers),
            input=memory,
            logits=sum(-(-head.out_channels // self.lanes) * self.lanes for head in heads),
        )

    def attention(self, keys: int) -> AttentionPlan:
        """The attention engine that processes `keys` key tokens per cycle."""
        workload, bits = self.workload, self.bits
        return AttentionPlan(
            name="attention",
            keys=keys,
            heads=max(workload.heads, default=1),
            head_size=workload.head_size,
            value_size=workload.value_size,
            activation_bits=bits,
            score_bits=_score_bits(workload.head_size, bits),
            context_bits=_context_bits(workload.tokens, bits),
            probability_bits=bits,
            most_shift=context_shift(bits),
            most_exp_shift=exp_shift(bits),
            exp_table=EXP_TABLE,
            heads_vary=len(set(workload.heads)) > 1,
        )


@dataclass(frozen=True)
class Built:
    """The engines and memories of a choice."""

    bits: int
    choice: Choice
    accelerator: Accelerator
    linear: dict[str, LinearPlan]
    """The linear engines by name."""
    attention: AttentionPlan


@dataclass
class Frames:
    """The frames of a model. Each is built only once, because it is needed often."""

    workload: Workload
    _found: dict[tuple[int, ...], Frame] = field(default_factory=dict[tuple[int, ...], Frame])

    def frame(self, bits: int, lanes: int, uram: int, width: int, image_width: int) -> Frame:
        """
        The frame for a precision, lanes, kind of memory (`uram`), and widths of the activation and
        the image memory, in groups.
        """
        key = (bits, lanes, uram, width, image_width)
        if key not in self._found:
            self._found[key] = Frame(self.workload, *key)
        return self._found[key]

    def linear(self, base: Frame, name: str, tile: LinearTile) -> tuple[LinearPlan, Accelerator]:
        """A linear engine with the parameters of `base`, and memories as wide as its tile."""
        width = tile.tile_n // base.lanes
        widths = (width, 1) if name == BINARY else (1, width)
        frame = self.frame(base.bits, base.lanes, base.uram, *widths)
        return frame.linear(name, tile, frame.accelerator), frame.accelerator

    def built(self, bits: int, choice: Choice) -> Built:
        """The engines and memories of a choice."""
        widths = (choice.linear[name].tile_n // choice.lanes for name in (BINARY, INT8))
        frame = self.frame(bits, choice.lanes, choice.uram, *widths)
        machine = frame.accelerator
        linear = {name: frame.linear(name, tile, machine) for name, tile in choice.linear.items()}
        return Built(bits, choice, machine, linear, frame.attention(choice.keys))


@cache
def _sum_bits(terms: int, x_bits: int, weight_bits: int) -> int:
    """Bits of a sum of `terms` products of activations and weights."""
    weight = BinaryType(1.0) if weight_bits == 1 else QuantizedType(weight_bits, 1.0)
    return dot_product_bits(terms, QuantizedType(x_bits, 1.0), weight)


@cache
def _score_bits(head_size: int, bits: int) -> int:
    x = QuantizedType(bits, 1.0)
    return dot_product_bits(head_size, x, x)


@cache
def _context_bits(tokens: int, bits: int) -> int:
    probability = QuantizedType(bits, 1.0, signed=False)
    return dot_product_bits(tokens, probability, QuantizedType(bits, 1.0))


def _memory(bits: int, rows: int, width: int, lanes: int) -> MemRefType[Attribute]:
    return MemRefType(IntegerType(bits), [max(2, rows), width, lanes])
