"""How the tools end: bad input in one message, errors of the tool in a traceback."""

import subprocess
import sys

import pytest
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.errors import OperationError, UserError
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
