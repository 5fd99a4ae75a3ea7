"""
How long the search for an accelerator takes, for each precision. The first one also looks at the
engines' loops, which serves all others.

    python benchmarks/search_time.py [MODEL [BOARD [CLOCK_MHZ]]]    (default: deit-base zcu102 250)

Importing the model is not counted (`import_time.py` measures that).
"""

from __future__ import annotations

import sys
import time

from vaqf_compiler.sweep.evaluate import search_of


def main(model: str = "deit-base", board: str = "zcu102", clock_mhz: str = "250") -> None:
    """Print a line for each precision, highest first, and how long all took."""
    search = search_of(model, None, board, float(clock_mhz), ())
    print("bits | s | FPS at most\n--:|--:|--:")
    total = 0.0
    for bits in range(16, 0, -1):
        started = time.perf_counter()
        found = search.best(bits)
        seconds = time.perf_counter() - started
        total += seconds
        print(f"{bits} | {seconds:.2f} | {'-' if found is None else f'{found.fps:.1f}'}")
    print(f"all | {total:.1f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
