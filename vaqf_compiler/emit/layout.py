"""Indentation and line length of the generated code."""

from __future__ import annotations

import re
import textwrap

INDENT = "  "
LINE_LENGTH = 100

# A line ends after a comma, a semicolon, an operator or an opening parenthesis, or before `?` or
# `:`, but not inside `const int x`.
_UNBREAKABLE_SPACE = re.compile(r"(?<=[\w)\]]) (?![?:])|(?<=[?:]) ")


def wrapped(statement: str, indent: str) -> str:
    """The statement as lines of at most `LINE_LENGTH` where it can be broken."""
    line = f"{indent}{statement}"
    if len(line) <= LINE_LENGTH:
        return f"{line}\n"
    glued = _UNBREAKABLE_SPACE.sub("\0", statement)
    lines = textwrap.wrap(
        glued,
        LINE_LENGTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}{INDENT * 2}",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace("\0", " ") + "\n"
