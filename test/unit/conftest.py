"""What all unit tests need."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vaqf_compiler.weights import search_directory


@pytest.fixture(autouse=True)
def fresh_search_directory() -> Iterator[None]:
    """Reading an IR file says where its weights lie; the next test must not find them there."""
    token = search_directory.set(Path())
    yield
    search_directory.reset(token)
