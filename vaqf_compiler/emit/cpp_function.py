"""Printing of functions as C++, with one method for each operation."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import IO

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import IndexType, MemRefType
from xdsl.ir import Block, Operation, Region, SSAValue

from vaqf_compiler.analysis.program import is_top
from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.cpp_expression import (
    PRIMARY,
    Expression,
    condition,
    initialiser,
    subscripts,
    variable,
)
from vaqf_compiler.emit.cpp_types import cpp_type, declarator, identifier
from vaqf_compiler.emit.expressions import EXPRESSIONS, print_expression
from vaqf_compiler.emit.inlining import inlined_operations
from vaqf_compiler.emit.pragmas import PragmaSyntax, vitis_pragma
from vaqf_compiler.emit.refusal import refusal, refusing


@dataclass
class FunctionPrinter:
    """Prints one function without indentation, with line breaks only between statements."""

    out: IO[str]
    file_names: frozenset[str]
    """Names of the functions and tables of the file, which no variable may hide."""
    syntax: PragmaSyntax = vitis_pragma
    names: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])
    scopes: list[set[str]] = field(default_factory=list[set[str]])
    inlined: set[Operation] = field(default_factory=set[Operation])

    def line(self, text: str) -> None:
        """Print a statement, or the beginning or end of one."""
        self.out.write(f"{text}\n")

    @contextmanager
    def scope(self) -> Generator[None]:
        """Open a scope. Names that are declared inside are not visible after it."""
        self.scopes.append(set())
        yield
        self.scopes.pop()

    def unique(self, wanted: str) -> str:
        """
        Declare a name like `wanted` that hides no other, and return it. Sibling scopes may reuse
        it.
        """
        name = wanted
        count = 1
        while name in self.file_names or any(name in scope for scope in self.scopes):
            count += 1
            name = f"{wanted}_{count}"
        self.scopes[-1].add(name)
        return name

    def declare(self, value: SSAValue, default: str = "v") -> str:
        """Declare the variable for `value`, and return its name."""
        self.names[value] = self.unique(identifier(value.name_hint, default))
        return self.names[value]

    def value(self, value: SSAValue) -> Expression:
        """
        Return the expression for a value: its variable, or the expression printed in place of one.
        """
        name = self.names.get(value)
        if name is None:
            assert isinstance(value.owner, Operation), "arguments are declared before their uses"
            with refusing(value.owner):
                return print_expression(value.owner, self.value)
        if isinstance(value.type, MemRefType):
            return Expression(name, PRIMARY, None, 0)
        return variable(name, value.type)

    def assigned(self, value: SSAValue) -> str:
        """
        Return the text of a value that is assigned to, or initialises, a variable of its type.
        """
        return initialiser(self.value(value), value.type)

    def arguments(self, values: Iterable[SSAValue]) -> str:
        """Return the arguments of a call."""
        return ", ".join(self.value(value).text for value in values)

    def function(self, op: func.FuncOp) -> None:
        """Print a whole function. Raises OperationError for operations that it cannot print."""
        with self.scope():
            self.line(f"{self.signature(op)} {{")
            with self.scope():
                self.block(op.body.block)
            self.line("}")

    def signature(self, op: func.FuncOp) -> str:
        """Return the function's declaration without a semicolon, and name its arguments."""
        outputs = op.function_type.outputs.data
        if len(outputs) > 1:
            raise refusal(op, f"@{op.sym_name.data} returns more than one value")
        with refusing(op):
            arguments = ", ".join(
                declarator(argument.type, self.declare(argument, "arg"), is_argument=True)
                for argument in op.body.block.args
            )
            result = cpp_type(outputs[0]) if outputs else "void"
        linkage = 'extern "C"' if is_top(op) else "static"
        return f"{linkage} {result} {identifier(op.sym_name.data)}({arguments})"

    def block(self, block: Block) -> None:
        """Print the statements of a block."""
        self.inlined |= inlined_operations(block)
        for op in block.ops:
            if op in self.inlined:
                continue
            with refusing(op):
                if isinstance(op, EXPRESSIONS):
                    self.definition(op)
                else:
                    self.statement(op)

    def definition(self, op: Operation) -> None:
        """Print a variable for the result of an expression."""
        value = op.results[0]
        text = initialiser(print_expression(op, self.value), value.type)
        self.line(f"const {cpp_type(value.type)} {self.declare(value)} = {text};")

    @singledispatchmethod
    def statement(self, op: Operation) -> None:
        """Print one operation. Raises OperationError if there is no C++ for it."""
        raise refusal(op, "there is no C++ for it")

    @statement.register
    def _(self, op: vhls.PragmaOp) -> None:
        variable = self.names[op.operands[0]] if op.operands else None
        self.line(f"#pragma HLS {self.syntax(op, variable)}")

    @statement.register
    def _(self, op: vhls.CommentOp) -> None:
        self.line(f"// {op.text.data}")

    @statement.register
    def _(self, op: vhls.TraceOp) -> None:
        place = ", ".join(str(n.value.data) for n in (op.row, op.tokens, op.channels))
        self.line(f'VAQF_TRACE("{op.layer.data}", {self.names[op.memory]}, {place});')

    @statement.register
    def _(self, op: memref.AllocOp) -> None:
        assert isinstance(op.memref.type, MemRefType)
        self.line(f"static {declarator(op.memref.type, self.declare(op.memref, 'buffer'))};")

    @statement.register
    def _(self, op: memref.AllocaOp) -> None:
        self.line(f"{declarator(op.memref.type, self.declare(op.memref, 'buffer'))};")

    @statement.register
    def _(self, op: memref.GetGlobalOp) -> None:
        self.names[op.memref] = identifier(op.name_.root_reference.data)

    @statement.register
    def _(self, op: memref.StoreOp) -> None:
        if vhls.is_fifo(op.memref.type):
            self.line(f"{self.value(op.memref).text}.write({self.assigned(op.value)});")
            return
        target = self.value(op.memref).text + subscripts(op.indices, self.value)
        self.line(f"{target} = {self.assigned(op.value)};")

    @statement.register
    def _(self, op: func.CallOp) -> None:
        call = f"{identifier(op.callee.root_reference.data)}({self.arguments(op.arguments)});"
        if op.res and any(op.res[0].uses):
            call = f"const {cpp_type(op.res[0].type)} {self.declare(op.res[0])} = {call}"
        self.line(call)

    @statement.register
    def _(self, op: func.ReturnOp) -> None:
        if op.arguments:
            self.line(f"return {self.assigned(op.arguments[0])};")

    @statement.register
    def _(self, op: scf.ForOp) -> None:
        index, *carried = op.body.block.args
        if not isinstance(index.type, IndexType):
            raise refusal(op, f"the loop must be over an index, not {index.type}")
        for argument, result, initial in zip(carried, op.res, op.iter_args, strict=True):
            name = self.declare(result, identifier(argument.name_hint))
            self.names[argument] = name
            self.line(f"{cpp_type(result.type)} {name} = {self.assigned(initial)};")
        with self.scope():
            name = self.declare(index, "i")
            lower, upper, step = (self.value(bound) for bound in (op.lb, op.ub, op.step))
            advance = f"++{name}" if step.text == "1" else f"{name} += {step.text}"
            self.line(f"for (int {name} = {lower.text}; {name} < {upper.text}; {advance}) {{")
            self.block(op.body.block)
        self.line("}")

    @statement.register
    def _(self, op: scf.IfOp) -> None:
        for result in op.output:
            self.line(f"{cpp_type(result.type)} {self.declare(result)};")
        self.conditional(op, "if")

    def conditional(self, op: scf.IfOp, keyword: str) -> None:
        """Print `if` or `else if` and the branches."""
        test = condition(self.value(op.cond)).text
        with self.scope():
            self.line(f"{keyword} ({test}) {{")
            self.block(op.true_region.block)
        match _statements(op.false_region):
            case []:
                self.line("}")
            case [scf.IfOp() as alternative] if not alternative.output:
                self.conditional(alternative, "} else if")
            case _:
                with self.scope():
                    self.line("} else {")
                    self.block(op.false_region.block)
                self.line("}")

    @statement.register
    def _(self, op: scf.YieldOp) -> None:
        parent = op.parent_op()
        assert parent is not None
        carried = parent.body.block.args[1:] if isinstance(parent, scf.ForOp) else ()
        pending: list[tuple[str, str]] = []
        for position, (result, value) in enumerate(zip(parent.results, op.arguments, strict=True)):
            target, text = self.names[result], self.assigned(value)
            if self._reads(value, carried[:position]):
                # An earlier assignment must not change what this one reads.
                name = self.unique(f"next_{target}")
                pending.insert(0, (name, f"const {cpp_type(value.type)} {name} = {text};"))
                text = name
            if text != target:
                pending.append((target, f"{target} = {text};"))
        for _, statement in pending:
            self.line(statement)

    def _reads(self, value: SSAValue, variables: Iterable[SSAValue]) -> bool:
        """Return whether the expression for `value` reads one of `variables`."""
        if value in variables:
            return True
        if value in self.names or not isinstance(value.owner, Operation):
            return False
        return any(self._reads(operand, variables) for operand in value.owner.operands)


def _statements(region: Region) -> list[Operation]:
    """Return the operations of a branch that are statements, without an empty yield."""
    if not region.blocks:
        return []
    inlined = inlined_operations(region.block)
    return [
        op
        for op in region.block.ops
        if op not in inlined and not (isinstance(op, scf.YieldOp) and not op.arguments)
    ]
