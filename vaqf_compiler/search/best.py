"""
The accelerator of a precision with the least latency that fits a board; among equals, the one with
the fewest LUTs.

Given the lanes and the width of the activation memory, binary engine, attention and 8-bit engine
are chosen apart: their cycles and resources add up. Combinations are compared as arrays, by bounds
of their cycles, as loops are not looked at for each tile and each number of keys; from the least
bound on, exact cycles are found until no bound is below them. So the result is the best of all.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import product

import numpy as np
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.engines.linear.plan import BINARY, INT8
from vaqf_compiler.hardware.board import Board
from vaqf_compiler.hardware.resources import Resources
from vaqf_compiler.search.cycles import CycleModel
from vaqf_compiler.search.machine import Built, Choice, Frame, Frames, LinearTile
from vaqf_compiler.search.options import ChoiceT, Costs, Ints, Options
from vaqf_compiler.search.resource_model import LAYER_NORM, ResourceModel, fits
from vaqf_compiler.search.space import (
    Fixed,
    key_choices,
    lane_choices,
    linear_choices,
    uram_choices,
)
from vaqf_compiler.search.workload import Workload

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
    def bottleneck(self) -> str:
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
        at = at[fits(costs, budget)]
        bounds = least[tuple(at.T)]
        order = np.argsort(bounds, kind="stable")
        return bounds[order], at[order]

    def choice(self, where: tuple[int, ...]) -> Choice:
        """The parameters of a combination."""
        binary, keys, int8 = where
        linear = {BINARY: self.binary.choices[binary], INT8: self.int8.choices[int8]}
        return Choice(self.frame.lanes, linear, self.keys.choices[keys], self.frame.uram)

    def least(self, where: tuple[int, ...]) -> tuple[int, ...]:
        """The least cycles of what is the same, and of key tokens, binary and 8-bit engine."""
        binary, keys, int8 = where
        parts = ((self.keys, keys), (self.binary, binary), (self.int8, int8))
        return self.shared[0], *(int(part.least[i]) for part, i in parts)

    def most(self, at: Ints) -> Ints:
        """Upper bounds of the cycles of some combinations."""
        parts = (self.binary, self.keys, self.int8)
        sums = (part.most[at[:, i]] for i, part in enumerate(parts))
        return self.shared[1] + sum(sums, np.zeros(len(at), np.int64))


def _sums(first: Ints, second: Ints, third: Ints) -> Ints:
    return first[:, None, None] + second[None, :, None] + third[None, None, :]


@contextmanager
def collections_later() -> Generator[None]:
    """
    No garbage is collected meanwhile: loops that are built to be looked at once are found to be
    garbage only with all that is kept, which takes a fifth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass
