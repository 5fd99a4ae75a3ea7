"""
Calibrates the building blocks of the cost model: synthesises each at many points with Yosys, fits
coefficients and writes `calibration.json`. Points whose circuits have not changed are kept.
"""

from __future__ import annotations

import argparse
import datetime
from collections import Counter
from collections.abc import Iterable, Sequence

from tqdm import tqdm

from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.block import CALIBRATION, Block, forget_coefficients
from vaqf_compiler.hardware.calibration import yosys
from vaqf_compiler.hardware.calibration.circuits import BLOCKS, synthesis, verilog
from vaqf_compiler.hardware.calibration.fit import LARGEST_ERROR, fit, is_held_out, quality
from vaqf_compiler.hardware.calibration.grids import points as grid
from vaqf_compiler.hardware.calibration.store import (
    Calibration,
    Point,
    digest,
    read_calibration,
    write_calibration,
)
from vaqf_compiler.hardware.resources import Resources

AT_ONCE = 12
"""Points that one run of Yosys synthesises; results are saved after each."""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        prog="python -m vaqf_compiler.cli.calibrate", description=__doc__
    )
    parser.add_argument(
        "--fit-only", action="store_true", help="fit the points that are in the file, no synthesis"
    )
    parser.add_argument("--all", action="store_true", help="synthesise all points again")
    arguments = parser.parse_args()
    raise SystemExit(report_errors(lambda: run(arguments)))


def run(arguments: argparse.Namespace) -> int:
    """Calibrate. The exit code."""
    if arguments.fit_only:
        if not CALIBRATION.exists():
            raise UserError(f"'{CALIBRATION}' does not exist; run once without --fit-only")
        old = read_calibration(CALIBRATION)
        save(old.tool, old.date, old.points)
    else:
        measure(again=arguments.all)
    return report(read_calibration(CALIBRATION).points)


def measure(again: bool) -> None:
    """Synthesise all points of the grid that are not known, and save now and then."""
    known: dict[str, Resources] = {}
    if CALIBRATION.exists() and not again:
        old = read_calibration(CALIBRATION)
        if old.tool == yosys.version():
            known = {point.circuit: point.measured for point in old.points}
    today = datetime.date.today().isoformat()
    circuits = {block: digest(block) for block in grid()}
    missing = [block for block, circuit in circuits.items() if circuit not in known]
    with tqdm(total=len(missing), unit="point") as bar:
        for command in sorted({synthesis(block) for block in missing}):
            same = [block for block in missing if synthesis(block) == command]
            for start in range(0, len(same), AT_ONCE):
                batch = same[start : start + AT_ONCE]
                measured = yosys.synthesise([verilog(block) for block in batch], command)
                known |= {circuits[b]: used for b, used in zip(batch, measured, strict=True)}
                save(yosys.version(), today, _points(circuits, known))
                bar.update(len(batch))
    save(yosys.version(), today, _points(circuits, known))


def _points(circuits: dict[Block, str], known: dict[str, Resources]) -> list[Point]:
    """What is known of the grid; every third point of a block is held out."""
    points: list[Point] = []
    positions = Counter[type[Block]]()
    for block, circuit in circuits.items():
        held_out = is_held_out(positions[type(block)])
        positions[type(block)] += 1
        if circuit in known:
            points.append(Point(block, circuit, known[circuit], held_out))
    return points


def by_block(points: Iterable[Point]) -> dict[str, list[Point]]:
    """The points of each block that has some."""
    groups = {name: [p for p in points if type(p.block) is kind] for name, kind in BLOCKS.items()}
    return {name: group for name, group in groups.items() if group}


def save(tool: str, date: str, points: Sequence[Point]) -> None:
    """Fit and write the file."""
    coefficients = {name: fit(group) for name, group in by_block(points).items()}
    write_calibration(CALIBRATION, Calibration(tool, date, coefficients, points))
    forget_coefficients()


def report(points: Sequence[Point]) -> int:
    """Print how good each model is. The exit code: 1 if one is not."""
    print(f"{'block':16} points held out  LUT largest  mean   FF largest  DSP and BRAM")
    bad: list[str] = []
    for name, group in by_block(points).items():
        q = quality(group)
        print(
            f"{name:16} {q.points:6} {q.held_out:8} {q.largest_lut:12.1%} {q.mean_lut:5.1%} "
            f"{q.largest_ff:12.1%}  {'exact' if q.exact else 'not exact'}"
        )
        if not q.good:
            bad.append(name)
    if bad:
        print(
            f"The model of {', '.join(bad)} is off by more than {LARGEST_ERROR:.0%} of the LUTs on "
            "points held out, or in DSP slices or block RAMs; change its features or rules."
        )
    return 1 if bad else 0


if __name__ == "__main__":
    main()
