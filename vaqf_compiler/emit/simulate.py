"""Simulation of a written project, compared with the reference of its quantised model."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.emit.jit import run_jit
from vaqf_compiler.emit.packing import WORD_BYTES, fill_image, memory_images
from vaqf_compiler.emit.project import DATA, IMAGE_PORT, TestVector
from vaqf_compiler.errors import UserError
from vaqf_compiler.reference.interpreter import Weights


@dataclass(frozen=True)
class Comparison:
    """Logits of the simulation beside those of the reference."""

    found: NDArray[np.int64]
    expected: NDArray[np.int64]

    @property
    def first_difference(self) -> int | None:
        """The index of the first logit that differs."""
        different = np.flatnonzero(self.found != self.expected)
        return int(different[0]) if different.size else None


def ap_types_directory() -> Path:
    """
    The directory of AMD's `ap_int.h`, which the package hls4ml ships.
    Raises UserError where it is not installed.
    """
    spec = find_spec("hls4ml")
    if spec is None or spec.origin is None:
        raise UserError("AMD's ap_int headers were not found; install the package hls4ml")
    return Path(spec.origin).parent / "templates" / "vivado" / "ap_types"


def build_simulation(project: Path, *, native: bool) -> Path:
    """
    Compile the project for C simulation, with AMD's headers or with native integers; the path of
    the program. Raises UserError with the compiler's message where that fails.
    """
    program = "csim-native" if native else "csim"
    command = ["make", "-C", str(project), program, f"AP_TYPES={ap_types_directory()}"]
    command += ["CXXFLAGS=-O3 -march=native"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise UserError(f"cannot compile '{project}':\n{result.stdout}{result.stderr}".rstrip())
    return project / program


def simulate(
    project: Path, program: Path, loops: ModuleOp, weights: Weights, vector: TestVector
) -> Comparison:
    """
    Run a compiled simulation on an image. Raises UserError where the program fails otherwise than
    by wrong logits.
    """
    image = memory_images(loops).get(IMAGE_PORT)
    if image is None:
        raise UserError("the loops IR says nothing about the image port; compile the model again")
    with tempfile.TemporaryDirectory(dir=project, prefix=".simulation-") as directory:
        data = Path(directory)
        for path in (project / DATA).glob("*.bin"):
            (data / path.name).symlink_to(path.resolve())
        for name, contents in {
            IMAGE_PORT: fill_image(image, weights, [vector.image]),
            "logits": vector.logits.astype("<i8"),
        }.items():
            path = data / f"{name}.bin"
            path.unlink(missing_ok=True)
            contents.tofile(path)
        (data / "found.bin").unlink(missing_ok=True)
        code, message = _run([str(program.resolve()), str(data)])
        if code not in (0, 1):
            raise UserError(f"the simulation failed with exit code {code}: {message}")
        found = np.fromfile(data / "found.bin", dtype="<i8")
    return Comparison(found[: len(vector.logits)], vector.logits)


def _run(command: Sequence[str]) -> tuple[int, str]:
    """Run a program that takes long, showing the time that has passed."""
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
        tqdm(desc="simulating", unit="s", bar_format="{desc}: {elapsed}", disable=None) as bar,
    ):
        while True:
            try:
                output, _ = process.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                bar.update()
    return process.returncode, output.strip()


def simulate_jit(
    project: Path, loops: ModuleOp, weights: Weights, vector: TestVector
) -> Comparison:
    """Run the loops IR by MLIR's JIT on an image and the packed files of the project."""
    contents = {
        name: fill_image(image, weights, [vector.image])
        if name == IMAGE_PORT
        else _read_port(project / DATA / f"{name}.bin", image.words.value.data * WORD_BYTES)
        for name, image in memory_images(loops).items()
    }
    (found,) = run_jit(loops, contents).values()
    return Comparison(found[: len(vector.logits)], vector.logits)


def _read_port(path: Path, size: int) -> NDArray[np.uint8]:
    """A packed file. Raises UserError where it is missing or of another size."""
    if not path.is_file() or path.stat().st_size != size:
        raise UserError(f"'{path}' is missing, or not of {size} bytes; compile the model again")
    return np.fromfile(path, dtype=np.uint8)
