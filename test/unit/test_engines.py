"""Kinds of engines: those that are not known, and one that another package adds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PLUGIN = HERE / "Inputs" / "staging_engine"
MODEL = HERE.parent / "passes" / "Inputs" / "model.mlir"
MAP = "binvit-canonicalize-tokens,binvit-quantize,binvit-map"
CHOOSE = (
    "binvit-tile{binary-m=16 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{lanes=4 keys=3},"
    "binvit-allocate"
)
ENTRY_POINTS = """
[vaqf.engines]
staging = vaqf_staging
[xdsl.universe]
staging = vaqf_staging:UNIVERSE
"""


def vaqf_opt(*arguments: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run vaqf-opt, with another directory on Python's path."""
    paths = [] if path is None else [str(path)]
    paths += filter(None, [os.environ.get("PYTHONPATH")])
    return subprocess.run(
        [sys.executable, "-c", "from vaqf_compiler.cli.vaqf_opt import main; main()", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A directory with the package as pip would install it."""
    (tmp_path / "vaqf_staging.py").symlink_to(PLUGIN / "vaqf_staging.py")
    information = tmp_path / "vaqf_staging-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: vaqf-staging\nVersion: 1\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    return tmp_path


def test_another_package_adds_a_kind(installed: Path, tmp_path: Path):
    """It is mapped, placed, estimated, lowered, checked and printed as all others are."""
    mapped = tmp_path / "mapped.mlir"
    done = vaqf_opt(MODEL, "-p", f"{MAP},stage-queries,{CHOOSE}", "-o", mapped, path=installed)
    assert done.returncode == 0, done.stderr
    assert 'binvit.engine @staging "staging" {lanes = 4 : i64}' in mapped.read_text()
    estimated = vaqf_opt(mapped, "-p", "binvit-estimate", path=installed)
    assert "cycles" in next(
        line for line in estimated.stdout.splitlines() if "binvit.dispatch @staging" in line
    )
    printed = vaqf_opt(mapped, "-p", "lower-binvit-to-loops", "-t", "hls-cpp", path=installed)
    assert "void staging(" in printed.stdout, printed.stderr


@pytest.mark.parametrize(
    "passes",
    [
        "binvit-tile",
        "binvit-unroll",
        "binvit-allocate",
        "binvit-estimate",
        "lower-binvit-to-loops",
    ],
)
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"attention" {',
            '"systolic" {',
            "'systolic' is no kind of engine; known are attention, copy_tokens, layer_norm, linear,"
            " load_image, load_rows",
        ),
        (
            '"attention" {',
            '"attention" {tile_m = 4 : i64, ',
            "engine of kind 'attention' has no parameter 'tile_m'; it has keys, lanes",
        ),
        (
            "weight_bits = 1 : i64",
            "weight_bits = 255 : i64",
            "engine of kind 'linear' must have weight_bits = 1 or 8, got 255",
        ),
        (
            "weight_bits = 1 : i64",
            "results = 1 : i64",
            "engine of kind 'linear' must have weight_bits = 1 or 8, got None",
        ),
    ],
)
def test_an_engine_that_there_is_not_is_refused(
    mapped: str, tmp_path: Path, passes: str, old: str, new: str, message: str
):
    path = tmp_path / "mapped.mlir"
    assert old in mapped
    path.write_text(mapped.replace(old, new, 1))
    done = vaqf_opt(path, "-p", passes)
    assert done.returncode == 1
    assert f"error: {message}" in done.stderr


def test_what_is_no_part_of_a_mapped_model_is_not_lost(tmp_path: Path):
    path, text = allocated(tmp_path)
    table = (
        '  "memref.global"() <{sym_name = "table", sym_visibility = "private", constant, '
        "type = memref<2xi8>, "
        "initial_value = dense<[1, 2]> : tensor<2xi8>}> : () -> ()\n"
    )
    path.write_text(text.replace("  func.func @main", f"{table}  func.func @main", 1))
    done = vaqf_opt(path, "-p", "lower-binvit-to-loops")
    assert done.returncode == 1
    assert "'memref.global' is no part of a mapped model and would be lost" in done.stderr


def allocated(tmp_path: Path) -> tuple[Path, str]:
    """A file for a mapped model with places in memories, and its text."""
    done = vaqf_opt(MODEL, "-p", f"{MAP},{CHOOSE}")
    assert done.returncode == 0, done.stderr
    return tmp_path / "mapped.mlir", done.stdout


def test_an_engine_that_nothing_uses_is_refused(tmp_path: Path):
    path, text = allocated(tmp_path)
    spare = '  binvit.engine @spare "layer_norm" {lanes = 4 : i64}\n'
    path.write_text(text.replace("  func.func @main", f"{spare}  func.func @main", 1))
    done = vaqf_opt(path, "-p", "lower-binvit-to-loops")
    assert done.returncode == 1
    assert "no dispatch uses @spare; remove it" in done.stderr


def test_what_binvit_map_refuses_is_refused_later_too(tmp_path: Path):
    """Of a file that was changed by hand: the loaded image must be the function's argument."""
    path, text = allocated(tmp_path)
    lines = text.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if "binvit.dispatch @load_image" in line)
    name, type_ = lines[at].split(" = ")[0].strip(), lines[at + 1].rpartition(" : ")[2].strip()
    again = [
        line.replace(name, "%again").replace("%image :", f"{name} :") for line in lines[at : at + 3]
    ]
    assert f"binvit.yield {name} : {type_}" in again[1]
    path.write_text("".join([*lines[: at + 3], *again, *lines[at + 3 :]]))
    done = vaqf_opt(path, "-p", "lower-binvit-to-loops")
    assert done.returncode == 1
    assert "'load_image' loads the function's argument" in done.stderr


def test_two_kinds_of_one_name_are_refused(installed: Path, tmp_path: Path):
    (installed / "other.py").write_text(
        "from vaqf_staging import Staging\n"
        "class Other(Staging):\n"
        "    kind = 'other'\n"
        "ENGINES = (Other(),)\n"
    )
    points = installed / "vaqf_staging-1.dist-info" / "entry_points.txt"
    points.write_text(points.read_text().replace("[xdsl", "other = other\n[xdsl"))
    done = vaqf_opt(MODEL, "-p", MAP, path=installed)
    assert "ImportError: two kinds have an engine that is called 'staging'" in done.stderr


@pytest.fixture(scope="module")
def mapped() -> str:
    """A model before any parameter is chosen, with one that nothing needs."""
    done = vaqf_opt(MODEL, "-p", MAP)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace('"attention" {}', '"attention" {keys = 1 : i64}')
