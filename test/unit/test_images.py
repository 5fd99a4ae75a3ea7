"""Image files: what is read, and what is refused with a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vaqf_compiler.errors import UserError
from vaqf_compiler.images import read_images


@pytest.mark.parametrize("kind", ["f4", "f8", "f2", "i8", "u1"])
def test_real_numbers_of_any_kind(tmp_path: Path, kind: str):
    np.save(tmp_path / "x.npy", np.arange(6, dtype=kind).reshape(1, 2, 3))
    found = read_images(tmp_path / "x.npy", "the image")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.arange(6).reshape(1, 2, 3))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([np.nan]), "has values that are not finite"),
        (np.array([np.inf]), "has values that are not finite"),
        (np.array([1e300]), "has values that are not finite"),
        (np.array(["pixel"]), "must hold real numbers, not <U5"),
        (np.array([1j]), "must hold real numbers, not complex128"),
        (np.zeros(2, dtype=[("red", "f4")]), "must hold real numbers"),
    ],
)
def test_what_is_no_image(tmp_path: Path, values: Any, message: str):
    path = tmp_path / "x.npy"
    np.save(path, values)
    with pytest.raises(UserError, match=f"the image '{path}' {message}"):
        read_images(path, "the image")


def test_files_that_cannot_be_read(tmp_path: Path):
    np.savez(tmp_path / "x.npz", np.zeros(3))
    with pytest.raises(UserError, match=r"must be a \.npy file, not an archive"):
        read_images(tmp_path / "x.npz", "the image")
    (tmp_path / "empty.npy").touch()
    (tmp_path / "text.npy").write_text("pixels")
    for name in ("empty.npy", "text.npy", "nowhere.npy"):
        with pytest.raises(UserError, match=f"cannot read the image '.*{name}'"):
            read_images(tmp_path / name, "the image")
