"""`vaqf-compile`: from a model to the project of an accelerator."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from shlex import quote
from typing import Any

from vaqf_compiler.cli.arguments import ArgumentParser, add_force, input_files, integer, rational
from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.cli.vaqf_import import add_model_arguments
from vaqf_compiler.cost.report import report_of, report_table
from vaqf_compiler.cost.vaqf2022_module import check_published
from vaqf_compiler.emit.flow import Flow, flow_named
from vaqf_compiler.emit.scripts import check_flow
from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import load_board
from vaqf_compiler.images import read_images
from vaqf_compiler.limits import MAX, Target, check_clock, parse_target
from vaqf_compiler.output.directory import output_directory
from vaqf_compiler.output.kinds import PROJECT
from vaqf_compiler.output.writing import write_text
from vaqf_compiler.pipeline import (
    check_pipeline,
    make_context,
    read_module,
    run_passes,
    write_module,
)
from vaqf_compiler.stages import (
    MAPPED,
    MODEL,
    QUANTIZED,
    REPORT,
    TORCH,
    WEIGHTS,
    Options,
    check_memories,
    check_parameters,
    given_parameters,
    stage_path,
    stage_pipelines,
)
from vaqf_compiler.weights import WeightFile, open_weights


class Steps:
    """Prints what is being done, and how long it took."""

    def __init__(self, total: int):
        self.total = total
        self.done = 0
        self.started = time.monotonic()

    def begin(self, what: str) -> None:
        """Say what comes next."""
        self.done += 1
        seconds = time.monotonic() - self.started
        print(f"[{self.done}/{self.total}] {seconds:5.1f} s  {what}", flush=True)


def make_parser() -> argparse.ArgumentParser:
    """The tool's arguments."""
    parser = ArgumentParser(prog="vaqf-compile", description=__doc__)
    add_model_arguments(parser, required=False)
    parser.add_argument("-o", "--output-dir", type=Path, required=True, metavar="DIRECTORY")
    parser.add_argument(
        "--fps",
        metavar="N|max",
        help="images a second to reach: selects the highest precision that does, and the "
        "accelerator",
    )
    parser.add_argument(
        "--bits",
        type=integer,
        help="bits of activations, 1 to 16 (default: selected with --fps, else 8)",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="IMAGES.npy",
        help="images, NxCxHxW, to choose scales from (default: seeded noise)",
    )
    parser.add_argument(
        "--calibration-method",
        choices=["minmax", "percentile", "mse"],
        default="mse",
        help="how ranges are chosen from what is seen on the images (default: mse)",
    )
    parser.add_argument(
        "--tile", default="", metavar="OPTIONS", help="of binvit-tile, e.g. 'binary-m=96'"
    )
    parser.add_argument(
        "--unroll", default="", metavar="OPTIONS", help="of binvit-unroll, e.g. 'lanes=8 keys=4'"
    )
    parser.add_argument(
        "--allocate", default="", metavar="OPTIONS", help="of binvit-allocate, e.g. 'uram=1'"
    )
    parser.add_argument(
        "--board",
        default="zcu102",
        help="zcu102 (default), zcu104, kv260, u250, or a .toml file that describes one",
    )
    parser.add_argument("--clock-mhz", type=rational, help="the clock (default: the board's)")
    parser.add_argument(
        "--profile",
        choices=["calibrated", "vaqf2022"],
        default="calibrated",
        help="estimate this accelerator (default), or the one that the VAQF paper published",
    )
    parser.add_argument(
        "--flow",
        default="vitis-hls",
        metavar="vitis-hls|vivado-hls",
        help="the tool that the project is for: Vitis HLS (default), or Vivado HLS up to 2020.1",
    )
    parser.add_argument(
        "--no-check",
        action="store_true",
        help="do not compare the imported model with PyTorch, and say so in the report",
    )
    parser.add_argument(
        "--sweep",
        metavar="AXES",
        help="instead of a project, write a table and a plot of many: bits,board,fps, each maybe "
        "with values, as in bits=4..8,board=zcu102:u250,fps=24:30:max (also model=...)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="the Dask cluster that sweeps (default: local processes)",
    )
    parser.add_argument(
        "--compare-report",
        type=Path,
        metavar="csynth.xml",
        help="instead of compiling, print a report of Vitis HLS beside the estimate of the "
        "project that -o names, which was synthesised",
    )
    add_force(parser)
    return parser


