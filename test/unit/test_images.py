"""Image files: what is read, and what is refused with a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from vaqf_compiler.errors import UserError
from vaqf_compiler.images import read_images


@pytest.mark.parametrize("kind", ["f4", "f8", "f2", ">f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_real_numbers_of_any_kind(tmp_path: Path, kind: str, order: Literal["C", "F"]):
    values = np.arange(6).reshape(1, 2, 3)
    np.save(tmp_path / "x.npy", np.asarray(values, dtype=kind, order=order))
    found = read_images(tmp_path / "x.npy", "the image")
    assert found.dtype == np.float32 and found.flags.c_contiguous
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([np.nan]), "has values that are not finite"),
        (np.array([np.inf]), "has values that are not finite"),
        (np.array([1e300]), "has values that are not finite"),
        (np.arange(3, dtype=np.uint8), "must hold real numbers.* this holds uint8, which looks"),
        (np.arange(3, dtype=np.int8), "must hold real numbers.* this holds int8, which looks"),
        (np.zeros(3, dtype=bool), "must hold real numbers.* this holds bool, which looks"),
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
    np.save(tmp_path / "whole.npy", np.zeros((1, 3, 16, 16), dtype=np.float32))
    whole = (tmp_path / "whole.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-1])
    (tmp_path / "cut_head.npy").write_bytes(whole[:20])
    archive = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "cut_archive.npy").write_bytes(archive[:60])
    np.save(tmp_path / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    headers = {
        "open": "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 16, 16), ",
        "huge": "{'descr': '<f4', 'fortran_order': False, 'shape': (10**6, 10**6), }",
        "large": "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000, 1000), }",
        "beyond": f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**30},), }}",
        "negative": "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }",
        "unknown": "{'descr': 'pixel', 'fortran_order': False, 'shape': (1,), }",
        "list": "[]",
        "name": "{'descr': f4, 'fortran_order': False, 'shape': (1,), }",
        "deep": "(" * 100,
    }
    for name, text in headers.items():
        header = whole[:10] + text.ljust(117).encode() + b"\n" + whole[128:]
        (tmp_path / f"{name}.npy").write_bytes(header)
    (tmp_path / "directory.npy").mkdir()
    damaged = ("empty", "text", "nowhere", "cut", "cut_head", "cut_archive", "pickled", "directory")
    for name in (f"{stem}.npy" for stem in (*damaged, *headers)):
        with pytest.raises(UserError, match=f"cannot read the image '.*{name}'") as error:
            read_images(tmp_path / name, "the image")
        assert " at 0x" not in str(error.value)
        assert "allow_pickle" not in str(error.value)
