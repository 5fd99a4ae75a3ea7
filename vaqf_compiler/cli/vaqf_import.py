"""`vaqf-import`: a PyTorch model becomes torch-dialect IR and a file of weights."""

from __future__ import annotations

import argparse
from pathlib import Path

from vaqf_compiler.cli.arguments import ArgumentParser, add_force, input_files, seed, tolerance
from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.errors import UserError
from vaqf_compiler.limits import whole_number


def parse_shape(text: str) -> tuple[int, ...]:
    """`1x3x224x224` as a tuple of sizes."""
    try:
        shape = tuple(whole_number(size) for size in text.split("x"))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise argparse.ArgumentTypeError(f"expected sizes such as 1x3x224x224, got '{text}'")
    return shape


def add_model_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """The arguments that say which model, shared by the tools that import one."""
    parser.add_argument(
        "model",
        nargs=None if required else "?",
        help="deit-tiny, deit-small, deit-base, vit-base, a distilled deit-*-distilled, "
        "a local transformers checkpoint directory, or path/to/file.py:callable",
    )
    parser.add_argument("--input-shape", type=parse_shape, metavar="1xCxHxW", help="of the image")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE.safetensors", help="instead of random weights"
    )
    parser.add_argument("--seed", type=seed, default=0, help="of random weights (default: 0)")


def main() -> None:
    """Entry point."""
    raise SystemExit(report_errors(lambda: run(make_parser().parse_args())))


def make_parser() -> argparse.ArgumentParser:
    """The tool's arguments."""
    parser = ArgumentParser(prog="vaqf-import", description=__doc__)
    add_model_arguments(parser)
    parser.add_argument("-o", "--output-file", type=Path, required=True, metavar="MODEL.mlir")
    parser.add_argument(
        "--check",
        action="store_true",
        help="also convert and interpret the IR, and compare its logits with PyTorch's",
    )
    parser.add_argument(
        "--tolerance",
        type=tolerance,
        default=1e-4,
        help="largest difference that --check allows, in units of how much the logits differ "
        "between images (default: 1e-4)",
    )
    add_force(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Import, write and, where asked, check. The exit code."""
    from vaqf_compiler.importer.models import load_model
    from vaqf_compiler.importer.write import check_model_files, write_model

    output: Path = arguments.output_file
    if output.suffix != ".mlir":
        raise UserError(f"the output file must end in .mlir, got '{output}'")
    inputs = input_files(arguments)
    check_model_files(output, inputs=inputs, force=arguments.force)
    model = load_model(
        arguments.model,
        input_shape=arguments.input_shape,
        weights=arguments.weights,
        seed=arguments.seed,
    )
    weights = write_model(model, output, inputs=inputs, force=arguments.force)
    print(f"{model.name}: {model.weights_note}; wrote {output} and {weights}")
    if not arguments.check:
        return 0

    from vaqf_compiler.importer.check import check_against_pytorch
    from vaqf_compiler.pipeline import make_context, read_module, run_passes
    from vaqf_compiler.weights import open_weights

    context = make_context()
    module = read_module(context, output)
    run_passes(context, module, "convert-torch-to-binvit")
    found = check_against_pytorch(model, module, open_weights(module), arguments.tolerance)
    print(f"check: {found}")
    return 0


if __name__ == "__main__":
    main()
