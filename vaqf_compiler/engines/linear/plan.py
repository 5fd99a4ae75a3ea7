"""Parameters of the engine for fully connected layers, and its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    LOGIT_BITS,
    MULTIPLIER,
    PARAMETERS_PER_WORD,
    Accelerator,
    bits_of,
    shift_type,
)
from vaqf_compiler.engines.builder import queue_type
from vaqf_compiler.engines.values import Value
from vaqf_compiler.hardware.dsp import fits_pair

BINARY, INT8 = "binary_linear", "int8_linear"
WEIGHT_BITS = {BINARY: 1, INT8: 8}
"""Bits of the weights of each linear engine."""
COUNTER_BITS = 32
LEAST_TRIPS = 32
"""
The least iterations of a pass over the tokens, even if there are fewer tokens, so that a total is
stored before it is needed again.
"""


LINEAR_SHIFT = 31
"""
Linear engines are built for requantisation shifts up to at least this one. Shifts follow from the
scales of a trained model, but an accelerator is chosen before there is one, and must suit others.
"""


def weights_port(engine: str) -> str:
    """Name of the port from which a linear engine reads its weights."""
    return f"{engine}_weights"


class Epilogue(IntEnum):
    """What a linear engine does with the totals of a layer."""

    ACTIVATION = 0
    """Requantise and store as activations."""
    GELU = 1
    """Requantise, look up GELU and store as activations."""
    RESIDUAL = 2
    """Requantise and add to the residual stream."""
    LOGITS = 3
    """Write to the output port."""


CountT = TypeVar("CountT", int, Value, NDArray[np.int64])


def steps_of_layer(
    in_tiles: CountT, out_tiles: CountT, between: CountT, finishing: CountT | int
) -> CountT:
    """
    Number of steps of a layer. The first step reads the first tile's weights, rows of tiles begin
    `between` steps apart, and the results of the last row take `finishing` steps. The arguments are
    integers, arrays, or index values of the loops.
    """
    return in_tiles + 1 + (out_tiles - 1) * between + finishing


@dataclass(frozen=True)
class EngineArray:
    """
    An array of an engine. With a separate dimension of lanes, the tool sees that lanes are in
    different banks.
    """

    bits: int
    shape: tuple[int, ...]
    partition: tuple[int, ...]
    """Dimensions, counted from 1, that are partitioned completely."""

    @property
    def type(self) -> MemRefType[Attribute]:
        """The type of the array as an argument."""
        return MemRefType(IntegerType(self.bits), self.shape)


@dataclass(frozen=True, order=True)
class LinearTile:
    """Sizes of a linear engine's tile, and its unroll factors."""

    weight_bits: int
    tile_m: int
    tile_n: int
    unroll_m: int
    unroll_n: int
    results: int
    """Results that are finished per cycle; the number divides the lanes."""

    @property
    def tile_words(self) -> int:
        """Words of a tile's weights, in which rows follow one another without gaps."""
        return self.tile_m * self.tile_n * self.weight_bits // WORD_BITS

    @property
    def bias_words(self) -> int:
        """Words of the biases of a row of tiles."""
        return self.tile_m // PARAMETERS_PER_WORD

    @property
    def queue_depths(self) -> dict[str, int]:
        """Depths of the queues: the words of one tile or row, and as many again ahead of it."""
        return {"weights": 2 * self.tile_words, "biases": 2 * self.bias_words}

    @property
    def steps_m(self) -> int:
        """Cycles for the output channels of a tile."""
        return self.tile_m // self.unroll_m

    @property
    def steps_n(self) -> int:
        """Passes over all tokens for the input channels of a tile."""
        return self.tile_n // self.unroll_n

    @property
    def finishing_steps(self) -> int:
        """Number of steps in which all results of a row of tiles are finished."""
        return self.tile_m // self.results

    @property
    def least_trips(self) -> int:
        """The least iterations of a pass over the tokens, each of which can read a word."""
        return max(LEAST_TRIPS, self.tile_words, self.bias_words)

    @property
    def totals_distance(self) -> int:
        """The least iterations after which a total is needed again: those of a pass."""
        return self.least_trips * self.steps_m

    @property
    def finished_distance(self) -> int:
        """The same for a complete total: results are finished in the first cycle of a token."""
        return self.totals_distance - (self.steps_m - 1)


