"""Running pass pipelines on IR files from Python, as `vaqf-opt -p` does."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import PassPipeline
from xdsl.printer import Printer
from xdsl.universe import Universe
from xdsl.utils.arg_spec import (
    ArgSpec,
    ArgSpecConvertible,
    PipelineLexer,
    SpecTokenKind,
    parse_pipeline,
)
from xdsl.utils.exceptions import ArgSpecParseError

from vaqf_compiler.errors import UserError
from vaqf_compiler.ir_text import decode, parse_module, verify
from vaqf_compiler.output.writing import write_text
from vaqf_compiler.universe import VAQF_UNIVERSE
from vaqf_compiler.weights import search_directory


def make_context() -> Context:
    """A context that knows xDSL's dialects and ours."""
    context = Context()
    for name, load in Universe.get_multiverse().all_dialects.items():
        context.register_dialect(name, load)
    return context


def read_module(context: Context, path: Path) -> ModuleOp:
    """
    Parse and verify an IR file; its weights will be looked for beside it. Raises OSError,
    UserError, ParseError or OperationError where that fails.
    """
    search_directory.set(path.parent)
    module = parse_module(context, decode(path.read_bytes(), str(path)), str(path))
    verify(module)
    return module


def write_module(module: ModuleOp, path: Path) -> None:
    """Print a module to a file. Raises UserError where that fails."""
    stream = StringIO()
    Printer(stream).print_op(module)
    write_text(path, stream.getvalue() + "\n")


def read_pipeline(text: str) -> list[ArgSpec]:
    """
    The passes of a pipeline, or a target, with their options. Raises ArgSpecParseError for what is
    none, and for an option that is given twice, of which xDSL takes the last.
    """
    try:
        specs = list(parse_pipeline(text))
    except ValueError as error:  # of `int`
        raise UserError("a number in the pipeline has more digits than any option takes") from error
    lexer = PipelineLexer(text)
    names: set[str] = set()
    at_name = False
    while (token := lexer.lex()).kind is not SpecTokenKind.EOF:
        match token.kind:
            case SpecTokenKind.L_BRACE:
                names, at_name = set[str](), True
            case SpecTokenKind.SPACE:
                at_name = True
            case SpecTokenKind.IDENT if at_name:
                name = token.span.text.replace("_", "-")
                if name in names:
                    raise ArgSpecParseError(token, f"Option '{name}' is given twice")
                names.add(name)
                at_name = False
            case SpecTokenKind.COMMA:  # between values, or passes
                at_name = False
            case _:
                pass
    return specs


def check_spec(
    kind: str, spec: ArgSpec, available: Mapping[str, Callable[[], type[ArgSpecConvertible]]]
) -> None:
    """Raise UserError unless `spec` names something available and has options that it takes."""
    if spec.name not in available:
        similar = difflib.get_close_matches(spec.name, available, n=1)
        hint = f"did you mean '{similar[0]}'?" if similar else "vaqf-opt --help lists them"
        raise UserError(f"unknown {kind} '{spec.name}'; {hint}")
    _check_values(kind, spec, available[spec.name]())
    try:
        available[spec.name]().from_spec(spec)
    except ValueError as error:
        raise UserError(f"{kind} '{spec.name}': {error}") from error


VALUES: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
}
"""How a message calls the values that an option can have."""


def _check_values(kind: str, spec: ArgSpec, options: type[ArgSpecConvertible]) -> None:
    """
    Raise UserError for a value of another type than the option has, and for several where it has
    one; Python would take `true` and `false` for numbers.
    """
    types = typing.get_type_hints(options)
    for name, values in spec.parameters.items():
        hint = types.get(name.replace("-", "_"))
        members = _members(hint)
        expected = [text for type_, text in VALUES.items() if type_ in members]
        if float in members:  # whole ones too
            expected = [text for text in expected if text != VALUES[int]]
        is_list = any(typing.get_origin(t) is tuple for t in (hint, *typing.get_args(hint)))
        if expected and len(values) != 1 and not is_list:
            raise UserError(
                f"{kind} '{spec.name}': option '{name}' takes one value, got {len(values)}"
            )
        for value in values if expected else ():
            if type(value) not in members and not (type(value) is int and float in members):
                given = str(value).lower() if isinstance(value, bool) else value
                raise UserError(
                    f"{kind} '{spec.name}': option '{name}' must be {' or '.join(expected)}, got "
                    f"{given}"
                )


def _members(hint: object) -> set[object]:
    """The types that a type is made of, as of a union or a tuple."""
    members = {member for part in typing.get_args(hint) for member in _members(part)}
    return members or {hint}


def check_pipeline(pipeline: str) -> None:
    """Raise UserError for an unknown pass or a bad option, before anything is done."""
    for spec in read_pipeline(pipeline):
        check_spec("pass", spec, VAQF_UNIVERSE.all_passes)


def run_passes(context: Context, module: ModuleOp, pipeline: str) -> None:
    """Apply a pipeline, written as for `vaqf-opt -p`, and verify the module after each pass."""

    def check(_previous: object, module: ModuleOp, _next: object) -> None:
        verify(module)

    PassPipeline.parse_spec(VAQF_UNIVERSE.all_passes, pipeline, check).apply(context, module)
