"""
What `vhls.dependence` says of the engines, measured: a wrong claim is wrong hardware, and none of
the tools that simulate C++ would show it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from parse_ir import parse
from small_project import compile_small, tool
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.rewriter import Rewriter

from vaqf_compiler.analysis.latency import LatencyModel
from vaqf_compiler.analysis.program import Program
from vaqf_compiler.cli import vaqf_compile, vaqf_sim
from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.dependences import NEVER, Measured, measure_dependences
from vaqf_compiler.emit.simulate import port_contents
from vaqf_compiler.engines.accelerator import Accelerator
from vaqf_compiler.engines.attention.loops import build_attention, build_exp_table
from vaqf_compiler.engines.attention.plan import AttentionPlan
from vaqf_compiler.engines.builder import call
from vaqf_compiler.engines.top import top_function
from vaqf_compiler.engines.values import constant
from vaqf_compiler.errors import OperationError
from vaqf_compiler.hardware.board import load_board
from vaqf_compiler.hls_rules.dependences import check_missing_claims
from vaqf_compiler.pipeline import make_context, read_module
from vaqf_compiler.stages import LOOPS, stage_path


def measure_project(project: Path) -> list[Measured]:
    loops = read_module(make_context(), stage_path(project, LOOPS))
    return measure_dependences(loops, port_contents(project, loops))


def array_of(found: Measured) -> str:
    return found.claim.buffer.name_hint or ""


TILES = {
    "few tokens": "binary-m=32 binary-n=32 int8-m=16 int8-n=16",
    "tiles of more words than trips": "binary-m=128 binary-n=64 int8-m=32 int8-n=32",
    "channels that overhang": "binary-m=48 binary-n=16 int8-m=16 int8-n=16",
}


@pytest.mark.parametrize(("name", "results"), [*zip(TILES, (4, 8, 8), strict=True)])
def test_claims_of_the_engines_hold_and_are_not_idle(tmp_path: Path, name: str, results: int):
    unroll = f"lanes=16 keys=2 binary-results={results} int8-results={results}"
    measured = measure_project(compile_small(tmp_path, "--tile", TILES[name], "--unroll", unroll))
    arrays = [array_of(found) for found in measured]
    of_attention = ["query", "key", "value", "score", "exponential"]
    assert sorted(arrays) == sorted(
        2 * ["residual", "totals", "done", "activations"] + of_attention
    )
    for found in measured:
        assert found.holds, found
        assert found.reads, found
        assert found.writes, found
    # Each stage of attention reads what the one before left a query ago.
    left = [found for found in measured if array_of(found) in ("score", "exponential")]
    assert [found.read_after_write for found in left] == [found.claimed for found in left]
    # Passes are as short as they can be, so this claim is all that is true.
    totals = [found for found in measured if array_of(found) == "totals"]
    assert [found.read_after_write for found in totals] == [f.claimed for f in totals]
    # Groups that are finished in parts are read again; those of the image have a part each.
    residual = next(found for found in reversed(measured) if array_of(found) == "residual")
    assert residual.read_after_write == residual.claimed


def test_claims_hold_of_tiles_that_take_several_cycles(tmp_path: Path):
    unroll = "lanes=8 keys=2 binary-m=8 binary-n=16 int8-m=8 int8-n=8 binary-results=2"
    tile = TILES["few tokens"]
    measured = measure_project(compile_small(tmp_path, "--tile", tile, "--unroll", unroll))
    assert all(found.holds and found.reads and found.writes for found in measured), measured
    distances = {
        name: [(f.claimed, f.read_after_write) for f in measured if array_of(f) == name]
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
    assert tool(vaqf_sim.main, str(tmp_path), "--dependences") == 0


def test_a_user_can_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Here words that are as wide as UltraRAM has them."""
    options = ("--tile", TILES["few tokens"], "--unroll", "lanes=16 keys=2")
    project = compile_small(tmp_path, *options, "--board", "kv260", "--allocate", "uram=1")
    capsys.readouterr()
    assert tool(vaqf_sim.main, str(project), "--dependences") == 0
    output = capsys.readouterr().out
    assert re.search(r"^%totals in @binary_linear_multiply +32 +32$", output, re.MULTILINE)
    assert re.search(r"^%residual in @binary_linear_multiply +none +none$", output, re.MULTILINE)
    assert re.search(r"^%activations in @binary_linear_multiply +none +none$", output, re.MULTILINE)
    assert output.endswith("PASS: 13 claims hold\n")

    path = stage_path(project, LOOPS)
    text = path.read_text()
    path.write_text(re.sub(r'(%totals "inter" distance = )32', r"\g<1>33", text))
    assert tool(vaqf_sim.main, str(project), "--dependences") == 1
    message = "iterations that are 32 apart access one element of %totals in @int8_linear_multiply"
    assert capsys.readouterr().err == f"FAIL: {message}; 33 are claimed\n"
    path.write_text(text.replace('%totals "inter" distance = 32', '%totals "intra" false'))
    assert tool(vaqf_sim.main, str(project), "--dependences") == 1
    message = "claims about one iteration are not measured, as this one of %totals"
    assert capsys.readouterr().err.endswith(f"error: {message}\n")
    path.unlink()
    assert tool(vaqf_sim.main, str(project), "--dependences") == 1
    assert capsys.readouterr().err.endswith("5-loops.mlir' is missing; run vaqf-compile first\n")
    assert tool(vaqf_sim.main, str(project), "--dependences", "--native") == 2


