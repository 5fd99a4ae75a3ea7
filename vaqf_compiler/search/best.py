"""
The accelerator of a precision with the least latency that fits a board; among equals, the one with
the fewest LUTs.

Given the lanes and the width of the activation memory, binary engine, attention and 8-bit engine
are chosen apart: their cycles and resources add up. Combinations are compared as arrays, by bounds
of their cycles, as loops are not looked at for each tile and each number of keys; from the least
bound on, exact cycles are found until no bound is below them. So the result is the best of all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cost.block import OutOfRangeError
from vaqf_compiler.cost.board import Board
from vaqf_compiler.cost.estimate import MARGIN, rounded
from vaqf_compiler.cost.parts import (
    ADDRESS_PRODUCT,
    Part,
    Parts,
    attention_parts,
    cell_products,
    interface_parts,
    layer_norm_parts,
    linear_parts,
    memory_parts,
    movement_parts,
    resources_of,
)
from vaqf_compiler.cost.resources import Resources
from vaqf_compiler.engines.accelerator import Accelerator
from vaqf_compiler.engines.layer_norm import LayerNormEngine
from vaqf_compiler.engines.linear_engine import LinearEngine
from vaqf_compiler.hls_rules.copies import MOST_COPIES
from vaqf_compiler.search.cycles import CycleModel
from vaqf_compiler.search.facts import Facts
from vaqf_compiler.search.machine import BINARY, INT8, Choice, Frame, LinearTile
from vaqf_compiler.search.options import Costs, Ints, Options, row
from vaqf_compiler.search.space import Fixed, key_choices, lane_choices, linear_choices

LAYER_NORM = LayerNormEngine("layer_norm", 1)
"""Its epsilon matters to none of its costs."""
THINNED = 4
"""One of so many choices is looked at for a first bound."""


@dataclass(frozen=True)
class Found:
    """An accelerator and what it costs."""

    bits: int
    choice: Choice
    cycles: int
    resources: Resources
    """With the margin."""
    board: Board
    clock_mhz: float

    @property
    def fps(self) -> float:
        """Images a second."""
        return self.clock_mhz * 1e6 / self.cycles

    @property
    def binds(self) -> str:
        """The resource that comes nearest to what may be taken of it."""
        share = self.board.share(self.resources)
        return max(share, key=lambda name: share[name] / self.board.usable[name])


@dataclass(frozen=True)
class Family:
    """Accelerators of some lanes and some width of the activation memory."""

    frame: Frame
    shared: tuple[int, int]
    """Cycles of what is the same for all of them, at least and at most."""
    costs: Costs
    """Of what is the same."""
    binary: Options[LinearTile]
    keys: Options[int]
    int8: Options[LinearTile]

    def feasible(self, budget: Costs, below: float) -> tuple[Ints, Ints]:
        """
        The combinations that fit a budget and may take no more than some cycles: their bounds, in
        order, and positions in binary, keys and int8 options, a row for each combination.
        """
        parts = (self.binary, self.keys, self.int8)
        least = self.shared[0] + _sums(*(part.least for part in parts))
        at = np.argwhere(least <= below)
        costs = self.costs + sum(
            (part.costs[at[:, i]] for i, part in enumerate(parts)), np.zeros((len(at), 5))
        )
        at = at[_fits(costs, budget)]
        bounds = least[tuple(at.T)]
        order = np.argsort(bounds, kind="stable")
        return bounds[order], at[order]

    def choice(self, where: tuple[int, ...]) -> Choice:
        """The parameters of a combination."""
        binary, keys, int8 = where
        linear = {BINARY: self.binary.choices[binary], INT8: self.int8.choices[int8]}
        return Choice(self.frame.lanes, linear, self.keys.choices[keys])

    def most(self, at: Ints) -> Ints:
        """Upper bounds of the cycles of some combinations."""
        parts = (self.binary, self.keys, self.int8)
        sums = (part.most[at[:, i]] for i, part in enumerate(parts))
        return self.shared[1] + sum(sums, np.zeros(len(at), np.int64))


def _sums(first: Ints, second: Ints, third: Ints) -> Ints:
    return first[:, None, None] + second[None, :, None] + third[None, None, :]


def _fits(costs: Costs, budget: Costs) -> NDArray[np.bool_]:
    """Whether costs, with the margin and rounded up, are within the budget."""
    margin = np.array([1 + MARGIN, 1 + MARGIN, 1, 1, 1])
    within: NDArray[np.bool_] = np.ceil(costs * margin - 1e-6) <= budget
    return np.logical_and.reduce(within, axis=1)


@dataclass
class Search:
    """Searches for a model on a board at a clock; what it learns of engines serves all bits."""

    facts: Facts
    board: Board
    clock_mhz: float
    fixed: Fixed = field(default_factory=dict[str, int])
    cycles: CycleModel = field(init=False)
    _frames: dict[tuple[int, int, int, int], Frame] = field(
        default_factory=dict[tuple[int, int, int, int], Frame]
    )

    # Not shared with a search that `replace` makes, as what is given may be other key tokens.
    _attentions: dict[tuple[int, int, int], Options[int]] = field(
        init=False, default_factory=dict[tuple[int, int, int], Options[int]]
    )

    def __post_init__(self) -> None:
        self.cycles = CycleModel(self.facts, self.board, self.clock_mhz)

    @property
    def budget(self) -> Costs:
        """What a design may take of the board."""
        most = {
            name: math.floor(self.board.usable[name] * available + 1e-9)
            for name, available in self.board.available.items()
        }
        brams = math.floor(2 * self.board.usable["bram36"] * self.board.available["bram36"] + 1e-9)
        return np.array([most["lut"], most["ff"], most["dsp"], brams, most["uram"]], np.float64)

    def best(self, bits: int, least_fps: float = 0.0) -> Found | None:
        """
        For activations of some bits; None where nothing that fits the board has a frame rate of
        `least_fps`. Raises PassFailedException where given parameters rule out every accelerator.
        """
        cycles = self.clock_mhz * 1e6 / least_fps if least_fps else math.inf
        # The rate of an accelerator itself must not lose a cycle to rounding.
        limit = cycles if math.isinf(cycles) else math.floor(cycles * (1 + 1e-12))
        bound = limit
        # More lanes are faster, as a rule: what they reach spares a look at fewer.
        choices = dict(reversed(self._linear_choices().items()))
        for lanes, linear in choices.items():
            for family in self._families(bits, lanes, linear, THINNED, bound):
                _, at = family.feasible(self.budget, bound)
                bound = min([bound, *family.most(at).tolist()])
        families = [
            family
            for lanes, linear in choices.items()
            for family in self._families(bits, lanes, linear, 1, bound)
        ]
        candidates = [
            (int(least), index, tuple(where))
            for index, family in enumerate(families)
            for least, where in zip(*family.feasible(self.budget, bound), strict=True)
        ]
        best: Found | None = None
        for least, index, where in sorted(candidates):
            if best is not None and least > best.cycles:
                break
            found = self.cost(bits, families[index].choice(where))
            assert least <= found.cycles
            key = (found.cycles, found.resources.lut)
            if best is None or key < (best.cycles, best.resources.lut):
                best = found
        return best if best is not None and best.cycles <= limit else None

    def _families(
        self,
        bits: int,
        lanes: int,
        choices: dict[str, list[LinearTile]],
        step: int,
        below: float,
    ) -> Iterator[Family]:
        """With each `step`-th choice that may lead to no more than some cycles."""
        base = self._frame(bits, lanes, 1, 1)
        linear = {name: self._bounded(base, name, some[::step]) for name, some in choices.items()}
        frames = {
            tile_n: self._frame(bits, lanes, tile_n // lanes, 1)
            for tile_n in sorted({choice.tile_n for choice in linear[BINARY].choices})
        }
        attention = {tile_n: self._attention(frame) for tile_n, frame in frames.items()}
        fewest = min(int(keys.least.min()) for keys in attention.values())
        least = {name: int(some.least.min()) for name, some in linear.items()}
        room = below - fewest - sum(least.values())
        if self.cycles.least_layer_norm(base.accelerator) > room:
            return
        shared = self.cycles.layer_norm_bounds(LAYER_NORM, base.accelerator)
        room -= shared[0]
        options = {
            name: some.at_most(room + least[name]).costing(partial(self._linear_costs, base, name))
            for name, some in linear.items()
        }
        binary, int8 = options[BINARY], options[INT8]
        for tile_n, frame in frames.items():
            which = [i for i, choice in enumerate(binary.choices) if choice.tile_n == tile_n]
            keys = attention[tile_n]
            if not which or keys.least.min() > room + fewest:
                continue
            yield Family(
                frame,
                shared,
                self._shared_costs(frame.accelerator),
                binary.taken(which).undominated(),
                keys.taken(range(0, len(keys.choices), step))
                .at_most(room + fewest)
                .costing(partial(self._attention_costs, frame))
                .undominated(),
                int8.undominated(),
            )

    def _linear_choices(self) -> dict[int, dict[str, list[LinearTile]]]:
        """
        By lanes and engine, where what is given leaves any. Raises PassFailedException with the
        last reason where it leaves none at all.
        """
        found: dict[int, dict[str, list[LinearTile]]] = {}
        refusal: PassFailedException | None = None
        for lanes in lane_choices(self.facts, self.fixed):
            try:
                found[lanes] = {
                    name: linear_choices(name, self.facts, lanes, self.fixed)
                    for name in (BINARY, INT8)
                }
            except PassFailedException as error:
                refusal = error
        if not found and refusal is not None:
            raise refusal
        return found

    def _bounded(self, base: Frame, name: str, choices: list[LinearTile]) -> Options[LinearTile]:
        """Those for a linear engine; of the 8-bit one with what fills the image memory."""
        engine, accelerator = self._linear(base, name, choices[0])
        least, most = self.cycles.linear_bounds(engine, accelerator, choices)
        if name == INT8:
            moved = {
                tile_n: self.cycles.movement(
                    self._frame(base.bits, base.lanes, 1, tile_n // base.lanes).accelerator
                )
                for tile_n in {choice.tile_n for choice in choices}
            }
            moves = np.array([moved[choice.tile_n] for choice in choices], np.int64)
            least, most = least + moves, most + moves
        return Options[LinearTile].of(choices, least, most)

    def _shared_costs(self, accelerator: Accelerator) -> Costs:
        """All but the linear engines, attention and the image memory."""
        parts: Parts = layer_norm_parts(LAYER_NORM, accelerator)
        for kind in ("load_image", *self.facts.others):
            if kind not in ("attention", "layer_norm"):
                parts = parts + movement_parts(kind, accelerator)
        parts = parts + [p for p in memory_parts(accelerator) if p.name != "image"]
        parts = parts + interface_parts(accelerator, self.board.memory.ports)
        return np.array(row(resources_of(parts)))

    def _linear(
        self, base: Frame, name: str, choice: LinearTile
    ) -> tuple[LinearEngine, Accelerator]:
        width = choice.tile_n // base.lanes
        widths = (width, 1) if name == BINARY else (1, width)
        frame = self._frame(base.bits, base.lanes, *widths)
        return frame.linear(name, choice, frame.accelerator), frame.accelerator

    def _frame(self, bits: int, lanes: int, width: int, image_width: int) -> Frame:
        """One for all choices, as it is needed often."""
        key = (bits, lanes, width, image_width)
        if key not in self._frames:
            self._frames[key] = Frame(self.facts, *key)
        return self._frames[key]

    def _linear_costs(self, base: Frame, name: str, choice: LinearTile) -> Resources | None:
        """Of a linear engine; of the 8-bit one with the image memory that goes with it."""
        try:
            engine, accelerator = self._linear(base, name, choice)
            if engine.weight_bits > 1 and engine.product_copies > MOST_COPIES:
                return None
            parts = linear_parts(engine, accelerator)
            if name == INT8:
                parts = parts + [p for p in memory_parts(accelerator) if p.name == "image"]
                if "copy_tokens" in self.facts.others:
                    cells = cell_products(accelerator.image, 1)
                    parts = [*parts, Part("copied cells", cells, ADDRESS_PRODUCT)]
            found = resources_of(parts)
        except OutOfRangeError:
            return None
        return found if _fits(np.array([row(found)]), self.budget)[0] else None

    def _attention_costs(self, frame: Frame, keys: int) -> Resources | None:
        if "attention" not in self.facts.others:
            return Resources()
        engine = frame.attention(keys)
        if engine.keys * engine.head_size > MOST_COPIES:
            return None
        try:
            found = resources_of(attention_parts(engine, frame.accelerator))
        except OutOfRangeError:
            return None
        return found if _fits(np.array([row(found)]), self.budget)[0] else None

    def _attention(self, frame: Frame) -> Options[int]:
        """Numbers of key tokens, with the cycles of attention."""
        key = (frame.bits, frame.lanes, frame.width)
        if key not in self._attentions:
            keys = key_choices(self.facts, self.fixed)
            bounds = [
                self.cycles.attention_bounds(frame.attention(count), frame.accelerator)
                for count in keys
            ]
            self._attentions[key] = Options[int].of(keys, *np.array(bounds, np.int64).T)
        return self._attentions[key]

    def cost(self, bits: int, choice: Choice) -> Found:
        """
        What an accelerator costs, whether it fits or not. Raises OutOfRangeError for an engine
        that is too large for the cost model.
        """
        lanes = choice.lanes
        widths = (choice.linear[name].tile_n // lanes for name in (BINARY, INT8))
        frame = self._frame(bits, lanes, *widths)
        machine = frame.accelerator
        attention = frame.attention(choice.keys)
        engines = [frame.linear(name, chosen, machine) for name, chosen in choice.linear.items()]
        cycles = self.cycles.layer_norm(LAYER_NORM, machine) + self.cycles.movement(machine)
        cycles += sum(self.cycles.linear(engine, machine) for engine in engines)
        cycles += self.cycles.attention(attention, machine)
        parts = [part for engine in engines for part in linear_parts(engine, machine)]
        if "attention" in self.facts.others:
            parts += attention_parts(attention, machine)
        parts += layer_norm_parts(LAYER_NORM, machine) + memory_parts(machine)
        for kind in ("load_image", *self.facts.others):
            if kind not in ("attention", "layer_norm"):
                parts += movement_parts(kind, machine)
        parts += interface_parts(machine, self.board.memory.ports)
        used, share = resources_of(parts), 1 + MARGIN
        used = replace(used, lut=used.lut * share, ff=used.ff * share)
        return Found(bits, choice, cycles, rounded(used), self.board, self.clock_mhz)
