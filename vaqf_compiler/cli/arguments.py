"""What several tools need to read their command lines."""

from __future__ import annotations

import argparse
from typing import NoReturn

from vaqf_compiler.cli.errors import printable


class ArgumentParser(argparse.ArgumentParser):
    """One whose errors can be printed, whatever was typed."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def seed(text: str) -> int:
    """A seed of a random generator: a whole number that is not negative."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 up, got '{text}'")
    return value
