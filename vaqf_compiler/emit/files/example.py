"""Classify images by the accelerator: by C simulation, or with --bitstream on a board."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from vaqf_driver import Accelerator, DriverError
from vaqf_images import LargestCentre, Preprocessing


def main() -> int:
    """Entry point; the exit code: 1 for a wrong result or a bad input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "images", nargs="*", help="pictures, or .npy files (none: check the project's test image)"
    )
    parser.add_argument("--bitstream", help="vaqf.bit, on the board (default: C simulation)")
    parser.add_argument(
        "--top", type=count, default=5, help="how many classes to show (default: 5)"
    )
    parser.add_argument("--labels", type=Path, help="a file with the name of a class in each line")
    for name in ("--mean", "--std"):
        parser.add_argument(
            name,
            type=numbers,
            metavar="R,G,B",
            help="of pixels from 0 to 1: instead of what the model says of its pictures, take the "
            "centre of each, as large as its proportions allow, and normalise it by both",
        )
    arguments = parser.parse_args()
    if (arguments.mean is None) != (arguments.std is None):
        parser.error("--mean and --std go together")
    try:
        return run(arguments)
    except (DriverError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def count(text: str) -> int:
    """A number of classes to show."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return int(text)


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between them."""
    return tuple(float(number) for number in text.split(","))


def given_preprocessing(
    arguments: argparse.Namespace, shape: tuple[int, int, int]
) -> Preprocessing | None:
    """What --mean and --std ask for, if they are given."""
    if arguments.mean is None:
        return None
    _, height, width = shape
    given = LargestCentre(
        resize=(height, width),
        interpolation="bicubic",
        crop=(height, width),
        rescale=1 / 255,
        mean=arguments.mean,
        std=arguments.std,
    )
    try:
        given.check(shape)
    except ValueError as error:
        raise DriverError(str(error)) from error
    return given


def run(arguments: argparse.Namespace) -> int:
    """Check, or classify."""
    if arguments.bitstream:
        accelerator = Accelerator.on_board(arguments.bitstream)
    else:
        accelerator = Accelerator.simulated()
    if not arguments.images:
        right = accelerator.check()
        print(f"{'PASS' if right else 'FAIL'}: the test image's logits")
        return 0 if right else 1
    labels: list[str] = []
    if arguments.labels is not None:
        names: Path = arguments.labels
        labels = names.read_text(encoding="utf-8", errors="replace").splitlines()
    preprocessing = given_preprocessing(arguments, accelerator.shape)
    for path in arguments.images:
        image = accelerator.read_image(path, preprocessing)
        started = time.perf_counter()
        logits = accelerator.logits(image)
        print(f"{path}: {1000 * (time.perf_counter() - started):.1f} ms")
        best: list[int] = (-logits).argsort(kind="stable")[: arguments.top].tolist()
        for position in best:
            label = labels[position] if position < len(labels) else f"class {position}"
            print(f"  {logits[position]:10.4f}  {label}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
