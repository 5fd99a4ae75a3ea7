"""
Target `hls-cpp`: functions of loops over arrays, printed as Vitis HLS C++.

One construct for one operation; whatever it does not know it refuses. It decides nothing: which
loop is unrolled and which array is partitioned is said by `vhls` operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import singledispatchmethod
from io import StringIO
from typing import IO

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.utils.exceptions import PassFailedException
from xdsl.utils.target import Target

from vaqf_compiler.dialects import binvit, vhls
from vaqf_compiler.emit.cpp_expression import (
    EXPRESSIONS,
    PRIMARY,
    Expression,
    print_expression,
    subscripts,
)
from vaqf_compiler.emit.cpp_module import (
    alias_lines,
    functions_callees_first,
    global_definition,
    is_top,
)
from vaqf_compiler.emit.cpp_types import cpp_type, declarator, identifier
from vaqf_compiler.emit.inlining import inlined_operations

INDENT = "  "


@dataclass
class FunctionPrinter:
    """Prints the body of one function."""

    out: IO[str]
    names: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])
    scopes: list[set[str]] = field(default_factory=list[set[str]])
    inlined: set[Operation] = field(default_factory=set[Operation])

    def line(self, text: str) -> None:
        """A line at the current depth."""
        self.out.write(f"{INDENT * (len(self.scopes) - 1)}{text}\n")

    @contextmanager
    def scope(self) -> Iterator[None]:
        """What is declared inside is not visible after it."""
        self.scopes.append(set())
        yield
        self.scopes.pop()

    def declare(self, value: SSAValue, default: str = "v") -> str:
        """A name for `value` that hides no other; siblings may reuse it."""
        wanted = name = identifier(value.name_hint, default)
        count = 1
        while any(name in scope for scope in self.scopes):
            count += 1
            name = f"{wanted}{count}"
        self.scopes[-1].add(name)
        self.names[value] = name
        return name

    def value(self, value: SSAValue) -> Expression:
        """The expression for a value: its variable, or what is printed in its place."""
        if value in self.names:
            return Expression(self.names[value], PRIMARY, True)
        owner = value.owner
        if isinstance(owner, Operation) and owner in self.inlined:
            return print_expression(owner, self.value)
        raise PassFailedException(f"hls-cpp: the value %{value.name_hint} is not available here")

    def function(self, op: func.FuncOp) -> None:
        """A whole function."""
        if op.function_type.outputs.data and len(op.function_type.outputs.data) > 1:
            raise PassFailedException(f"hls-cpp: @{op.sym_name.data} returns more than one value")
        self.scopes = [{op.sym_name.data}]
        self.line(self.signature(op) + " {")
        with self.scope():
            self.block(op.body.block)
        self.line("}")

    def signature(self, op: func.FuncOp) -> str:
        """The function's declaration, without semicolon; names its arguments."""
        outputs = op.function_type.outputs.data
        result = cpp_type(outputs[0]) if outputs else "void"
        arguments = ", ".join(
            declarator(argument.type, self.declare(argument, "arg"))
            for argument in op.body.block.args
        )
        static = "" if is_top(op) else "static "
        return f"{static}{result} {identifier(op.sym_name.data)}({arguments})"

    def block(self, block: Block) -> None:
        """The statements of a block."""
        self.inlined |= inlined_operations(block)
        for op in block.ops:
            if op in self.inlined:
                continue
            if isinstance(op, EXPRESSIONS):
                text = print_expression(op, self.value).text
                type_ = cpp_type(op.results[0].type)
                self.line(f"const {type_} {self.declare(op.results[0])} = {text};")
            else:
                self.statement(op)

    @singledispatchmethod
    def statement(self, op: Operation) -> None:
        """Print one operation. Raises PassFailedException where there is no C++ for it."""
        raise PassFailedException(f"hls-cpp: cannot print the operation {op.name}")

    @statement.register
    def _(self, op: vhls.PragmaOp) -> None:
        variable = self.value(op.operands[0]).text if op.operands else None
        self.out.write(f"#pragma HLS {op.pragma(variable)}\n")

    @statement.register
    def _(self, op: vhls.CommentOp) -> None:
        self.line(f"// {op.text.data}")

    @statement.register
    def _(self, op: memref.AllocOp) -> None:
        self.line(f"static {self._array(op.memref.type, self.declare(op.memref, 'buffer'))};")

    @statement.register
    def _(self, op: memref.AllocaOp) -> None:
        self.line(f"{self._array(op.memref.type, self.declare(op.memref, 'buffer'))};")

    def _array(self, type_: Attribute, name: str) -> str:
        return declarator(type_, name)

    @statement.register
    def _(self, op: memref.GetGlobalOp) -> None:
        self.names[op.memref] = identifier(op.name_.root_reference.data)

    @statement.register
    def _(self, op: memref.StoreOp) -> None:
        target = self.value(op.memref).text + subscripts(op.indices, self.value)
        self.line(f"{target} = {self.value(op.value).text};")

    @statement.register
    def _(self, op: func.CallOp) -> None:
        arguments = ", ".join(self.value(value).text for value in op.arguments)
        call = f"{identifier(op.callee.root_reference.data)}({arguments});"
        if op.res:
            result = op.res[0]
            call = f"const {cpp_type(result.type)} {self.declare(result)} = {call}"
        self.line(call)

    @statement.register
    def _(self, op: func.ReturnOp) -> None:
        if op.arguments:
            self.line(f"return {self.value(op.arguments[0]).text};")

    @statement.register
    def _(self, op: scf.ForOp) -> None:
        carried = list(op.body.block.args[1:])
        for argument, result, initial in zip(carried, op.res, op.iter_args, strict=True):
            result.name_hint = result.name_hint or argument.name_hint
            name = self.declare(result)
            self.line(f"{cpp_type(result.type)} {name} = {self.value(initial).text};")
            self.names[argument] = name
        with self.scope():
            index = self.declare(op.body.block.args[0], "i")
            lower, upper, step = (self.value(v) for v in (op.lb, op.ub, op.step))
            advance = f"++{index}" if step.text == "1" else f"{index} += {step.text}"
            # The header is a line of the enclosing scope.
            self._header(f"for (int {index} = {lower.text}; {index} < {upper.text}; {advance}) {{")
            self.block(op.body.block)
        self.line("}")

    def _header(self, text: str) -> None:
        self.out.write(f"{INDENT * (len(self.scopes) - 2)}{text}\n")

    @statement.register
    def _(self, op: scf.IfOp) -> None:
        for result in op.output:
            self.line(f"{cpp_type(result.type)} {self.declare(result)};")
        with self.scope():
            self._header(f"if ({self.value(op.cond).text}) {{")
            self.block(op.true_region.block)
        if op.false_region.blocks:
            with self.scope():
                self._header("} else {")
                self.block(op.false_region.block)
        self.line("}")

    @statement.register
    def _(self, op: scf.YieldOp) -> None:
        parent = op.parent_op()
        assert parent is not None
        targets = [self.names[result] for result in parent.results]
        values = [self.value(value).text for value in op.arguments]
        if len(values) > 1 and isinstance(parent, scf.ForOp):
            # All new values are computed from the old ones before any is assigned.
            next_names: list[str] = []
            for target, text, value in zip(targets, values, op.arguments, strict=True):
                name = f"next_{target}"
                self.line(f"const {cpp_type(value.type)} {name} = {text};")
                next_names.append(name)
            values = next_names
        for target, text in zip(targets, values, strict=True):
            if target != text:
                self.line(f"{target} = {text};")


