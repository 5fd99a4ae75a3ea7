"""Prints what an import costs beyond torch.export and the imports of torch and transformers."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path


def main(name: str) -> None:
    started = time.perf_counter()
    import torch
    import transformers  # noqa: F401

    from vaqf_compiler.importer.models import load_model
    from vaqf_compiler.importer.write import write_model

    imported = time.perf_counter()
    model = load_model(name)
    built = time.perf_counter()
    with torch.no_grad():
        torch.export.export(model.module, (torch.zeros(model.input_shape),))
    exported = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        write_model(model, Path(directory) / "model.mlir")
        size = (Path(directory) / "model.mlir").stat().st_size
    written = time.perf_counter()
    # write_model exports the model again, so that part is subtracted.
    added = (written - exported) - (exported - built)
    print(f"imports of torch and transformers  {imported - started:6.2f} s")
    print(f"building {name} with weights   {built - imported:6.2f} s")
    print(f"torch.export                       {exported - built:6.2f} s")
    print(f"translation and writing            {added:6.2f} s   ({size // 1000} kB of IR)")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "deit-base")
