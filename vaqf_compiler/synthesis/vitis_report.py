"""
Synthesis reports of Vitis HLS, as XML: `csynth.xml` with all functions, and `<function>_csynth.xml`
with one, in `solution1/syn/report`. Those of Vivado HLS and the first of Vitis HLS, which name DSP
slices differently and have no functions in `csynth.xml`, are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from vaqf_compiler.errors import UserError

RESOURCES: Mapping[str, tuple[str, ...]] = {
    "LUT": ("LUT",),
    "FF": ("FF",),
    "DSP": ("DSP", "DSP48E"),
    "BRAM_18K": ("BRAM_18K",),
    "URAM": ("URAM",),
}
"""What is compared, and the elements that hold it."""
UNKNOWN = ("", "undef", "?", "-", "N/A")


@dataclass(frozen=True)
class ReportedLoop:
    """A loop; what the tool does not know is None."""

    name: str
    latency: int | None
    interval: int | None
    depth: int | None

    @property
    def line(self) -> int:
        """Where it begins, in a nest the innermost loop; 0 if the name does not say so."""
        lines = re.findall(r"VITIS_LOOP_([0-9]{1,9})_[0-9]+", self.name)
        return int(lines[-1]) if lines else 0


@dataclass(frozen=True)
class ReportedFunction:
    """A module of the synthesised design; what the tool does not know is None."""

    name: str
    latency: int | None
    """At worst, in cycles."""
    interval: int | None
    """At worst, in cycles."""
    resources: Mapping[str, int | None]
    """By the names of `RESOURCES`, those of the modules inside it included."""
    loops: Sequence[ReportedLoop]


@dataclass(frozen=True)
class VitisReport:
    """What one synthesis reports."""

    path: Path
    version: str
    part: str
    period_ns: float | None
    """Of the clock that was asked for."""
    estimated_period_ns: float | None
    functions: Sequence[ReportedFunction]
    """The top function of the report first."""


def read_report(path: Path) -> VitisReport:
    """
    Read a report, of the functions that it has none of from the files beside it. Raises UserError
    for a file that is no such report, or not whole.
    """
    root = _parse(path)
    top = _function(path, root, _text(path, root, "UserAssignments/TopModelName"))
    inside = [
        _function(path, module, _text(path, module, "Name"))
        for module in root.iterfind("ModuleInformation/Module")
    ]
    if root.find("ModuleInformation") is None:
        inside = list(_functions_beside(path))
    assignments = "UserAssignments"
    timing = "PerformanceEstimates/SummaryOfTimingAnalysis"
    return VitisReport(
        path,
        _text(path, root, "ReportVersion/Version"),
        _text(path, root, f"{assignments}/Part"),
        _decimal(path, root, f"{assignments}/TargetClockPeriod"),
        _decimal(path, root, f"{timing}/EstimatedClockPeriod"),
        [top, *(function for function in inside if function.name != top.name)],
    )


def _functions_beside(path: Path) -> Iterator[ReportedFunction]:
    """Of the report of a top function, those of the others, which are files of their own."""
    for other in sorted(path.parent.glob("*_csynth.xml")):
        root = _parse(other)
        yield _function(other, root, _text(other, root, "UserAssignments/TopModelName"))


class _DocumentType(Exception):
    """A report has none. Entities, which may expand to gigabytes, are declared in it."""


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree of a document without a type."""

    def doctype(self, *_: object) -> None:
        raise _DocumentType


def _parse(path: Path) -> Element:
    try:
        root = ElementTree.fromstring(path.read_bytes(), ElementTree.XMLParser(target=_Builder()))
    except _DocumentType as error:
        raise UserError(
            f"'{path}' is not a synthesis report of Vitis HLS: it has a document type"
        ) from error
    except (LookupError, ValueError) as error:
        raise UserError(
            f"'{path}' is not a synthesis report of Vitis HLS: it is not text in UTF-8 ({error})"
        ) from error
    except ElementTree.ParseError as error:
        line, _ = error.position
        raise UserError(
            f"'{path}' is damaged in line {line} ({error.msg.partition(':')[0]}); give the "
            "csynth.xml of a synthesis that has ended"
        ) from error
    if root.tag != "profile":
        raise UserError(
            f"'{path}' is not a synthesis report of Vitis HLS: its root is <{root.tag}>, expected "
            "<profile>"
        )
    return root


def _text(path: Path, parent: Element, name: str) -> str:
    """The text of an element that every report has."""
    text = (parent.findtext(name) or "").strip()
    if not text:
        raise UserError(
            f"'{path}' is not a synthesis report of Vitis HLS: <{parent.tag}> has no {name}; give "
            "solution1/syn/report/csynth.xml"
        )
    if not text.isprintable():
        raise UserError(f"'{path}': {name} in <{parent.tag}> cannot be printed: {text[:40]!a}")
    return text


def _number(path: Path, parent: Element, *names: str) -> int | None:
    """A whole number, the greatest of a range; the first that there is of some elements."""
    for name in names:
        # A range is text, or elements.
        text = parent.findtext(f"{name}/range/max", parent.findtext(name))
        if text is None:
            continue
        most = text.rpartition("~")[2].strip()
        if most in UNKNOWN:
            return None
        if not re.fullmatch(r"[0-9]{1,18}", most):
            raise UserError(
                f"'{path}': {name} in <{parent.tag}> must be a number of at most 18 digits, got "
                f"'{text[:40]}'"
            )
        return int(most)
    return None


def _decimal(path: Path, parent: Element, name: str) -> float | None:
    text = (parent.findtext(name) or "").strip()
    if text in UNKNOWN:
        return None
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", text):
        raise UserError(f"'{path}': {name} must be a number, got '{text[:40]}'")
    return float(text)


def _function(path: Path, element: Element, name: str) -> ReportedFunction:
    """A function from a file's root, or from a `Module` element, which has the same parts."""
    estimates, area = (
        element.find(part) for part in ("PerformanceEstimates", "AreaEstimates/Resources")
    )
    if estimates is None or area is None:
        raise UserError(
            f"'{path}' is not a synthesis report of Vitis HLS: {name} has no "
            f"{'PerformanceEstimates' if estimates is None else 'AreaEstimates'}"
        )
    overall = estimates.find("SummaryOfOverallLatency")
    loops = estimates.find("SummaryOfLoopLatency")
    latency = interval = None
    if overall is not None:
        latency = _number(path, overall, "Worst-caseLatency")
        interval = _number(path, overall, "Interval-max", "PipelineInitiationInterval")
    return ReportedFunction(
        name,
        latency,
        interval,
        {kind: _number(path, area, *names) for kind, names in RESOURCES.items()},
        [] if loops is None else list(_loops(path, loops)),
    )


def _loops(path: Path, parent: Element) -> Iterator[ReportedLoop]:
    """The loops in an element, each before those in it. Each is an element of its own name."""
    waiting = list(reversed(parent))
    while waiting:
        element = waiting.pop()
        if all(element.find(name) is None for name in ("Latency", "TripCount", "PipelineII")):
            continue
        yield ReportedLoop(
            element.tag,
            _number(path, element, "Latency"),
            _number(path, element, "PipelineII"),
            _number(path, element, "PipelineDepth"),
        )
        waiting.extend(reversed(element))