def print_hls_cpp(module: ModuleOp, header_name: str | None = None) -> str:
    """
    The C++ source of a module; with `header_name` the types come from that header, otherwise
    they are defined in the text. Raises PassFailedException, naming the operation, for anything
    that is not loops over arrays.
    """
    out = StringIO()
    if header_name is None:
        out.write('#include "vaqf_types.h"\n\n')
        out.write("\n".join(alias_lines(module)) + "\n")
    else:
        out.write(f'#include "{header_name}"\n')
    for op in module.ops:
        if isinstance(op, memref.GlobalOp):
            out.write(f"\n{global_definition(op)}")
        elif not isinstance(op, func.FuncOp | binvit.MemoryImageOp):
            raise PassFailedException(f"hls-cpp: cannot print the operation {op.name}")
    for function in functions_callees_first(module):
        out.write("\n")
        FunctionPrinter(out).function(function)
    return out.getvalue()


def print_hls_header(module: ModuleOp, guard: str) -> str:
    """The header: integer types and the prototype of the top function."""
    prototypes = [
        FunctionPrinter(StringIO(), scopes=[set()]).signature(function) + ";"
        for function in functions_callees_first(module)
        if is_top(function)
    ]
    lines = [
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        '#include "vaqf_types.h"',
        "",
        *alias_lines(module),
        "",
        *prototypes,
        "",
        f"#endif // {guard}",
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class HLSCppTarget(Target):
    """Vitis HLS C++."""

    name = "hls-cpp"

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        output.write(print_hls_cpp(module))
