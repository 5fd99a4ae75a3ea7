"""
The search for an accelerator: its costs are those of the passes, and nothing is better than what it
finds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_vaqf2022 import DEIT_BASE
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cost.report import report_of
from vaqf_compiler.cost.vaqf2022 import estimate
from vaqf_compiler.engines.linear.plan import BINARY, INT8, WEIGHT_BITS
from vaqf_compiler.engines.ranges import check_tile, check_unroll
from vaqf_compiler.hardware.block import OutOfRangeError
from vaqf_compiler.hardware.board import RESOURCES, Board, load_board
from vaqf_compiler.hardware.resources import Resources
from vaqf_compiler.hls_rules.copies import MOST_COPIES
from vaqf_compiler.limits import MAX
from vaqf_compiler.passes.binvit_select_precision import workload_of
from vaqf_compiler.pipeline import make_context, read_module, run_passes
from vaqf_compiler.search.best import Found, Search
from vaqf_compiler.search.cycles import CycleModel
from vaqf_compiler.search.machine import Choice, Frames
from vaqf_compiler.search.select import (
    MODEL,
    InfeasibleError,
    Published,
    bottleneck_of,
    highest_precision,
    select_accelerator,
)
from vaqf_compiler.search.space import key_choices, lane_choices, linear_choices, uram_choices
from vaqf_compiler.search.workload import Workload
from vaqf_compiler.sweep.evaluate import search_of

MODEL_FILE = Path(__file__).parents[1] / "passes" / "Inputs" / "model.mlir"
ZCU102, KV260 = load_board("zcu102"), load_board("kv260")
CLOCK_MHZ = 150.0


@cache
def workload() -> Workload:
    module = read_module(make_context(), MODEL_FILE)
    run_passes(make_context(), module, "binvit-canonicalize-tokens")
    return workload_of(module)


@cache
def search(board: str = "kv260", clock_mhz: float = CLOCK_MHZ) -> Search:
    return Search(workload(), load_board(board), clock_mhz)


def changed(searching: Search, **changes: Any) -> Search:
    """A search with other resources or given parameters, for which it need not learn again."""
    other = replace(searching, **changes)
    other.cycles = searching.cycles
    return other


def estimated(bits: int, options: str, board: str, clock_mhz: float) -> ModuleOp:
    """The model through all passes, with a selection whose parameters are given."""
    context = make_context()
    module = read_module(context, MODEL_FILE)
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
    for lanes, uram in product(lane_choices(workload(), fixed), uram_choices(1, fixed)):
        try:
            binary, int8 = (
                linear_choices(name, workload(), lanes, uram, fixed) for name in (BINARY, INT8)
            )
        except PassFailedException:  # what is given does not suit these lanes
            continue
        for one, other, keys in product(binary, int8, key_choices(workload(), fixed)):
            yield Choice(lanes, {BINARY: one, INT8: other}, keys, uram)


def some_choice(draw: random.Random) -> Choice:
    lanes, uram = draw.choice(lane_choices(workload(), {})), draw.choice(uram_choices(1, {}))
    linear = {
        name: draw.choice(linear_choices(name, workload(), lanes, uram, {}))
        for name in (BINARY, INT8)
    }
    return Choice(lanes, linear, draw.choice(key_choices(workload(), {})), uram)


def check_costs(bits: int, choice: Choice, board: str, clock_mhz: float) -> None:
    found = search(board, clock_mhz).cost(bits, choice)
    given = " ".join(f"{k.replace('_', '-')}={v}" for k, v in choice.options.items())
    report = report_of(estimated(bits, given, board, clock_mhz), 0)
    assert report["performance"]["cycles"] == found.cycles
    for name in RESOURCES:
        assert report["resources"][name]["used"] == pytest.approx(
            getattr(found.resources, name), abs=1
        )


def check_some_costs(seed: int) -> None:
    draw = random.Random(seed)
    bits, choice = draw.randint(1, 16), some_choice(draw)
    board = "u250" if choice.uram else draw.choice(["zcu102", "u250"])
    clock_mhz = draw.choice([100.0, 150.0, 250.0, 300.0])
    check_costs(bits, choice, board, clock_mhz)


@pytest.mark.parametrize("seed", range(12))
def test_costs_are_those_of_the_passes(seed: int):
    check_some_costs(seed)


def test_deit_base_is_as_fast_as_the_documents_say():
    found = search_of("deit-base", None, "zcu102", 250.0, ()).best(8)
    assert found is not None and found.fps >= 120
    shares = ZCU102.share(found.resources)
    assert all(share <= 0.8 for share in shares.values())
    assert shares["lut"] > 0.75  # LUTs are the bottleneck


def test_nothing_is_selected_that_is_refused_before_it_is_printed():
    # A board so large that more of a loop would fit than the tool unrolls.
    searching = search_of("deit-tiny", None, "u250", None, ())
    found = searching.best(1)
    assert found is not None
    assert found.choice.keys * searching.workload.head_size <= MOST_COPIES


def test_lanes_divide_what_every_layer_gives():
    life, _ = workload().activations[0]
    odd = replace(workload(), activations=(*workload().activations, (life, 20)))
    assert max(lane_choices(workload(), {})) > 4
    assert lane_choices(odd, {}) == [4]


def test_a_small_board_gets_what_fits():
    # Only memories of few lanes fit; wider ones bound attention from below.
    found = search_of("deit-tiny", None, "kv260", None, (("uram", 0),)).best(1)
    assert found is not None and found.choice.lanes == 4
    assert KV260.share(found.resources)["bram36"] <= KV260.usable["bram36"]


def test_ultraram_takes_what_block_ram_does_not():
    def best(*fixed: tuple[str, int]) -> Found | None:
        return search_of("deit-base", None, "kv260", None, fixed).best(8)

    found = best()
    assert found is not None and found.choice.uram == 1
    assert 0 < found.resources.uram <= 0.8 * KV260.available["uram"]
    assert best(("uram", 0)) is None
    with pytest.raises(PassFailedException, match="4 results a cycle fill no word of"):
        best(("uram", 1), ("binary_results", 4), ("lanes", 16))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12, 200))
def test_costs_are_those_of_the_passes_in_more_cases(seed: int):
    check_some_costs(seed)


def reduced(draw: random.Random, used: Resources, *, fits: bool) -> Board:
    """
    A board with hardly more than some accelerator takes, so that each resource may bind; with too
    little for that of one if it is not to fit.
    """
    share = {name: draw.uniform(1, 1.3) for name in RESOURCES}
    if not fits:
        share[draw.choice(("lut", "ff", "dsp", "bram36"))] = 0.9
    available = {
        name: math.ceil(share[name] * getattr(used, name) / KV260.usable[name])
        for name in RESOURCES
    }
    return replace(KV260, available=available)


def some_fixed(draw: random.Random, *, with_lanes: bool) -> dict[str, int]:
    """
    Given parameters, with or without lanes, so few being left to choose that all of them can be
    tried.
    """
    options = some_choice(draw).options
    others = sorted(set(options) - {"lanes"})
    free = draw.sample(others, 4) if with_lanes else ["lanes", *draw.sample(others, 4)]
    return {name: value for name, value in options.items() if name not in free}


def check_best(seed: int) -> None:
    draw = random.Random(seed)
    bits, fixed = draw.randint(1, 16), some_fixed(draw, with_lanes=seed % 2 == 0)
    compared: list[Found] = []
    for choice in all_choices(fixed):
        try:
            compared.append(search().cost(bits, choice))
        except OutOfRangeError:
            continue
    fits = seed % 5 != 0
    board = reduced(draw, draw.choice(compared).resources, fits=fits)
    fitting = [found for found in compared if not board.exceeded(found.resources)]
    assert fitting or not fits
    searching = changed(search(), board=board, fixed=fixed)
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
    again = Search(workload(), KV260, CLOCK_MHZ)
    assert again.best(5) == search().best(5)


# The precision that is selected.


@dataclass
class Boards:
    """A board with some frame rate at each precision, asked as a search is; what it was asked."""

    rates: list[float]
    asked: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])

    def best(self, bits: int, least: float) -> Published | None:
        self.asked.append((bits, least))
        fps = self.rates[bits - 1]
        return Published(fps) if fps >= least else None


RATES = st.lists(st.floats(1, 1000), min_size=16, max_size=16)


@given(rates=RATES, targets=st.tuples(st.floats(1, 1000), st.floats(1, 1000)))
def test_a_higher_frame_rate_never_selects_more_bits(
    rates: list[float], targets: tuple[float, float]
):
    best = Boards(rates).best
    lower, higher = (highest_precision(t, range(1, 17), best) for t in sorted(targets))
    if higher is not None:
        assert lower is not None and lower[0] >= higher[0]
        assert higher[1].fps >= max(targets)


@given(rates=RATES, target=st.floats(1, 1000))
def test_each_precision_is_asked_for_the_target_until_one_has_it(rates: list[float], target: float):
    board = Boards(rates)
    found = highest_precision(target, range(1, 17), board.best)
    reach = [bits for bits in range(1, 17) if rates[bits - 1] >= target]
    assert (None if found is None else found[0]) == max(reach, default=None)
    assert board.asked == [(bits, target) for bits in range(16, max(reach, default=1) - 1, -1)]


@given(rates=RATES)
def test_max_asks_for_more_than_was_found(rates: list[float]):
    board = Boards(rates)
    found = highest_precision(MAX, range(1, 17), board.best)
    assert found is not None and found[1].fps == max(rates)
    # Of equal ones, that of the most bits.
    assert found[0] == max(bits for bits in range(1, 17) if rates[bits - 1] == max(rates))
    assert board.asked == [(bits, max(rates[bits:], default=0.0)) for bits in range(16, 0, -1)]


def test_an_accelerator_that_is_too_slow_is_not_selected():
    """Whatever a search returns: the promise is kept here."""

    def best(bits: int, least: float) -> Published:
        return Published(100.0 - bits)

    found = highest_precision(90.0, range(1, 17), best)
    assert found is not None and found[0] == 10
    assert highest_precision(100.0, range(1, 17), best) is None


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
        found = select_accelerator(workload(), KV260, CLOCK_MHZ, fps, range(6, 13), {})
        assert found.fps >= fps and not KV260.exceeded(found.resources)
        selected.append(found.bits)
    assert selected == sorted(selected, reverse=True) and selected[0] > selected[-1]


def test_an_impossible_frame_rate_says_what_is_possible():
    with pytest.raises(InfeasibleError) as raised:
        select_accelerator(workload(), KV260, CLOCK_MHZ, 1e6, [8], {})
    best = search().best(8)
    assert best is not None and raised.value.exit_code == 3
    assert f"{best.fps:.1f}  {MODEL}" in str(raised.value)


def with_dsps(count: int) -> Board:
    """The KV260, or so its name says, with fewer DSP slices."""
    return replace(KV260, available={**KV260.available, "dsp": count})


def test_a_resource_binds_where_more_of_it_would_help():
    few = changed(search(), board=with_dsps(220))
    best, faster = few.best(8), search().best(8)
    assert best is not None and faster is not None and faster.cycles < best.cycles
    assert bottleneck_of(few, best) == "dsp"


def test_the_model_binds_where_nothing_would_help():
    best, larger = search().best(8), search("u250").best(8)
    assert best is not None and larger is not None and larger.cycles == best.cycles
    assert bottleneck_of(search(), best) == bottleneck_of(search("u250"), larger) == MODEL


@pytest.mark.parametrize("name", ["tiny", "KV260"])
def test_the_smallest_other_board_that_would_do_is_named(name: str):
    """Boards are compared by all that is said of them: a name may be of another board, too."""
    tiny = replace(with_dsps(30), name=name)
    best = search().best(8)
    assert best is not None
    with pytest.raises(InfeasibleError, match=r"\nKV260 \(kv260\) would do: .* FPS at 8 bits and"):
        select_accelerator(workload(), tiny, CLOCK_MHZ, best.fps / 2, [8], {})


def test_a_board_that_would_not_do_is_passed_over():
    """At the boards' own clock rates: the KV260 has the lowest."""
    zcu104 = load_board("zcu104")
    fastest = search("zcu104", zcu104.clock_mhz).best(8)
    assert fastest is not None and zcu104.clock_mhz > KV260.clock_mhz
    with pytest.raises(InfeasibleError, match=r"\nZCU104 \(zcu104\) would do: .* and 200 MHz$"):
        select_accelerator(workload(), with_dsps(30), None, fastest.fps, [8], {})


