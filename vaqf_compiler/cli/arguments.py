"""What several tools need to read their command lines."""

from __future__ import annotations

import argparse
from typing import NoReturn

from vaqf_compiler.cli.errors import printable

MOST_SEED = 2**64 - 1
"""That PyTorch and NumPy both take."""


class ArgumentParser(argparse.ArgumentParser):
    """One whose errors can be printed, whatever was typed."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def seed(text: str) -> int:
    """A seed of a random generator: a whole number of 64 bits that is not negative."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= MOST_SEED:
        raise argparse.ArgumentTypeError(f"must be a whole number in 0..{MOST_SEED}, got '{text}'")
    return value
