"""Sweeps: evaluate many precisions, boards and models in parallel, for tables and a plot."""

from vaqf_compiler.sweep.axes import Axes, parse_axes
from vaqf_compiler.sweep.point import Json, Point, Row
from vaqf_compiler.sweep.run import run_sweep
from vaqf_compiler.sweep.selection import Selection, pareto_front, select

__all__ = [
    "Axes",
    "Json",
    "Point",
    "Row",
    "Selection",
    "pareto_front",
    "parse_axes",
    "run_sweep",
    "select",
]