GIVEN = (
    {"binary_m": 48},
    {"binary_n": 48},
    {"binary_m": 24, "binary_n": 8, "lanes": 8},
    {"int8_m": 40, "int8_n": 48},
    {"tile_binary_n": 2048},
    {"tile_binary_m": 4096, "tile_binary_n": 16},
    {"tile_int8_m": 48, "int8_n": 24},
)


@pytest.mark.parametrize("given", GIVEN)
def test_a_tile_is_found_for_what_is_given(given: dict[str, int]):
    """No tile that a search without it compares would do."""
    found = changed(search("u250"), fixed=given).best(4)
    assert found is not None
    assert given.items() <= found.choice.options.items()
    options = " ".join(f"{k.replace('_', '-')}={v}" for k, v in found.choice.options.items())
    report = report_of(estimated(4, options, "u250", CLOCK_MHZ), 0)
    assert report["fits"] and report["resources"]["lut"]["used"] == found.resources.lut


@pytest.mark.parametrize("given", [{"binary_m": 48}, {"binary_m": 24, "int8_m": 40, "lanes": 8}])
def test_costs_of_what_is_given_are_those_of_the_passes(given: dict[str, int]):
    found = changed(search("u250"), fixed=given).best(4)
    assert found is not None
    check_costs(4, found.choice, "u250", CLOCK_MHZ)


