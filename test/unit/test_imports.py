"""Imports run one way: each part of the package stands on those before it, and on no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "vaqf_compiler"
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "vaqf_images", "boards"}),
    frozenset({"filenames", "float_text", "limits", "locations", "output"}),
    frozenset({"dialects", "hardware"}),
    frozenset({"analysis", "images", "ir_text", "weights"}),
    frozenset({"reference"}),
    frozenset({"engines", "quantize", "torch_to_binvit"}),
    frozenset({"cost", "emit"}),
    frozenset({"hls_rules", "synthesis"}),
    frozenset({"search"}),
    frozenset({"passes"}),
    frozenset({"targets"}),
    frozenset({"universe"}),
    frozenset({"pipeline"}),
    frozenset({"importer", "stages"}),
    frozenset({"sweep"}),
    frozenset({"cli"}),
)
"""From the lowest; what is in one set does not import from each other."""
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
COPIED = ROOT / "emit" / "files"
"""Files of a project, which import what lies beside them there."""


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and part of each import of this package in a file, in functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module="vaqf_compiler", names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module)) if module.startswith("vaqf_compiler."):
                yield node.lineno, module.split(".")[1]
            case ast.Import(names=names):
                for alias in names:
                    if alias.name.startswith("vaqf_compiler."):
                        yield node.lineno, alias.name.split(".")[1]
            case _:
                assert not isinstance(node, ast.ImportFrom) or not node.level, path


def upward(path: Path, part: str) -> list[str]:
    """The imports of a file of `part` from a part that does not lie below it."""
    return [
        f"{path}:{line}: {part} imports {other}"
        for line, other in imported(path)
        if other != part and LEVEL[other] >= LEVEL[part]
    ]


def test_every_part_has_its_level():
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in ROOT.rglob("*.py")}
    assert parts - {"__init__"} == set(LEVEL)


@pytest.mark.parametrize("part", sorted(LEVEL))
def test_imports_run_one_way(part: str):
    single = ROOT / f"{part}.py"
    paths = [single] if single.exists() else sorted((ROOT / part).rglob("*.py"))
    assert [
        line for path in paths if COPIED not in path.parents for line in upward(path, part)
    ] == []


def test_an_import_upwards_is_found(tmp_path: Path):
    path = tmp_path / "engine.py"
    path.write_text(
        "import vaqf_compiler.cli.errors\n"
        "from vaqf_compiler.engines.engine import ENGINES\n"
        "from vaqf_compiler import dialects, passes\n"
        "def late():\n"
        "    from vaqf_compiler.search.best import Search\n"
    )
    found = upward(path, "engines")
    assert [line.rpartition(" ")[2] for line in found] == ["cli", "passes", "search"]
