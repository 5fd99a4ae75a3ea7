"""A synthesis report beside the estimate of its project: which belongs to which, and the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vaqf_compiler.errors import UserError
from vaqf_compiler.synthesis.estimates import FunctionEstimate, LoopEstimate
from vaqf_compiler.synthesis.project_estimate import ProjectEstimate
from vaqf_compiler.synthesis.vitis_report import ReportedFunction, ReportedLoop, VitisReport


@dataclass(frozen=True)
class Row:
    """A quantity of a function or a loop; None where it is not known."""

    subject: str
    quantity: str
    estimated: int | None
    reported: int | None

    @property
    def error(self) -> str:
        """Of the estimate, in percent of what is reported."""
        if self.estimated is None or self.reported is None:
            return "-"
        if self.estimated == self.reported:
            return "0.0%"
        if not self.reported:
            return "-"
        return f"{self.estimated / self.reported - 1:+.1%}"


def function_of(module: str, functions: Sequence[str]) -> str | None:
    """
    The function that a module was made of: of the same name but for the suffixes `_1`, `_2`, ...
    of copies and `_s`. None where there is none.
    """
    while module not in functions:
        shorter = re.sub(r"_(\d+|s)$", "", module)
        if shorter == module:
            return None
        module = shorter
    return module


def is_outlined(module: str) -> bool:
    """Whether the tool made a module of a pipelined loop, as `f_Pipeline_VITIS_LOOP_10_1`."""
    return "_Pipeline_" in module


def owner_of(module: str, functions: Sequence[str]) -> str | None:
    """The function of which a loop became a module: `f` for `f_Pipeline_VITIS_LOOP_10_1`."""
    return function_of(module.partition("_Pipeline_")[0], functions)


@dataclass(frozen=True)
class Comparison:
    """An estimate and a report of the same design."""

    rows: Sequence[Row]
    only_reported: Sequence[str]
    only_estimated: Sequence[str]


def compare(estimate: ProjectEstimate, report: VitisReport) -> Comparison:
    """
    Pair functions by name, and loops by the lines of the source that the tool names them after:
    a loop may have become a module, which comes below its function, or part of a function that it
    was inlined into. Raises UserError for the report of another design.
    """
    names = [function.name for function in estimate.functions]
    _check_design(names, estimate, report)
    modules = {
        name: [m for m in report.functions if function_of(m.name, names) == name] for name in names
    }
    loops: dict[int, list[tuple[str, ReportedLoop]]] = {}
    for module in report.functions:
        for loop in module.loops:
            loops.setdefault(loop.line, []).append((module.name, loop))
    rows: list[Row] = []
    missing: list[str] = []
    for function in reversed(estimate.functions):
        resources = estimate.resources.get(function.name, {})
        for module in modules[function.name]:
            rows += _function_rows(function, module, resources)
        for module in report.functions:
            if is_outlined(module.name) and owner_of(module.name, names) == function.name:
                rows += _outlined_rows(module)
        if not modules[function.name]:
            missing.append(function.name)
        for loop in function.loops:
            for module_name, partner in loops.get(loop.line, []):
                rows += _loop_rows(loop, module_name, partner)
            if loop.line not in loops and modules[function.name]:
                missing.append(f"{function.name}, loop in line {loop.line}")
    # The file of one function says nothing of the others.
    is_whole = bool(modules[names[-1]])
    return Comparison(rows, _without_partner(estimate, report), missing if is_whole else [])


def _check_design(names: Sequence[str], estimate: ProjectEstimate, report: VitisReport) -> None:
    top = report.functions[0].name
    if function_of(top, names) is None:
        raise UserError(
            f"'{report.path}' is of another design: its top function is {top}, expected {names[-1]}"
        )
    if report.part.lower() != estimate.part.lower():
        raise UserError(
            f"'{report.path}' is of part {report.part}, the estimate of {estimate.part}; compile "
            "again with --board"
        )


def _without_partner(estimate: ProjectEstimate, report: VitisReport) -> list[str]:
    """What is reported but not estimated."""
    names = [function.name for function in estimate.functions]
    lines = {loop.line for function in estimate.functions for loop in function.loops}
    found: list[str] = []
    for module in report.functions:
        strange = [loop.name for loop in module.loops if loop.line not in lines]
        if is_outlined(module.name) and owner_of(module.name, names) is not None:
            continue  # below its function
        if function_of(module.name, names) is None and len(strange) == len(module.loops):
            found.append(module.name)
        else:
            found += [f"loop {name} in {module.name}" for name in strange]
    return found


def _function_rows(
    estimated: FunctionEstimate, reported: ReportedFunction, resources: Mapping[str, int]
) -> Iterator[Row]:
    yield Row(reported.name, "latency", estimated.cycles, reported.latency)
    yield Row(reported.name, "II", estimated.interval, reported.interval)
    for name, used in resources.items():
        yield Row(reported.name, name, used, reported.resources[name])


def _outlined_rows(module: ReportedFunction) -> Iterator[Row]:
    """What the numbers of its function contain; the estimate has no numbers of it alone."""
    subject = f"  of it, {module.name}"
    yield Row(subject, "latency", None, module.latency)
    yield Row(subject, "II", None, module.interval)
    for name, used in module.resources.items():
        yield Row(subject, name, None, used)


def _loop_rows(estimated: LoopEstimate, module: str, reported: ReportedLoop) -> Iterator[Row]:
    subject = f"  line {estimated.line}, {module}"
    yield Row(subject, "latency", estimated.cycles, reported.latency)
    if estimated.interval is not None or reported.interval is not None:
        yield Row(subject, "II", estimated.interval, reported.interval)
        yield Row(subject, "depth", estimated.depth, reported.depth)
