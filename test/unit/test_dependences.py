"""
What `vhls.dependence` says of the engines, measured: a wrong claim is wrong hardware, and none of
the tools that simulate C++ would show it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from measure_dependences import NEVER, Measured, measure_dependences, measure_project
from parse_ir import parse
from small_project import compile_small, tool

from vaqf_compiler.cli import vaqf_compile

TILES = {
    "few tokens": "binary-m=32 binary-n=32 int8-m=16 int8-n=16",
    "tiles of more words than trips": "binary-m=128 binary-n=64 int8-m=32 int8-n=32",
    "channels that overhang": "binary-m=48 binary-n=16 int8-m=16 int8-n=16",
}


@pytest.mark.parametrize(
    ("name", "results"),
    [("few tokens", 4), ("few tokens", 16), *((name, 8) for name in [*TILES][1:])],
)
def test_claims_of_the_engines_hold_and_are_not_idle(tmp_path: Path, name: str, results: int):
    unroll = f"lanes=16 keys=2 binary-results={results} int8-results={results}"
    measured = measure_project(compile_small(tmp_path, "--tile", TILES[name], "--unroll", unroll))
    arrays = [found.array for found in measured]
    assert sorted(arrays) == sorted(2 * ["residual", "totals", "done", "activations"])
    for found in measured:
        assert found.holds, found
        assert found.reads, found
        assert found.writes, found
    # Passes are as short as they can be, so this claim is all that is true.
    totals = [found for found in measured if found.array == "totals"]
    assert [found.read_after_write for found in totals] == [distance_of(f) for f in totals]
    # Groups that are finished in parts are read again; those of the image have a part each.
    residual = next(found for found in reversed(measured) if found.array == "residual")
    assert (residual.claim.distance is None) == (results == 16)
    if results < 16:
        assert residual.read_after_write == distance_of(residual)


def distance_of(found: Measured) -> int:
    assert found.claim.distance is not None
    return found.claim.distance.value.data


def test_claims_hold_of_tiles_that_take_several_cycles(tmp_path: Path):
    unroll = "lanes=8 keys=2 binary-m=8 binary-n=16 int8-m=8 int8-n=8 binary-results=2"
    tile = TILES["few tokens"]
    measured = measure_project(compile_small(tmp_path, "--tile", tile, "--unroll", unroll))
    assert all(found.holds for found in measured), measured
    distances = {
        name: [(distance_of(f), f.read_after_write) for f in measured if f.array == name]
        for name in ("totals", "done")
    }
    assert distances["totals"] == [(32 * 2, 32 * 2), (32 * 4, 32 * 4)]
    # Results are finished in the first cycle of a token, the first of which is then complete.
    assert [claimed for claimed, _ in distances["done"]] == [32 * 2 - 1, 32 * 4 - 3]
    assert distances["done"][1][1] == 32 * 4


@pytest.mark.long
def test_claims_hold_of_deit_tiny(tmp_path: Path):
    options = ("--fps", "max", "--bits", "8", "-o", str(tmp_path))
    assert tool(vaqf_compile.main, "deit-tiny", *options) == 0
    assert all(found.holds for found in measure_project(tmp_path))


def test_claims_hold_of_wide_words(tmp_path: Path):
    """As UltraRAM has them."""
    options = ("--tile", TILES["few tokens"], "--unroll", "lanes=16 keys=2")
    project = compile_small(tmp_path, *options, "--board", "kv260", "--allocate", "uram=1")
    assert all(found.holds for found in measure_project(project))


LOOP = """
func.func @top(%words: memref<8xi64>) {{
  vhls.interface %words : memref<8xi64> mode = "m_axi" bundle = "gmem"
  func.call @inner(%words) : (memref<8xi64>) -> ()
  func.call @inner(%words) : (memref<8xi64>) -> ()
  func.return
}}
func.func @inner(%words: memref<8xi64>) {{
  %a = memref.alloc() : memref<16xi64>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {{
    vhls.pipeline ii = 1
    vhls.dependence %a "inter" {claim} : memref<16xi64>
    {body}
  }}
  func.return
}}
"""
SUBSCRIPTS = "%later = arith.addi %i, %c3 : index"
READ, WRITE = "%v = memref.load %a[{}] : memref<16xi64>", "memref.store %w, %a[{}] : memref<16xi64>"
WORD = "%w = memref.load %words[%i] : memref<8xi64>"


@pytest.mark.parametrize(
    ("body", "read_after_write", "write_after_access"),
    [
        ((READ.format("%i"), WRITE.format("%later")), 3, NEVER),
        ((WRITE.format("%i"), READ.format("%later")), NEVER, 3),
        ((READ.format("%i"), WRITE.format("%i")), NEVER, NEVER),
        ((READ.format("%c3"), WRITE.format("%c3")), 1, 1),
        ((WRITE.format("%c3"), WRITE.format("%c3")), NEVER, 1),
    ],
)
def test_distances_are_those_of_the_subscripts(
    body: tuple[str, str], read_after_write: int, write_after_access: int
):
    """Within a call of the loop's function: what it left behind before does not count."""
    text = "\n".join([SUBSCRIPTS, WORD, *body])
    for claim, holds in (
        ("false", min(read_after_write, write_after_access) == NEVER),
        ("distance = 3", read_after_write >= 3),
        ("distance = 4", read_after_write >= 4),
    ):
        (found,) = measure_dependences(parse(LOOP.format(claim=claim, body=text)), {})
        assert found.read_after_write == read_after_write
        assert found.write_after_access == write_after_access
        assert found.reads + found.writes == 2 * 2 * 8
        assert found.holds == holds
