"""lit configuration: every .mlir and .test file below test/ is a shell test."""

import os
from pathlib import Path

import lit.formats

root = Path(__file__).parent

config.name = "vaqf-compiler"  # noqa: F821  (lit defines `config`)
config.test_format = lit.formats.ShTest(execute_external=False)  # noqa: F821
config.suffixes = [".mlir", ".test"]  # noqa: F821
config.excludes = ["Inputs"]  # noqa: F821
config.test_source_root = str(root / "test")  # noqa: F821
config.test_exec_root = str(root / "build" / "lit")  # noqa: F821
config.environment["PATH"] = os.pathsep.join([str(root / ".venv" / "bin"), os.environ["PATH"]])  # noqa: F821
