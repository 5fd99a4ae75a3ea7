"""
Writes docs/results.md: what is selected for the DeiT family at several frame rates on all boards,
and where the cycles of the fastest DeiT-base of 8 bits on the ZCU102 go.

    python benchmarks/results.py [DIRECTORY]        (default: build/results)

The sweep behind the first table is kept in the directory, and goes on from what is there.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from vaqf_compiler.engines.linear.plan import BINARY, INT8
from vaqf_compiler.hardware.board import RESOURCES, load_board
from vaqf_compiler.limits import MAX
from vaqf_compiler.search.best import Found, Search
from vaqf_compiler.search.machine import Frames
from vaqf_compiler.search.resource_model import LAYER_NORM
from vaqf_compiler.search.select import bottleneck_of
from vaqf_compiler.sweep import Selection, parse_axes, run_sweep
from vaqf_compiler.sweep.evaluate import evaluate_point, search_of
from vaqf_compiler.sweep.fingerprint import code_digest

DOCUMENT = Path(__file__).parents[1] / "docs" / "results.md"
MODELS = ("deit-tiny", "deit-small", "deit-base")
AXES = f"model={':'.join(MODELS)},bits,board,fps=15:24:30:60:120:max"
BITS, BOARD, CLOCK_MHZ = 8, "zcu102", 250.0


def selections(directory: Path) -> list[Selection]:
    """Of all models, boards and targets, at the boards' own clocks."""
    axes = parse_axes(AXES, model=MODELS[0], board=BOARD)
    evaluate = partial(evaluate_point, input_shape=None, fixed=())
    return run_sweep(axes, evaluate, directory, fingerprint=code_digest())


def selection_rows(found: list[Selection]) -> list[str]:
    """A line for each model and board."""
    targets = list(dict.fromkeys(s.target for s in found))
    heads = " | ".join(str(t) if t == MAX else f"{t:g} FPS" for t in targets)
    lines = [f"| model | board | {heads} |", "|---" * (2 + len(targets)) + "|"]
    for model in MODELS:
        for board in dict.fromkeys(s.board for s in found):
            cells = [_cell(s) for s in found if (s.model, s.board) == (model, board)]
            lines.append(f"| {model} | {board} | {' | '.join(cells)} |")
    return lines


def _cell(selection: Selection) -> str:
    if selection.row is None:
        return "-"
    return f"{selection.bits} bits, {selection.row.fps:.1f}"


def roofline(search: Search, found: Found) -> list[tuple[str, int]]:
    """Where the cycles go: what multiplies, and what is lost to each cause."""
    choice, workload, cycles = found.choice, search.workload, search.cycles
    built = Frames(workload).built(found.bits, choice)
    machine, attention = built.accelerator, built.attention
    causes: list[tuple[str, int]] = []
    for name, title in ((BINARY, "binary layers"), (INT8, "8-bit layers")):
        chosen = choice.linear[name]
        engine = built.linear[name]
        width = chosen.unroll_m * chosen.unroll_n
        products = cut = finishing = 0
        for layer in workload.linear[name]:
            in_tiles = -(-layer.in_channels // chosen.tile_n)
            out_tiles = -(-layer.out_channels // chosen.tile_m)
            each = layer.tokens * engine.steps_m
            products += layer.tokens * layer.in_channels * layer.out_channels / width
            cut += in_tiles * out_tiles * each
            between = max(in_tiles, engine.finishing_steps)
            steps = in_tiles + 1 + (out_tiles - 1) * between + engine.finishing_steps
            finishing += (steps - in_tiles * out_tiles) * each
        total = cycles.linear(engine, machine)
        causes += [
            (f"{title}: products", round(products)),
            (f"{title}: tiles that channels do not fill", round(cut - products)),
            (f"{title}: steps that only fetch or finish", finishing),
            (
                f"{title}: pipelines that fill and drain, weights, parameters",
                total - cut - finishing,
            ),
        ]
    shapes = zip(workload.others["attention"], workload.heads, strict=True)
    queries = sum(tokens * heads for tokens, heads in shapes)
    ideal = round(queries * workload.tokens / choice.keys)
    total = cycles.attention(attention, machine)
    causes += [
        ("attention: products", ideal),
        ("attention: keys that do not fill a cycle", queries * attention.steps(machine) - ideal),
        ("attention: all else", total - queries * attention.steps(machine)),
        ("layer normalisation", cycles.layer_norm(LAYER_NORM, machine)),
        ("image, tokens and positions", cycles.movement(machine)),
    ]
    assert sum(count for _, count in causes) == found.cycles
    return causes


def conclusion(search: Search, found: Found) -> list[str]:
    """What the cycles say about going faster."""
    binary = sum(count for cause, count in roofline(search, found) if cause.startswith("binary"))
    alone = found.clock_mhz * 1e6 / binary
    return [
        "Engines run one after another: while the binary engine works, all others wait, and the",
        f"other way round. Its layers alone, {binary:,} cycles, would allow {alone:.0f} FPS; two",
        "images at a time, one in the binary engine and one in the others, would come near that,",
        "and is not built.",
        "",
    ]


def main() -> None:
    """Write the document."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/results")
    rows = selection_rows(selections(directory))
    search = search_of("deit-base", None, BOARD, CLOCK_MHZ, ())
    started = time.perf_counter()
    found = search.best(BITS)
    seconds = time.perf_counter() - started
    assert found is not None
    board = load_board(BOARD)
    parameters = ", ".join(f"`{name}={value}`" for name, value in found.choice.options.items())
    share = board.share(found.resources)
    lines = [
        "# What is selected",
        "",
        "Written by `python benchmarks/results.py`. All figures are estimates of this compiler",
        "(docs/cost-model.md says what they rest on); nothing was synthesised by AMD's tools or",
        "run on a board.",
        "",
        "The highest precision whose fastest accelerator meets a frame rate, and the frame rate",
        "of that accelerator, at the clock of the board's file; `-` where no precision does. A",
        "row is `vaqf-compile MODEL --sweep bits,board=BOARD,fps=15:24:30:60:120:max -o DIR`.",
        "",
        *rows,
        "",
        f"## As fast as the ZCU102 allows: DeiT-base, W1A{BITS}, {CLOCK_MHZ:g} MHz",
        "",
        f"`vaqf-compile deit-base --fps max --bits {BITS} --clock-mhz {CLOCK_MHZ:g} -o DIR`:",
        f"**{found.fps:.1f} FPS**, {found.cycles:,} cycles an image, found in {seconds:.1f} s "
        "(the first search of a model also looks at the engines' loops).",
        "",
        f"Parameters: {parameters}.",
        "",
        "| resource | used | of the board |",
        "|---|---|---|",
        *(
            f"| {name} | {getattr(found.resources, name):,.0f} | {share[name]:.0%} |"
            for name in RESOURCES
            if name in share
        ),
        "",
        f"The bottleneck is `{bottleneck_of(search, found)}`.",
        "",
        "| cycles | spent on | share |",
        "|---|---|---|",
        *(
            f"| {count:,} | {cause} | {count / found.cycles:.1%} |"
            for cause, count in roofline(search, found)
        ),
        "",
        *conclusion(search, found),
    ]
    DOCUMENT.write_text("\n".join(lines))
    print(f"wrote {DOCUMENT}")


if __name__ == "__main__":
    main()
