"""How the tools end: bad input in one message, errors of the tool in a traceback."""

import math
import subprocess
import sys
from argparse import ArgumentTypeError

import pytest
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cli.arguments import integer, rational, seed, tolerance
from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.cli.vaqf_import import parse_shape
from vaqf_compiler.errors import OperationError, UserError
from vaqf_compiler.limits import parse_target
from vaqf_compiler.pipeline import read_pipeline


def located_operation() -> Operation:
    module = ModuleOp([])
    module.location = FileLineColLoc(StringAttr("vit.mlir"), IntAttr(3), IntAttr(5))
    return module


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (UserError("unknown model"), "error: unknown model\n"),
        (PassFailedException("nothing to tile"), "error: nothing to tile\n"),
        (OperationError(ModuleOp([]), "not understood"), "error: not understood\n"),
        (OperationError(located_operation(), "no"), "vit.mlir:3:5: error: no\n"),
        (FileNotFoundError(2, "No such file", "a.mlir"), "error: a.mlir: No such file\n"),
        (FileNotFoundError(2, "No such file", "a\nb"), "error: a\\nb: No such file\n"),
    ],
)
def test_bad_input(error: Exception, message: str, capsys: pytest.CaptureFixture[str]):
    def run() -> int:
        raise error

    assert report_errors(run) == 1
    assert capsys.readouterr().err == message


def test_a_number_that_python_does_not_read():
    with pytest.raises(UserError, match="more digits than any option takes"):
        read_pipeline(f"binvit-unroll{{keys={'9' * 5000}}}")


@pytest.mark.parametrize("text", ["8_0", "\u0668", " 8", "8 ", "", "0x8", "9" * 5000])
def test_numbers_are_in_plain_digits(text: str):
    """Python reads most of these as a number, and not always as the one that was meant."""
    for parse in (seed, integer, rational, tolerance):
        if text == "9" * 5000 and parse is rational:
            continue  # a number beyond all floats, which no range has
        with pytest.raises(ArgumentTypeError):
            parse(text)
    with pytest.raises(ArgumentTypeError):
        parse_shape(f"1x3x8x{text}")
    with pytest.raises(UserError, match="must be a number of images a second"):
        parse_target(text, "--fps")


def test_numbers():
    assert (seed("7"), integer("-3"), parse_shape("1x3x8x08")) == (7, -3, (1, 3, 8, 8))
    found = [rational(text) for text in ("200", "187.5", "1e2", ".5", "5.", "-1", "inf")]
    assert found == [200, 187.5, 100, 0.5, 5, -1, math.inf]
    assert (tolerance("1e-4"), parse_target("30", ""), parse_target(12, "")) == (1e-4, 30, 12)


@pytest.mark.parametrize("name", ["vaqf_compile", "vaqf_import", "vaqf_opt", "vaqf_sim"])
def test_tools_run_as_modules(name: str):
    command = [sys.executable, "-m", f"vaqf_compiler.cli.{name}", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("usage: "), done.stderr


def test_internal_error():
    def run() -> int:
        raise KeyError("layer")

    with pytest.raises(KeyError):
        report_errors(run)


def test_exit_code_of_the_tool():
    assert report_errors(lambda: 3) == 3


def test_reader_that_stops_early():
    """As in `vaqf-opt big.mlir | head`."""
    program = (
        "from vaqf_compiler.cli.errors import report_errors\n"
        "def run():\n"
        "    while True:\n"
        "        print('line')\n"
        "raise SystemExit(report_errors(run))\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tool:
        assert tool.stdout is not None and tool.stderr is not None
        tool.stdout.readline()
        tool.stdout.close()
        assert tool.stderr.read() == b""
    assert tool.returncode == 1
