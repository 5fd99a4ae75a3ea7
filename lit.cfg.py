"""lit configuration: every .mlir and .test file below test/ is a shell test."""

import os
from pathlib import Path

import lit.formats

root = Path(__file__).parent

config.name = "vaqf-compiler"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "build", ".venv"]
config.test_source_root = str(root)
config.test_exec_root = str(root / "build" / "lit")
config.environment["PATH"] = os.pathsep.join([str(root / ".venv" / "bin"), os.environ["PATH"]])
# A checkout that is not installed is tested by this variable. Tests run elsewhere than lit does.
if modules := os.environ.get("PYTHONPATH"):
    entries = map(os.path.abspath, modules.split(os.pathsep))
    config.environment["PYTHONPATH"] = os.pathsep.join(entries)
