"""`vaqf-sim`: simulate a compiled accelerator and compare it with the reference, bit by bit."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from vaqf_compiler.cli.arguments import ArgumentParser, add_force, seed
from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.errors import UserError
from vaqf_compiler.output.directory import output_directory
from vaqf_compiler.output.kinds import DUMP
from vaqf_compiler.output.writing import writing
from vaqf_compiler.stages import LOOPS, MAPPED, MODEL, stage_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from xdsl.context import Context
    from xdsl.dialects.builtin import ModuleOp


def main() -> None:
    """Entry point."""
    raise SystemExit(report_errors(lambda: run(parse())))


def parse() -> argparse.Namespace:
    """The tool's arguments."""
    parser = ArgumentParser(prog="vaqf-sim", description=__doc__)
    parser.add_argument("project", type=Path, help="a directory that vaqf-compile wrote")
    parser.add_argument(
        "--image",
        type=Path,
        metavar="IMAGE",
        help="a picture, or a .npy file with a CxHxW image of floats (default: seeded noise)",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of the noise (default: 0)")
    parser.add_argument(
        "--engine",
        choices=["csim", "jit"],
        default="csim",
        help="compile and run the C++ (default), or run the loops IR by MLIR's JIT",
    )
    parser.add_argument(
        "--native",
        action="store_true",
        help="C++ with native integers instead of AMD's ap_int: same results, much faster",
    )
    parser.add_argument(
        "--dump",
        type=Path,
        metavar="DIRECTORY",
        help="write every intermediate tensor as .npy, of the reference and of the simulation",
    )
    parser.add_argument(
        "--dependences",
        action="store_true",
        help="run the loops IR on the project's test image by MLIR's JIT, and compare what "
        "vhls.dependence claims with the distances at which elements are accessed",
    )
    add_force(parser)
    arguments = parser.parse_args()
    others = (arguments.image, arguments.dump, arguments.native, arguments.seed)
    if arguments.dependences and any(others):
        parser.error("--dependences takes no --image, --seed, --native or --dump")
    return arguments


def run(arguments: argparse.Namespace) -> int:
    """Compile, simulate, compare. The exit code: 1 where anything differs."""
    if arguments.dependences:
        return _run_dependences(arguments.project)
    if arguments.dump is None:
        return _run(arguments, None)
    inputs = [] if arguments.image is None else [arguments.image]
    with output_directory(arguments.dump, DUMP, inputs=inputs, force=arguments.force) as directory:
        code = _run(arguments, directory)
    print(f"intermediate tensors are in {arguments.dump}")
    return code


def _run_dependences(project: Path) -> int:
    from vaqf_compiler.emit.dependences import dependence_table, measure_dependences
    from vaqf_compiler.emit.simulate import port_contents
    from vaqf_compiler.pipeline import make_context

    _check_stages(project, LOOPS)
    loops = _read_loops(make_context(), project)
    print(f"observing {stage_path(project, LOOPS)} in MLIR's JIT", flush=True)
    found = measure_dependences(loops, port_contents(project, loops))
    print(dependence_table(found))
    for each in found:
        if not each.holds:
            claimed = "none" if each.claim.distance is None else each.claimed
            print(
                f"FAIL: iterations that are {each.measured} apart access one element of "
                f"{each.subject}; {claimed} are claimed",
                file=sys.stderr,
            )
            return 1
    print(f"PASS: {len(found)} claims hold")
    return 0


def _check_stages(project: Path, *stages: str) -> None:
    for stage in stages:
        if not stage_path(project, stage).is_file():
            raise UserError(f"'{stage_path(project, stage)}' is missing; run vaqf-compile first")


def _read_loops(context: Context, project: Path) -> ModuleOp:
    """The loops IR, whose ports are checked before anything is compiled or run."""
    from vaqf_compiler.emit.project import port_images
    from vaqf_compiler.pipeline import read_module

    loops = read_module(context, stage_path(project, LOOPS))
    port_images(loops)
    return loops


def _run(arguments: argparse.Namespace, dump: Path | None) -> int:
    import numpy as np

    from vaqf_compiler.cost.report import activation_bits
    from vaqf_compiler.dialects.binvit.checks import shape_of
    from vaqf_compiler.dialects.binvit.model import model_function
    from vaqf_compiler.emit.project import make_test_vector
    from vaqf_compiler.emit.simulate import (
        build_simulation,
        first_mismatch,
        simulate,
        simulate_jit,
    )
    from vaqf_compiler.images import read_image
    from vaqf_compiler.pipeline import make_context, read_module
    from vaqf_compiler.weights import open_weights

    project: Path = arguments.project
    _check_stages(project, MAPPED, LOOPS)
    context = make_context()
    model = read_module(context, stage_path(project, MAPPED))
    loops = _read_loops(context, project)
    shape = shape_of(model_function(model).args[0])
    weights = open_weights(model)
    if arguments.image is None:
        image = np.random.default_rng(arguments.seed).standard_normal(shape).astype(np.float32)
    else:
        image = read_image(arguments.image, model, shape)

    started = time.monotonic()
    print(f"running the reference on {stage_path(project, MAPPED)}", flush=True)
    write = _writer(dump, "reference")
    vector = make_test_vector(model, image, weights, write)
    write("logits", vector.logits)
    steps = [("reference", time.monotonic() - started)]
    if arguments.engine == "jit":
        print(f"running {stage_path(project, LOOPS)} by MLIR's JIT", flush=True)
        started = time.monotonic()
        outcome = simulate_jit(project, loops, weights, vector)
    else:
        kind = "native integers" if arguments.native else "AMD's ap_int"
        print(f"compiling and running the C simulation with {kind}", flush=True)
        started = time.monotonic()
        program = build_simulation(project, native=arguments.native)
        steps.append(("compilation", time.monotonic() - started))
        started = time.monotonic()
        outcome = simulate(project, program, loops, weights, vector)
    steps.append(("simulation", time.monotonic() - started))
    print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps))
    write = _writer(dump, arguments.engine)
    for name, values in (*outcome.layers.items(), ("logits", outcome.logits)):
        write(name, values)
    mismatch = first_mismatch(outcome, vector)
    if stage_path(project, MODEL).is_file():
        from vaqf_compiler.quantize.fidelity import measure_fidelity

        floats = read_module(context, stage_path(project, MODEL))
        bits = activation_bits(model)
        fidelity = measure_fidelity(floats, model, bits, image, outcome.logits, weights)
        print(fidelity)
        if fidelity.warning is not None:
            print(f"warning: {fidelity.warning}")
    if mismatch is None:
        print(
            f"PASS: {len(vector.layers)} layers and all {len(vector.logits)} logits equal the "
            "reference, bit by bit"
        )
        return 0
    print(f"FAIL: {mismatch}", file=sys.stderr)
    return 1


def _writer(dump: Path | None, name: str) -> Callable[[str, NDArray[np.int64]], None]:
    """A function that writes an array to `<dump>/<name>`, or does nothing."""
    import numpy as np

    def write(tensor: str, values: NDArray[np.int64]) -> None:
        if dump is not None:
            path = dump / name / f"{tensor}.npy"
            kind = np.int32 if np.abs(values).max(initial=0) < 1 << 31 else np.int64
            content = BytesIO()
            np.save(content, values.astype(kind))
            with writing(path):
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content.getvalue())

    return write


if __name__ == "__main__":
    main()