def main() -> None:
    """Entry point."""
    raise SystemExit(report_errors(_main))


def _main() -> int:
    parser = make_parser()
    arguments = parser.parse_args()
    if arguments.compare_report is not None:
        given = {
            name for name, value in vars(arguments).items() if value != parser.get_default(name)
        }
        if others := given - {"compare_report", "output_dir"}:
            parser.error(f"--compare-report takes only -o, not {', '.join(sorted(others))}")
        return _compare(arguments)
    if arguments.model is None:
        parser.error("the following arguments are required: model")
    return run(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    """Print a synthesis report beside the estimate. The exit code."""
    from vaqf_compiler.synthesis.comparison import compare
    from vaqf_compiler.synthesis.project_estimate import read_estimate
    from vaqf_compiler.synthesis.table import comparison_table
    from vaqf_compiler.synthesis.vitis_report import read_report

    estimate = read_estimate(arguments.output_dir / REPORT)
    report = read_report(arguments.compare_report)
    print(comparison_table(compare(estimate, report), estimate, report))
    return 0


def run(arguments: argparse.Namespace) -> int:
    """Compile. The exit code."""
    options = Options(
        bits=arguments.bits,
        fps=None if arguments.fps is None else parse_target(arguments.fps, "--fps"),
        calibration=None if arguments.calibration is None else arguments.calibration.resolve(),
        method=arguments.calibration_method,
        tile=arguments.tile,
        unroll=arguments.unroll,
        allocate=arguments.allocate,
        board=_board(arguments.board),
        clock_mhz=arguments.clock_mhz,
        profile=arguments.profile,
    )
    flow = flow_named(arguments.flow)
    check_flow(load_board(options.board), flow)
    if options.bits is not None and not 1 <= options.bits <= 16:
        raise UserError(f"--bits must be in 1..16, got {options.bits}")
    if options.clock_mhz is not None:
        check_clock(options.clock_mhz, "--clock-mhz")
    searches = options.fps is not None or arguments.sweep is not None
    check_parameters(options, searches=searches)
    if arguments.sweep is None:
        check_memories(options)
    _check_files(arguments)
    if arguments.sweep is not None:
        return _sweep(arguments, options)
    if arguments.scheduler is not None:
        raise UserError("--scheduler is for --sweep")
    pipelines = stage_pipelines(options)
    for pipeline in pipelines.values():
        check_pipeline(pipeline)
    project: Path = arguments.output_dir
    inputs = input_files(arguments)
    with output_directory(project, PROJECT, inputs=inputs, force=arguments.force) as staged:
        _compile(arguments, options.fps, pipelines, flow, project, staged)
    print(f"done; vaqf-sim {quote(str(project))} simulates it, {project / REPORT} has the estimate")
    return 0


def _check_files(arguments: argparse.Namespace) -> None:
    """Raise UserError for files that cannot be used, which the compilation reads late."""
    if arguments.weights is not None:
        WeightFile(arguments.weights)
    if arguments.calibration is not None:
        read_images(arguments.calibration, "calibration images")


def _sweep(arguments: argparse.Namespace, options: Options) -> int:
    """Sweep. The exit code."""
    from vaqf_compiler.sweep import parse_axes, run_sweep
    from vaqf_compiler.sweep.evaluate import evaluate_point
    from vaqf_compiler.sweep.fingerprint import code_digest

    if options.bits is not None:
        raise UserError("--bits and --sweep: give the precisions as in --sweep bits=8")
    fps = MAX if options.fps is None else options.fps
    axes = parse_axes(arguments.sweep, model=arguments.model, board=options.board, fps=fps)
    shape = None if arguments.input_shape is None else tuple(arguments.input_shape)
    fixed = given_parameters(options)
    if options.profile == "vaqf2022":
        if fixed:
            raise UserError(
                "the accelerator of --profile vaqf2022 has tiles of its own; leave --tile, "
                "--unroll and --allocate out"
            )
        for board in axes.boards:
            check_published(board, options.clock_mhz)
    check = not arguments.no_check
    evaluate = partial(evaluate_point, input_shape=shape, fixed=fixed, check=check)
    run_sweep(
        axes,
        evaluate,
        arguments.output_dir,
        fingerprint=f"{version('vaqf-compiler')} {code_digest()} {shape} {fixed}",
        clock_mhz=options.clock_mhz,
        profile=options.profile,
        scheduler=arguments.scheduler,
        force=arguments.force,
    )
    print(f"done; {arguments.output_dir} has sweep.csv, sweep.json, selection.csv and the plot")
    return 0


def _board(source: str) -> str:
    """A board's name, or the whole path of its file; checked before anything is done."""
    load_board(source)
    return str(Path(source).resolve()) if source.endswith(".toml") else source


def _compile(
    arguments: argparse.Namespace,
    target: Target | None,
    pipelines: dict[str, str],
    flow: Flow,
    project: Path,
    staged: Path,
) -> None:
    """Fill the directory `staged`, which will become `project`."""
    steps = Steps(len(pipelines) + (4 if arguments.no_check else 5))
    steps.begin("loading PyTorch and the model")
    import numpy as np

    from vaqf_compiler.emit.project import SOURCE, make_test_vector, write_project
    from vaqf_compiler.importer.check import check_against_pytorch
    from vaqf_compiler.importer.models import load_model
    from vaqf_compiler.importer.write import write_model
    from vaqf_compiler.quantize.fidelity import measure_fidelity
    from vaqf_compiler.synthesis.estimates import estimate_functions, to_json

    model = load_model(
        arguments.model,
        input_shape=arguments.input_shape,
        weights=arguments.weights,
        seed=arguments.seed,
    )
    print(f"      {model.name}: {model.weights_note}")
    steps.begin(f"importing the model: {stage_path(project, TORCH)}")
    write_model(model, stage_path(staged, TORCH), WEIGHTS)

    context = make_context()
    module = read_module(context, stage_path(staged, TORCH))
    floats = quantized = module
    report: dict[str, Any] = {}
    check: dict[str, Any] = {"compared": False}
    parameters = sum(parameter.numel() for parameter in model.module.parameters())
    for stage, pipeline in pipelines.items():
        steps.begin(f"{pipeline.replace('{}', '')}: {stage_path(project, stage)}")
        run_passes(context, module, pipeline)
        write_module(module, stage_path(staged, stage))
        if stage == MODEL:
            floats = module.clone()
        if stage == MODEL and not arguments.no_check:
            steps.begin("comparing the model with PyTorch")
            comparison = check_against_pytorch(model, module, open_weights(module))
            print(f"      {comparison}")
            check = {"compared": True, **asdict(comparison)}
        if stage == QUANTIZED:
            quantized = module.clone()
        if stage == MAPPED:
            report = report_of(module, parameters)
            report["check"] = check
            if target is not None:
                check_selection(report, target)

    weights = open_weights(module)
    steps.begin("running the reference on a test image")
    noise = np.random.default_rng(arguments.seed).standard_normal(model.input_shape[1:])
    image = noise.astype(np.float32)
    vector = make_test_vector(quantized, image, weights)
    bits = report["precision"]["activation_bits"]
    fidelity = measure_fidelity(floats, quantized, bits, image, vector.logits, weights)
    report["fidelity"] = fidelity.json()
    steps.begin(f"writing the accelerator: {project}")
    write_project(staged, module, weights, vector, flow)
    if report["profile"] == "calibrated":
        source = (staged / SOURCE).read_text(encoding="utf-8")
        board = load_board(arguments.board)
        functions = estimate_functions(module, source, board, report["clock_mhz"])
        report["functions"] = to_json(functions)
    write_text(staged / REPORT, json.dumps(report, indent=2, allow_nan=False) + "\n")
    print(report_table(report))
    print(f"{fidelity}")
    if fidelity.warning is not None:
        print(f"warning: {fidelity.warning}")


def check_selection(report: Mapping[str, Any], target: Target) -> None:
    """
    Raise UserError where the accelerator that a search selected turns out not to be what the search
    promised, as it may where a model's scales need wider arithmetic than engines are selected with.
    """
    fps, board = report["performance"]["fps"], report["board"]
    why = "this model's scales may need wider arithmetic than the search counts on"
    if target != MAX and fps < target:
        raise UserError(
            f"the accelerator that was selected takes {fps:.2f} images a second, not {target:g}: "
            f"{why}; ask for a little more with --fps"
        )
    if not report["fits"]:
        raise UserError(
            f"the accelerator that was selected does not fit {board}: {why}; give a board file "
            "with smaller 'usable' shares, or fewer --bits"
        )


if __name__ == "__main__":
    main()
