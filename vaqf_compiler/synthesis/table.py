"""The table of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from vaqf_compiler.synthesis.comparison import Comparison
from vaqf_compiler.synthesis.project_estimate import ProjectEstimate
from vaqf_compiler.synthesis.vitis_report import VitisReport


def comparison_table(comparison: Comparison, estimate: ProjectEstimate, report: VitisReport) -> str:
    """Estimates beside what is reported, the error in percent, and what has no partner."""
    width = max(len(row.subject) for row in comparison.rows)
    lines = [
        f"Vitis HLS {report.version}, {report.part}: clock {_period(report.period_ns)}, estimated "
        f"by it to be {_period(report.estimated_period_ns)}",
        "",
        f"{'function, loop':<{width}}  {'':<8} {'estimated':>12} {'reported':>12} {'error':>9}",
    ]
    for subject, rows in groupby(comparison.rows, key=lambda row: row.subject):
        for position, row in enumerate(rows):
            numbers = f"{_cell(row.estimated)} {_cell(row.reported)} {row.error:>9}"
            lines.append(f"{'' if position else subject:<{width}}  {row.quantity:<8} {numbers}")
    lines += [
        "",
        f"Latencies are of the most iterations that a loop can have: an image takes "
        f"{estimate.cycles:,} cycles by the estimate.",
    ]
    if comparison.only_reported:
        lines.append(f"Not in the estimate: {_list(comparison.only_reported)}")
    if comparison.only_estimated:
        lines.append(
            f"Not in the report (inlined, merged or renamed): {_list(comparison.only_estimated)}"
        )
    if report.period_ns is not None and abs(report.period_ns - estimate.period_ns) > 0.01:
        lines.append(
            f"warning: the report is for a clock of {report.period_ns:.2f} ns, the estimate for "
            f"{estimate.period_ns:.2f} ns; cycles differ for that reason too"
        )
    return "\n".join(lines)


def _cell(value: int | None) -> str:
    return f"{'unknown' if value is None else format(value, ','):>12}"


def _period(nanoseconds: float | None) -> str:
    return "unknown" if nanoseconds is None else f"{nanoseconds:.2f} ns"


def _list(names: Sequence[str]) -> str:
    return "; ".join(names)
