"""The commands that a project's README says to type: those for here are run, others compared."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from compile_cpp import AP_TYPES
from PIL import Image
from small_project import compile_small
from vendor_commands import SHELL, check_calls

VITIS = [
    "vitis-run --mode hls --csim --config hls_config.cfg --work_dir vaqf_unified",
    "v++ -c --mode hls --config hls_config.cfg --work_dir vaqf_unified",
    "vitis-run --mode hls --cosim --config hls_config.cfg --work_dir vaqf_unified",
    "vitis-run --mode hls --package --config hls_config.cfg --work_dir vaqf_unified",
    "vitis_hls -f run_hls.tcl",
]
BITSTREAM = ["vivado -mode batch -source build_bitstream.tcl"]
KERNEL = [
    "v++ -l -t hw --platform xilinx_u250_gen3x16_xdma_4_1_202210_1 --config link.cfg vaqf_top.xo "
    "-o vaqf.xclbin"
]
HERE = [
    "make sim-native",
    "make sim AP_TYPES=DIRECTORY_OF_AP_INT_H",
    "make libvaqf_csim.so",
    "python3 example.py",
    "python3 example.py cat.jpg --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5",
]
ON_BOARD = [
    "python3 example.py --bitstream vaqf.bit",
    "python3 example.py --bitstream vaqf.bit cat.jpg --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5",
]


def commands(text: str) -> list[str]:
    """Of the code blocks of a README, without comments."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def zynq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_small(tmp_path_factory.mktemp("zynq"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [*HERE, *VITIS, *BITSTREAM, *ON_BOARD]),
        (("--board", "u250"), [*HERE, *VITIS, *KERNEL]),
        (("--flow", "vivado-hls"), [*HERE, "vivado_hls -f run_hls.tcl", *BITSTREAM, *ON_BOARD]),
    ],
    ids=["zynq", "alveo", "vivado-hls"],
)
def test_commands_are_those_of_the_tools(
    zynq: Path, tmp_path: Path, options: tuple[str, ...], expected: list[str]
) -> None:
    project = compile_small(tmp_path, *options) if options else zynq
    readme = (project / "README.md").read_text()
    assert commands(readme) == expected
    inline = [f"vitis-run{rest}" for rest in re.findall(r"`vitis-run([^`]*)`", readme)]
    vendors = [line for line in (*expected, *inline) if not line.startswith(("make", "python3"))]
    check_calls(SHELL, [tuple(shlex.split(line)) for line in vendors])
    # Files say the same at their beginning.
    for name in ("hls_config.cfg", "run_hls.tcl", "build_bitstream.tcl"):
        if not (project / name).exists():
            continue
        for line in re.findall(r"^#   (\w.*)", (project / name).read_text(), re.MULTILINE):
            said = re.sub(r"  .*| \[.*", "", line)
            assert said in readme, line


def test_commands_for_here_do_what_they_say(zynq: Path) -> None:
    project = zynq
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(project / "cat.jpg")
    outputs: list[str] = []
    for command in commands((project / "README.md").read_text())[: len(HERE)]:
        line = command.replace("DIRECTORY_OF_AP_INT_H", str(AP_TYPES))
        words = [sys.executable if word == "python3" else word for word in shlex.split(line)]
        done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        outputs.append(done.stdout)
    native, exact, _, test_image, photograph = outputs
    for output in (native, exact):
        assert "PASS" in output
    assert test_image.startswith("PASS")
    assert re.fullmatch(r"cat\.jpg: [\d.]+ ms\n( +-?\d\.\d+  class \d\n){5}", photograph)
