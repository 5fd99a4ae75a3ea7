"""
One engine at a time: emitted, compiled, and run on arrays by every execution there is.

A kernel is an engine's function behind one that takes all scalars from an array, so that one
compilation serves many cases.
"""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from compile_cpp import compile_cpp
from numpy.typing import NDArray
from xdsl.builder import ImplicitBuilder
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import DispatchOp, EngineOp, YieldOp
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.emit.hls_cpp import print_hls_cpp
from vaqf_compiler.emit.jit import JITFunction, aligned, storage_type
from vaqf_compiler.emit.packing import fill_image
from vaqf_compiler.engines.accelerator import Accelerator, bits_of
from vaqf_compiler.engines.builder import Buffer, call, function
from vaqf_compiler.engines.parameters import Parameters
from vaqf_compiler.engines.registry import kind_of
from vaqf_compiler.engines.values import Value
from vaqf_compiler.reference import run_function
from vaqf_compiler.reference.interpreter import Array

SCALARS = "scalars"


class Kernel:
    """An engine's function, compiled for each backend when it is first run there."""

    def __init__(self, engine: func.FuncOp, others: Sequence[Operation], directory: Path):
        self.engine = engine
        self.directory = Path(tempfile.mkdtemp(dir=directory))
        self.arrays: dict[str, MemRefType[Attribute]] = {}
        self.scalars = [a for a in engine.args if not isinstance(a.type, MemRefType)]
        for argument in engine.args:
            if isa(argument.type, MemRefType[Attribute]):
                self.arrays[argument.name_hint or ""] = argument.type
        scalars = MemRefType(IntegerType(64), [max(1, len(self.scalars))])
        self.module = ModuleOp([*others, engine, self._wrapper({**self.arrays, SCALARS: scalars})])
        self.module.verify()
        self._programs: dict[str, Any] = {}

    def _wrapper(self, types: dict[str, Attribute]) -> func.FuncOp:
        with function("kernel", types) as (operation, arguments):
            for value in arguments.values():
                vhls.InterfaceOp(value, "m_axi", "gmem")
            position = 0
            given: list[Value | Buffer] = []
            for argument in self.engine.args:
                if isinstance(argument.type, MemRefType):
                    given.append(Buffer(arguments[argument.name_hint or ""]))
                    continue
                scalar = Buffer(arguments[SCALARS])[position]
                position += 1
                index = isinstance(argument.type, IndexType)
                given.append(scalar.as_index() if index else scalar.to(Value(argument).bits))
            call(self.engine, *given)
        return operation

    def _program(self, backend: str) -> Any:
        if backend not in self._programs:
            if backend == "jit":
                program: Any = JITFunction(self.module, "kernel")
            else:
                source = self.directory / "kernel.cpp"
                source.write_text(print_hls_cpp(self.module))
                library = compile_cpp(
                    source, backend, "-O1", "-shared", "-fPIC", "-Wno-unused-parameter"
                )
                program = ctypes.CDLL(str(library)).kernel
            self._programs[backend] = program
        return self._programs[backend]

    def run(
        self, backend: str, arrays: Mapping[str, Array], scalars: Sequence[int]
    ) -> dict[str, Array]:
        """
        Run the engine. `arrays` has numbers in the shape of a memory, or the bytes behind a port
        of words; missing ones are zero. What the memories hold afterwards.
        """
        assert len(scalars) == len(self.scalars)
        passed = {
            name: self._stored(arrays.get(name), type_, backend)
            for name, type_ in self.arrays.items()
        }
        numbers = np.array([*scalars, 0][: max(1, len(scalars))], dtype=np.int64)
        if backend == "jit":
            self._program(backend)(*passed.values(), numbers)
        else:
            pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*passed.values(), numbers)]
            self._program(backend)(*pointers)
        return {
            name: self._numbers(passed[name], type_)
            for name, type_ in self.arrays.items()
            if bits_of(type_) != WORD_BITS
        }

    @staticmethod
    def _stored(values: Array | None, type_: MemRefType[Attribute], backend: str) -> Array:
        """An array as the backend keeps it."""
        bits, shape = bits_of(type_), type_.get_shape()
        if bits == WORD_BITS:
            contents = np.zeros(shape[0] * WORD_BITS // 8, dtype=np.uint8)
            if values is not None:
                contents[: len(values)] = values
            return aligned(contents)
        numbers = np.zeros(shape, dtype=np.int64) if values is None else values
        assert numbers.shape == shape
        if backend == "jit" or bits == 1:  # LLVM keeps zeros in spare bits; a bit is a bool in C++
            numbers = numbers & ((1 << bits) - 1 if bits < 64 else -1)
        return np.ascontiguousarray(numbers.astype(storage_type(bits)))

    @staticmethod
    def _numbers(stored: Array, type_: MemRefType[Attribute]) -> Array:
        spare = 64 - bits_of(type_)
        return (stored.astype(np.int64) << spare) >> spare


@dataclass(frozen=True)
class Case:
    """A model of one dispatch, mapped by hand: what goes in, and what the engine needs for it."""

    function: func.FuncOp
    dispatch: DispatchOp
    weights: Mapping[str, Array]

    def reference(self, *inputs: Array) -> Array:
        """What the dispatch must write."""
        module = ModuleOp([self.function])
        for op in self.dispatch.walk():
            if op is not self.dispatch:
                op.verify(verify_nested_ops=False)
        (result,) = run_function(module, "main", inputs, self.weights)
        return result

    def call(
        self, engine: EngineOp, accelerator: Accelerator
    ) -> tuple[dict[str, NDArray[np.uint8]], Sequence[int]]:
        """The bytes behind the ports, and the scalars of the call."""
        name = engine.sym_name.data
        parameters = Parameters({name: engine}, accelerator.lanes)
        parameters.add(self.dispatch)
        kind = kind_of(engine)
        plan = kind.plan(engine, [self.dispatch], accelerator)
        scalars = kind.scalars(self.dispatch, plan, parameters, accelerator)
        ports = {
            image.sym_name.data: fill_image(image, self.weights)
            for image in parameters.build()
            if image.words.value.data
        }
        return ports, scalars


def placed(value: SSAValue, memory: str, row: int) -> SSAValue:
    """A value that lies in a memory from a row on."""
    body = Block()
    with ImplicitBuilder(body):
        YieldOp(value)
    dispatch = DispatchOp("source", value.type, Region(body))
    return place(dispatch, memory, row).result


def place(dispatch: DispatchOp, memory: str, row: int) -> DispatchOp:
    """Say where a dispatch writes to."""
    dispatch.memory = SymbolRefAttr(memory)
    dispatch.row = IntegerAttr(row, i64)
    return dispatch


class CaseBuilder:
    """Builds a case: arguments, then operations of the dispatch, then `finish`."""

    def __init__(self, engine: str, argument_types: Sequence[Attribute]):
        self.engine = engine
        self.outside = Block(arg_types=argument_types)
        self.inside = Block()
        self.arguments = list(self.outside.args)

    def finish(
        self, result: SSAValue, weights: Mapping[str, Array], memory: str | None, row: int
    ) -> Case:
        """The case that writes `result`, which is computed in the block `inside`."""
        with ImplicitBuilder(self.inside):
            YieldOp(result)
        with ImplicitBuilder(self.outside):
            dispatch = DispatchOp(self.engine, result.type, Region(self.inside))
            if memory is not None:
                place(dispatch, memory, row)
            func.ReturnOp(dispatch.result)
        inputs = [argument.type for argument in self.arguments]
        model = func.FuncOp("main", (inputs, [result.type]), Region(self.outside))
        return Case(model, dispatch, weights)


def rows_of(memory: MemRefType[Attribute], channels: int) -> int:
    """Rows that a token of some channels takes."""
    _, width, lanes = memory.get_shape()
    return -(-channels // (width * lanes))


def put(contents: Array, tokens: Array, row: int) -> None:
    """Write tokens x channels to a memory from a row on; what fills up a row stays as it is."""
    _, width, lanes = contents.shape
    count, channels = tokens.shape
    each = -(-channels // (width * lanes))
    matrix = contents[row : row + count * each].reshape(count, -1)  # a view
    matrix[:, :channels] = tokens


def get(contents: Array, shape: tuple[int, ...], row: int) -> Array:
    """Read tokens x channels from a memory."""
    tokens, channels = shape
    _, width, lanes = contents.shape
    each = -(-channels // (width * lanes))
    return contents[row : row + tokens * each].reshape(tokens, -1)[:, :channels]
