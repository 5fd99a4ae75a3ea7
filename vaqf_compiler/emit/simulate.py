"""Simulation of a written project, compared with the reference of its quantised model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.emit.jit import run_jit
from vaqf_compiler.emit.packing import fill_image
from vaqf_compiler.emit.port_file import read_port_file
from vaqf_compiler.emit.process import failure, run_process
from vaqf_compiler.emit.project import DATA, TestVector, port_images, write_test_vector
from vaqf_compiler.engines.accelerator import IMAGE_PORT, LOGITS
from vaqf_compiler.errors import UserError
from vaqf_compiler.output.staging import unfinished_directory
from vaqf_compiler.reference.interpreter import Weights


@dataclass(frozen=True)
class Outcome:
    """The results of a simulation."""

    logits: NDArray[np.int64]
    layers: Mapping[str, NDArray[np.int64]]
    """What each layer wrote, under the names that `vhls.trace` gives them."""


@dataclass(frozen=True)
class Mismatch:
    """The first result that differs from the reference, in the order of computation."""

    layer: str | None
    """Name of the layer; None for the logits."""
    element: tuple[int, ...]
    found: int
    expected: int
    count: int
    """The number of elements of this result that differ."""

    def __str__(self) -> str:
        where = "the logits" if self.layer is None else f"layer {self.layer}"
        more = f"; {self.count} elements of it differ" if self.count > 1 else ""
        return (
            f"first difference in {where}: element {list(self.element)} is {self.found}, "
            f"expected {self.expected}{more}"
        )


def first_mismatch(outcome: Outcome, vector: TestVector) -> Mismatch | None:
    """
    Return where a simulation first differs from the reference, or None. Raises UserError if it has
    other layers than the reference.
    """
    if outcome.layers.keys() != vector.layers.keys():
        names = ", ".join(sorted(outcome.layers.keys() ^ vector.layers.keys()))
        raise UserError(f"loops and mapped model have different layers: {names}; compile again")
    pairs = [(name, outcome.layers[name], vector.layers[name]) for name in vector.layers]
    for name, found, expected in (*pairs, (None, outcome.logits, vector.logits)):
        different = np.argwhere(found != expected)
        if len(different):
            element = tuple(int(i) for i in different[0])
            return Mismatch(
                name, element, int(found[element]), int(expected[element]), len(different)
            )
    return None


def ap_types_directory() -> Path:
    """
    Return the directory of AMD's `ap_int.h`, which the package hls4ml contains. Raises UserError if
    it is not installed.
    """
    spec = find_spec("hls4ml")
    if spec is None or spec.origin is None:
        raise UserError("AMD's ap_int headers were not found; install the package hls4ml")
    return Path(spec.origin).parent / "templates" / "vivado" / "ap_types"


def build_simulation(project: Path, *, native: bool) -> Path:
    """
    Compile the project for C simulation, with AMD's headers or with native integers, and return the
    path of the program. Raises UserError with the compiler's message if that fails.
    """
    program = "csim-native" if native else "csim"
    command = ["make", "-C", str(project), program, "CXXFLAGS=-O3 -march=native"]
    # It is passed in the environment, because make leaves special characters of a path alone there.
    code, output = run_process(command, {"AP_TYPES": str(ap_types_directory())})
    if code:
        raise failure(project, f"cannot compile '{project}':\n", output)
    return project / program


def simulate(
    project: Path, program: Path, loops: ModuleOp, weights: Weights, vector: TestVector
) -> Outcome:
    """
    Run a compiled simulation on an image. Raises UserError if the program fails for another reason
    than wrong logits.
    """
    with (
        unfinished_directory(project) as data,
        tqdm(desc="simulating", unit="s", bar_format="{desc}: {elapsed}", disable=None) as bar,
    ):
        for path in (project / DATA).glob("*.bin"):
            (data / path.name).symlink_to(path.resolve())
        for name in (IMAGE_PORT, LOGITS, "found"):
            (data / f"{name}.bin").unlink(missing_ok=True)
        write_test_vector(data, loops, weights, vector)
        traces = data / "traces"
        traces.mkdir()
        command = [str(program.resolve()), str(data)]
        code, message = run_process(command, {"VAQF_TRACE": str(traces)}, bar.update)
        if code not in (0, 1):
            raise failure(project, f"the simulation failed with exit code {code}: ", message)
        found = np.fromfile(data / "found.bin", dtype="<i8")
        layers = {path.stem: np.load(path) for path in sorted(traces.glob("*.npy"))}
    return Outcome(found[: len(vector.logits)], layers)


def port_contents(project: Path, loops: ModuleOp) -> dict[str, NDArray[np.uint8]]:
    """Return the contents of the ports, including the test image, from the files of a project."""
    return {
        name: read_port_file(
            project / DATA / f"{name}.bin", name, WORD_BITS, image.words.value.data
        )
        for name, image in port_images(loops).items()
    }


def simulate_jit(project: Path, loops: ModuleOp, weights: Weights, vector: TestVector) -> Outcome:
    """Run the loops IR in MLIR's JIT on an image and the packed files of the project."""
    image = fill_image(port_images(loops)[IMAGE_PORT], weights, [vector.image])
    contents = {**port_contents(project, loops), IMAGE_PORT: image}
    results, layers = run_jit(loops, contents)
    (found,) = results.values()
    return Outcome(found[: len(vector.logits)], layers)
