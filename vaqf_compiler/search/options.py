"""Choices for one part of an accelerator, with bounds of their cycles and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vaqf_compiler.hardware.resources import Resources

ChoiceT = TypeVar("ChoiceT")
Ints = NDArray[np.int64]
Costs = NDArray[np.float64]
"""Of some choices, a row each: LUTs, flip-flops, DSP slices, halves of block RAMs, UltraRAMs."""


def row(resources: Resources) -> tuple[float, ...]:
    """Resources as a row of costs."""
    r = resources
    return (r.lut, r.ff, r.dsp, r.bram18, r.uram)


@dataclass(frozen=True)
class Options(Generic[ChoiceT]):
    """Some choices. No array is longer than the list of choices."""

    choices: Sequence[ChoiceT]
    least: Ints
    """Cycles that a choice takes at least."""
    most: Ints
    """And at most."""
    costs: Costs

    @staticmethod
    def of(choices: Sequence[ChoiceT], least: Ints, most: Ints) -> Options[ChoiceT]:
        """Choices whose costs are not known yet."""
        return Options(choices, least, most, np.zeros((len(choices), 5)))

    def costing(self, cost: Callable[[ChoiceT], Resources | None]) -> Options[ChoiceT]:
        """Those whose cost is known, with it."""
        known = [
            (index, row(resources))
            for index, choice in enumerate(self.choices)
            if (resources := cost(choice)) is not None
        ]
        costs = np.array([costs for _, costs in known], np.float64).reshape(len(known), 5)
        return replace(self.taken([index for index, _ in known]), costs=costs)

    def at_most(self, cycles: float) -> Options[ChoiceT]:
        """Those that may take no more than some cycles."""
        return self.taken(np.flatnonzero(self.least <= cycles))

    def taken(self, which: Sequence[int] | Ints) -> Options[ChoiceT]:
        """Some of the choices."""
        at = np.asarray(which, np.int64)
        choices: list[ChoiceT] = [self.choices[int(i)] for i in at]
        return Options(choices, self.least[at], self.most[at], self.costs[at])

    def pareto(self) -> Options[ChoiceT]:
        """
        Choices than which none is certainly no slower and costs no more of anything; of equal ones
        the first.
        """
        order = np.lexsort((*self.costs.T[::-1], self.most))
        kept: list[int] = []
        for index in order:
            rivals = np.array(kept, np.int64)
            cheap = (self.costs[rivals] <= self.costs[index]).all(axis=1)
            if not (cheap & (self.most[rivals] <= self.least[index])).any():
                kept.append(int(index))
        return self.taken(kept)