def legal(name: str, tile: tuple[int, int], unroll: tuple[int, int], lanes: int) -> bool:
    try:
        check_tile(name, *tile, WEIGHT_BITS[name])
        check_unroll(name, *unroll, *tile, lanes, results=1)
    except PassFailedException:
        return False
    return True


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from((BINARY, INT8)),
    lanes=st.sampled_from((4, 8)),
    unroll=st.tuples(st.integers(8, 512), st.integers(2, 128).map(lambda each: 4 * each)),
)
def test_a_tile_is_compared_wherever_one_is_legal(name: str, lanes: int, unroll: tuple[int, int]):
    m, n = unroll
    tiles = product(range(m, 4097, m), range(n, 4097, n))
    exists = any(legal(name, tile, unroll, lanes) for tile in tiles)
    engine = name.removesuffix("_linear")
    given = {f"{engine}_m": m, f"{engine}_n": n}
    if not exists:
        with pytest.raises(PassFailedException, match="no tile suits what is given: "):
            linear_choices(name, workload(), lanes, 0, given)
        return
    compared = linear_choices(name, workload(), lanes, 0, given)
    assert {(each.unroll_m, each.unroll_n) for each in compared} == {unroll}


def test_given_results_leave_the_lanes_that_they_divide():
    found = changed(search(), fixed={"binary_results": 8}).best(4)
    assert found is not None and found.choice.lanes == 8


