"""IR from text, in which everything that is wrong is said at its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress

from xdsl.context import Context
from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    ModuleOp,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
    UnregisteredOp,
)
from xdsl.ir import Attribute, AttributeInvT, Operation, SSAValue
from xdsl.irdl import IRDLOperation, OptionalDef
from xdsl.parser import Parser, ParserState, UnresolvedOperand
from xdsl.parser.core import ForwardDeclaredValue
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input, Position, Span, Token
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRToken, MLIRTokenKind, StringLiteral

from vaqf_compiler.dialects.torch.unknown import unknown_operation
from vaqf_compiler.errors import OperationError, UserError

BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\0\0\xfe\xff": "UTF-32"}
LOCATION_DEFINITION = re.compile(r"^#[\w$.-]+ *= *loc\(", re.MULTILINE)
PREDICATES: Mapping[type[Operation], int] = {arith.CmpiOp: 10, arith.CmpfOp: 16}
"""How many there are, in MLIR's numbering."""
PARSER_FAULTS = (
    *(AssertionError, ArithmeticError, AttributeError, LookupError, NotImplementedError),
    *(MemoryError, TypeError, ValueError),
)
"""
What xDSL's parser raises, besides `ParseError`, for attributes, types and numbers that its
constructors do not take.
"""


def decode(data: bytes, name: str) -> str:
    """
    The text of an IR file, with or without a byte order mark. Raises UserError for what is no
    text in UTF-8, and for no text at all.
    """
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise UserError(f"'{name}' is text in {encoding}; save it in UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"'{name}' is not text in UTF-8: byte {data[error.start]:#04x} in line {line}; give "
            "a file of MLIR's text format"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(
            f"'{name}' is not text: byte 0x00 in line {line}; give a file of MLIR's text format"
        )
    if not text.strip():
        raise UserError(f"'{name}' is empty; give a file of MLIR's text format")
    return text


def parse_module(
    context: Context, text: str, name: str, *, line_offset: int = 0, implicit: bool = True
) -> ModuleOp:
    """
    The module of a text that begins `line_offset` lines below the top of the file `name`;
    `implicit` adds one around operations. It is not verified. Raises ParseError where the text is
    none, UserError where it is nested too deeply, OperationError where a value is used too early.
    """
    parser = _Parser(context, text, name, line_offset)
    try:
        module = parser.parse_module(implicit)
    except VerifyException as error:  # of a type or attribute, which is checked when made
        parser.raise_error(str(error))
    except RecursionError as error:
        line, _ = parser.place(parser.pos)
        raise UserError(
            f"'{name}' is nested too deeply in line {line}; write it flatter"
        ) from error
    except PARSER_FAULTS as error:
        parser.raise_error(f"this cannot be read ({_reason(error)}); correct what is before it")
    _check_properties(module)
    _check_order(module)
    return module


def _check_properties(module: ModuleOp) -> None:
    """
    Raise OperationError where an operation lacks a property, on which verifiers of other
    operations, as that of `func.return`, rely, and where a comparison has a number of no predicate,
    which xDSL's verifier takes.
    """
    for op in module.walk():
        if not isinstance(op, IRDLOperation):
            continue
        for name, definition in op.get_irdl_definition().properties.items():
            if name not in op.properties and not isinstance(definition, OptionalDef):
                raise OperationError(op, f"'{op.name}' op lacks the property '{name}'")
        if isinstance(op, arith.CmpiOp | arith.CmpfOp):
            last = PREDICATES[type(op)] - 1
            if not 0 <= op.predicate.value.data <= last:
                found = op.predicate.value.data
                raise OperationError(op, f"'{op.name}' op predicate must be 0..{last}, got {found}")


def _check_order(module: ModuleOp) -> None:
    """Raise OperationError where an operation uses a result of a later one of its block."""
    order = {op: position for position, op in enumerate(module.walk())}
    for op in order:
        for number, operand in enumerate(op.operands):
            if isinstance(operand, ForwardDeclaredValue):
                raise OperationError(
                    op,
                    f"'{op.name}' op operand #{number} is defined in a region inside it or later",
                )
            owner = operand.owner
            user: Operation | None = op
            while user is not None and user.parent is not owner.parent:
                user = user.parent_op()
            if isinstance(owner, Operation) and user is not None and order[user] <= order[owner]:
                name = operand.name_hint or owner.name
                raise OperationError(op, f"'{op.name}' op uses %{name} before it is defined")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def verify(module: ModuleOp) -> None:
    """Raise OperationError at the first operation that is not as it must be."""
    try:
        module.verify()
    except Exception as error:
        refusal = refusal_of(module, error)
        if refusal is None:
            raise
        raise refusal from error


def refusal_of(module: ModuleOp, error: Exception) -> OperationError | None:
    """What a verifier says, at the operation that it says it of; None for any other error."""
    if not _may_be_refusal(error):
        return None
    for op in module.walk():
        try:
            op.verify(verify_nested_ops=False)
        except Exception as other:
            if _may_be_refusal(other) and str(other) == str(error):
                return OperationError(op, f"'{op.name}' op {error}")
    return None


def _may_be_refusal(error: Exception) -> bool:
    # xDSL's verifiers of memref.load, memref.store and scf.while raise the plainest of exceptions.
    return isinstance(error, VerifyException) or type(error) is Exception


class _Lexer(MLIRLexer):
    """xDSL's, with its faults put right."""

    # Possessive: without a closing quote, xDSL's takes time exponential in the line's length.
    _unescaped_characters_regex = re.compile(r'"(?:[^"\\\n\v\f]++|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*+"')

    def _lex_string_literal(self, start_pos: Position) -> MLIRToken:
        try:
            token = super()._lex_string_literal(start_pos)
        except ParseError as error:
            error.msg = "this string has no end in its line, or an escape that there is not"
            raise
        if token.kind is MLIRTokenKind.BYTES_LIT:  # MLIR prints text that is not ASCII so
            literal = StringLiteral.from_span(token.span)
            with suppress(UnicodeDecodeError):
                literal.bytes_contents.decode()
                return Token(MLIRTokenKind.STRING_LIT, literal)
        return token

    def _lex_prefixed_ident(self, start_pos: Position) -> MLIRToken:
        try:
            return super()._lex_prefixed_ident(start_pos)
        except ParseError as error:
            error.msg = f"expected a name after '{self.input.at(start_pos)}'"
            raise


class _Parser(Parser):
    """A parser that, as MLIR's, gives each operation without a place its own in the file."""

    def __init__(self, ctx: Context, text: str, name: str, line_offset: int):
        super().__init__(ctx, "", name)
        self._parser_state = ParserState(_Lexer(Input(text, name)))
        self._name = StringAttr(name)
        self._line_offset = line_offset
        self._line_starts = [0, *(newline.end() for newline in re.finditer("\n", text))]
        self._ahead: set[str] = set()
        """Names of locations that are known but not yet reached."""
        self._uses: dict[str, Span] = {}
        """Where each value is used first."""

    def parse_module(self, allow_implicit_module: bool = True) -> ModuleOp:
        # MLIR prints the definitions of locations below their uses.
        for definition in LOCATION_DEFINITION.finditer(self.lexer.input.content):
            self._resume_from(definition.start())
            self._parse_alias_def()
        self._ahead = set(self.attribute_aliases)
        self._resume_from(0)
        try:
            return super().parse_module(allow_implicit_module)
        except ParseError:
            if self._current_token.kind != MLIRTokenKind.EOF or not self.forward_ssa_references:
                raise
        name = next(iter(self.forward_ssa_references))
        self.raise_error(f"the value %{name} is not defined here", self._uses[name])

    def resolve_operand(
        self, operand: UnresolvedOperand, type: AttributeInvT
    ) -> SSAValue[AttributeInvT]:
        self._uses.setdefault(operand.operand_name, operand.span)
        return super().resolve_operand(operand, type)

    def _parse_alias_def(self) -> None:
        name = self._current_token.text
        if name in self._ahead:
            self._ahead.remove(name)
            del self.attribute_aliases[name]
        super()._parse_alias_def()

    def _parse_location(self) -> LocationAttr:
        if not self.parse_optional_keyword("fused"):
            return super()._parse_location()
        metadata: Attribute = NoneAttr()
        if self.parse_optional_punctuation("<"):
            metadata = self.parse_attribute()
            self.parse_punctuation(">")
        locations = self.parse_comma_separated_list(self.Delimiter.SQUARE, self._parse_location)
        return FusedLoc(tuple(locations), metadata)

    def parse_operation(self) -> Operation:
        position = self.pos
        op = super().parse_operation()
        line, column = self.place(position)
        place = FileLineColLoc(self._name, IntAttr(line), IntAttr(column))
        match op.location:
            case UnknownLoc():
                op.location = place
            case NameLoc(location=NoneAttr() | UnknownLoc()) as name:
                op.location = NameLoc(name.desc, place)
            case _:
                pass
        return op

    def _get_op_by_name(self, name: str) -> type[Operation]:
        found = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if name.startswith("torch.") and (found is None or issubclass(found, UnregisteredOp)):
            return unknown_operation(name)
        return super()._get_op_by_name(name)

    def _parse_dialect_resource_handle(
        self, dialect_name: str, interface: OpAsmDialectInterface
    ) -> str:
        # xDSL keeps keys for the whole process and renames one that it meets in a second file, but
        # ours are names of parameters. It prints them as they are, so quotes are kept.
        key = self._current_token.text
        if key.startswith('"'):
            self._consume_token()
        else:
            key = self.parse_identifier(" for resource handle")
        if interface.lookup(key) is None:
            interface.declare_resource(key)
        self.dialect_resources.add((dialect_name, key))
        return key

    def place(self, position: Position) -> tuple[int, int]:
        """Line and column in the file, from 1."""
        line = bisect_right(self._line_starts, position)
        column = position - self._line_starts[line - 1] + 1
        return line + self._line_offset, column
