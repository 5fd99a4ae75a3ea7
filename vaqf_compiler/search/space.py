"""
The choices that a search compares, which are all that are worth comparing. A tile has the least
size with which a layer is divided into a given number of tiles, and all of it is multiplied in one
cycle. The number of key tokens is the least with which a query takes a given number of cycles.

Tiles that take several cycles are compared only if the user gives them: their weights and totals
are selected at run time, and it is not known how well a synthesis tool implements that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.linear.plan import WEIGHT_BITS, Epilogue
from vaqf_compiler.engines.ranges import (
    LANE_CHOICES,
    MOST_AT_ONCE,
    MOST_KEYS,
    check_keys,
    check_tile,
    check_unroll,
    check_uram,
)
from vaqf_compiler.search.machine import LinearTile
from vaqf_compiler.search.workload import LinearLayer, Workload

SHARED_ROWS = (16, 32, 64)
"""Numbers of binary weights in a row of a tile, if several rows share a word."""

Fixed = Mapping[str, int]
"""Parameters given by the user, by the names of `Choice.options`."""


def lane_choices(workload: Workload, fixed: Fixed) -> list[int]:
    """
    Numbers of lanes that divide the numbers of channels of the model. Raises PassFailedException if
    there are none.
    """
    found = [
        lanes
        for lanes in LANE_CHOICES
        if workload.head_size % lanes == 0
        and workload.value_size % lanes == 0
        and workload.channels % lanes == 0
        and all(channels % lanes == 0 for _, channels in workload.activations)
        and fixed.get("lanes", lanes) == lanes
    ]
    if not found:
        sizes = " and ".join(map(str, sorted({workload.head_size, workload.value_size})))
        raise PassFailedException(
            f"heads of {sizes} channels, tokens of {workload.channels} or layers of "
            f"{', '.join(map(str, sorted({count for _, count in workload.activations})))} are no "
            f"multiples of {fixed.get('lanes', min(LANE_CHOICES))} lanes"
        )
    return found


def key_choices(workload: Workload, fixed: Fixed) -> list[int]:
    """
    Numbers of key tokens that attention processes per cycle. Raises PassFailedException if a given
    number is out of range.
    """
    if "keys" in fixed:
        check_keys(fixed["keys"])
        return [fixed["keys"]]
    found = {-(-workload.tokens // steps) for steps in range(1, workload.tokens + 1)}
    return sorted(keys for keys in found if keys <= MOST_KEYS)


def uram_choices(available: int, fixed: Fixed) -> list[int]:
    """
    Choices of `Choice.uram`: 1 for activations and residual stream in UltraRAM, if the board has
    `available` blocks. Raises PassFailedException if the given value is neither 0 nor 1.
    """
    if "uram" in fixed:
        check_uram(fixed["uram"])
        return [fixed["uram"]]
    return [0, 1] if available else [0]


def linear_choices(
    name: str, workload: Workload, lanes: int, uram: int, fixed: Fixed
) -> list[LinearTile]:
    """
    Choices of the parameters of a linear engine. Raises PassFailedException with the reason if the
    given parameters rule out all.
    """
    given, bits = _Given.of(name, fixed), WEIGHT_BITS[name]
    results = _powers(lanes) if given.results is None else [given.results]
    if uram and any(layer.epilogue != Epilogue.LOGITS for layer in workload.distinct[name]):
        # A word in UltraRAM contains all lanes of a group, and is written as a whole.
        if given.results not in (None, lanes):
            raise PassFailedException(
                f"@{name}: {given.results} results a cycle fill no word of {lanes} lanes in "
                "UltraRAM; give uram=0 or as many results"
            )
        results = [lanes]
    found: list[LinearTile] = []
    refusal: PassFailedException | None = None
    for tile_n in _tiles_n(given, workload.linear[name], lanes, bits):
        for tile_m in _tiles_m(given, workload.linear[name], lanes, tile_n * bits):
            unroll_n = _factor(tile_n, given.tile_n, given.unroll_n, lanes)
            unroll_m = _factor(tile_m, given.tile_m, given.unroll_m, 1)
            for each in results:
                try:
                    check_tile(name, tile_m, tile_n, bits)
                    check_unroll(name, unroll_m, unroll_n, tile_m, tile_n, lanes, each)
                except PassFailedException as error:
                    refusal = error
                    continue
                found.append(
                    LinearTile(WEIGHT_BITS[name], tile_m, tile_n, unroll_m, unroll_n, each)
                )
    if not found and refusal is not None:
        if given.chooses_tiles:
            raise PassFailedException(f"no tile suits what is given: {refusal}") from refusal
        raise refusal
    return found


@dataclass(frozen=True)
class _Given:
    """Given parameters of a linear engine; None for those that the search chooses."""

    tile_m: int | None
    tile_n: int | None
    unroll_m: int | None
    unroll_n: int | None
    results: int | None

    @staticmethod
    def of(name: str, fixed: Fixed) -> _Given:
        engine = name.removesuffix("_linear")
        tiles = (fixed.get(f"tile_{engine}_{of}") for of in "mn")
        return _Given(*tiles, *(fixed.get(f"{engine}_{of}") for of in ("m", "n", "results")))

    @property
    def chooses_tiles(self) -> bool:
        """Whether an unroll factor is given without the size of the tile, which is then chosen."""
        return (self.tile_m is None and self.unroll_m is not None) or (
            self.tile_n is None and self.unroll_n is not None
        )


def _tiles_n(given: _Given, layers: Iterable[LinearLayer], lanes: int, bits: int) -> list[int]:
    """Choices of the input channels of a tile."""
    if given.tile_n is not None:
        return [given.tile_n]
    unit, word = _unit(lanes, given.unroll_n), WORD_BITS // bits
    sizes = _sizes(unit, frozenset(layer.in_channels for layer in layers))
    return sorted({_legal_row(size, unit, word) for size in sizes})


def _tiles_m(
    given: _Given, layers: Iterable[LinearLayer], lanes: int, row_bits: int
) -> Sequence[int]:
    """Choices of the output channels of a tile, whose rows of `row_bits` bits fill whole words."""
    if given.tile_m is not None:
        return [given.tile_m]
    rows = max(1, WORD_BITS // max(1, row_bits))
    unit = math.lcm(_unit(lanes, given.unroll_m), rows)
    return _sizes(unit, frozenset(layer.out_channels for layer in layers))


def _unit(lanes: int, factor: int | None) -> int:
    """The number of which a tile's size is a multiple: of the lanes and a given unroll factor."""
    return lanes if factor is None else math.lcm(lanes, max(1, factor))


