"""The printed files as C++: they compile without warnings, apart and together."""

from __future__ import annotations

from pathlib import Path

import pytest
from compile_cpp import COMPILERS, MODES, compile_cpp, run_program
from parse_ir import parse

from vaqf_compiler.emit.hls_cpp import print_hls_cpp, print_hls_header

EXAMPLES = Path(__file__).parents[1] / "emit"
UNUSED = ("-Wno-unused-function", "-Wno-unused-parameter", "-Wno-unused-variable")
"""Examples show constructs, they do nothing."""


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["arithmetic", "statements", "variables", "pragmas"])
def test_examples_compile(name: str, mode: str, compiler: str, tmp_path: Path):
    source = tmp_path / f"{name}.cpp"
    source.write_text(print_hls_cpp(parse((EXAMPLES / f"{name}.mlir").read_text())))
    compile_cpp(source, mode, *UNUSED, "-O2", "-c", compiler=compiler)


def test_source_and_header(tmp_path: Path):
    module = parse((EXAMPLES / "pragmas.mlir").read_text())
    header = print_hls_header(module, "TOP_H")
    assert header == (
        "#ifndef TOP_H\n#define TOP_H\n\n"
        '#include "vaqf_types.h"\n\n'
        "typedef ap_int<8> i8;\ntypedef ap_int<20> i20;\ntypedef ap_uint<128> u128;\n\n"
        'extern "C" void top(u128 weights[], i8 image[64], i20 logits[8][64], int count);\n\n'
        "#endif // TOP_H\n"
    )
    source = print_hls_cpp(module, "top.h")
    assert source.startswith('#include "top.h"\n#include "vaqf_trace.h"\n\nstatic void engine(')

    (tmp_path / "top.h").write_text(header)
    (tmp_path / "top.cpp").write_text(source)
    testbench = tmp_path / "testbench.cpp"
    testbench.write_text(
        '#include "top.h"\n#include "top.cpp"\n#include <cstdio>\n'
        "int main() {\n  static u128 weights[1];\n  static i8 image[64] = {3};\n"
        "  static i20 logits[8][64];\n  top(weights, image, logits, 0);\n"
        '  std::printf("%d", int(logits[0][0]));\n}\n'
    )
    for mode in MODES:
        assert run_program(compile_cpp(testbench, mode, *UNUSED, "-O0")) == b"9"


def test_synthesis_does_not_see_traces(tmp_path: Path):
    source = tmp_path / "pragmas.cpp"
    source.write_text(print_hls_cpp(parse((EXAMPLES / "pragmas.mlir").read_text())))
    preprocess = ("-D__SYNTHESIS__", "-E", "-P")
    text = compile_cpp(source, "native", *preprocess).read_text()
    assert "VAQF_TRACE" not in text and "vaqf_trace" not in text and "fopen" not in text
    compile_cpp(source, "native", "-D__SYNTHESIS__", *UNUSED, "-c")
