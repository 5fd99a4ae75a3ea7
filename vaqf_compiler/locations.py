"""Where operations stand in their file."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import ArrayAttr, CallSiteLoc, FileLineColLoc, FusedLoc, NameLoc
from xdsl.ir import Attribute
from xdsl.utils.hints import isa


def describe_location(location: Attribute) -> str | None:
    """
    `file:line:column`, without a column that is not known: of a call that of what is called, of
    several the first; where there is none, a name in quotes, or None.
    """
    match location:
        case FileLineColLoc():
            line, column = location.line.data, location.column.data
            place = f"{location.filename.data}:{line}"
            return place if line and not column else f"{place}:{column}"
        case NameLoc():
            return describe_location(location.location) or f"'{location.desc.data}'"
        case CallSiteLoc():
            return _first((location.callee, location.caller))
        case FusedLoc() if isa(location.locations, ArrayAttr[Attribute]):
            return _first(location.locations)
        case _:
            return None


def layer_at(location: Attribute) -> str | None:
    """The layer that vaqf-import names beside a place in Python, if any."""
    return location.desc.data if isinstance(location, NameLoc) else None


def _first(locations: Iterable[Attribute]) -> str | None:
    """The first that says where, or else the first name."""
    known = [text for each in locations if (text := describe_location(each)) is not None]
    return next((text for text in known if not text.startswith("'")), next(iter(known), None))