class Search:
    """Searches for a model on a board at a clock; what it learns of engines serves all bits."""

    workload: Workload
    board: Board
    clock_mhz: float
    fixed: Fixed = field(default_factory=dict[str, int])
    cycles: CycleModel = field(init=False)
    resources: ResourceModel = field(init=False)
    _frames: Frames = field(init=False)

    # Not shared with a search that `replace` makes, whose given parameters or board may be others.
    _attentions: dict[Hashable, Options[int]] = field(
        init=False, default_factory=dict[Hashable, Options[int]]
    )
    _linears: dict[Hashable, Options[LinearTile]] = field(
        init=False, default_factory=dict[Hashable, Options[LinearTile]]
    )

    def __post_init__(self) -> None:
        self.cycles = CycleModel(self.workload, self.board, self.clock_mhz)
        self._frames = Frames(self.workload)
        self.resources = ResourceModel(self.workload, self.board, self._frames)

    def best(self, bits: int, least_fps: float = 0.0) -> Found | None:
        """
        For activations of some bits; None where nothing that fits the board has a frame rate of
        `least_fps`. Raises PassFailedException where given parameters rule out every accelerator.
        """
        with collections_later():
            return self._best(bits, least_fps)

    def _best(self, bits: int, least_fps: float) -> Found | None:
        cycles = self.clock_mhz * 1e6 / least_fps if least_fps else math.inf
        # The rate of an accelerator itself must not lose a cycle to rounding.
        limit = cycles if math.isinf(cycles) else math.floor(cycles * (1 + 1e-12))
        bound = limit
        # More lanes are faster, as a rule: what they reach spares a look at fewer.
        choices = dict(reversed(self._linear_choices.items()))
        for (lanes, uram), linear in choices.items():
            base = self._frames.frame(bits, lanes, uram, 1, 1)
            for family in self._families(base, linear, THINNED, bound):
                _, at = family.feasible(self.resources.budget, bound)
                bound = min([bound, *family.most(at).tolist()])
        families = [
            family
            for (lanes, uram), linear in choices.items()
            for family in self._families(
                self._frames.frame(bits, lanes, uram, 1, 1), linear, 1, bound
            )
        ]
        candidates = [
            (int(least), index, tuple(where))
            for index, family in enumerate(families)
            for least, where in zip(*family.feasible(self.resources.budget, bound), strict=True)
        ]
        best: Found | None = None
        for least, index, where in sorted(candidates):
            below = limit if best is None else best.cycles
            if least > below:
                break
            built = self._frames.built(bits, families[index].choice(where))
            cycles = self._cycles(built, families[index].least(where), below)
            if cycles is None:
                continue
            found = self._found(built, cycles)
            key = (found.cycles, found.resources.lut)
            if best is None or key < (best.cycles, best.resources.lut):
                best = found
        return best

    def _families(
        self, base: Frame, choices: dict[str, list[LinearTile]], step: int, below: float
    ) -> Iterator[Family]:
        """
        Those like a frame, but for widths, with each `step`-th choice that may lead to no more than
        some cycles.
        """
        linear = {
            name: self._bounded(base, name, some).taken(range(0, len(some), step))
            for name, some in choices.items()
        }
        frames = {
            tile_n: self._frames.frame(base.bits, base.lanes, base.uram, tile_n // base.lanes, 1)
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
            name: self._costing(
                some.at_most(room + least[name]), partial(self.resources.linear, base, name)
            )
            for name, some in linear.items()
        }
        binary, int8 = options[BINARY], options[INT8].pareto()
        for tile_n, frame in frames.items():
            which = [i for i, choice in enumerate(binary.choices) if choice.tile_n == tile_n]
            keys = attention[tile_n]
            if not which or keys.least.min() > room + fewest:
                continue
            yield Family(
                frame,
                shared,
                self.resources.shared(frame.accelerator),
                binary.taken(which).pareto(),
                self._costing(
                    keys.taken(range(0, len(keys.choices), step)).at_most(room + fewest),
                    partial(self.resources.attention, frame),
                ).pareto(),
                int8,
            )

    def _costing(
        self, options: Options[ChoiceT], cost: Callable[[ChoiceT], Resources | None]
    ) -> Options[ChoiceT]:
        """Options that fit the board by themselves, with their costs."""
        found = options.costing(cost)
        return found.taken(np.flatnonzero(fits(found.costs, self.resources.budget)))

    @cached_property
    def _linear_choices(self) -> dict[tuple[int, int], dict[str, list[LinearTile]]]:
        """
        By lanes and memories, and by engine, where what is given leaves any. Raises
        PassFailedException with the last reason where it leaves none at all.
        """
        found: dict[tuple[int, int], dict[str, list[LinearTile]]] = {}
        refusal: PassFailedException | None = None
        memories = uram_choices(self.board.available["uram"], self.fixed)
        for lanes, uram in product(lane_choices(self.workload, self.fixed), memories):
            try:
                found[lanes, uram] = {
                    name: linear_choices(name, self.workload, lanes, uram, self.fixed)
                    for name in (BINARY, INT8)
                }
            except PassFailedException as error:
                refusal = error
        if not found and refusal is not None:
            raise refusal
        return found

    def _bounded(self, base: Frame, name: str, choices: list[LinearTile]) -> Options[LinearTile]:
        """
        Those for a linear engine of some lanes, all of them, with bounds of their cycles; of the
        8-bit one with what fills the image memory. Of the bits, only the GELU table depends.
        """
        engine, accelerator = self._frames.linear(base, name, choices[0])
        key = (base.lanes, base.uram, name, engine.gelu_bits)
        if key not in self._linears:
            least, most = self.cycles.linear_bounds(engine, accelerator, choices)
            if name == INT8:
                bits, lanes, uram = base.bits, base.lanes, base.uram
                frames = {
                    tile_n: self._frames.frame(bits, lanes, uram, 1, tile_n // lanes)
                    for tile_n in {choice.tile_n for choice in choices}
                }
                moved = {n: self.cycles.movement(frame.accelerator) for n, frame in frames.items()}
                moves = np.array([moved[choice.tile_n] for choice in choices], np.int64)
                least, most = least + moves, most + moves
            self._linears[key] = Options[LinearTile].of(choices, least, most)
        return self._linears[key]

    def _attention(self, frame: Frame) -> Options[int]:
        """Numbers of key tokens, with the cycles of attention."""
        key = (self.cycles.distinct_bits(frame.bits), frame.lanes, frame.uram, frame.width)
        if key not in self._attentions:
            keys = key_choices(self.workload, self.fixed)
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
        built = self._frames.built(bits, choice)
        cycles = self._cycles(built, (0, 0, 0, 0), math.inf)
        assert cycles is not None
        return self._found(built, cycles)

    def _cycles(self, built: Built, least: Sequence[int], below: float) -> int | None:
        """
        The cycles of an accelerator; None as soon as they are found to be more than `below`, as
        its parts take those of `least` at least: all others, key tokens, binary and 8-bit engine.
        """
        machine, model = built.accelerator, self.cycles
        int8, binary = built.linear[INT8], built.linear[BINARY]
        exact = (
            lambda: model.layer_norm(LAYER_NORM, machine),
            lambda: model.attention(built.attention, machine),
            lambda: model.linear(binary, machine),
            lambda: model.linear(int8, machine) + model.movement(machine),
        )
        total = sum(least)
        for bound, find in zip(least, exact, strict=True):
            found = find()
            assert bound <= found
            total += found - bound
            if total > below:
                return None
        return total

    def _found(self, built: Built, cycles: int) -> Found:
        resources = self.resources.whole(built)
        return Found(built.bits, built.choice, cycles, resources, self.board, self.clock_mhz)
