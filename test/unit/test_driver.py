"""The driver that a project brings: by C simulation, and as on a board."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import emulated_pynq
import numpy as np
import pytest
from compile_cpp import COMPILERS
from numpy.typing import NDArray
from PIL import Image
from small_project import DEFAULTS, compile_small, tool

from vaqf_compiler.cli import vaqf_compile
from vaqf_compiler.emit.packing import fill_image, memory_images
from vaqf_compiler.emit.project import make_test_vector
from vaqf_compiler.pipeline import make_context, read_module
from vaqf_compiler.stages import LOOPS, MAPPED, stage_path
from vaqf_compiler.weights import open_weights

SHAPE = (3, 16, 16)


def built(directory: Path, *arguments: str) -> Path:
    compile_small(directory, *arguments)
    command = ["make", "-C", str(directory), "libvaqf_csim.so", "CXXFLAGS=-O2 -Werror"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("project"), *DEFAULTS)


def driver_of(project: Path) -> Any:
    """The module `vaqf_driver` of a project, whose copy of `vaqf_images` it takes."""
    images = spec_from_file_location("vaqf_images", project / "vaqf_images.py")
    assert images is not None and images.loader is not None
    sys.modules["vaqf_images"] = module_from_spec(images)
    images.loader.exec_module(sys.modules["vaqf_images"])
    spec = spec_from_file_location("vaqf_driver", project / "vaqf_driver.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def example_of(project: Path) -> Any:
    """The module `example` of a project."""
    sys.modules["vaqf_driver"] = driver_of(project)
    spec = spec_from_file_location("example", project / "example.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def image_of(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


def run_example(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "example.py", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


# Patches of 192 pixels fill rows of 16 and 64, and do not fill rows of 128.
@pytest.mark.parametrize(
    "arguments",
    [DEFAULTS, ["--tile", "int8-n=64", "--bits", "4"], ["--tile", "int8-n=128"]],
    ids=["16 pixels a row", "64 pixels a row", "128 pixels a row"],
)
def test_logits_are_those_of_the_reference(tmp_path: Path, arguments: list[str]) -> None:
    project = built(tmp_path / "build", *arguments)
    accelerator = driver_of(project).Accelerator.simulated(project)
    assert accelerator.check()
    model = read_module(make_context(), stage_path(project, MAPPED))
    loops = read_module(make_context(), stage_path(project, LOOPS))
    weights = open_weights(model)
    scale = json.loads((project / "accelerator.json").read_text())["logits"]["scale"]
    for seed in (11, 12):
        image = image_of(seed) * 3  # some pixels saturate
        vector = make_test_vector(model, image, weights)
        np.testing.assert_array_equal(accelerator.quantize(image), vector.image)
        packed = fill_image(memory_images(loops)["image_port"], weights, [vector.image])
        np.testing.assert_array_equal(accelerator.pack(vector.image), packed)
        np.testing.assert_array_equal(accelerator.integer_logits(image), vector.logits)
        np.testing.assert_array_equal(accelerator.logits(image), vector.logits * scale)


def test_pixels_are_rounded_to_even(project: Path) -> None:
    accelerator = driver_of(project).Accelerator.simulated(project)
    scale = json.loads((project / "accelerator.json").read_text())["image"]["scale"]
    image = np.zeros(SHAPE)
    image[0, 0, :8] = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 126.5, 1e6, -1e6]) * scale
    found = accelerator.quantize(image)[0, 0, :8]
    np.testing.assert_array_equal(found, [0, 2, 2, 0, -2, 126, 127, -128])


def test_a_wrong_weight_is_found_by_the_check(project: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(project, tmp_path / "broken"))
    source = broken / "vaqf_top.cpp"
    text = source.read_text()
    broken_text = re.sub(r">> (u\d+\(shift\))", r">> (\1 + 1)", text, count=1)
    assert broken_text != text
    source.write_text(broken_text)
    subprocess.run(["make", "-C", broken, "libvaqf_csim.so"], check=True, capture_output=True)
    done = run_example(broken)
    assert (done.returncode, done.stdout) == (1, "FAIL: the test image's logits\n")


def emulate(
    monkeypatch: pytest.MonkeyPatch,
    project: Path,
    tmp_path: Path,
    base: int = emulated_pynq.HIGH_MEMORY,
    **options: Any,
) -> Path:
    """A package pynq for the accelerator of a project, with memory from `base` on; a bitstream."""
    facts = json.loads((project / "accelerator.json").read_text())
    pynq = ModuleType("pynq")
    ports = [port["name"] for port in facts["ports"]]
    library = project.resolve() / "libvaqf_csim.so"
    memory = emulated_pynq.Memory(base)
    bits = emulated_pynq.Bitstream(library, facts["top"], ports, **options)
    vars(pynq)["Overlay"] = bits.overlay(memory)
    vars(pynq)["allocate"] = memory.allocate
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    bitstream = tmp_path / "vaqf.bit"
    bitstream.touch()
    return bitstream


@pytest.mark.parametrize(
    ("names", "base"),
    [
        (emulated_pynq.VITIS_HLS, emulated_pynq.HIGH_MEMORY),
        (emulated_pynq.VIVADO_HLS, emulated_pynq.HIGH_MEMORY),
        (["{}"], emulated_pynq.LOW_MEMORY),
        (["{}_V"], emulated_pynq.LOW_MEMORY),
        (["{}_offset"], emulated_pynq.LOW_MEMORY),
    ],
)
def test_the_board_computes_what_the_simulation_computes(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], base: int
) -> None:
    bitstream = emulate(monkeypatch, project, tmp_path, base, names=names)
    driver = driver_of(project)
    board = driver.Accelerator.on_board(bitstream, project)
    simulated = driver.Accelerator.simulated(project)
    assert board.check()
    for seed in (1, 2, 3):
        image = image_of(seed)
        np.testing.assert_array_equal(board.logits(image), simulated.logits(image))


def test_an_accelerator_that_hangs_is_noticed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bitstream = emulate(monkeypatch, project, tmp_path, delay=1 << 60)
    driver = driver_of(project)
    backend = driver.Board(bitstream, "vaqf_top", timeout_s=0.01)
    with pytest.raises(driver.DriverError, match=r"did not end within 0\.01 s"):
        driver.Accelerator(backend, project).check()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["{}"], "the register for the address of image_port has 32 bits, too few for 0x800000000"),
        (["{}_data"], "the accelerator has no register for the address of image_port"),
    ],
)
def test_an_address_without_a_register_is_refused(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    message: str,
) -> None:
    bitstream = emulate(monkeypatch, project, tmp_path, names=names)
    driver = driver_of(project)
    with pytest.raises(driver.DriverError, match=message):
        driver.Accelerator.on_board(bitstream, project).check()


def test_a_block_without_control_register_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bitstream = emulate(monkeypatch, project, tmp_path)
    driver = driver_of(project)
    board = driver.Board(bitstream, "vaqf_top")
    del board._registers["CTRL"]
    with pytest.raises(driver.DriverError, match="has no control register"):
        driver.Accelerator(board, project).check()


def test_another_bitstream_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bitstream = emulate(monkeypatch, project, tmp_path)
    driver = driver_of(project)
    with pytest.raises(driver.DriverError, match=r"has 0 blocks other_top, expected one"):
        driver.Board(bitstream, "other_top")
    with pytest.raises(driver.DriverError, match=r"none\.bit' is missing; run build_bitstream"):
        driver.Board(tmp_path / "none.bit", "vaqf_top")


@pytest.mark.parametrize(
    ("position", "message"),
    [
        (-1, "is damaged, or not of this accelerator; compile the model again"),
        (28, "is damaged, or not of this accelerator; compile the model again"),
        (31, "is damaged, or not of this accelerator; compile the model again"),
        (40, "is not the file of port parameters; compile the model again"),
    ],
    ids=["contents", "the zero", "the end of the zero", "name of the port"],
)
def test_a_damaged_file_is_refused(
    project: Path, tmp_path: Path, position: int, message: str
) -> None:
    broken = Path(shutil.copytree(project, tmp_path / "broken"))
    path = broken / "data" / "parameters.bin"
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    driver = driver_of(broken)
    with pytest.raises(driver.DriverError, match=message):
        driver.Accelerator.simulated(broken)
    path.write_bytes(b"VAQF")
    with pytest.raises(driver.DriverError, match="is damaged, or not of this accelerator"):
        driver.Accelerator.simulated(broken)


def test_a_library_of_other_sources_is_refused(project: Path, tmp_path: Path) -> None:
    stale = Path(shutil.copytree(project, tmp_path / "stale"))
    driver = driver_of(stale)
    assert driver.Accelerator.simulated(stale).check()
    message = "error: 'libvaqf_csim.so' was not made of the sources beside it; run make -B "
    for name in driver.LIBRARY_SOURCES:
        text = (stale / name).read_text()
        (stale / name).write_text(text + "\n")
        done = run_example(stale)
        assert (done.returncode, done.stderr) == (1, f"{message}libvaqf_csim.so\n")
        (stale / name).write_text(text)
    assert run_example(stale).returncode == 0
    # What the message says is enough, whatever the times of the files are.
    (stale / "vaqf_types.h").write_text((stale / "vaqf_types.h").read_text() + "\n")
    (stale / "libvaqf_csim.so").touch()
    subprocess.run(["make", "-B", "-C", stale, "libvaqf_csim.so"], check=True, capture_output=True)
    assert run_example(stale).returncode == 0
    (stale / "vaqf_trace.h").unlink()
    assert run_example(stale).stderr.startswith("error: cannot read 'vaqf_trace.h': No such file")


@pytest.mark.long
def test_clang_makes_the_library(project: Path, tmp_path: Path) -> None:
    """Long because the first program that is linked waits for libc++ to be compiled."""
    copy = Path(shutil.copytree(project, tmp_path / "copy"))
    compiler = f"CXX={' '.join(COMPILERS['clang'])}"
    command = ["make", "-B", "-C", str(copy), "test", compiler, f"PYTHON={sys.executable}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "PASS: the test image's logits" in done.stdout, done.stderr


@pytest.mark.long
@pytest.mark.parametrize("model", ["deit-tiny", "deit-base"])
def test_real_models_answer_as_the_reference(tmp_path: Path, model: str) -> None:
    options = ("--fps", "max", "--bits", "8", "-o", str(tmp_path))
    assert tool(vaqf_compile.main, model, *options) == 0
    command = ["make", "-C", str(tmp_path), "test", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "PASS: the test image's logits" in done.stdout, done.stderr


def test_a_library_that_says_nothing_of_its_sources_is_refused(
    project: Path, tmp_path: Path
) -> None:
    older = Path(shutil.copytree(project, tmp_path / "older"))
    command = ["g++", "-shared", "-fPIC", "-DVAQF_NATIVE", "vaqf_top.cpp", "-o", "libvaqf_csim.so"]
    subprocess.run(command, cwd=older, check=True, capture_output=True)
    done = run_example(older)
    assert done.returncode == 1 and "was not made of the sources beside it" in done.stderr


MISSING = object()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"top": "other_top"}, "'libvaqf_csim.so' has no function other_top"),
        ({"top": "__init__()"}, "top must be a name, got '__init__()'"),
        ({"top": 3}, "top must be of type str, got 3"),
        ({"top": MISSING}, "top is missing"),
        ({"ports": {}}, "ports must be of type list, got {}"),
        ({"ports": []}, "image.port must be a port of kind image, got image_port"),
        ({"ports": [3]}, "ports[0] must be an object"),
        ({"ports.0": {}}, "ports[0].name is missing"),
        ({"ports.0.words": "48"}, "ports[0].words must be of type int, got '48'"),
        ({"ports.0.words": True}, "ports[0].words must be of type int, got True"),
        ({"ports.0.words": 47}, "port image_port is not as large as an image of [3, 16, 16]"),
        ({"ports.1.words": 10**15}, "ports[1].words must be from 1 to 268435456, got 1000000000"),
        ({"ports.1.words": -1}, "ports[1].words must be from 1 to 268435456, got -1"),
        ({"ports.1.word_bits": 0}, "ports[1].word_bits must be from 8 to 1024, got 0"),
        ({"ports.4.words": 9}, "port logits is too small for 10 logits"),
        ({"image": None}, "image must be of type dict, got None"),
        ({"image.port": "logits"}, "image.port must be a port of kind image, got logits"),
        ({"image.scale": "1"}, "image.scale must be of type float, got '1'"),
        ({"image.scale": 0}, "image.scale must be above 0, got 0"),
        ({"image.scale": float("nan")}, "image.scale must be above 0, got nan"),
        ({"image.maximum": 128}, "image.maximum must be from -128 to 127, got 128"),
        ({"image.shape": [3, 16]}, "image.shape must be channels, height and width, got [3, 16]"),
        ({"image.shape": [3, 16, "x"]}, "image.shape 2 must be of type int, got 'x'"),
        ({"image.preprocessing": None}, "image.preprocessing: must be an object, got None"),
        ({"image.preprocessing": {}}, "image.preprocessing: resize is missing"),
        ({"image.patch": 5}, "image.shape [3, 16, 16] is not divided by image.patch 5"),
        ({"logits.count": 0}, "logits.count must be from 1 to 268435456, got 0"),
    ],
)
def test_a_damaged_description_is_a_sentence(
    project: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    broken = Path(shutil.copytree(project, tmp_path / "broken"))
    facts = json.loads((broken / "accelerator.json").read_text())
    ((place, value),) = change.items()
    *path, last = (int(step) if step.isdigit() else step for step in place.split("."))
    changed = facts
    for step in path:
        changed = changed[step]
    if value is MISSING:
        del changed[last]
    else:
        changed[last] = value
    (broken / "accelerator.json").write_text(json.dumps(facts))
    done = run_example(broken)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert message in done.stderr and done.stderr.endswith("compile the model again\n")


def test_a_description_of_other_ports_is_not_that_of_the_library(project: Path, tmp_path: Path):
    broken = Path(shutil.copytree(project, tmp_path / "broken"))
    facts = json.loads((broken / "accelerator.json").read_text())
    del facts["ports"][1]
    (broken / "accelerator.json").write_text(json.dumps(facts))
    done = run_example(broken)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "was not made of the sources beside it" in done.stderr


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_description_is_a_sentence(project: Path, tmp_path: Path, text: bytes) -> None:
    broken = Path(shutil.copytree(project, tmp_path / "broken"))
    (broken / "accelerator.json").write_bytes(text)
    done = run_example(broken)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: 'accelerator.json' is damaged (")


@pytest.mark.parametrize("count", ["0", "-1"])
def test_at_least_one_class_is_shown(project: Path, count: str) -> None:
    done = run_example(project, "--top", count)
    assert done.returncode == 2
    assert f"argument --top: must be at least 1, got {count}" in done.stderr


NORMALISED = ("--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225")


def test_the_example_classifies_image_files(project: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "cat.png")
    np.save(tmp_path / "noise.npy", image_of(4))
    (tmp_path / "labels.txt").write_text("".join(f"label {i}\n" for i in range(10)))
    files = [str(tmp_path / name) for name in ("cat.png", "noise.npy")]
    done = run_example(project, *files, *NORMALISED, "--labels", str(tmp_path / "labels.txt"))
    assert done.returncode == 0, done.stderr
    driver = driver_of(project)
    accelerator = driver.Accelerator.simulated(project)
    centre = Image.fromarray(pixels).resize((16, 21), Image.Resampling.BICUBIC).crop((0, 2, 16, 18))
    scaled = np.asarray(centre) / np.float32(255)
    images = {
        "cat.png": ((scaled - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)).transpose(2, 0, 1),
        "noise.npy": image_of(4),
    }
    sections = done.stdout.replace(str(tmp_path), "").split("/")[1:]
    for (name, image), section in zip(images.items(), sections, strict=True):
        heading, *lines = section.splitlines()
        assert heading.startswith(f"{name}: ") and heading.endswith(" ms")
        logits = accelerator.logits(image)
        best = np.argsort(-logits, kind="stable")[:5]
        assert [line.split(None, 1)[1] for line in lines] == [f"label {i}" for i in best]
        np.testing.assert_allclose(
            [float(line.split()[0]) for line in lines], logits[best], 0, 1e-4
        )


@pytest.mark.parametrize("shape", [(3, 8, 16), (3, 16, 8), (3, 12, 12)])
def test_all_of_a_picture_with_the_proportions_of_the_model_is_taken(
    project: Path, tmp_path: Path, shape: tuple[int, int, int]
) -> None:
    _, height, width = shape
    picture = Image.new("RGB", (4 * width, 4 * height), (255, 255, 255))
    picture.paste((0, 0, 0), (8, 8, 4 * width - 8, 4 * height - 8))
    picture.save(tmp_path / "frame.png")
    given = Namespace(mean=(0.0,) * 3, std=(1.0,) * 3)
    preprocessing = example_of(project).given_preprocessing(given, shape)
    image = sys.modules["vaqf_images"].read_picture(tmp_path / "frame.png", shape, preprocessing)
    expected = np.ones(shape)
    expected[:, 2:-2, 2:-2] = 0
    np.testing.assert_array_equal(image.round(), expected)


def test_pictures_need_to_be_preprocessed_as_the_model_says(project: Path, tmp_path: Path) -> None:
    Image.new("RGB", (50, 20), (30, 100, 250)).save(tmp_path / "plain.png")
    done = run_example(project, str(tmp_path / "plain.png"))
    assert done.returncode == 1
    assert done.stderr == (
        f"error: the image '{tmp_path}/plain.png' cannot be preprocessed: the model says nothing "
        "of its preprocessing; give a .npy of what the model takes\n"
    )
    done = run_example(project, *NORMALISED[:2], str(tmp_path / "plain.png"))
    assert done.returncode == 2 and "--mean and --std go together" in done.stderr


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_that_is_no_numbers_is_refused(
    project: Path, tmp_path: Path, value: float
) -> None:
    image = image_of(1)
    image[0, 3, 3] = value
    np.save(tmp_path / "image.npy", image)
    done = run_example(project, str(tmp_path / "image.npy"))
    assert done.returncode == 1
    assert done.stderr == (
        f"error: the image '{tmp_path / 'image.npy'}' has values that are not finite\n"
    )


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--mean", "0.5,0.5"), "the mean must have a finite number for each of 3 channels"),
        (("--std", "nan,1,1"), "the std must have a finite number for each of 3 channels"),
        (("--std", "0,1,1"), "each std must be above 0"),
    ],
)
def test_what_no_image_is_normalised_by(
    project: Path, tmp_path: Path, option: tuple[str, str], message: str
) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "black.png")
    done = run_example(project, *NORMALISED, *option, str(tmp_path / "black.png"))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("none.npy", None, "cannot read the image"),
        ("none.png", None, "cannot read the image"),
        ("text.png", b"no image", "cannot read the image"),
        ("text.npy", b"no array", "cannot read the image"),
        ("empty.npy", b"", "cannot read the image"),
    ],
)
def test_what_is_no_image_is_a_sentence(
    project: Path, tmp_path: Path, name: str, contents: bytes | None, message: str
) -> None:
    if contents is not None:
        (tmp_path / name).write_bytes(contents)
    done = run_example(project, *NORMALISED, str(tmp_path / name))
    assert done.returncode == 1
    assert message in done.stderr and done.stderr.count("\n") == 1


def test_an_image_of_another_shape_is_a_sentence(project: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", np.zeros((3, 8, 8)))
    done = run_example(project, str(tmp_path / "image.npy"))
    assert done.returncode == 1
    assert done.stderr == "error: the image has shape (3, 8, 8), expected 3x16x16\n"


def test_what_was_not_made_is_said(project: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(project, tmp_path / "bare"))
    (bare / "libvaqf_csim.so").unlink()
    done = run_example(bare)
    assert done.returncode == 1 and "run make libvaqf_csim.so" in done.stderr
    done = run_example(bare, "--bitstream", "vaqf.bit")
    assert done.returncode == 1 and "run build_bitstream.tcl" in done.stderr


def test_the_testbench_finds_its_data_from_the_tools_directories(
    project: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(project, tmp_path / "copy"))
    subprocess.run(["make", "-C", copy, "csim-native"], check=True, capture_output=True)
    for directory in ("vaqf/solution1/csim/build", "vaqf_unified/hls/sim/wrapc"):
        (copy / directory).mkdir(parents=True)
        done = subprocess.run(
            [copy / "csim-native", "data"],
            cwd=copy / directory,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "PASS: 10 logits equal the reference\n")
