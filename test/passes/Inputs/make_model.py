"""Writes model.safetensors, the seeded random parameters of model.mlir, beside this file."""

import re
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

here = Path(__file__).parent
declared = re.findall(
    r'parameter "([\w.]+)" : tensor<([\dx]+)xf32>', (here / "model.mlir").read_text()
)
generator = np.random.default_rng(0)
parameters = {}
for name, sizes in declared:
    shape = [int(size) for size in sizes.split("x")]
    parameters[name] = generator.normal(scale=0.2, size=shape).astype(np.float32)
save_file(parameters, here / "model.safetensors")