@pytest.mark.parametrize("keys", [0, -1, 1000])
def test_given_keys_that_are_no_choice_are_refused(keys: int):
    with pytest.raises(PassFailedException, match=r"keys must be in 1\.\.512"):
        changed(search(), fixed={"keys": keys}).best(4)


def test_bounds_hold_at_high_clock_rates():
    assert Search(workload(), ZCU102, 1000.0).best(16) is not None


@pytest.mark.parametrize("clock_mhz", [250.0, 299.0])
def test_bounds_of_attention_hold_for_heads_of_few_channels(clock_mhz: float):
    # One key a cycle in a shallow pipeline, and bounds that were learnt from one of ten.
    others = {**workload().others, "attention": (10, 10)}
    small = replace(workload(), tokens=10, heads=(1, 1), head_size=4, others=others)
    cycles, frames = CycleModel(small, load_board("zcu104"), clock_mhz), Frames(small)
    for bits, uram, keys in product((16, 9, 6, 4, 1), (0, 1), (10, 5, 1)):
        frame = frames.frame(bits, 4, uram, 4, 1)
        attention = frame.attention(keys)
        least, most = cycles.attention_bounds(attention, frame.accelerator)
        assert least <= cycles.attention(attention, frame.accelerator) <= most


def test_costs_do_not_depend_on_what_was_searched_before():
    def costs(*tiles: int) -> dict[int, int]:
        searching = Search(workload(), KV260, 300.0)
        found: dict[int, int] = {}
        for tile_n in tiles:
            given = {"lanes": 4, "keys": 2, "tile_int8_n": tile_n}
            linear = {n: linear_choices(n, workload(), 4, 0, given)[0] for n in (BINARY, INT8)}
            found[tile_n] = searching.cost(7, Choice(4, linear, 2, 0)).cycles
        return found

    # A row of the image of one word, and of three.
    assert costs(16, 48) == costs(48, 16)


def test_no_accelerator_for_an_empty_board():
    empty = replace(ZCU102, available=dict.fromkeys(RESOURCES, 0))
    assert Search(workload(), empty, CLOCK_MHZ).best(8) is None
    assert math.isinf(empty.share(search().cost(8, some_choice(random.Random(0))).resources)["lut"])