@dataclass(frozen=True)
class LinearPlan(LinearTile):
    """Parameters of a linear engine."""

    name: str
    total_bits: int
    """Bits of an accumulator; enough for every layer."""
    gelu_bits: int
    """Bits of the input of the GELU table."""
    most_shift: int
    """The greatest requantisation shift of a layer."""
    epilogues: frozenset[Epilogue]
    """The epilogues that occur in its layers."""
    shapes: frozenset[tuple[int, int, int]]
    """Tokens, input channels and output channels of its layers."""
    masks_channels: bool
    """Whether the input channels of some layer are no multiple of `tile_n`."""
    overhangs: bool
    """Whether the output channels of some layer are no multiple of `tile_m`."""
    input: MemRefType[Attribute]
    """The memory that the engine reads."""
    logits: int
    """Number of elements of the output port."""

    @property
    def pairs_products(self) -> bool:
        """Whether the products of two output channels share a DSP block."""
        return self.weight_bits > 1 and fits_pair(bits_of(self.input), self.weight_bits)

    @property
    def product_copies(self) -> int:
        """Copies of a product, or of a pair of them, in one nest of unrolled loops."""
        channels = -(-self.unroll_m // 2) if self.pairs_products else self.unroll_m
        return channels * self.unroll_n

    @property
    def most_product(self) -> int:
        """The greatest magnitude of a product with a weight of several bits."""
        return 1 << (bits_of(self.input) + self.weight_bits - 2)

    @property
    def most_in_channels(self) -> int:
        """The most input channels of a layer."""
        return max(channels for _, channels, _ in self.shapes)

    @property
    def most_out_channels(self) -> int:
        """The most output channels of a layer."""
        return max(channels for _, _, channels in self.shapes)

    def _tiles(self) -> Iterator[tuple[int, int, int]]:
        """Tokens, tiles along input channels, and tiles along output channels of each layer."""
        for tokens, in_channels, out_channels in self.shapes:
            yield tokens, -(-in_channels // self.tile_n), -(-out_channels // self.tile_m)

    @property
    def weights(self) -> MemRefType[Attribute]:
        """Type of the queue of a layer's weights, tile by tile, in words as in external memory."""
        most = max(in_tiles * rows for _, in_tiles, rows in self._tiles())
        return queue_type(WORD_BITS, most * self.tile_words)

    @property
    def biases(self) -> MemRefType[Attribute]:
        """Type of the queue of a layer's biases, in words as in external memory."""
        most = max(rows for _, _, rows in self._tiles())
        return queue_type(WORD_BITS, most * self.bias_words)

    def groups(self, lanes: int) -> int:
        """Groups of lanes of a row's totals."""
        return self.tile_m // lanes

    @property
    def counters(self) -> tuple[str, ...]:
        """
        Names of the counters of the loop over steps and tokens: row of tiles, step of the row, pass
        over the tokens if a step has several, and token.
        """
        return ("out_tile", "step", *(["step_n"] if self.steps_n > 1 else []), "token")

    @property
    def most_iterations(self) -> int:
        """The most iterations of the loop over steps and tokens, in any layer."""
        found: list[int] = []
        for tokens, in_tiles, rows in self._tiles():
            between = max(in_tiles, self.finishing_steps)
            steps = steps_of_layer(in_tiles, rows, between, self.finishing_steps)
            found.append(steps * self.steps_n * max(tokens, self.least_trips))
        return max(found)

    def own_arrays(self, accelerator: Accelerator) -> dict[str, EngineArray]:
        """Arrays of the loop over steps and tokens, by name."""
        lanes = accelerator.lanes
        groups = self.groups(lanes)
        totals = EngineArray(self.total_bits, (accelerator.tokens, groups, lanes), (2, 3))
        weight = EngineArray(WORD_BITS, (self.tile_words,), (1,))
        return {
            "counters": EngineArray(COUNTER_BITS, (len(self.counters),), (1,)),
            "weight": weight,
            "weight_ahead": weight,
            "bias": EngineArray(self.total_bits, (groups, lanes), (1, 2)),
            "bias_ahead": EngineArray(WORD_BITS, (self.bias_words,), (1,)),
            "totals": totals,
            "done": totals,
        }

    def shared_arrays(self, accelerator: Accelerator) -> dict[str, EngineArray]:
        """Arrays that are filled before the loop over steps and tokens, or read after it."""
        lanes = accelerator.lanes
        most_groups = -(-self.most_out_channels // self.tile_m) * self.groups(lanes)
        found: dict[str, EngineArray] = {}
        if Epilogue.GELU in self.epilogues:
            # Tables are packed in groups of lanes: one for 3 bits takes a whole group of 16.
            size = -(-(1 << self.gelu_bits) // lanes) * lanes
            bits = bits_of(accelerator.activations)
            found["gelu"] = EngineArray(bits, (self.results, size), (1,))
        if Epilogue.LOGITS in self.epilogues:
            found["logit"] = EngineArray(self.total_bits, (most_groups, lanes), (2,))
        return found

    def memories(self, accelerator: Accelerator) -> dict[str, MemRefType[Attribute]]:
        """The shared memories that the engine reads or writes, by name."""
        used: dict[str, MemRefType[Attribute]] = {}
        if self.input is accelerator.image:
            used["image"] = accelerator.image
        if self.input is accelerator.activations or self.stores_activations:
            used["activations"] = accelerator.activations
        if Epilogue.RESIDUAL in self.epilogues:
            used["residual"] = accelerator.residual
        return used

    def arguments(self, accelerator: Accelerator) -> dict[str, Attribute]:
        """Types of the engine's arguments: memories, ports, and scalars that differ by layer."""
        buffers: dict[str, Attribute] = {**self.memories(accelerator)}
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
        return {**buffers, **scalars, **self.scaling}

    @property
    def scaling(self) -> dict[str, Attribute]:
        """Types of the arguments of a requantisation."""
        return {"multiplier": MULTIPLIER, "shift": shift_type(self.most_shift)}

    @property
    def stores_activations(self) -> bool:
        """Whether results of some layer are activations."""
        return bool(self.epilogues & {Epilogue.ACTIVATION, Epilogue.GELU})

    @property
    def requantizes(self) -> bool:
        """Whether results of some layer are requantised."""
        return bool(self.epilogues - {Epilogue.LOGITS})