@cache
def _sizes(unit: int, channels: frozenset[int]) -> tuple[int, ...]:
    """The least multiple of `unit` for each number of tiles into which channels can be divided."""
    found: set[int] = set()
    for size in channels:
        tiles = range(1, -(-size // unit) + 1)
        found |= {-(-size // (count * unit)) * unit for count in tiles}
    return tuple(sorted(found))


def _legal_row(size: int, unit: int, word: int) -> int:
    """
    The least legal number of weights in a row of a tile: a multiple of `unit`, at least `size`, and
    such that rows either fill whole words of `word` weights or share a word.
    """
    shared = [row for row in SHARED_ROWS if row < word and row >= size and row % unit == 0]
    whole = math.lcm(unit, word)
    return min(shared, default=-(-size // whole) * whole)


def _factor(tile: int, given_tile: int | None, given: int | None, unit: int) -> int:
    """
    The unroll factor of a tile. Unless it is given, it is the whole tile; a given tile that is too
    large for that is divided into as few cycles as possible, with a multiple of `unit` in each.
    """
    if given is not None:
        return given
    if given_tile is None or tile <= MOST_AT_ONCE:
        return tile
    most = range(MOST_AT_ONCE - MOST_AT_ONCE % unit, 0, -unit)
    return next((count for count in most if tile % count == 0), tile)


def _powers(most: int) -> list[int]:
    return [1 << exponent for exponent in range(most.bit_length())]
