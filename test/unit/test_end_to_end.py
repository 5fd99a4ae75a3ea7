"""A small model through every tool: compiled, simulated, compared; and what must not pass."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small_project import DEFAULTS, MODEL_FILE, compile_small, tool
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer

from vaqf_compiler.cli import vaqf_compile, vaqf_sim
from vaqf_compiler.cli.vaqf_compile import check_selection
from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import ParameterOp, QuantizeOp
from vaqf_compiler.emit.packing import memory_images, unpack_image
from vaqf_compiler.emit.port_file import read_port_file, write_port_file
from vaqf_compiler.emit.project import make_test_vector
from vaqf_compiler.emit.simulate import build_simulation, simulate
from vaqf_compiler.errors import UserError
from vaqf_compiler.pipeline import make_context, read_module, run_passes
from vaqf_compiler.stages import (
    LOOPS,
    MAPPED,
    MODEL,
    QUANTIZED,
    TORCH,
    Options,
    check_parameters,
    stage_path,
    stage_pipelines,
)
from vaqf_compiler.weights import open_weights


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_small(tmp_path_factory.mktemp("small"), *DEFAULTS)


def test_simulation_with_amd_headers_equals_the_reference(
    project: Path, capsys: pytest.CaptureFixture[str]
):
    assert tool(vaqf_sim.main, str(project)) == 0
    assert "PASS: 23 layers and all 10 logits equal the reference" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_native_integers_give_the_same_logits(project: Path, seed: int):
    assert tool(vaqf_sim.main, str(project), "--native", "--seed", str(seed)) == 0


def test_the_image_file_is_what_is_simulated(project: Path, tmp_path: Path):
    image = np.random.default_rng(5).standard_normal((3, 16, 16))
    np.save(tmp_path / "image.npy", image)
    assert tool(vaqf_sim.main, str(project), "--native", "--image", f"{tmp_path}/image.npy") == 0


def test_the_jit_runs_the_loops_to_the_same_logits(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert tool(vaqf_sim.main, str(project), "--engine", "jit", "--seed", "4") == 0
    assert "PASS: 23 layers and all 10 logits equal the reference" in capsys.readouterr().out
    broken = tmp_path / "broken"
    shutil.copytree(project, broken)
    path = broken / "data" / "parameters.bin"
    path.write_bytes(path.read_bytes()[:-1])
    assert tool(vaqf_sim.main, str(broken), "--engine", "jit") == 1
    assert "parameters.bin' has" in capsys.readouterr().err
    assert tool(vaqf_sim.main, str(broken), "--native") == 1
    assert "parameters.bin: has" in capsys.readouterr().err


NO_PORTS = "the module has no function with ports; lower it to loops first"
JIT = ("--engine", "jit")


@pytest.mark.parametrize(
    ("stage", "other", "options", "message"),
    [
        (LOOPS, None, JIT, NO_PORTS),
        (LOOPS, MAPPED, JIT, NO_PORTS),
        (LOOPS, TORCH, ("--native",), NO_PORTS),
        (LOOPS, None, ("--dependences",), NO_PORTS),
        (LOOPS, MAPPED, ("--dependences",), NO_PORTS),
        (MAPPED, None, JIT, "expected one function with one argument, the image"),
        (MAPPED, MODEL, JIT, "expected a quantised model; run binvit-quantize first"),
        (MODEL, None, JIT, "expected one function with one argument, the image"),
        (MODEL, MAPPED, JIT, "expected a model in floats, and this one is quantised"),
    ],
)
def test_a_stage_with_the_ir_of_another(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    stage: str,
    other: str | None,
    options: tuple[str, ...],
    message: str,
):
    broken = tmp_path / "broken"
    shutil.copytree(project, broken)
    text = "module {\n}\n" if other is None else stage_path(project, other).read_text()
    stage_path(broken, stage).write_text(text)
    assert tool(vaqf_sim.main, str(broken), *options) == 1
    assert re.search(
        rf"{stage_path(broken, stage)}:\d+:\d+: error: {message}", capsys.readouterr().err
    )


@pytest.mark.parametrize("port", ["image_port", "parameters"])
@pytest.mark.parametrize("options", [JIT, ("--dependences",), ("--native",)])
def test_loops_that_say_nothing_about_a_port(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    port: str,
    options: tuple[str, ...],
):
    broken = tmp_path / "broken"
    shutil.copytree(project, broken)
    path = stage_path(broken, LOOPS)
    image = rf"  binvit\.memory_image @{port} .*?\n  }}\n"
    text, count = re.subn(image, "", path.read_text(), flags=re.DOTALL)
    assert count == 1
    path.write_text(text)
    assert tool(vaqf_sim.main, str(broken), *options) == 1
    assert f"nothing says what is behind the port '{port}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--bits", "1", *DEFAULTS], id="1 bit"),
        pytest.param(["--bits", "4", *DEFAULTS], id="4 bits"),
        pytest.param(["--bits", "16", *DEFAULTS], id="16 bits"),
        pytest.param(["--allocate", "uram=1", "--board", "kv260", *DEFAULTS], id="UltraRAM"),
        pytest.param(
            ["--tile", "binary-m=24 binary-n=64 int8-m=24 int8-n=32", "--unroll", "lanes=8 keys=3"],
            id="tiles that do not divide the shapes",
        ),
        pytest.param(
            [
                "--tile",
                "binary-m=32 binary-n=32 int8-m=16 int8-n=16",
                "--unroll",
                "binary-m=8 binary-n=16 binary-results=2 int8-m=4 int8-n=8 int8-results=1 lanes=4 "
                "keys=1",
            ],
            id="part of a tile and few results a cycle",
        ),
        pytest.param(["--tile", "binary-m=32 binary-n=256 int8-n=64"], id="rows of several words"),
    ],
)
def test_every_configuration_is_bit_exact(tmp_path: Path, arguments: list[str]):
    compile_small(tmp_path / "build", *arguments)
    assert tool(vaqf_sim.main, str(tmp_path / "build"), "--native") == 0
    assert tool(vaqf_sim.main, str(tmp_path / "build"), "--engine", "jit") == 0


@pytest.mark.parametrize(
    ("port", "position", "layer"),
    [
        pytest.param(
            "binary_linear_weights", 0.51, "014-model.vit.layers.1.attention.q_proj", id="signs"
        ),
        pytest.param("int8_linear_weights", 0.01, "003-model.vit.embeddings", id="patches"),
        pytest.param("parameters", 0.0, "001-load_rows: element [0, 0]", id="the class token"),
    ],
)
def test_a_flipped_byte_is_found(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    port: str,
    position: float,
    layer: str,
):
    broken = tmp_path / "broken"
    shutil.copytree(project, broken)
    path = broken / "data" / f"{port}.bin"
    contents = read_port_file(path, port, 128).copy()
    contents[int(position * len(contents)) | 1] ^= 0xFF
    write_port_file(path, port, 128, contents)
    for engine in (["--native"], ["--engine", "jit"]):
        assert tool(vaqf_sim.main, str(broken), *engine) == 1
        assert f"FAIL: first difference in layer {layer}" in capsys.readouterr().err


def test_the_weights_file_holds_the_signs_of_the_model(project: Path):
    loops = read_module(make_context(), stage_path(project, LOOPS))
    port = "binary_linear_weights"
    contents = read_port_file(project / "data" / f"{port}.bin", port, 128)
    weights = load_file(project / "ir" / "model.safetensors")
    found = 0
    for op, matrix in unpack_image(memory_images(loops)[port], contents):
        quantize = op.input.owner
        assert isinstance(quantize, QuantizeOp)
        parameter = quantize.input.owner
        assert isinstance(parameter, ParameterOp)
        expected = np.where(weights[parameter.parameter.data] >= 0, 1, -1)
        np.testing.assert_array_equal(matrix, expected)
        found += matrix.size
    assert found == 8 * len(contents)  # one bit each


@pytest.mark.parametrize("engine", ["csim", "jit"])
def test_a_dump_has_every_layer_of_both(project: Path, tmp_path: Path, engine: str):
    arguments = ["--native", "--engine", engine, "--dump", str(tmp_path / "dump")]
    assert tool(vaqf_sim.main, str(project), *arguments) == 0
    found = {path.name: np.load(path) for path in (tmp_path / "dump" / engine).iterdir()}
    reference = {path.name: np.load(path) for path in (tmp_path / "dump" / "reference").iterdir()}
    assert len(found) == 24  # 23 layers and the logits
    for name, array in found.items():
        np.testing.assert_array_equal(array, reference[name])
    # What is computed on the way to a layer's result has the name of the operation too.
    fused = reference["008-model.vit.layers.0.attention.softmax.npy"]
    assert fused.shape == (2, 5, 5) and fused.min() >= 0
    assert not any((tmp_path / "dump").glob(".unfinished-*"))


def test_mapping_keeps_the_arithmetic(project: Path):
    context = make_context()
    image = np.random.default_rng(3).standard_normal((3, 16, 16)).astype(np.float32)
    quantized, mapped = (
        read_module(context, stage_path(project, stage)) for stage in (QUANTIZED, MAPPED)
    )
    weights = open_weights(mapped)
    before, after = (make_test_vector(model, image, weights) for model in (quantized, mapped))
    np.testing.assert_array_equal(before.logits, after.logits)
    assert not before.layers and len(after.layers) == 23


def test_a_wrong_operation_is_found(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    broken = tmp_path / "broken"
    shutil.copytree(project, broken)
    source = broken / "vaqf_top.cpp"
    text = source.read_text()
    broken_text = re.sub(r">> (u\d+\(shift\))", r">> (\1 + 1)", text, count=1)
    assert broken_text != text
    source.write_text(broken_text)
    (broken / "csim-native").unlink(missing_ok=True)
    assert tool(vaqf_sim.main, str(broken), "--native") == 1
    assert "FAIL: first difference in layer 003-" in capsys.readouterr().err


def test_the_testbench_checks_itself(project: Path):
    program = build_simulation(project, native=True)
    good = subprocess.run([program, project / "data"], capture_output=True, text=True)
    assert (good.returncode, good.stdout) == (0, "PASS: 10 logits equal the reference\n")
    missing = subprocess.run([program, project / "nowhere"], capture_output=True, text=True)
    assert missing.returncode == 2
    assert "image_port.bin: cannot be opened" in missing.stderr


def test_both_kinds_of_integers_compute_the_same(project: Path):
    context = make_context()
    model = read_module(context, stage_path(project, QUANTIZED))
    loops = read_module(context, stage_path(project, LOOPS))
    weights = open_weights(model)
    image = np.random.default_rng(9).standard_normal((3, 16, 16)).astype(np.float32)
    vector = make_test_vector(model, image, weights)
    found = [
        simulate(project, build_simulation(project, native=native), loops, weights, vector).logits
        for native in (False, True)
    ]
    np.testing.assert_array_equal(found[0], found[1])


def test_each_stage_can_be_fed_back(project: Path):
    context = make_context()
    pipelines = stage_pipelines(Options(tile=DEFAULTS[1], unroll=DEFAULTS[3]))
    previous = TORCH
    for stage in (MODEL, QUANTIZED, MAPPED, LOOPS):
        module = read_module(context, stage_path(project, previous))
        run_passes(context, module, pipelines[stage])
        expected = read_module(context, stage_path(project, stage))
        assert str_of(module) == str_of(expected)
        previous = stage


def str_of(module: ModuleOp) -> str:
    out = StringIO()
    Printer(out).print_op(module)
    return out.getvalue()


def test_loops_are_valid_in_upstream_mlir(project: Path):
    from torch_mlir import ir

    module = read_module(make_context(), stage_path(project, LOOPS))
    out = StringIO()
    Printer(out, print_generic_format=True).print_op(module)
    with ir.Context() as upstream:
        upstream.allow_unregistered_dialects = True  # vhls and binvit are ours
        parsed = ir.Module.parse(out.getvalue())
        assert parsed.operation.verify()
        unknown = {
            op.name
            for op in walk(parsed.operation)
            if not upstream.is_registered_operation(op.name)
        }
    assert {name.partition(".")[0] for name in unknown} == {"vhls", "binvit"}


def test_every_loop_with_a_run_time_bound_says_its_trip_count(project: Path):
    module = read_module(make_context(), stage_path(project, LOOPS))
    loops = [op for op in module.walk() if isinstance(op, scf.ForOp)]
    variable = [op for op in loops if not isinstance(op.ub.owner, arith.ConstantOp)]
    assert variable
    for op in variable:
        first = list(op.body.block.ops)[:2]
        assert any(isinstance(pragma, vhls.LoopTripcountOp) for pragma in first), str(op)


def walk(operation: Any) -> Iterator[Any]:
    for region in operation.regions:
        for block in region:
            for op in block.operations:
                yield op.operation
                yield from walk(op.operation)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fps", "1", "--tile", "binary-m=32", "--unroll", "lanes=8"],
        ["--fps", "1", "--tile", "binary-n=1024", "--unroll", "binary-results=2"],
        ["--fps", "1", "--unroll", "int8-m=2"],
    ],
)
def test_what_a_search_may_complete_is_not_refused(arguments: list[str]):
    options = dict(pairwise(arguments))
    given = Options(tile=options.get("--tile", ""), unroll=options.get("--unroll", ""))
    check_parameters(given, searches=True)


def test_missing_project_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert tool(vaqf_sim.main, str(tmp_path)) == 1
    assert "is missing; run vaqf-compile first" in capsys.readouterr().err


RATES = "--fps must be a number of images a second in 0.001..1000000, or 'max'"
PUBLISHED = ("--profile", "vaqf2022")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bits", "0"], "--bits must be in 1..16, got 0"),
        (["--tile", "binary-n=48"], "choose a power of two"),
        (["--tile", "binary-m=0"], "@binary_linear: tile sizes must be in 1..4096, got 0"),
        (["--tile", "binary-n=-1"], "@binary_linear: tile sizes must be in 1..4096, got -1"),
        (["--tile", "int8-m=5000"], "@int8_linear: tile sizes must be in 1..4096, got 5000"),
        (["--tile", "int8-n=8"], "8 input channels do not take a whole word of the image"),
        (["--tile", "binary-m=4096 binary-n=1024"], "takes 32768 words of registers; choose a"),
        (["--tile", "binary-m=1 binary-n=64"], "does not fill 128-bit words; make its height a"),
        (["--fps", "9", "--tile", "binary-m=0"], "tile sizes must be in 1..4096, got 0"),
        (["--fps", "9", "--tile", "binary-n=48"], "choose a power of two"),
        (["--fps", "9", "--unroll", "keys=0"], "keys must be in 1..512, got 0"),
        (["--fps", "9", "--unroll", "int8-m=0"], "channels a cycle must be at least 1, got 0"),
        (["--fps", "9", "--unroll", "int8-results=3"], "3 results a cycle do not divide any num"),
        (["--fps", "9", "--tile", "int8-m=30", "--unroll", "lanes=8"], "tile height, 30, must"),
        (["--sweep", "bits", "--tile", "binary-m=0"], "tile sizes must be in 1..4096, got 0"),
        (["--sweep", "bits", "--unroll", "keys=0"], "keys must be in 1..512, got 0"),
        (["--unroll", "keys=0"], "keys must be in 1..512, got 0"),
        (["--unroll", "keys=513"], "keys must be in 1..512, got 513"),
        (["--unroll", "lanes=5"], "lanes must be 4, 8, 16 or 32, got 5"),
        (["--allocate", "uram=2"], "uram must be 0 or 1, got 2"),
        (["--allocate", "uram=1"], "ZCU102 has no UltraRAM; leave uram=1 out"),
        (["--fps", "9", "--allocate", "uram=1"], "ZCU102 has no UltraRAM; leave uram=1 out"),
        (["--unroll", "lanes=32"], "@int8_linear: input channels a cycle, 16, must be a multiple"),
        (["--unroll", "binary-m=0"], "output channels a cycle must be at least 1, got 0"),
        (["--unroll", "binary-m=36"], "36 output channels a cycle do not divide the tile's 96"),
        (["--unroll", "int8-results=-1"], "-1 results a cycle do not divide the 16 lanes"),
        (["--unroll", "nonsense=5"], "pass 'binvit-unroll': Provided arguments [\"nonsense\"]"),
        (["--unroll", "keys=true"], "pass 'binvit-unroll': option 'keys' must be a whole n"),
        (["--fps", "9", "--unroll", "keys=true"], "option 'keys' must be a whole number, got true"),
        (["--fps", "9", "--tile", "binary-m=8},x{"], "expected options of binvit-tile alone"),
        (["--calibration", "nowhere.npy"], "cannot read calibration images"),
        (["--weights", "nowhere"], "weights file 'nowhere' does not exist"),
        (["--fps", "1e20"], f"{RATES}, got '1e20'"),
        (["--fps", "0.00001"], f"{RATES}, got '0.00001'"),
        (["--fps", "nan"], f"{RATES}, got 'nan'"),
        (["--fps", "-1"], f"{RATES}, got '-1'"),
        (["--fps", "Max"], f"{RATES}, got 'Max'; did you mean 'max'?"),
        (["--clock-mhz", "nan"], "--clock-mhz must be in 1..1000, got nan"),
        (["--clock-mhz", "inf"], "--clock-mhz must be in 1..1000, got inf"),
        (["--clock-mhz", "0"], "--clock-mhz must be in 1..1000, got 0"),
        (["--clock-mhz", "-5"], "--clock-mhz must be in 1..1000, got -5"),
        (["--sweep", "bits", "--clock-mhz", "nan"], "--clock-mhz must be in 1..1000, got nan"),
        (["--sweep", "bits", "--tile", "binary-q=8"], "pass 'binvit-tile': Provided arguments"),
        (
            ["--sweep", "bits", "--unroll", "keys=x"],
            "pass 'binvit-unroll': option 'keys' must be a whole number, got x",
        ),
        (["--sweep", "bits", "--weights", "nowhere"], "weights file 'nowhere' does not exist"),
        (["--sweep", "bits", "--calibration", "nowhere.npy"], "cannot read calibration images"),
        (["--sweep", "bits,board", *PUBLISHED], "knows no other board or clock"),
        (["--sweep", "bits", "--clock-mhz", "100", *PUBLISHED], "knows no other board or clock"),
        (["--sweep", "bits", "--tile", "binary-m=8", *PUBLISHED], "has tiles of its own; leave"),
        (["--sweep", "bits", "--unroll", "keys=2", *PUBLISHED], "has tiles of its own; leave"),
    ],
)
def test_bad_options_are_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
):
    source = f"{MODEL_FILE}:build"
    shape = ("--input-shape", "1x3x16x16")
    target = str(tmp_path / "build")
    assert tool(vaqf_compile.main, source, *shape, "-o", target, *arguments) == 1
    output = capsys.readouterr()
    assert message in output.err and "Traceback" not in output.err
    assert not output.out  # no step was begun
    assert not any(tmp_path.iterdir())


def test_what_was_there_before_a_failure_stays(tmp_path: Path):
    (tmp_path / "old").write_text("mine")
    source = f"{MODEL_FILE}:build"
    arguments = ["--input-shape", "1x3x16x16", "--tile", "binary-n=48"]
    for target in (tmp_path, tmp_path / "new" / "deep"):
        assert tool(vaqf_compile.main, source, *arguments, "-o", str(target)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


SELECT = ("--bits", "4", "--board")


def test_a_selection_that_breaks_its_promise_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    fastest = compile_small(tmp_path / "fastest", "--fps", "max", *SELECT, "kv260")
    report = json.loads((fastest / "report.json").read_text())
    # Beside weights so small, biases are so great that sums and shifts are wider than usual.
    weights = load_file(fastest / "ir" / "model.safetensors")
    for name in [name for name in weights if name.endswith("fc1.weight")]:
        weights[name] = weights[name] * np.float32(1e-12)
    save_file(weights, tmp_path / "small.safetensors")
    # A board that is used up.
    text = (files("vaqf_compiler.boards") / "kv260.toml").read_text()
    full = text.partition("[usable]")[0]
    for name, resource in report["resources"].items():
        full = re.sub(rf"(?m)^{name} = .*$", f"{name} = {math.ceil(resource['used'])}", full)
    usable = "".join(f"{name} = 1.0\n" for name in report["resources"])
    memory = text[text.index("[memory]") :]
    (tmp_path / "full.toml").write_text(f"{full}[usable]\n{usable}\n{memory}")
    compile_small(tmp_path / "full", "--fps", "max", *SELECT, f"{tmp_path}/full.toml")

    source = f"{MODEL_FILE}:build"
    shape = ("--input-shape", "1x3x16x16", "--weights", f"{tmp_path}/small.safetensors")
    out = ("-o", f"{tmp_path}/out")
    arguments = (*shape, *out, "--fps", "max", *SELECT, f"{tmp_path}/full.toml")
    assert tool(vaqf_compile.main, source, *arguments) == 1
    captured = capsys.readouterr()
    assert "error: the accelerator that was selected does not fit KV260: " in captured.err
    assert "warning" not in captured.out
    assert not (tmp_path / "out").exists()
    # No weights are known with which one is too slow.
    fps = report["performance"]["fps"]
    check_selection(report, fps)
    with pytest.raises(UserError, match=r"selected .* images a second, not "):
        check_selection(report, fps * 1.01)

    # Parameters by hand are the user's: what does not fit is only said.
    arguments = (*shape, *out, *SELECT, f"{tmp_path}/full.toml", "--unroll", "keys=64")
    assert tool(vaqf_compile.main, source, *arguments) == 0
    assert "warning: does not fit KV260" in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.parametrize("model", ["deit-tiny", "deit-small"])
def test_real_models_are_bit_exact(tmp_path: Path, model: str):
    assert tool(vaqf_compile.main, model, "-o", str(tmp_path)) == 0
    assert tool(vaqf_sim.main, str(tmp_path), "--native") == 0
    assert tool(vaqf_sim.main, str(tmp_path), "--engine", "jit") == 0


@pytest.mark.long
def test_deit_tiny_is_bit_exact_with_amd_headers(tmp_path: Path):
    assert tool(vaqf_compile.main, "deit-tiny", "-o", str(tmp_path)) == 0
    assert tool(vaqf_sim.main, str(tmp_path)) == 0


def test_weights_that_are_not_finite_are_refused(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    broken = tmp_path / "broken"
    shutil.copytree(project / "ir", broken)
    weights = load_file(broken / "model.safetensors")
    weights["model.vit.layernorm.bias"][3] = np.nan
    save_file(weights, broken / "model.safetensors")
    module = read_module(make_context(), broken / MODEL)
    with pytest.raises(UserError, match=r"tensor 'model\.vit\.layernorm\.bias' .* not finite"):
        run_passes(make_context(), module, "binvit-quantize")
    capsys.readouterr()


def test_the_makefile_says_what_it_needs(project: Path):
    result = subprocess.run(["make", "-B", "csim"], cwd=project, capture_output=True, text=True)
    assert result.returncode != 0
    assert "AP_TYPES=DIR must name the directory of ap_int.h" in result.stdout
