"""Parameters of the engine for fully connected layers, and its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    LOGIT_BITS,
    MULTIPLIER,
    Accelerator,
    bits_of,
)
from vaqf_compiler.engines.trees import fits_pair
from vaqf_compiler.engines.values import INDEX


def weights_port(engine: str) -> str:
    """The port that a linear engine reads its weights from."""
    return f"{engine}_weights"


class Epilogue(IntEnum):
    """What becomes of the totals of a layer."""

    ACTIVATION = 0
    """Requantise and store as activations."""
    GELU = 1
    """Requantise, look GELU up and store as activations."""
    RESIDUAL = 2
    """Requantise and add to the residual stream."""
    LOGITS = 3
    """Write to the output port."""


@dataclass(frozen=True)
class LinearEngine:
    """Parameters of a linear engine."""

    name: str
    weight_bits: int
    tile_m: int
    tile_n: int
    unroll_m: int
    unroll_n: int
    total_bits: int
    """Of an accumulator, enough for every layer."""
    gelu_bits: int
    """Of the input of the GELU table."""
    most_shift: int
    """The greatest requantisation shift of a layer."""
    epilogues: frozenset[Epilogue]
    """Those that some layer needs."""
    most_in_channels: int
    most_out_channels: int
    """Of any layer."""
    masks_channels: bool
    """Whether some layer's input channels are no multiple of `tile_n`."""
    overhangs: bool
    """Whether some layer's output channels are no multiple of `tile_m`."""
    input: MemRefType[Attribute]
    """The memory that it reads."""
    logits: int
    """Elements of the output port."""

    @property
    def pairs_products(self) -> bool:
        """Whether the products of two output channels share a DSP block."""
        return self.weight_bits > 1 and fits_pair(bits_of(self.input), self.weight_bits)

    @property
    def row_words(self) -> int:
        """Words that a row of a weight tile takes, where it takes whole ones."""
        return max(1, self.tile_n * self.weight_bits // WORD_BITS)

    @property
    def rows_per_word(self) -> int:
        """Rows of a weight tile that share a word."""
        return max(1, WORD_BITS // (self.tile_n * self.weight_bits))

    @property
    def tile_words(self) -> int:
        """Words of a weight tile."""
        return self.tile_m * self.row_words // self.rows_per_word

    def arguments(self, accelerator: Accelerator) -> dict[str, Attribute]:
        """The engine's arguments: memories and ports, then what differs between layers."""
        buffers: dict[str, Attribute] = {}
        if self.input is accelerator.image:
            buffers["image"] = accelerator.image
        if self.input is accelerator.activations or self._stores_activations:
            buffers["activations"] = accelerator.activations
        if Epilogue.RESIDUAL in self.epilogues:
            buffers["residual"] = accelerator.residual
        if Epilogue.LOGITS in self.epilogues:
            buffers["logits"] = MemRefType(IntegerType(LOGIT_BITS), [self.logits])
        buffers[weights_port(self.name)] = accelerator.ports[weights_port(self.name)]
        buffers["parameters"] = accelerator.parameters
        names = (
            "weights_at",
            "parameters_at",
            "tokens",
            "in_channels",
            "out_channels",
            "source",
            "target",
            "epilogue",
        )
        scalars = dict.fromkeys(names, INDEX)
        return {**buffers, **scalars, "multiplier": MULTIPLIER, "shift": INDEX}

    @property
    def _stores_activations(self) -> bool:
        return bool(self.epilogues & {Epilogue.ACTIVATION, Epilogue.GELU})
