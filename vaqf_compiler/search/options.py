"""Choices for one part of an accelerator, with bounds of their cycles and what they cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vaqf_compiler.cost.resources import Resources

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
    def of(
        choices: Iterable[ChoiceT],
        bounds: Callable[[ChoiceT], tuple[int, int]],
        cost: Callable[[ChoiceT], Resources | None],
        exact: Callable[[ChoiceT], int] | None = None,
        below: float = math.inf,
    ) -> Options[ChoiceT]:
        """
        The choices that may take less than some cycles and whose cost is known, without those that
        another is better than in every way; with their exact cycles, if these can be had.
        """
        kept: list[tuple[ChoiceT, int, int, tuple[float, ...]]] = []
        for choice in choices:
            least, most = bounds(choice)
            if least <= below and (resources := cost(choice)) is not None:
                if exact is not None:
                    least = most = exact(choice)
                kept.append((choice, least, most, row(resources)))
        kept_choices: list[ChoiceT] = [choice for choice, *_ in kept]
        found = Options(
            kept_choices,
            np.array([least for _, least, _, _ in kept], np.int64),
            np.array([most for _, _, most, _ in kept], np.int64),
            np.array([costs for *_, costs in kept], np.float64).reshape(len(kept), 5),
        )
        return found.taken(found.undominated())

    def taken(self, which: Sequence[int] | Ints) -> Options[ChoiceT]:
        """Some of the choices."""
        at = np.asarray(which, np.int64)
        choices: list[ChoiceT] = [self.choices[int(i)] for i in at]
        return Options(choices, self.least[at], self.most[at], self.costs[at])

    def undominated(self) -> list[int]:
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
        return kept
