"""`report.json`: its schema, its sums, and what must not be cheaper or slower."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cli import vaqf_compile
from vaqf_compiler.cost.report import report_of, report_table
from vaqf_compiler.hardware.board import RESOURCES
from vaqf_compiler.pipeline import make_context, read_module, run_passes

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())
MODEL = ROOT / "test" / "passes" / "Inputs" / "model.mlir"
SMALL_VIT = Path(__file__).parent / "Inputs" / "small_vit.py"
TILE = "binary-m=16 binary-n=16 int8-m=16 int8-n=16"


@cache
def quantized(bits: int) -> ModuleOp:
    context = make_context()
    module = read_module(context, MODEL)
    run_passes(
        context, module, f"binvit-canonicalize-tokens,binvit-quantize{{activation-bits={bits}}}"
    )
    return module


@cache
def report(bits: int = 8, tile: str = TILE, unroll: str = "lanes=8 keys=2", cost: str = "") -> Any:
    module = quantized(bits).clone()
    pipeline = f"binvit-map,binvit-tile{{{tile}}},binvit-unroll{{{unroll}}},binvit-allocate"
    run_passes(make_context(), module, f"{pipeline},binvit-estimate{{{cost}}}")
    return report_of(module, parameters=1000)


@pytest.mark.parametrize(
    "cost", ["", "board=kv260 clock-mhz=150", "profile=vaqf2022", "board=u250"]
)
def test_it_follows_the_schema(cost: str):
    found = report(cost=cost)
    jsonschema.validate(found, SCHEMA)
    assert json.loads(json.dumps(found)) == found


def test_the_schema_refuses_what_is_missing_or_misspelt():
    found = dict(report())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, "frames": 3}, SCHEMA)
    del found["model"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)


@pytest.mark.parametrize("cost", ["", "profile=vaqf2022"])
def test_sums(cost: str):
    found = report(cost=cost)
    performance = found["performance"]
    assert performance["cycles"] == sum(layer["cycles"] for layer in found["layers"])
    assert performance["fps"] == pytest.approx(found["clock_mhz"] * 1e6 / performance["cycles"])
    assert performance["latency_ms"] * performance["fps"] == pytest.approx(1000)
    assert performance["gops"] == pytest.approx(2 * found["model"]["gmac"] * performance["fps"])
    for name in RESOURCES:
        total = sum(unit[name] for unit in found["units"].values())
        # Each unit is rounded up by itself.
        assert total - len(found["units"]) <= found["resources"][name]["used"] <= total


@pytest.mark.parametrize("profiles", [("calibrated", "vaqf2022"), ("vaqf2022", "calibrated")])
def test_a_second_estimate_takes_the_place_of_the_first(profiles: tuple[str, str]):
    module = quantized(8).clone()
    pipeline = f"binvit-map,binvit-tile{{{TILE}}},binvit-unroll{{lanes=8 keys=2}},binvit-allocate"
    estimates = [f"binvit-estimate{{profile={profile}}}" for profile in profiles]
    run_passes(make_context(), module, ",".join([pipeline, *estimates]))
    assert report_of(module, 1000) == report(cost=f"profile={profiles[1]}")


def test_work_of_the_model():
    # Patches 4 x 16 x 16, query, key and value 5 x 16 x 16, two products of 5 x 5 x 16, the
    # output, an MLP of 32, and a head of 4 for one token.
    layers = 4 * 16 * 16 + 4 * 5 * 16 * 16 + 2 * 5 * 5 * 16 + 2 * 5 * 16 * 32 + 16 * 4
    assert report()["model"]["gmac"] == pytest.approx(layers / 1e9)


def test_more_bits_never_cost_less():
    previous = report(1)
    for bits in range(2, 17):
        found = report(bits)
        more = {
            name: found["resources"][name]["used"] - previous["resources"][name]["used"]
            for name in RESOURCES
        }
        assert more["dsp"] >= 0, bits
        assert more["bram36"] >= 0, bits
        # Products that move to DSP slices, or no longer share one, leave LUTs and registers, and
        # need a cycle less to be taken apart; they cost DSP slices instead.
        if not more["dsp"]:
            assert more["lut"] >= 0, bits
            assert more["ff"] >= 0, bits
            assert found["performance"]["cycles"] >= previous["performance"]["cycles"], bits
        previous = found


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("lanes=8 keys=1", "lanes=8 keys=2"),
        # Of five tokens, two keys a cycle take the three cycles that a query takes at least, to
        # load the next head's: more only make sums deeper.
        ("lanes=8 keys=1", "lanes=8 keys=4"),
        ("lanes=4 keys=2", "lanes=8 keys=2"),
        ("lanes=8 keys=2 binary-m=4", "lanes=8 keys=2 binary-m=16"),
        ("lanes=8 keys=2 binary-n=8", "lanes=8 keys=2 binary-n=16"),
        ("lanes=8 keys=2 int8-m=2", "lanes=8 keys=2 int8-m=8"),
    ],
)
def test_more_unrolling_never_takes_more_cycles(less: str, more: str):
    slow, fast = report(unroll=less), report(unroll=more)
    assert fast["performance"]["cycles"] <= slow["performance"]["cycles"]


def test_the_table_says_what_does_not_fit():
    found = report(cost="board=kv260")
    assert "does not fit" not in report_table(found)
    lut = {**found["resources"]["lut"], "used": 200_000}
    table = report_table({**found, "fits": False, "resources": {**found["resources"], "lut": lut}})
    assert "does not fit KV260: too much lut" in table
    assert "171%" in table


def test_a_module_without_estimate_is_refused():
    with pytest.raises(PassFailedException, match="run binvit-estimate first"):
        report_of(quantized(8), 0)


def test_vaqf_compile_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    arguments = [f"{SMALL_VIT}:build", "--input-shape", "1x3x16x16", "-o", str(tmp_path / "small")]
    options = ["--tile", TILE, "--unroll", "keys=2", "--board", "kv260", "--clock-mhz", "125"]
    monkeypatch.setattr(sys, "argv", ["vaqf-compile", *arguments, *options])
    with pytest.raises(SystemExit) as stop:
        vaqf_compile.main()
    assert stop.value.code == 0
    written = json.loads((tmp_path / "small" / "report.json").read_text())
    jsonschema.validate(written, SCHEMA)
    assert (written["board"], written["clock_mhz"]) == ("KV260", 125)
    script = (tmp_path / "small" / "run_hls.tcl").read_text()
    assert "set_part xck26-sfvc784-2LV-c" in script
    assert "create_clock -period 8.000" in script
    assert f"{written['performance']['fps']:.1f} FPS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--board", "zcu103"], "did you mean 'zcu10"),
        (["--board", "nowhere.toml"], "cannot read the board file 'nowhere.toml'"),
        (["--clock-mhz", "0"], "clock-mhz must be in 1..1000"),
        (["--clock-mhz", "nan"], "--clock-mhz must be in 1..1000, got nan"),
        (["--profile", "vaqf2022", "--board", "kv260"], "knows no other board or clock"),
        (["--tile", "binary-m=0"], "tile sizes must be in 1..4096, got 0"),
        (["--tile", "binary-m=-8"], "tile sizes must be in 1..4096, got -8"),
        (["--tile", "binary-m=2.5"], "option 'binary-m' must be a whole number, got 2.5"),
        (["--tile", "binary-m=1000000000"], "tile sizes must be in 1..4096"),
        (["--tile", "binary-n=4096"], "takes 3072 words of registers"),
        (["--tile", "binary-m=16 binary-n=2048"], "2048 input channels a cycle are more than 1024"),
        (
            ["--fps", "fast"],
            "--fps must be a number of images a second in 0.001..1000000, or 'max', got 'fast'",
        ),
        (
            ["--fps", "-1"],
            "--fps must be a number of images a second in 0.001..1000000, or 'max', got '-1'",
        ),
        (["--fps", "24", "--bits", "0"], "--bits must be in 1..16, got 0"),
        (["--fps", "24", "--tile", "binary-n=48"], "a row of 48 weights of 1 bits must divide"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler is for --sweep"),
        (["--sweep", "bits=0"], "bits"),
        (["--sweep", "bits", "--bits", "8"], "give the precisions as in --sweep bits=8"),
        (["--unroll", "keys=100000000"], "keys must be in 1..512"),
    ],
)
def test_bad_choices_are_sentences(
    options: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    target = tmp_path / "small"
    arguments = [f"{SMALL_VIT}:build", "--input-shape", "1x3x16x16", "-o", str(target)]
    monkeypatch.setattr(sys, "argv", ["vaqf-compile", *arguments, *options])
    with pytest.raises(SystemExit) as stop:
        vaqf_compile.main()
    assert stop.value.code == 1
    assert message in capsys.readouterr().err
    assert not target.exists() or not list(target.iterdir())


def test_a_report_says_whether_the_model_was_compared():
    unchecked = {**report(), "check": {"compared": False}}
    jsonschema.validate(unchecked, SCHEMA)
    assert "was not compared with PyTorch (--no-check)" in report_table(unchecked)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report(), "check": {"compared": True}}, SCHEMA)
