"""Values must have a type in the generated code."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IndexType, MemRefType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.cpp_types import width_of
from vaqf_compiler.hls_rules.violation import violation

MOST_BITS = 1024
"""The most bits of AMD's ap_int, unless AP_INT_MAX_W is defined."""


def check_types(program: Program) -> None:
    """
    Raise OperationError for a value in a function that is neither an integer nor an array of
    integers, for a conversion between an index and a truth value, and for a table that is not
    constant or contains anything but integers.
    """
    for op in program.module.ops:
        if isinstance(op, memref.GlobalOp):
            table = vhls.memref_type(op.type)
            assert table is not None
            if width_of(table.element_type) is None or vhls.is_fifo(op.type) or op.constant is None:
                what = f"the table @{op.sym_name.data} is a {op.type}"
                if op.constant is None:
                    what = f"the table @{op.sym_name.data} is no constant"
                raise violation(op, what, "make it constant integers")
            contents = op.initial_value
            if not isa(contents, DenseIntOrFPElementsAttr) or (
                contents.get_element_type() != table.element_type
                or contents.get_shape() != table.get_shape()
            ):
                what = f"the table @{op.sym_name.data} is a {op.type}, and its contents are not"
                raise violation(op, what, "give it as many values of its type")
    for function in program.functions.values():
        for op in function.walk():
            if isinstance(op, arith.IndexCastOp) and 1 in map(
                width_of, (op.input.type, op.result.type)
            ):
                what = "an i1 is a truth value, and no number to convert from or to"
                raise violation(op, what, "use arith.extui or arith.cmpi")
            for value in _values(op):
                type_ = value.type
                if isa(type_, MemRefType[Attribute]):
                    type_ = type_.element_type
                bits = width_of(type_)
                if bits is None and not isinstance(type_, IndexType):
                    what = f"the value {name_of(value)} is of the type {value.type}"
                    raise violation(op, what, "compute in integers, and keep arrays of them")
                if bits is not None and bits > MOST_BITS:
                    what = f"the value {name_of(value)} has {bits} bits"
                    raise violation(op, what, f"use several of at most {MOST_BITS}")


def _values(op: Operation) -> Iterator[SSAValue]:
    yield from op.results
    for region in op.regions:
        for block in region.blocks:
            yield from block.args
