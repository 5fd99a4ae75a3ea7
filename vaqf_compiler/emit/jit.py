"""
The loops IR run by upstream MLIR: lowered by its own passes and compiled by its LLVM JIT.

It shares nothing with the C++ printer, so that an error in either shows.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from importlib import import_module
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import (
    IntegerType,
    MemRefType,
    ModuleOp,
    StringAttr,
    UnitAttr,
)
from xdsl.ir import Attribute
from xdsl.printer import Printer
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.utils.hints import isa

from vaqf_compiler.dialects import binvit
from vaqf_compiler.dialects.vhls import VHLS
from vaqf_compiler.emit.project import top_function
from vaqf_compiler.errors import UserError

PIPELINE = (
    "builtin.module(canonicalize,convert-scf-to-cf,convert-cf-to-llvm,convert-arith-to-llvm,"
    "expand-strided-metadata,finalize-memref-to-llvm,convert-func-to-llvm,"
    "reconcile-unrealized-casts)"
)
ALIGNMENT = 64


class _MemRef(ctypes.Structure):
    """MLIR's descriptor of an array of one dimension."""

    _fields_ = (
        ("allocated", ctypes.c_void_p),
        ("aligned", ctypes.c_void_p),
        ("offset", ctypes.c_int64),
        ("size", ctypes.c_int64),
        ("stride", ctypes.c_int64),
    )


def standard_part(loops: ModuleOp) -> ModuleOp:
    """
    A copy in nothing but upstream dialects: without pragmas and memory images. Arrays belong to
    the module, as static ones do in the C++: LLVM fills those without initialiser with zeros too,
    so that elements that are read but do not count, past the last token, are the same.
    """
    copy = loops.clone()
    builder = Builder(InsertPoint.at_start(copy.body.block))
    for count, op in enumerate(list(copy.walk())):
        if isinstance(op, (*VHLS.operations, binvit.MemoryImageOp)):
            op.detach()
            op.drop_all_references()
        elif isinstance(op, memref.AllocOp):
            if op.memref.type.element_type == IntegerType(1):
                raise UserError(
                    "the JIT's results differ from the reference's for 1-bit activations, which is "
                    "not understood yet; simulate with --engine csim"
                )
            name = f"array_{count}"
            array = memref.GlobalOp.get(StringAttr(name), op.memref.type, UnitAttr())
            builder.insert(array)
            Rewriter.replace_op(op, memref.GetGlobalOp(name, op.memref.type))
    return copy


def run_jit(
    loops: ModuleOp, contents: Mapping[str, NDArray[np.uint8]]
) -> dict[str, NDArray[np.int64]]:
    """
    Run the accelerator once. `contents` has the bytes behind each port of words; what the other
    ports hold afterwards is returned, as 64-bit integers.
    Raises UserError where torch-mlir, which brings MLIR, is not installed, and for arrays of bits.
    """
    try:
        # Untyped, and not needed by anything else that compiles or simulates.
        ir: Any = import_module("torch_mlir.ir")
        engines: Any = import_module("torch_mlir.execution_engine")
        passes: Any = import_module("torch_mlir.passmanager")
    except ImportError as error:
        raise UserError("the JIT needs torch-mlir, which is not installed") from error

    name = top_function(loops).sym_name.data
    module = standard_part(loops)
    top = next(op for op in module.ops if isinstance(op, func.FuncOp) and op.sym_name.data == name)
    top.attributes["llvm.emit_c_interface"] = UnitAttr()
    text = StringIO()
    Printer(text, print_generic_format=True).print_op(module)

    arrays: dict[str, NDArray[Any]] = {}
    results: dict[str, NDArray[np.int64]] = {}
    for argument in top.args:
        port = argument.name_hint or ""
        assert isa(argument.type, MemRefType[Attribute])
        if port in contents:
            arrays[port] = _aligned(contents[port])
        else:
            results[port] = arrays[port] = np.zeros(argument.type.get_shape(), dtype=np.int64)
    descriptors = [
        _MemRef(array.ctypes.data, array.ctypes.data, 0, len(array), 1) for array in arrays.values()
    ]
    pointers = [ctypes.pointer(ctypes.pointer(descriptor)) for descriptor in descriptors]
    with ir.Context():
        upstream = ir.Module.parse(text.getvalue())
        passes.PassManager.parse(PIPELINE).run(upstream.operation)
        engines.ExecutionEngine(upstream, opt_level=3).invoke(name, *pointers)
    return results


def _aligned(contents: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy that begins where 128-bit words may be loaded from."""
    buffer = np.zeros(len(contents) + ALIGNMENT, dtype=np.uint8)
    offset = -buffer.ctypes.data % ALIGNMENT
    aligned = buffer[offset : offset + len(contents)]
    aligned[:] = contents
    return aligned
