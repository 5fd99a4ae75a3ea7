"""IR from text."""

from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from vaqf_compiler.pipeline import make_context


def parse(text: str) -> ModuleOp:
    """A module that is parsed and verified."""
    module = Parser(make_context(), text).parse_module()
    module.verify()
    return module
