"""
Search for the accelerator of a precision with the least latency that fits a board; among equally
fast ones, for the one with the fewest LUTs.

For given lanes and a given width of the activation memory, the binary engine, attention and the
8-bit engine are chosen independently, because their cycles and resources add up. Combinations are
compared as arrays, by bounds of their cycles: analysing the loops for every tile and every number
of keys would take too long. Exact cycles are then computed for the combinations in the order of
their lower bounds, until no lower bound is below the best cycles. So the result is the best of all
combinations.
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
"""A first bound is computed from every `THINNED`-th choice only."""


@dataclass(frozen=True)
class Found:
    """An accelerator, with its cycles and resources."""

    bits: int
    choice: Choice
    cycles: int
    resources: Resources
    """Resources of the accelerator, including the margin."""
    board: Board
    clock_mhz: float

    @property
    def fps(self) -> float:
        """Frame rate, in images per second."""
        return self.clock_mhz * 1e6 / self.cycles

    @property
    def bottleneck(self) -> str:
        """The resource that is closest to its usable limit."""
        share = self.board.share(self.resources)
        return max(share, key=lambda name: share[name] / self.board.usable[name])


@dataclass(frozen=True)
class Family:
    """Accelerators with the same lanes and the same width of the activation memory."""

    frame: Frame
    shared: tuple[int, int]
    """Lower and upper bound of the cycles of layer normalisation, which all of them share."""
    costs: Costs
    """Costs of the parts that all of them share."""
    binary: Options[LinearTile]
    keys: Options[int]
    int8: Options[LinearTile]

    def feasible(self, budget: Costs, below: float) -> tuple[Ints, Ints]:
        """
        Find the combinations that fit the budget and whose lower bound is at most `below` cycles.
        Returns their lower bounds in ascending order, and an array with a row for each combination:
        its indices into the binary, keys and int8 options.
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
        """Parameters of a combination, given by its indices."""
        binary, keys, int8 = where
        linear = {BINARY: self.binary.choices[binary], INT8: self.int8.choices[int8]}
        return Choice(self.frame.lanes, linear, self.keys.choices[keys], self.frame.uram)

    def least(self, where: tuple[int, ...]) -> tuple[int, ...]:
        """Lower bounds of the cycles: shared parts, attention, binary engine and 8-bit engine."""
        binary, keys, int8 = where
        parts = ((self.keys, keys), (self.binary, binary), (self.int8, int8))
        return self.shared[0], *(int(part.least[i]) for part, i in parts)

    def most(self, at: Ints) -> Ints:
        """Upper bounds of the cycles of the combinations `at`, one row of indices each."""
        parts = (self.binary, self.keys, self.int8)
        sums = (part.most[at[:, i]] for i, part in enumerate(parts))
        return self.shared[1] + sum(sums, np.zeros(len(at), np.int64))


def _sums(first: Ints, second: Ints, third: Ints) -> Ints:
    return first[:, None, None] + second[None, :, None] + third[None, None, :]


@contextmanager
def collections_later() -> Generator[None]:
    """
    Disable garbage collection in the body of a `with` statement. Loops are built to be analysed
    once, and collecting them means walking everything that is kept, a fifth of the search's time.
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
    """
    Search for the accelerators of a model on a board at a clock rate. Cycles and resources that it
    has computed are reused for all precisions.
    """

    workload: Workload
    board: Board
    clock_mhz: float
    fixed: Fixed = field(default_factory=dict[str, int])
    cycles: CycleModel = field(init=False)
    resources: ResourceModel = field(init=False)
    _frames: Frames = field(init=False)

    # With init=False, a search made by `replace` starts anew: its `fixed` or board may differ.
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
        Find the best accelerator for activations of `bits` bits; None if none that fits the board
        reaches `least_fps`. Raises PassFailedException if the parameters in `fixed` rule out every
        accelerator.
        """
        with collections_later():
            return self._best(bits, least_fps)

    def _best(self, bits: int, least_fps: float) -> Found | None:
        cycles = self.clock_mhz * 1e6 / least_fps if least_fps else math.inf
        # Rounding must not rule out an accelerator whose own rate is given as `least_fps`.
        limit = cycles if math.isinf(cycles) else math.floor(cycles * (1 + 1e-12))
        bound = limit
        # More lanes are usually faster: their bound rules out many choices with fewer lanes.
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
        Generate the families that differ from `base` only in the widths of memories. They contain
        every `step`-th choice, unless its lower bound rules out an accelerator of `below` cycles.
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
        """The options that fit the board on their own, with their costs."""
        found = options.costing(cost)
        return found.taken(np.flatnonzero(fits(found.costs, self.resources.budget)))

    @cached_property
    def _linear_choices(self) -> dict[tuple[int, int], dict[str, list[LinearTile]]]:
        """
        Choices for the linear engines, by (lanes, uram) and by engine; combinations of lanes and
        memories that `fixed` rules out are absent. Raises PassFailedException with the last reason
        if it rules out all.
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
        All choices for a linear engine with the lanes of `base`, with bounds of their cycles. Those
        of the 8-bit engine include the cycles that fill the image memory. They depend on the
        precision only by the size of the GELU table.
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
        """Choices of the number of key tokens, with bounds of the cycles of attention."""
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
        Cycles and resources of an accelerator, whether it fits the board or not. Raises
        OutOfRangeError if an engine is too large for the cost model.
        """
        built = self._frames.built(bits, choice)
        cycles = self._cycles(built, (0, 0, 0, 0), math.inf)
        assert cycles is not None
        return self._found(built, cycles)

    def _cycles(self, built: Built, least: Sequence[int], below: float) -> int | None:
        """
        Cycles of an accelerator; None as soon as they are known to exceed `below`. `least` are
        lower bounds of its parts: layer normalisation, attention, binary engine, and 8-bit engine
        with data movement.
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
