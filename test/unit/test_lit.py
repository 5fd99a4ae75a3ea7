"""What lit tests run is what the shell that starts lit would run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFIGURATION = Path(__file__).parents[2] / "lit.cfg.py"


@pytest.mark.parametrize("relative", [False, True])
def test_modules_are_looked_for_where_the_caller_says(tmp_path: Path, relative: bool) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "only_here.py").touch()
    shutil.copy(CONFIGURATION, tmp_path)
    (tmp_path / "import.test").write_text(f"# RUN: {sys.executable} -c 'import only_here'\n")
    path = "modules" if relative else str(modules)
    done = subprocess.run(
        [sys.executable, "-c", "from lit.main import main; main()", "-v", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
