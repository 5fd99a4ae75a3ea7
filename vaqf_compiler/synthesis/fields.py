"""Values of a JSON document that may be anything."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

LIMIT = 10**18
"""No number of cycles or of resources is as great."""


class FieldError(Exception):
    """Which value is not as it must be, and why, as a sentence."""


class Field:
    """A value, and where it is in the document."""

    def __init__(self, value: object, place: str = ""):
        self.value = value
        self.place = place

    def refuse(self, expected: str) -> FieldError:
        """The error for a value that is something else than expected."""
        place = self.place or "the document"
        return FieldError(f"{place} must be {expected}, got {reprlib.repr(self.value)}")

    def __getitem__(self, name: str) -> Field:
        """A value of an object."""
        place = f"{self.place}.{name}" if self.place else name
        if not _is_object(self.value):
            raise self.refuse("an object")
        if name not in self.value:
            raise FieldError(f"{place} is missing")
        return Field(self.value[name], place)

    def __contains__(self, name: str) -> bool:
        """Whether an object has a value of a name."""
        if not _is_object(self.value):
            raise self.refuse("an object")
        return name in self.value

    def values(self) -> Mapping[str, Field]:
        """All values of an object."""
        if not _is_object(self.value):
            raise self.refuse("an object")
        return {name: self[name] for name in self.value}

    def __iter__(self) -> Iterator[Field]:
        """The elements of a list."""
        if not _is_list(self.value):
            raise self.refuse("a list")
        for position, element in enumerate(self.value):
            yield Field(element, f"{self.place}[{position}]")

    @property
    def text(self) -> str:
        """Text that is not empty, and can be printed."""
        if not isinstance(self.value, str) or not self.value or not self.value.isprintable():
            raise self.refuse("text")
        return self.value

    @property
    def whole(self) -> int:
        """A whole number that is not negative."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.refuse("a whole number")
        if not 0 <= self.value < LIMIT:
            raise self.refuse("a whole number from 0 to 10^18")
        return self.value

    @property
    def whole_if_known(self) -> int | None:
        """A whole number that is not negative, or null."""
        return None if self.value is None else self.whole

    @property
    def number(self) -> float:
        """A number that is not negative."""
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.refuse("a number")
        if not 0 <= self.value < LIMIT:
            raise self.refuse("a number from 0 to 10^18")
        return float(self.value)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list)