def attention_alone(
    sizes: tuple[int, int, int], keys: int, lanes: int, width: int, layer_tokens: int
) -> ModuleOp:
    """An engine of some tokens, heads and channels of a head that is called for a layer."""
    tokens, heads, head_size = sizes
    rows = tokens * -(-heads * head_size // (width * lanes))
    machine = Accelerator(
        lanes=lanes,
        tokens=tokens,
        channels=heads * head_size,
        activations=MemRefType(IntegerType(4), [4 * rows, width, lanes]),
        residual=MemRefType(IntegerType(16), [2, 1, lanes]),
        image=MemRefType(IntegerType(8), [2, 1, lanes]),
        ports={"parameters": MemRefType(IntegerType(64), [1])},
    )
    engine = AttentionPlan(
        name="attention",
        keys=keys,
        heads=heads,
        head_size=head_size,
        value_size=head_size,
        activation_bits=4,
        score_bits=16,
        context_bits=20,
        probability_bits=4,
        most_shift=31,
        most_exp_shift=20,
        exp_table="exp_table",
    )
    attention = build_attention(engine, machine)
    places = {f"{name}_row": n * rows for n, name in enumerate(("query", "key", "value"))}
    scalars = {"tokens": layer_tokens, **places, "target": 3 * rows}
    with top_function(["attention"], machine, 1, 1) as (top, buffers):
        arguments = [
            buffers[name]
            if isinstance(argument.type, MemRefType)
            else constant(scalars.get(name, 1), argument.type)
            for argument in attention.args
            for name in [argument.name_hint or ""]
        ]
        call(attention, *arguments)
    return ModuleOp([build_exp_table("exp_table"), attention, top])


ATTENTION = {
    "one key a cycle": ((7, 2, 8), 1, 4, 1, 7),
    "keys that do not divide the tokens": ((11, 3, 16), 4, 8, 2, 11),
    "as few beats as there are": ((5, 2, 8), 5, 8, 1, 5),
    "more loads than steps": ((6, 2, 32), 8, 4, 1, 6),
    "rows of more than a head": ((9, 4, 8), 3, 8, 4, 9),
    "a layer of fewer tokens": ((13, 2, 16), 2, 8, 2, 3),
    "a layer of one token": ((13, 2, 16), 2, 8, 2, 1),
}


@pytest.mark.parametrize("case", ATTENTION)
def test_claims_of_attention_hold_for_any_size(case: str):
    module = attention_alone(*ATTENTION[case])
    measured = {array_of(found): found for found in measure_dependences(module, {})}
    assert len(measured) == 6
    for found in measured.values():
        assert found.holds, found
        assert found.reads, found
        assert found.writes, found
    (_, _, tokens) = ATTENTION[case][2:]
    for name in ("score", "exponential"):
        found = measured[name]
        # Nothing is nearer; the only query's is not read before the next head's is written.
        assert found.read_after_write == found.claimed, found
        assert found.write_after_access == (found.claimed if tokens > 1 else NEVER), found


@pytest.mark.parametrize("case", ATTENTION)
def test_attention_needs_its_claims_for_an_interval_of_a_cycle(case: str):
    """The tool does not know that one half is read while the other one is written."""
    for without in (None, "query", "key", "value"):
        module = attention_alone(*ATTENTION[case])
        for op in list(module.walk()):
            if isinstance(op, vhls.DependenceOp) and op.buffer.name_hint == without:
                Rewriter.erase_op(op)
        model = LatencyModel(module, load_board("zcu102"), 150.0)
        model.calls(model.function("vaqf_top"))
        worst = max(pipeline.interval for pipeline in model.pipelines.values())
        assert (worst == 1) == (without is None), (case, without)
        if without is not None:
            with pytest.raises(OperationError, match=f"reads and writes %{without} at places"):
                check_missing_claims(Program(module))


NEST = """
func.func @top(%words: memref<8xi64>) {{
  vhls.interface %words : memref<8xi64> mode = "m_axi" bundle = "gmem"
  %a = memref.alloc() : memref<8xi64>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %eight = arith.constant 8 : index
  scf.for %i = %zero to %eight step %one {{
    scf.for %j = %zero to %eight step %one {{
      vhls.dependence %a "inter" false : memref<8xi64>
      %read = memref.load %a[%j] : memref<8xi64>
      memref.store %read, %a[%j] : memref<8xi64>
    }}
    {after}
  }}
  func.return
}}
"""


@pytest.mark.parametrize(
    ("after", "measured"),
    [("", 8), ("%word = memref.load %words[%zero] : memref<8xi64>", NEVER)],
    ids=["one loop for the tool", "runs of a loop"],
)
def test_claims_are_about_one_run_of_a_loop(after: str, measured: int):
    (found,) = measure_dependences(parse(NEST.format(after=after)), {})
    assert found.measured == measured


def test_accesses_in_functions_are_not_measured():
    body = "func.call @reads(%a) : (memref<16xi64>) -> ()"
    text = "func.func @reads(%x: memref<16xi64>) {{ func.return }}" + LOOP
    with pytest.raises(OperationError, match="accesses of %a in @reads are not measured"):
        measure_dependences(parse(text.format(claim="false", body=body)), {})


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
