"""
The accelerators that are compared, all that are worth it: tiles of the least size for a number of
tiles that some layer has, and key tokens of the least number for some cycles of a query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.passes.binvit_tile import check_tile
from vaqf_compiler.passes.binvit_unroll import (
    LANE_CHOICES,
    MOST_KEYS,
    check_keys,
    check_unroll,
)
from vaqf_compiler.search.facts import Facts
from vaqf_compiler.search.machine import WEIGHT_BITS, LinearChoice

STEPS_M = (1, 2)
"""Cycles for the output channels of a tile: more make a step longer, and its overhead less."""

Fixed = Mapping[str, int]
"""Parameters that are given, by the names of `Choice.options`."""


def lane_choices(facts: Facts, fixed: Fixed) -> list[int]:
    """Numbers of lanes that divide the model's channels. Raises PassFailedException for none."""
    found = [
        lanes
        for lanes in LANE_CHOICES
        if facts.head_size % lanes == 0
        and facts.channels % lanes == 0
        and fixed.get("lanes", lanes) == lanes
    ]
    if not found:
        raise PassFailedException(
            f"heads of {facts.head_size} channels and tokens of {facts.channels} are no multiples "
            f"of {fixed.get('lanes', min(LANE_CHOICES))} lanes"
        )
    return found


def key_choices(facts: Facts, fixed: Fixed) -> list[int]:
    """Key tokens a cycle of attention. Raises PassFailedException for given ones out of range."""
    if "keys" in fixed:
        check_keys(fixed["keys"])
        return [fixed["keys"]]
    found = {-(-facts.tokens // steps) for steps in range(1, facts.tokens + 1)}
    return sorted(keys for keys in found if keys <= MOST_KEYS)


def linear_choices(name: str, facts: Facts, lanes: int, fixed: Fixed) -> list[LinearChoice]:
    """
    Parameters of a linear engine. Raises PassFailedException where given ones rule all out, with
    the reason.
    """
    engine, layers = name.removesuffix("_linear"), facts.linear[name]
    tiles_m = _sizes(lanes, (layer.out_channels for layer in layers), fixed, f"tile_{engine}_m")
    tiles_n = _sizes(lanes, (layer.in_channels for layer in layers), fixed, f"tile_{engine}_n")
    if WEIGHT_BITS[name] == 1 and f"tile_{engine}_n" not in fixed:
        tiles_n = sorted({_legal_row(size) for size in tiles_n})
    results = [fixed[f"{engine}_results"]] if f"{engine}_results" in fixed else _powers(lanes)
    found: list[LinearChoice] = []
    refusal: PassFailedException | None = None
    for tile_m in tiles_m:
        for tile_n in tiles_n:
            unroll_n = fixed.get(f"{engine}_n", tile_n)
            for unroll_m in _unrolls(tile_m, fixed.get(f"{engine}_m")):
                for each in results:
                    choice = LinearChoice(tile_m, tile_n, unroll_m, unroll_n, each)
                    try:
                        check_tile(name, tile_m, tile_n, WEIGHT_BITS[name])
                        check_unroll(name, choice.unroll_m, unroll_n, tile_m, tile_n, lanes, each)
                    except PassFailedException as error:
                        refusal = error
                        continue
                    found.append(choice)
    if not found and refusal is not None:
        raise refusal
    return found


def _sizes(multiple: int, channels: Iterable[int], fixed: Fixed, name: str) -> list[int]:
    """Multiples of some number, the least for each number of tiles that channels are cut into."""
    if name in fixed:
        return [fixed[name]]
    found: set[int] = set()
    for size in set(channels):
        tiles = range(1, -(-size // multiple) + 1)
        found |= {-(-size // (count * multiple)) * multiple for count in tiles}
    return sorted(found)


def _legal_row(size: int) -> int:
    """The least number of binary weights, at least `size`, whose rows fill or share words."""
    if size >= 128:
        return -(-size // 128) * 128
    return max(16, 1 << (size - 1).bit_length())


def _unrolls(tile_m: int, given: int | None) -> list[int]:
    if given is not None:
        return [given]
    return [tile_m // steps for steps in STEPS_M if tile_m % steps == 0]


def _powers(most: int) -> list[int]:
    return [1 << exponent for exponent in range(most.bit_length())]
