"""Interface pragmas: one for each port, in bundles whose names are valid in hardware."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.program import Program, function_of, is_array, name_of
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.ports import interfaces, m_axi_interfaces
from vaqf_compiler.hls_rules.violation import violation

BUNDLE = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")
"""Names that VHDL permits: no two underscores in a row, and none at the end."""
ADAPTERS: Mapping[str, str] = {"m_axi": "m_axi", "s_axilite": "s_axi"}
"""The name that the tool gives the module of a bundle, by mode."""
LONGEST = 255
"""The most characters of the name of a file."""


def check_single_interfaces(program: Program) -> None:
    """
    Raise OperationError for a second interface of the same mode for an argument or for the return.
    """
    said: set[tuple[SSAValue | None, str]] = set()
    for op in interfaces(program):
        if (op.port, op.mode.data) in said:
            port = "the return" if op.port is None else name_of(op.port)
            what = f"{port} has an interface of the mode {op.mode.data} already"
            raise violation(op, what, "keep one of the two")
        said.add((op.port, op.mode.data))


def check_bundle_names(program: Program) -> None:
    """
    Raise OperationError for a bundle whose name hardware cannot have, or whose name is not unique
    there.
    """
    first: dict[str, vhls.InterfaceOp] = {}
    for op in interfaces(program):
        bundle, mode, top = op.bundle.data, op.mode.data, function_of(op)
        if not BUNDLE.fullmatch(bundle):
            remedy = "use letters, digits and single underscores between them, a letter first"
            raise violation(op, f"the bundle '{bundle}' cannot be in the names of signals", remedy)
        assert top is not None
        file = f"{top.sym_name.data}_{bundle}_{ADAPTERS[mode]}.vhd"
        if len(file) > LONGEST:
            what = f"the bundle '{bundle}' gives a file a name of {len(file)} characters, more than"
            raise violation(op, f"{what} {LONGEST}", "use a shorter one")
        other = first.setdefault(bundle.lower(), op)
        if other.bundle != op.bundle:
            what = f"the bundles '{other.bundle.data}' and '{bundle}' are one name in VHDL"
            raise violation(op, what, "let them differ in more than the case of letters")
        if other.mode != op.mode:
            what = f"the bundle '{bundle}' has ports of the modes {other.mode.data} and {mode}"
            raise violation(op, what, "give each mode a bundle of its own")


def check_depths(program: Program) -> None:
    """Raise OperationError for an m_axi port of which co-simulation would provide only a part."""
    for op, port in m_axi_interfaces(program):
        assert isa(port.type, MemRefType[Attribute])
        if not port.type.has_static_shape():
            if op.depth is None:
                what = f"nothing says how many elements the m_axi port {name_of(port)} has"
                raise violation(op, what, "say its depth, for co-simulation")
            continue
        if op.depth is None:
            continue
        elements, depth = math.prod(port.type.get_shape()), op.depth.value.data
        if depth < elements:
            what = (
                f"the m_axi port {name_of(port)} has {elements:,} elements and the depth {depth:,}"
            )
            raise violation(op, what, f"say depth = {elements}")


def check_arguments(program: Program) -> None:
    """Raise OperationError for an array argument of the top function without an interface."""
    ports = {op.port for op in interfaces(program)}
    masters = {port for _, port in m_axi_interfaces(program)}
    for top in program.tops:
        for argument in filter(is_array, top.args):
            if vhls.is_fifo(argument.type):
                what = f"the argument {name_of(argument)} is a queue, for which there is no port"
                raise violation(top, what, "read what is in it from an m_axi port")
            if argument not in ports:
                what = f"no interface says how the array {name_of(argument)} is got at"
                raise violation(top, what, "make it an m_axi port, or allocate it")
            assert isa(argument.type, MemRefType[Attribute])
            if argument not in masters and not argument.type.has_static_shape():
                what = f"the array {name_of(argument)} has no size, and registers of control do"
                raise violation(top, what, "make it an m_axi port, or say its size")


def check_start(program: Program) -> None:
    """Raise OperationError for a top function that no register starts."""
    controls = {function_of(op) for op in interfaces(program) if op.port is None}
    for top in program.tops:
        if top not in controls:
            what = "no interface of its return says how the function is started"
            raise violation(top, what, "give it one of the mode s_axilite")
