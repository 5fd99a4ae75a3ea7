"""
The search for an accelerator: its costs are those of the passes, and nothing is better than what it
finds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_vaqf2022 import DEIT_BASE
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cost.block import OutOfRangeError
from vaqf_compiler.cost.board import RESOURCES, Board, load_board
from vaqf_compiler.cost.report import report_of
from vaqf_compiler.cost.vaqf2022 import estimate
from vaqf_compiler.pipeline import make_context, read_module, run_passes
from vaqf_compiler.search.best import Found, Search
from vaqf_compiler.search.facts import Facts
from vaqf_compiler.search.machine import BINARY, INT8, Choice
from vaqf_compiler.search.select import (
    MAX,
    InfeasibleError,
    Published,
    highest_precision,
    select_accelerator,
)
from vaqf_compiler.search.space import key_choices, lane_choices, linear_choices

MODEL = Path(__file__).parents[1] / "passes" / "Inputs" / "model.mlir"
ZCU102, KV260 = load_board("zcu102"), load_board("kv260")
CLOCK_MHZ = 150.0


@cache
def facts() -> Facts:
    module = read_module(make_context(), MODEL)
    run_passes(make_context(), module, "binvit-canonicalize-tokens")
    return Facts.of(module)


@cache
def search(board: str = "kv260", clock_mhz: float = CLOCK_MHZ) -> Search:
    return Search(facts(), load_board(board), clock_mhz)


def estimated(bits: int, options: str, board: str, clock_mhz: float) -> ModuleOp:
    """The model through all passes, with a selection whose parameters are given."""
    context = make_context()
    module = read_module(context, MODEL)
    run_passes(
        context,
        module,
        f"binvit-canonicalize-tokens,binvit-select-precision{{fps=max activation-bits={bits} "
        f"board={board} clock-mhz={clock_mhz} {options}}},binvit-quantize,binvit-map,binvit-tile,"
        "binvit-unroll,binvit-allocate,binvit-estimate",
    )
    return module


def all_choices(fixed: dict[str, int]) -> Iterator[Choice]:
    """Every accelerator that a search compares, one by one."""
    for lanes in lane_choices(facts(), fixed):
        binary, int8 = (linear_choices(name, facts(), lanes, fixed) for name in (BINARY, INT8))
        for one, other, keys in product(binary, int8, key_choices(facts(), fixed)):
            yield Choice(lanes, {BINARY: one, INT8: other}, keys)


def some_choice(draw: random.Random) -> Choice:
    lanes = draw.choice(lane_choices(facts(), {}))
    linear = {
        name: draw.choice(linear_choices(name, facts(), lanes, {})) for name in (BINARY, INT8)
    }
    return Choice(lanes, linear, draw.choice(key_choices(facts(), {})))


def check_costs(seed: int) -> None:
    draw = random.Random(seed)
    bits, choice = draw.randint(1, 16), some_choice(draw)
    board, clock_mhz = draw.choice(["zcu102", "u250"]), draw.choice([100.0, 150.0, 250.0, 300.0])
    found = search(board, clock_mhz).cost(bits, choice)
    given = " ".join(f"{k.replace('_', '-')}={v}" for k, v in choice.options.items())
    report = report_of(estimated(bits, given, board, clock_mhz), 0)
    assert report["performance"]["cycles"] == found.cycles
    for name in RESOURCES:
        assert report["resources"][name]["used"] == pytest.approx(
            getattr(found.resources, name), abs=1
        )


@pytest.mark.parametrize("seed", range(12))
def test_costs_are_those_of_the_passes(seed: int):
    check_costs(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12, 200))
def test_costs_are_those_of_the_passes_in_more_cases(seed: int):
    check_costs(seed)


def reduced(draw: random.Random) -> Board:
    """A board with little of some resources, so that each may bind."""
    available = {
        "lut": draw.randint(12_000, 60_000),
        "ff": draw.randint(20_000, 120_000),
        "dsp": draw.randint(40, 400),
        "bram36": draw.randint(8, 60),
        "uram": 0,
    }
    return replace(KV260, available=available)


def some_fixed(draw: random.Random) -> dict[str, int]:
    """Given parameters, so few being left to choose that all of them can be tried."""
    choice = some_choice(draw)
    options = choice.options
    free = draw.sample(sorted(set(options) - {"lanes"}), 4)
    return {name: value for name, value in options.items() if name not in free}


def check_best(seed: int) -> None:
    draw = random.Random(seed)
    bits, board, fixed = draw.randint(1, 16), reduced(draw), some_fixed(draw)
    searching = replace(search(), board=board, fixed=fixed)
    searching.cycles = search().cycles
    fitting: list[Found] = []
    for choice in all_choices(fixed):
        try:
            found = searching.cost(bits, choice)
        except OutOfRangeError:
            continue
        if not board.exceeded(found.resources):
            fitting.append(found)
    found = searching.best(bits)
    if not fitting:
        assert found is None
        return
    best = min(fitting, key=lambda each: (each.cycles, each.resources.lut))
    assert found is not None
    assert (found.cycles, found.resources.lut) == (best.cycles, best.resources.lut)
    assert not board.exceeded(found.resources)
    # Asked for as much, it finds as much; asked for more, nothing.
    again = searching.best(bits, best.fps)
    assert again is not None and again.cycles == best.cycles
    assert searching.best(bits, best.fps * 1.001) is None


@pytest.mark.parametrize("seed", range(25))
def test_nothing_that_fits_is_better(seed: int):
    check_best(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(25, 250))
def test_nothing_that_fits_is_better_in_more_cases(seed: int):
    check_best(seed)


def test_what_is_selected_fits_and_is_as_fast_by_its_own_loops():
    module = estimated(8, "", "kv260", CLOCK_MHZ)
    report = report_of(module, 0)
    assert report["fits"]
    found = search().best(8)
    assert found is not None
    assert report["performance"]["fps"] == pytest.approx(found.fps)
    assert report["performance"]["cycles"] == found.cycles


def test_the_choice_is_the_same_every_time():
    again = Search(facts(), KV260, CLOCK_MHZ)
    assert again.best(5) == search().best(5)


# The precision that is selected.


@given(
    rates=st.lists(st.floats(1, 1000), min_size=16, max_size=16),
    targets=st.tuples(st.floats(1, 1000), st.floats(1, 1000)),
)
def test_a_higher_frame_rate_never_selects_more_bits(
    rates: list[float], targets: tuple[float, float]
):
    def best(bits: int, least: float) -> Published:
        return Published(rates[bits - 1])

    lower, higher = (highest_precision(t, range(1, 17), best) for t in sorted(targets))
    if higher is not None:
        assert lower is not None and lower[0] >= higher[0]
        assert higher[1].fps >= max(targets)


def test_max_selects_the_greatest_frame_rate():
    def best(bits: int, least: float) -> Published:
        return Published(100.0 - abs(bits - 5))

    found = highest_precision(MAX, range(1, 17), best)
    assert found is not None and found[0] == 5


@pytest.mark.parametrize(("fps", "bits"), [(24, 8), (30, 6)])
def test_the_published_headline(fps: float, bits: int):
    """DeiT-base on the ZCU102: 24 FPS with 8-bit activations, 30 FPS with 6."""

    def best(each: int, least: float) -> Published:
        return Published(estimate(DEIT_BASE, each).fps)

    found = highest_precision(fps, range(1, 17), best)
    assert found is not None and found[0] == bits


def test_faster_targets_select_no_more_bits_on_a_board():
    selected: list[int] = []
    for fps in (1000.0, 20000.0, 30000.0):
        found = select_accelerator(facts(), KV260, CLOCK_MHZ, fps, range(6, 13), {})
        assert found.fps >= fps and not KV260.exceeded(found.resources)
        selected.append(found.bits)
    assert selected == sorted(selected, reverse=True) and selected[0] > selected[-1]


def test_an_impossible_frame_rate_says_what_is_possible():
    with pytest.raises(InfeasibleError) as raised:
        select_accelerator(facts(), KV260, CLOCK_MHZ, 1e6, [8], {})
    best = search().best(8)
    assert best is not None and raised.value.exit_code == 3
    assert f"{best.fps:.1f}  {best.binds}" in str(raised.value)


def test_another_board_is_named():
    tiny = replace(KV260, available={**KV260.available, "dsp": 30})
    best = search().best(8)
    assert best is not None
    with pytest.raises(InfeasibleError, match=r"(KV260|ZCU104|ZCU102|Alveo U250) would do"):
        select_accelerator(facts(), replace(tiny, name="tiny"), CLOCK_MHZ, best.fps / 2, [8], {})


def test_given_results_leave_the_lanes_that_they_divide():
    found = replace(search(), fixed={"binary_results": 8}).best(4)
    assert found is not None and found.choice.lanes == 8


@pytest.mark.parametrize("keys", [0, -1, 1000])
def test_given_keys_that_are_no_choice_are_refused(keys: int):
    with pytest.raises(PassFailedException, match=r"keys must be in 1\.\.512"):
        replace(search(), fixed={"keys": keys}).best(4)


def test_bounds_hold_at_high_clock_rates():
    assert Search(facts(), ZCU102, 1000.0).best(16) is not None


def test_no_accelerator_for_an_empty_board():
    empty = replace(ZCU102, available=dict.fromkeys(RESOURCES, 0))
    assert Search(facts(), empty, CLOCK_MHZ).best(8) is None
    assert math.isinf(empty.share(search().cost(8, some_choice(random.Random(0))).resources)["lut"])
