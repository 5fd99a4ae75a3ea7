"""What xDSL finds of this package: dialects, passes and targets by file name."""

import subprocess
import sys

import pytest
from xdsl.universe import Universe

from vaqf_compiler.universe import VAQF_UNIVERSE


def test_registered_as_plugin():
    multiverse = Universe.get_multiverse()
    assert VAQF_UNIVERSE.all_dialects.items() <= multiverse.all_dialects.items()
    assert VAQF_UNIVERSE.all_passes.items() <= multiverse.all_passes.items()
    assert VAQF_UNIVERSE.all_targets.items() <= multiverse.all_targets.items()


@pytest.mark.parametrize("name", VAQF_UNIVERSE.all_dialects)
def test_dialect_loads(name: str):
    assert VAQF_UNIVERSE.all_dialects[name]().name == name


@pytest.mark.parametrize("name", VAQF_UNIVERSE.all_passes)
def test_pass_loads_and_says_what_it_does(name: str):
    pass_type = VAQF_UNIVERSE.all_passes[name]()
    assert pass_type.name == name
    summary = (pass_type.__doc__ or "").strip().partition("\n")[0]
    assert summary.endswith("."), "the first line of the docstring is printed by vaqf-opt --help"


@pytest.mark.parametrize("name", VAQF_UNIVERSE.all_targets)
def test_target_loads(name: str):
    assert VAQF_UNIVERSE.all_targets[name]().name == name


def test_everything_but_import_goes_without_pytorch():
    program = (
        "import sys\n"
        "from vaqf_compiler.universe import VAQF_UNIVERSE as universe\n"
        "for registry in (universe.all_dialects, universe.all_passes, universe.all_targets):\n"
        "    for load in registry.values():\n"
        "        load()\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_driver_starts_without_numpy():
    program = "import sys, vaqf_compiler.cli.vaqf_opt; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
