"""Types of command line arguments that several tools take."""

from __future__ import annotations

import argparse


def seed(text: str) -> int:
    """A seed of a random generator: a whole number that is not negative."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 up, got '{text}'")
    return value
