"""The plot of a sweep: frame rate over bits, with a panel per model and a line per board."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vaqf_compiler.limits import MAX, Target
from vaqf_compiler.output.writing import writing
from vaqf_compiler.sweep.extra import import_extra
from vaqf_compiler.sweep.point import Row, short_names
from vaqf_compiler.sweep.selection import by_board, pareto_front

COLUMNS = 3
"""The most panels side by side."""
PANEL = (5.6, 4.2)
"""Width and height of a panel, in inches."""
LEGEND_HEIGHT = 0.5
"""Height of the legend, in inches."""
SETTINGS = {"svg.hashsalt": "vaqf-compiler", "font.size": 9.0}
"""Settings of matplotlib. The salt, and no date in the metadata, make files reproducible."""
MARKERS = "osD^vPX<>*"
FRONT = {"marker": "o", "markersize": 9, "markerfacecolor": "none", "markeredgecolor": "black"}
"""Style of the rings around the points of a Pareto front."""
STEPS = (1, 2, 5)
"""Ticks in each decade of frame rates."""
TARGET = {"color": "0.35", "linestyle": "--", "linewidth": 0.8}


def write_plot(directory: Path, rows: Sequence[Row], targets: Sequence[Target]) -> None:
    """Write `sweep.svg` and `sweep.png`. Points without a frame rate are omitted."""
    matplotlib = import_extra("matplotlib")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # independent of the user's style
        matplotlib.rcParams.update(SETTINGS)
        figure = _figure(rows, [target for target in targets if target != MAX])
        with writing(directory / "sweep.svg") as path:
            figure.savefig(path, metadata={"Date": None})
        with writing(directory / "sweep.png") as path:
            figure.savefig(path, dpi=150, metadata={"Software": None})


def _figure(rows: Sequence[Row], targets: Sequence[float]) -> Any:
    models = short_names(sorted({row.point.model for row in rows}))
    boards = short_names(sorted({row.point.board for row in rows}))
    styles = {
        board: {"color": f"C{index % 10}", "marker": MARKERS[index % len(MARKERS)], "markersize": 4}
        for index, board in enumerate(boards)
    }
    columns = min(COLUMNS, len(models))
    lines = math.ceil(len(models) / columns)
    # Not pyplot, which has state and may need a display: a bare figure is drawn by Agg.
    figure = import_extra("matplotlib.figure").Figure(
        figsize=(columns * PANEL[0], lines * PANEL[1] + LEGEND_HEIGHT), layout="constrained"
    )
    panels = list(figure.subplots(lines, columns, squeeze=False).flat)
    for panel, (model, name) in zip(panels, models.items(), strict=False):
        _draw(panel, [row for row in rows if row.point.model == model], styles, targets)
        panel.set_title(name)
    for panel in panels[len(models) :]:
        panel.set_axis_off()
    line = import_extra("matplotlib.lines").Line2D
    legend = [line([], [], label=name, **styles[board]) for board, name in boards.items()]
    legend.append(line([], [], linestyle="none", label="Pareto front of the board", **FRONT))
    if targets:
        legend.append(line([], [], label="target", **TARGET))
    figure.legend(handles=legend, loc="outside lower center", ncols=3 * columns)
    return figure


def _draw(
    panel: Any,
    rows: Sequence[Row],
    styles: Mapping[str, Mapping[str, object]],
    targets: Sequence[float],
) -> None:
    """Draw the panel of a model."""
    ticker = import_extra("matplotlib.ticker")
    for group in by_board(rows):
        feasible = [row for row in group if row.fps is not None]
        panel.plot(*_coordinates(feasible), linewidth=1.2, **styles[group[0].point.board])
        panel.plot(*_coordinates(pareto_front(group)), linestyle="none", **FRONT)
    for target in targets if any(row.fps for row in rows) else ():
        panel.axhline(target, zorder=0, **TARGET)
        panel.annotate(
            f"{target:g} FPS",
            (1, target),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            verticalalignment="center",
            fontsize=7,
            color=TARGET["color"],
        )
    bits = [row.point.bits for row in rows]
    panel.set_xlim(min(bits) - 0.6, max(bits) + 0.6)
    panel.set_xticks(range(min(bits), max(bits) + 1))
    panel.set_xlabel("precision of activations (bits)")
    panel.set_ylabel("frame rate (FPS)")
    panel.grid(color="0.9")
    rates = [fps for row in rows if (fps := row.fps) is not None]
    if rates:
        panel.set_yscale("log")
        panel.set_ylim(*_limits([*rates, *targets]))
        panel.yaxis.set_major_locator(ticker.LogLocator(subs=STEPS))
        panel.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        panel.yaxis.set_minor_formatter(ticker.NullFormatter())
    else:
        panel.set_yticks([])
        middle = {"horizontalalignment": "center", "verticalalignment": "center"}
        panel.text(0.5, 0.5, "nothing feasible", transform=panel.transAxes, **middle)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Limits of an axis, wide enough for a tick below all values and one above them."""

    def ticks(value: float) -> list[float]:
        decade = 10.0 ** math.floor(math.log10(value))
        return [decade * step for step in (0.5, *STEPS, 10)]  # 0.5: the logarithm is rounded

    low, high = min(values), max(values)
    below = max(tick for tick in ticks(low) if tick <= low)
    above = min(tick for tick in ticks(high) if tick >= high)
    return below / 1.2, above * 1.2


def _coordinates(rows: Sequence[Row]) -> tuple[list[int], list[float | None]]:
    return [row.point.bits for row in rows], [row.fps for row in rows]
