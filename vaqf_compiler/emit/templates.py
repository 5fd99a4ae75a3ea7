"""Files of the project that are templates: `@{name}` stands for a value, `@@` for an at sign."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from string import Template


class _FileTemplate(Template):
    """A template with `@` as delimiter, because dollar signs belong to Tcl and make."""

    delimiter = "@"


def fill(name: str, values: Mapping[str, object]) -> str:
    """Return the text of a template in `emit/files`. Raises KeyError if a value is missing."""
    text = (files("vaqf_compiler.emit") / "files" / name).read_text(encoding="utf-8")
    return _FileTemplate(text).substitute(values)
