"""
Rules about generated code that Vitis HLS would refuse or would not implement as intended. Related
rules share a file. docs/hls-verify.md gives the reason for each rule.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.analysis.program import Program
from vaqf_compiler.dialects.binvit.model import check_loops
from vaqf_compiler.hls_rules.balancing import check_balancing
from vaqf_compiler.hls_rules.bounds import check_bounds, check_counters
from vaqf_compiler.hls_rules.bundles import check_bundles_of_dataflow, check_bundles_of_pipelines
from vaqf_compiler.hls_rules.bursts import check_bursts, check_port_width
from vaqf_compiler.hls_rules.calls import (
    check_aliases,
    check_callees,
    check_recursion,
    check_tables,
)
from vaqf_compiler.hls_rules.channels import check_channels
from vaqf_compiler.hls_rules.control import check_control
from vaqf_compiler.hls_rules.copies import check_copies
from vaqf_compiler.hls_rules.dataflow import check_dataflow, check_dataflow_in_pipelines
from vaqf_compiler.hls_rules.dependences import check_dependences, check_missing_claims
from vaqf_compiler.hls_rules.dividers import check_dividers
from vaqf_compiler.hls_rules.interfaces import (
    check_arguments,
    check_bundle_names,
    check_depths,
    check_single_interfaces,
    check_start,
)
from vaqf_compiler.hls_rules.intervals import check_intervals
from vaqf_compiler.hls_rules.layout import (
    check_layout_conflicts,
    check_layouts_of_arguments,
    check_layouts_of_one,
    check_layouts_of_ports,
    check_layouts_of_queues,
    check_pieces,
)
from vaqf_compiler.hls_rules.memory import check_memory
from vaqf_compiler.hls_rules.names import check_names
from vaqf_compiler.hls_rules.ports import check_bundle_widths, check_top, check_widths
from vaqf_compiler.hls_rules.pragmas import (
    check_pragmas,
    check_repeated_pragmas,
    check_unrolled_pipelines,
)
from vaqf_compiler.hls_rules.queues import check_queues
from vaqf_compiler.hls_rules.shifts import check_shifts
from vaqf_compiler.hls_rules.statics import check_statics
from vaqf_compiler.hls_rules.storage import check_bindings, check_roms
from vaqf_compiler.hls_rules.types import check_types
from vaqf_compiler.hls_rules.words import check_words

RULES: tuple[Callable[[Program], None], ...] = (
    # Rules that all others rely on.
    check_callees,
    check_recursion,
    check_tables,
    check_types,
    check_control,
    check_memory,
    check_pragmas,
    check_repeated_pragmas,
    check_unrolled_pipelines,
    check_names,
    check_top,
    check_single_interfaces,
    check_bundle_names,
    check_depths,
    check_widths,
    check_bundle_widths,
    check_layouts_of_ports,
    check_layouts_of_queues,
    check_layouts_of_arguments,
    check_layouts_of_one,
    check_layout_conflicts,
    check_pieces,
    check_bindings,
    check_roms,
    check_counters,
    check_bounds,
    check_copies,
    check_words,
    check_shifts,
    check_dividers,
    check_balancing,
    check_dataflow,
    check_dataflow_in_pipelines,
    check_statics,
    check_channels,
    check_aliases,
    check_queues,
    check_bundles_of_dataflow,
    check_bursts,
    check_port_width,
    check_bundles_of_pipelines,
    check_dependences,
    check_missing_claims,
    check_intervals,
    # Rules about interfaces that are missing. They come last, when everything else is right.
    check_arguments,
    check_start,
)


def check_module(module: ModuleOp) -> None:
    """Raise OperationError if a module is not in loops, and at the first violation of a rule."""
    check_loops(module)
    program = Program(module)
    for rule in RULES:
        rule(program)
