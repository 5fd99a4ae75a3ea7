"""Sweeps: tables and a plot of many precisions, boards and models, evaluated in parallel."""

from vaqf_compiler.sweep.axes import MAX, Axes, Target, parse_axes, parse_target
from vaqf_compiler.sweep.point import Json, Point, Row
from vaqf_compiler.sweep.run import run_sweep
from vaqf_compiler.sweep.selection import Selection, pareto_front, select

__all__ = [
    "MAX",
    "Axes",
    "Json",
    "Point",
    "Row",
    "Selection",
    "Target",
    "pareto_front",
    "parse_axes",
    "parse_target",
    "run_sweep",
    "select",
]
