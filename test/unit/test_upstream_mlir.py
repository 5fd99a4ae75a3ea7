"""The standard-dialect part of stage 5 is valid MLIR."""

from __future__ import annotations

from pathlib import Path

import pytest
from parse_ir import parse
from torch_mlir import ir
from upstream_mlir import standard_part, verify_upstream
from xdsl.dialects import test
from xdsl.dialects.builtin import ModuleOp

EXAMPLES = Path(__file__).parents[1] / "emit"


@pytest.mark.parametrize("name", ["arithmetic", "statements", "variables", "pragmas"])
def test_what_is_printed_as_cpp_is_valid(name: str):
    module = parse((EXAMPLES / f"{name}.mlir").read_text())
    verify_upstream(standard_part(module))


def test_other_operations_are_not_let_through():
    with pytest.raises(ir.MLIRError, match="unregistered dialect"):
        verify_upstream(ModuleOp([test.TestOp()]))
