"""Runs a sweep, from its axes to its tables and plot."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from vaqf_compiler.output.contents import check_contents
from vaqf_compiler.output.directory import output_directory
from vaqf_compiler.output.kinds import SWEEP
from vaqf_compiler.sweep.axes import Axes
from vaqf_compiler.sweep.cluster import Evaluate, connect, evaluate_all
from vaqf_compiler.sweep.extra import import_extra
from vaqf_compiler.sweep.fingerprint import fingerprint_of
from vaqf_compiler.sweep.journal import Journal, open_journal
from vaqf_compiler.sweep.plot import write_plot
from vaqf_compiler.sweep.point import Point, Row
from vaqf_compiler.sweep.selection import Selection, select
from vaqf_compiler.sweep.tables import selection_table, write_tables


def run_sweep(
    axes: Axes,
    evaluate: Evaluate,
    directory: Path,
    *,
    fingerprint: str,
    clock_mhz: float | None = None,
    profile: str = "calibrated",
    scheduler: str | None = None,
    workers: int | None = None,
    force: bool = False,
) -> list[Selection]:
    """
    Evaluate all points of `axes`, write `sweep.csv`, `sweep.json`, `selection.csv`, `sweep.svg`
    and `sweep.png` to `directory`, and print the selected precisions.

    `evaluate` maps a point to its columns: JSON values, with `feasible` (true or false) and, if
    that is true, `fps` above 0. It runs in other processes, so it must be a function of a module
    or a `functools.partial` of one. Points for which it raises UserError or PassFailedException
    have the message in their row; other errors are raised here.

    Each finished point is written to `directory/points.jsonl` at once, so that it is kept whatever
    happens later. Points that are already there with the same `fingerprint` are not evaluated
    again, unless they had an error. The fingerprint must stand for everything on which results
    depend besides the point and the files that it names, such as `code_digest()` and options. If it
    differs, for example after an upgrade, the points are evaluated again, with a message on stderr;
    the old lines stay in the file, unused.

    Points are evaluated by the Dask cluster at the address `scheduler`, which must have this
    package and see the same files, or by `workers` local processes, by default one per processor.

    Raises UserError if packages are missing, the cluster cannot be reached, the directory cannot
    be used, or it contains something that no earlier sweep wrote; `force` is as for
    `output_directory`.
    """
    import_extra("matplotlib")  # if it is missing, fail before the work, not after it
    points = axes.points(clock_mhz=clock_mhz, profile=profile)
    fingerprints = {point: fingerprint_of(point, fingerprint) for point in points}
    check_contents(directory, SWEEP, force=force)
    with open_journal(directory) as journal:
        done = _finished(journal, fingerprints)
        left = {point: fingerprints[point] for point in points if point not in done}
        if left:
            try:
                _evaluate(journal, done, left, evaluate, scheduler, workers)
            except KeyboardInterrupt:
                _say("interrupted; the same command goes on from the points that are done")
                raise
        rows = [done[point] for point in points]
        selections = select(rows, axes.targets)
        with output_directory(directory, SWEEP, force=force) as staged:
            write_tables(staged, rows, selections)
            write_plot(staged, rows, axes.targets)
    print(selection_table(selections))
    _warn_of_errors(rows)
    return selections


def _evaluate(
    journal: Journal,
    done: dict[Point, Row],
    left: Mapping[Point, str],
    evaluate: Evaluate,
    scheduler: str | None,
    workers: int | None,
) -> None:
    """Evaluate the points in `left`, and add their rows to the journal and to `done`."""
    count = min(workers or os.cpu_count() or 1, len(left))
    total = len(done) + len(left)
    with (
        connect(scheduler, evaluate, workers=count) as client,
        tqdm(desc="sweeping", total=total, initial=len(done), unit="point", disable=None) as bar,
    ):
        for point, result in evaluate_all(client, evaluate, left):
            row = Row(point, result)
            journal.add(row, left[point])
            done[point] = row
            bar.update()


def _finished(journal: Journal, fingerprints: Mapping[Point, str]) -> dict[Point, Row]:
    """
    The journal's rows that need no evaluation. Says on stderr how many there are, and how many
    others are evaluated again.
    """
    done: dict[Point, Row] = {}
    stale: set[Point] = set()
    for entry in journal.entries:
        point = entry.row.point
        if point not in fingerprints:
            continue
        if entry.fingerprint == fingerprints[point]:
            done[point] = entry.row
        else:
            stale.add(point)
    # The user may have corrected the cause of an error, such as a missing file.
    failed = {point for point, row in done.items() if row.error is not None}
    for point in failed:
        del done[point]
    stale -= done.keys() | failed
    if done:
        _say(f"done already: {len(done)} of {len(fingerprints)} points")
    if stale:
        _say(f"of another version or other files, and evaluated again: {len(stale)} points")
    if failed:
        _say(f"with an error, and evaluated again: {len(failed)} points")
    return done


def _warn_of_errors(rows: Sequence[Row]) -> None:
    failed = [row for row in rows if row.error is not None]
    if failed:
        first = failed[0].point
        _say(
            f"{len(failed)} of {len(rows)} points had an error, {first.model} on {first.board} "
            f"with {first.bits} bits: {failed[0].error} (others: column 'error' of sweep.csv)"
        )


def _say(what: str) -> None:
    print(f"sweep: {what}", file=sys.stderr)
