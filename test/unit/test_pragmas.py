"""That the vendor's front end keeps the pragmas that are printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from parse_ir import parse
from vendor_pragmas import PRAGMAS, check_pragma

from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.hls_cpp import print_hls_cpp

ALL_PRAGMAS = Path(__file__).parents[1] / "emit" / "pragmas.mlir"


def test_the_front_end_takes_the_pragma_of_each_operation() -> None:
    module = parse(ALL_PRAGMAS.read_text())
    said = {type(op) for op in module.walk() if isinstance(op, vhls.PragmaOp)}
    assert said == {op for op in vhls.VHLS.operations if issubclass(op, vhls.PragmaOp)}
    lines = [line for line in print_hls_cpp(module).splitlines() if "#pragma" in line]
    assert lines
    for line in lines:
        check_pragma(line)


@pytest.mark.parametrize(
    "line",
    [
        "dependence variable=a type=inter dependent=false",
        "dependence variable=a inter dependent=true distance=2",
        "dependence variable=a inter intra false",
        "array_partition variable=a type=complete dim=1",
        "array_partition complete dim=1",
        "interface port=a bundle=b offset=slave m_axi",
        "interface mode=m_axi port=a bundle=b",
        "allocation instances=f limit=1 function",
        "pipeline II=two",
        "unroll factor=2 factor=4",
        "array_map variable=a",
    ],
)
def test_what_a_front_end_drops_is_noticed(line: str) -> None:
    with pytest.raises(ValueError, match="#pragma HLS"):
        check_pragma(f"#pragma HLS {line}")


def test_all_pragmas_of_the_dialect_are_known() -> None:
    names = {op.name.removeprefix("vhls.") for op in vhls.VHLS.operations}
    assert names - {*PRAGMAS} == {"comment", "trace"}
