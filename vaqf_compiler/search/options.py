"""Choices for one part of an accelerator, with bounds of their cycles and their resources."""

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
"""Costs of choices, a row each: LUTs, flip-flops, DSP slices, 18 Kb block RAMs and UltraRAMs."""


def row(resources: Resources) -> tuple[float, ...]:
    """Resources as a row of costs."""
    r = resources
    return (r.lut, r.ff, r.dsp, r.bram18, r.uram)


@dataclass(frozen=True)
class Options(Generic[ChoiceT]):
    """Choices for a part. Each array has one element or row for each choice."""

    choices: Sequence[ChoiceT]
    least: Ints
    """Lower bound of the cycles of each choice."""
    most: Ints
    """Upper bound of the cycles of each choice."""
    costs: Costs

    @staticmethod
    def of(choices: Sequence[ChoiceT], least: Ints, most: Ints) -> Options[ChoiceT]:
        """Options whose costs are not known yet, and zero."""
        return Options(choices, least, most, np.zeros((len(choices), 5)))

    def costing(self, cost: Callable[[ChoiceT], Resources | None]) -> Options[ChoiceT]:
        """The choices for which `cost` does not return None, with their costs."""
        known = [
            (index, row(resources))
            for index, choice in enumerate(self.choices)
            if (resources := cost(choice)) is not None
        ]
        costs = np.array([costs for _, costs in known], np.float64).reshape(len(known), 5)
        return replace(self.taken([index for index, _ in known]), costs=costs)

    def at_most(self, cycles: float) -> Options[ChoiceT]:
        """The choices whose lower bound is at most `cycles`."""
        return self.taken(np.flatnonzero(self.least <= cycles))

    def taken(self, which: Sequence[int] | Ints) -> Options[ChoiceT]:
        """The choices with the given indices."""
        at = np.asarray(which, np.int64)
        choices: list[ChoiceT] = [self.choices[int(i)] for i in at]
        return Options(choices, self.least[at], self.most[at], self.costs[at])

    def pareto(self) -> Options[ChoiceT]:
        """
        The Pareto-optimal choices. A choice is dropped if another one is certainly at least as fast
        and costs no more of any resource; of equal ones, the first is kept.
        """
        order = np.lexsort((*self.costs.T[::-1], self.most))
        kept: list[int] = []
        for index in order:
            rivals = np.array(kept, np.int64)
            cheap = (self.costs[rivals] <= self.costs[index]).all(axis=1)
            if not (cheap & (self.most[rivals] <= self.least[index])).any():
                kept.append(int(index))
        return self.taken(kept)
