"""
Names of files in text, such as IR and pipelines, which is UTF-8 whatever the locale.

Python takes names in another encoding where the locale says so: in the ASCII of `LC_ALL=C`, bytes
above 127 are surrogates, which are no text.
"""

from __future__ import annotations

import os
from pathlib import Path

from vaqf_compiler.errors import UserError


def text_of(name: str | Path) -> str:
    """
    A name, or an argument of the command line, as it stands in text. Raises UserError where it is
    no UTF-8.
    """
    data = os.fsencode(name)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{data!r} is no text in UTF-8; give the file another name") from error


def path_of(text: str) -> Path:
    """The path whose name stands in text."""
    return Path(os.fsdecode(text.encode("utf-8", "surrogateescape")))


def quoted(path: str | Path) -> str:
    """A path as the value of a pass option. Raises UserError where it is no text."""
    text = text_of(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'
