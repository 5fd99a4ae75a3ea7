"""
Compiles models and runs each in every execution, layer by layer against the reference: AMD's
ap_int, native integers, MLIR's JIT. Prints the seconds of each, the peak memory of the reference,
and the size of the encoder's packed weights.

    python benchmarks/executions.py [MODEL ...]        (default: deit-tiny deit-small deit-base)
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

TOOLS = Path(sys.executable).parent
BITS = (8, 6, 4)
UNEVEN = ("--tile=binary-m=80 binary-n=128", "--unroll=lanes=4")
"""No channels of DeiT are a multiple of 80; DeiT-tiny's are none of 128 either."""
EXECUTIONS = {"ap_int": (), "native": ("--native",), "jit": ("--engine", "jit")}

REFERENCE = """
import resource, sys, time
from pathlib import Path
import numpy as np
from vaqf_compiler.emit.project import make_test_vector
from vaqf_compiler.pipeline import make_context, read_module
from vaqf_compiler.weights import open_weights
model = read_module(make_context(), Path(sys.argv[1]))
image = np.random.default_rng(0).standard_normal((3, 224, 224), dtype=np.float32)
started = time.perf_counter()
make_test_vector(model, image, open_weights(model))
gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(f"{time.perf_counter() - started:.1f} s, {gigabytes:.1f} GiB")
"""


def run(*command: str) -> str:
    """What a command prints; the benchmark ends where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def measure(model: str, options: tuple[str, ...], project: str) -> str:
    """A row of the table."""
    run(str(TOOLS / "vaqf-compile"), model, "-o", project, *options)
    cells = [run(sys.executable, "-c", REFERENCE, f"{project}/ir/4-mapped.mlir").strip()]
    for flags in EXECUTIONS.values():
        output = run(str(TOOLS / "vaqf-sim"), project, *flags)
        seconds = re.search(r"simulation ([\d.]+) s", output)
        passed = re.search(r"PASS: (\d+) layers and all (\d+) logits", output)
        assert seconds
        assert passed
        cells.append(f"{seconds[1]} s")
        equal = f"{passed[1]} + {passed[2]}"
    weights = Path(project, "data", "binary_linear_weights.bin").stat().st_size
    return " | ".join([*cells, equal, f"{weights / 1e6:.2f} MB"])


def main(models: list[str]) -> None:
    runs = [(model, (f"--bits={bits}",)) for model in models for bits in BITS]
    runs += [(model, UNEVEN) for model in models]
    columns = ["model, options", "reference", *EXECUTIONS, "equal: layers + logits", "weights"]
    print(" | ".join(columns))
    for model, options in tqdm(runs, unit="run", disable=None):
        with tempfile.TemporaryDirectory() as directory:
            print(f"{model} {' '.join(options)} | {measure(model, options, directory)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["deit-tiny", "deit-small", "deit-base"])
