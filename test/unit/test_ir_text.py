"""IR from files that users have: other encodings, cut short, nested, with numbers of any width."""

from pathlib import Path

import pytest
from small_project import tool
from xdsl.dialects.builtin import NameLoc, NoneAttr, StringAttr

from vaqf_compiler.cli import vaqf_opt
from vaqf_compiler.ir_text import parse_module, verify
from vaqf_compiler.locations import describe_location, layer_at
from vaqf_compiler.pipeline import make_context

FUNCTION = "func.func @f(%x: i32) -> i32 {\n  func.return %x : i32\n}\n"


def run(directory: Path, text: bytes, *arguments: str) -> int:
    path = directory / "input.mlir"
    path.write_bytes(text)
    return tool(vaqf_opt.main, str(path), *arguments)


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + FUNCTION.encode(),
        FUNCTION.replace("\n", "\r\n").encode(),
        f"// Größe\n{FUNCTION}".encode(),
        FUNCTION.replace("%x", "%x$1-y").encode(),
        f'{FUNCTION} loc(callsite("f" at "m.py":3:4))'.encode(),
        f'{FUNCTION} loc(fused["a", "m.py":1:2])'.encode(),
        f'{FUNCTION} loc("layer"("m.py":3:4))'.encode(),
        f"{FUNCTION} loc(unknown)".encode(),
        f'{FUNCTION} loc(#here)\n#here = loc("m.py":3:4)\n'.encode(),
    ],
)
def test_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes):
    assert run(tmp_path, text) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (FUNCTION.encode("utf-16"), "", "is text in UTF-16; save it in UTF-8"),
        (b"// a\n// \xe9\n", "", "is not text in UTF-8: byte 0xe9 in line 2"),
        (b"\x7fELF\0\0\0", "", "is not text: byte 0x00 in line 1"),
        (
            b"func.func @f() {\n  %a = arith.addi %b, %b : i8\n  %b = arith.constant 1 : i8\n}",
            ":2:3: ",
            "'arith.addi' op uses %b before it is defined",
        ),
        (
            b"func.func @f() {\n  %a = arith.addi %a, %a : i8\n}",
            ":2:3: ",
            "'arith.addi' op uses %a before it is defined",
        ),
        (
            b"func.func @f() {\n  %a = arith.addi %b, %b : i8\n func.return }",
            ":2:19: ",
            "the value %b is not defined here",
        ),
        (
            b"func.func @f(%n: index) {\n"
            b"  scf.for %i = %n to %n step %one {\n"
            b"    %one = arith.constant 1 : index\n  }\n  func.return\n}",
            ":2:3: ",
            "'scf.for' op operand #2 is defined in a region inside it or later",
        ),
        (
            b'"func.func"() <{sym_name = "f"}> ({\n  "func.return"() : () -> ()\n}) : () -> ()',
            ":1:1: ",
            "'func.func' op lacks the property 'function_type'",
        ),
        (
            b"func.func @f(%a: i8) {\n"
            b'  "arith.cmpi"(%a, %a) <{predicate = -1 : i64}> : (i8, i8) -> i1\n func.return }',
            ":2:3: ",
            "'arith.cmpi' op predicate must be 0..9, got -1",
        ),
        (
            b"func.func @f(%a: f32) {\n"
            b'  "arith.cmpf"(%a, %a) <{predicate = 16 : i64}> : (f32, f32) -> i1\n func.return }',
            ":2:3: ",
            "'arith.cmpf' op predicate must be 0..15, got 16",
        ),
        (
            b"func.func @f(%m: memref<4xi8>) {\n  %a = memref.load %m[] : memref<4xi8>\n return\n}",
            ":2:3: ",
            "'memref.load' op expected an index for each dimension",
        ),
        (
            b"func.func @f(%m: memref<i8>, %a: i8, %i: index) {\n"
            b"  memref.store %a, %m[%i] : memref<i8>\n return\n}",
            ":2:3: ",
            "'memref.store' op Expected an index for each dimension",
        ),
        (b" \n", "", "is empty; give a file of MLIR's text format"),
        (b'"' + b"a" * 100_000 + b'"() : () -> ()', ":1:100003: ", "aaaa is not registered"),
        (b'"func.func() <{sym_name = ' + b"a" * 1000, ":1:1: ", "has no end in its line"),
        (b"func.func @f(%) {", ":1:14: ", "expected a name after '%'"),
        ("\n  func.func @f(%x: \x9b31m) {".encode(), ":2:20: ", "\\x9b31m"),
        (b"builtin.module { " * 500, "", "is nested too deeply in line 1; write it flatter"),
        (b"func.func @f() attributes {a = " + b"[" * 5000, "", "is nested too deeply in line 1"),
        (
            b'"builtin.module"() ({}) {t = dense<[1, 2]> : tensor<2xi72>} : () -> ()',
            ":1:",
            "this cannot be read",
        ),
        (b"func.func @f(%x: i" + b"9" * 5000 + b") {}", ":1:", "this cannot be read"),
    ],
)  # fmt: skip
def test_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes, place: str, message: str
):
    assert run(tmp_path, text) == 1
    error = capsys.readouterr().err
    assert f"input.mlir{place}" in error
    assert message in error
    assert max(map(len, error.splitlines())) < 700


TORCH_MLIR = """#loc2 = loc("image")
module {
  func.func @f(%arg0: i32 loc("image")) -> i32 {
    %0 = arith.addi %arg0, %arg0 : i32 loc(#loc8)
    %1 = arith.constant 1 : i32 loc(#loc9)
    return %0 : i32 loc(#loc6)
  } loc(#loc1)
} loc(#loc)
#loc = loc("-":0:0)
#loc1 = loc("-":2:1)
#loc3 = loc("layer")
#loc4 = loc("f")
#loc5 = loc("m.py":3:4)
#loc6 = loc(unknown)
#loc7 = loc(callsite(#loc4 at #loc5))
#loc8 = loc(fused<"meta">[#loc3, #loc7])
#loc9 = loc("head"(#loc5))
"""


def test_locations_as_mlir_prints_them():
    """Defined below their uses, on arguments too, of all kinds."""
    module = parse_module(make_context(), TORCH_MLIR, "f.mlir")
    verify(module)
    places = {op.name: describe_location(op.location) for op in module.walk()}
    assert places == {
        "builtin.module": "-:0:0",
        "func.func": "-:2:1",
        "arith.addi": "m.py:3:4",
        "arith.constant": "m.py:3:4",
        "func.return": "f.mlir:6:5",
    }


def test_a_name_without_a_place():
    text = TORCH_MLIR.replace("loc(#loc6)", 'loc("layer")', 1)
    module = parse_module(make_context(), text, "f.mlir")
    (place,) = (op.location for op in module.walk() if op.name == "func.return")
    assert describe_location(place) == "f.mlir:6:5"
    assert layer_at(place) == "layer"
    assert describe_location(NameLoc(StringAttr("layer"), NoneAttr())) == "'layer'"


def test_location_defined_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = f'{FUNCTION}#loc = loc("a":1:1)\n#loc = loc("b":1:1)\n'
    assert run(tmp_path, text.encode()) == 1
    assert "input.mlir:5:6: error: re-declaration of alias '#loc'" in capsys.readouterr().err


def test_excerpt_of_a_long_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Of a line of any length what is beside the place is shown."""
    text = "func.func @f(" + " " * 5000 + "%x: foo" + " " * 5000
    assert run(tmp_path, text.encode()) == 1
    _, line, carets = capsys.readouterr().err.splitlines()
    assert len(line) <= 100
    assert line[carets.index("^") :].startswith("foo")
