"""
Execution of the loops IR by upstream MLIR, which lowers it by its own passes and compiles it by its
LLVM JIT.

It shares nothing with the C++ printer, so that an error in either becomes apparent.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import (
    MemRefType,
    ModuleOp,
    StringAttr,
    UnitAttr,
)
from xdsl.ir import Attribute
from xdsl.printer import Printer
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.integers import INDEX, width_of_integer
from vaqf_compiler.dialects import binvit, vhls
from vaqf_compiler.dialects.vhls import VHLS
from vaqf_compiler.emit.project import top_function
from vaqf_compiler.errors import UserError

PIPELINE = (
    "builtin.module(canonicalize,convert-scf-to-cf,convert-cf-to-llvm,convert-arith-to-llvm,"
    "expand-strided-metadata,finalize-memref-to-llvm,convert-func-to-llvm,"
    "reconcile-unrealized-casts)"
)
ALIGNMENT = 64


def _descriptor_type(rank: int) -> type[ctypes.Structure]:
    """Return the type of MLIR's descriptor of an array."""
    fields = [
        ("allocated", ctypes.c_void_p),
        ("aligned", ctypes.c_void_p),
        ("offset", ctypes.c_int64),
        ("sizes", ctypes.c_int64 * rank),
        ("strides", ctypes.c_int64 * rank),
    ]
    return type(f"MemRef{rank}", (ctypes.Structure,), {"_fields_": fields})


def storage_type(bits: int) -> np.dtype[Any]:
    """Return the machine integer that holds an element of `bits` bits, at most 64, in an array."""
    return np.dtype(f"<i{max(8, 1 << (bits - 1).bit_length()) // 8}")


@dataclass(frozen=True)
class StandardPart:
    """A module that contains only upstream dialects."""

    module: ModuleOp
    traces: list[vhls.TraceOp]
    """The traces by the number that trace functions get together with the memory."""
    functions: dict[str, MemRefType[Attribute]]
    """The type of memory of each trace function, by its name."""


def standard_part(loops: ModuleOp) -> StandardPart:
    """
    Return a copy without pragmas and memory images. In it, traces are calls, and arrays belong to
    the module, as static ones do in the C++.
    """
    copy = loops.clone()
    copy.attributes.clear()  # board and cost
    part = StandardPart(copy, [], {})
    builder = Builder(InsertPoint.at_start(copy.body.block))
    for count, op in enumerate(list(copy.walk())):
        if isinstance(op, vhls.TraceOp):
            memory = op.memory_type
            name = f"trace_{'x'.join(map(str, memory.get_shape()))}x{memory.element_type}"
            if name not in part.functions:
                function = func.FuncOp.external(name, [INDEX, memory], [])
                function.attributes["llvm.emit_c_interface"] = UnitAttr()
                builder.insert(function)
                part.functions[name] = memory
            number = arith.ConstantOp.from_int_and_width(len(part.traces), INDEX)
            Rewriter.insert_op(number, InsertPoint.before(op))
            Rewriter.replace_op(op, func.CallOp(name, [number.result, op.memory], []))
            part.traces.append(op)
        elif isinstance(op, (*VHLS.operations, binvit.MemoryImageOp)):
            op.detach()
            op.drop_all_references()
        elif isinstance(op, memref.AllocOp):
            name = f"array_{count}"
            array = memref.GlobalOp.get(StringAttr(name), op.memref.type, UnitAttr())
            builder.insert(array)
            Rewriter.replace_op(op, memref.GetGlobalOp(name, op.memref.type))
        elif isinstance(op, memref.AllocaOp):
            # At the beginning of a function, LLVM can keep it in registers; in a loop, the stack
            # would grow.
            function = op.parent_op()
            while not isinstance(function, func.FuncOp):
                assert function is not None
                function = function.parent_op()
            op.detach()
            Rewriter.insert_op(op, InsertPoint.at_start(function.body.block))
    _make_queues_arrays(copy)
    return part


def _make_queues_arrays(module: ModuleOp) -> None:
    """
    Make each queue an array of everything that goes through it, because processes run one after
    another.
    """
    for op in module.walk():
        arguments = [value for region in op.regions for b in region.blocks for value in b.args]
        for value in (*op.results, *arguments):
            if vhls.is_fifo(value.type):
                assert isa(value.type, MemRefType[Attribute])
                array = MemRefType(value.type.element_type, value.type.shape)
                Rewriter.replace_value_with_new_type(value, array)
        if isinstance(op, func.FuncOp) and not op.is_declaration:
            op.update_function_type()


