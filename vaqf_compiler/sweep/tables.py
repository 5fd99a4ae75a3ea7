"""The tables of a sweep: CSV and JSON files, and text for the terminal."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from vaqf_compiler.limits import MAX, Target
from vaqf_compiler.output.writing import write_text
from vaqf_compiler.sweep.point import Json, Row, short_names
from vaqf_compiler.sweep.selection import Selection, by_board, pareto_front

VERSION = 1
"""Version of the format of `sweep.json`."""


def write_tables(directory: Path, rows: Sequence[Row], selections: Sequence[Selection]) -> None:
    """
    Write `sweep.csv` and `sweep.json`, which contain the same points, and `selection.csv`. A CSV
    cell is empty for null, and else as in JSON, but with strings unquoted.
    """
    points = _points(rows)
    chosen = _uniform([_selection(selection) for selection in selections])
    _write_csv(directory / "sweep.csv", points)
    _write_csv(directory / "selection.csv", chosen)
    document = {"version": VERSION, "points": points, "selection": chosen}
    text = json.dumps(document, indent=2, allow_nan=False)
    write_text(directory / "sweep.json", text + "\n")


def selection_table(selections: Sequence[Selection]) -> str:
    """A table for the terminal, with a line for each model and board and a column per target."""
    models = short_names(sorted({selection.model for selection in selections}))
    boards = short_names(sorted({selection.board for selection in selections}))
    chosen: dict[tuple[str, str], dict[str, str]] = {}
    for selection in selections:
        fps = None if selection.row is None else selection.row.fps
        line = chosen.setdefault((models[selection.model], boards[selection.board]), {})
        line[_heading(selection.target)] = (
            str(selection.bits) if fps is None else f"{selection.bits} ({fps:,.1f})"
        )
    headings = list(dict.fromkeys(_heading(selection.target) for selection in selections))
    lines = [("model", "board", *headings)]
    lines += [(*names, *(line[heading] for heading in headings)) for names, line in chosen.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join(["most bits that reach a frame rate (and the one reached)", *text])


def _heading(target: Target) -> str:
    return "greatest FPS" if target == MAX else f"{target:g} FPS"


def _points(rows: Sequence[Row]) -> list[dict[str, Json]]:
    """All points with the same columns, sorted by model, board and bits."""
    groups = by_board(rows)
    front = {row.point for group in groups for row in pareto_front(group)}
    ordered = [row for group in groups for row in group]
    results = _uniform([row.result for row in ordered])
    return [
        {
            **row.point.columns(),
            **{name: value for name, value in result.items() if name != "error"},
            "pareto": row.point in front,
            "error": row.error,
        }
        for row, result in zip(ordered, results, strict=True)
    ]


def _selection(selection: Selection) -> dict[str, Json]:
    target: Json = selection.target
    chosen: dict[str, Json] = {
        "model": selection.model,
        "board": selection.board,
        "target_fps": int(target) if isinstance(target, float) and target.is_integer() else target,
        "bits": selection.bits,
        "fps": None if selection.row is None else selection.row.fps,
    }
    if selection.row is not None:
        known = {**selection.row.point.columns(), **selection.row.result}
        chosen |= {name: known[name] for name in known if name not in (*chosen, "error")}
    return chosen


def _uniform(rows: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """The rows with the columns of all rows; a column that a row lacks is None."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in names} for row in rows]


def _write_csv(path: Path, rows: Sequence[Mapping[str, Json]]) -> None:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(map(_cell, row.values()) for row in rows)
    write_text(path, text.getvalue())


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