class JITFunction:
    """A function of a module of loops, lowered by MLIR's passes and compiled by its JIT."""

    def __init__(self, loops: ModuleOp, name: str):
        """
        Compile the function `name`, which takes arrays and returns nothing. Raises UserError if
        torch-mlir, which contains MLIR, is not installed.
        """
        try:
            # It is untyped, and nothing else that compiles or simulates needs it.
            ir: Any = import_module("torch_mlir.ir")
            engines: Any = import_module("torch_mlir.execution_engine")
            passes: Any = import_module("torch_mlir.passmanager")
        except ImportError as error:
            raise UserError("the JIT needs torch-mlir, which is not installed") from error

        part = standard_part(loops)
        functions = (op for op in part.module.ops if isinstance(op, func.FuncOp))
        function = next(op for op in functions if op.sym_name.data == name)
        function.attributes["llvm.emit_c_interface"] = UnitAttr()
        self._name = name
        self._arguments = list(function.function_type.inputs)
        self._layers: dict[str, NDArray[np.int64]] = {}
        text = StringIO()
        Printer(text, print_generic_format=True).print_op(part.module)
        callbacks = {
            n: _trace_callback(t, part.traces, self._layers) for n, t in part.functions.items()
        }
        with ir.Context(), ir.Location.unknown():
            upstream = ir.Module.parse(text.getvalue())
            _fill_with_zeros(ir, upstream)
            passes.PassManager.parse(PIPELINE).run(upstream.operation)
            self._engine = engines.ExecutionEngine(upstream, opt_level=3)
            for trace, callback in callbacks.items():
                self._engine.register_runtime(trace, callback)
        self._callbacks = callbacks  # They must outlive the engine.

    def __call__(self, *arrays: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
        """
        Run the function on contiguous arrays, one for each argument, which it changes in place.
        Return what each layer wrote, by its name. Elements are stored as LLVM does: in machine
        integers, with zeros in spare bits. Arrays of words wider than 64 bits are aligned to 64
        bytes.
        """
        pointers: list[Any] = []
        for array, type_ in zip(arrays, self._arguments, strict=True):
            assert isa(type_, MemRefType[Attribute])
            shape, rank = type_.get_shape(), type_.get_num_dims()
            strides = [math.prod(shape[dimension + 1 :]) for dimension in range(rank)]
            sizes = ctypes.c_int64 * rank
            descriptor = _descriptor_type(rank)(
                array.ctypes.data, array.ctypes.data, 0, sizes(*shape), sizes(*strides)
            )
            pointers.append(ctypes.pointer(ctypes.pointer(descriptor)))
        self._layers.clear()
        self._engine.invoke(self._name, *pointers)
        return dict(self._layers)


def run_jit(
    loops: ModuleOp, contents: Mapping[str, NDArray[np.uint8]]
) -> tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[np.int64]]]:
    """
    Run the accelerator once; `contents` has the bytes behind each port of words. Returns the
    contents of the other ports afterwards, as 64-bit integers, and what each layer wrote, by its
    name.
    """
    top = top_function(loops)
    arrays: dict[str, NDArray[Any]] = {}
    results: dict[str, NDArray[np.int64]] = {}
    for argument in top.args:
        port = argument.name_hint or ""
        assert isa(argument.type, MemRefType[Attribute])
        if port in contents:
            arrays[port] = aligned(contents[port])
        else:
            results[port] = arrays[port] = np.zeros(argument.type.get_shape(), dtype=np.int64)
    layers = JITFunction(loops, top.sym_name.data)(*arrays.values())
    return results, layers


def _fill_with_zeros(ir: Any, upstream: Any) -> None:
    """
    Initialise arrays with zeros as C++ does, so that elements which are read but have no effect,
    beyond the last token, are the same. This is done here because xDSL has no dense attributes of
    odd widths.
    """
    for op in upstream.body.operations:
        if op.operation.name == "memref.global" and "constant" not in op.attributes:
            memory = ir.MemRefType(ir.TypeAttr(op.attributes["type"]).value)
            tensor = ir.RankedTensorType.get(memory.shape, memory.element_type)
            zero = ir.IntegerAttr.get(memory.element_type, 0)
            op.attributes["initial_value"] = ir.DenseElementsAttr.get_splat(tensor, zero)


def _trace_callback(
    memory: MemRefType[Attribute],
    traces: Sequence[vhls.TraceOp],
    layers: dict[str, NDArray[np.int64]],
) -> Any:
    """Return a C function that copies what a layer wrote to a memory of this type to `layers`."""
    bits = width_of_integer(memory.element_type)
    integer = storage_type(bits)
    rows, width, lanes = memory.get_shape()

    def copy(number: int, descriptor: Any) -> None:
        trace = traces[number]
        stored = ctypes.string_at(
            descriptor.contents.aligned, rows * width * lanes * integer.itemsize
        )
        elements = np.frombuffer(stored, integer).astype(np.int64)
        # LLVM does not define the spare bits of an element.
        elements = (elements << (64 - bits)) >> (64 - bits)
        first, tokens = trace.row.value.data, trace.tokens.value.data
        written = elements.reshape(rows, width * lanes)[first : first + tokens * trace.rows]
        channels = trace.channels.value.data
        layers[trace.layer.data] = written.reshape(tokens, -1)[:, :channels]

    return ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.POINTER(_descriptor_type(3)))(copy)


def aligned(contents: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a copy that begins at an address from which 128-bit words can be loaded."""
    buffer = np.zeros(len(contents) + ALIGNMENT, dtype=np.uint8)
    offset = -buffer.ctypes.data % ALIGNMENT
    aligned = buffer[offset : offset + len(contents)]
    aligned[:] = contents
    return aligned
