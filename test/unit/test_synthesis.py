"""
Reports of Vitis HLS beside estimates. The reports in `Inputs/synthesis` were written by hand, after
the schema of reports that others published; none is of a design of this compiler.
"""

from __future__ import annotations

import json
import re
import shutil
from itertools import takewhile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small_project import DEFAULTS, compile_small, tool

from vaqf_compiler.cli import vaqf_compile
from vaqf_compiler.errors import UserError
from vaqf_compiler.synthesis.comparison import Comparison, Row, compare
from vaqf_compiler.synthesis.project_estimate import read_estimate
from vaqf_compiler.synthesis.vitis_report import read_report

INPUTS = Path(__file__).parent / "Inputs"
REPORT = INPUTS / "synthesis" / "csynth.xml"
OLDER = INPUTS / "synthesis" / "older"
ESTIMATE = INPUTS / "synthesis" / "report.json"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())


def compared(path: Path) -> Comparison:
    return compare(read_estimate(ESTIMATE), read_report(path))


def rows_of(comparison: Comparison, subject: str) -> dict[str, tuple[int | None, int | None, str]]:
    return {
        row.quantity: (row.estimated, row.reported, row.error)
        for row in comparison.rows
        if row.subject.strip() == subject
    }


def compile_tool(*arguments: str | Path) -> int:
    return tool(vaqf_compile.main, *map(str, arguments))


def test_the_estimate_of_these_tests_follows_the_schema():
    jsonschema.validate(json.loads(ESTIMATE.read_text()), SCHEMA)


def test_the_top_function_is_compared_with_the_whole_estimate():
    assert rows_of(compared(REPORT), "vaqf_top") == {
        "latency": (1100, 1000, "+10.0%"),
        "II": (1100, 1001, "+9.9%"),
        "LUT": (12000, 16000, "-25.0%"),
        "FF": (15000, 20000, "-25.0%"),
        "DSP": (72, 72, "0.0%"),
        "BRAM_18K": (41, 40, "+2.5%"),  # 20.5 block RAMs of 36 Kib
        "URAM": (0, 0, "0.0%"),
    }


def test_a_function_has_the_worst_of_a_range():
    rows = rows_of(compared(REPORT), "binary_linear")
    assert rows["latency"] == (900, 1000, "-10.0%")
    assert rows["II"] == (800, 1000, "-20.0%")
    assert rows["LUT"] == (8000, 10000, "-20.0%")
    # The resources of a part of an engine are not estimated.
    assert rows_of(compared(REPORT), "binary_linear_fetch").keys() == {"latency", "II"}


def test_copies_and_renamed_functions_have_their_partner():
    assert rows_of(compared(REPORT), "binary_linear_1")["latency"] == (900, 1000, "-10.0%")
    renamed = rows_of(compared(REPORT), "layer_norm_s")
    assert renamed["latency"] == (None, None, "-")  # undef
    assert renamed["LUT"] == (2000, 0, "-")  # ~0
    assert renamed["FF"] == (3000, None, "-")  # -
    assert renamed["BRAM_18K"] == (0, None, "-")  # ?


def test_loops_are_found_in_modules_of_their_own_and_where_they_were_inlined():
    comparison = compared(REPORT)
    assert rows_of(comparison, "line 10, binary_linear_fetch_Pipeline_VITIS_LOOP_10_1") == {
        "latency": (133, 130, "+2.3%"),
        "II": (1, 1, "0.0%"),
        "depth": (68, 67, "+1.5%"),
    }
    assert rows_of(comparison, "line 50, vaqf_top")["depth"] == (4, 2, "+100.0%")
    # A nest is one loop for the tool, too.
    assert rows_of(comparison, "line 21, binary_linear")["II"] == (1, 2, "-50.0%")
    assert rows_of(comparison, "line 30, binary_linear") == {"latency": (450, 450, "0.0%")}


def test_modules_made_of_loops_are_shown_below_their_function():
    comparison = compared(REPORT)
    subjects = list(dict.fromkeys(row.subject.strip() for row in comparison.rows))
    module = "of it, binary_linear_fetch_Pipeline_VITIS_LOOP_10_1"
    assert subjects.index(module) == subjects.index("binary_linear_fetch") + 1
    assert rows_of(comparison, module) == {
        "latency": (None, 131, "-"),
        "II": (None, 131, "-"),
        "LUT": (None, 300, "-"),
        "FF": (None, 400, "-"),
        "DSP": (None, 0, "-"),
        "BRAM_18K": (None, 0, "-"),
        "URAM": (None, 0, "-"),
    }
    # The tool's numbers of the function contain them: they are not added.
    assert rows_of(comparison, "binary_linear_fetch")["latency"] == (145, 150, "-3.3%")
    assert rows_of(comparison, "of it, binary_linear_Pipeline_1")["LUT"] == (None, 20, "-")
    after = subjects[subjects.index("binary_linear_1") + 1]
    assert after == "of it, binary_linear_Pipeline_1"


def test_a_range_counts_by_its_end(tmp_path: Path):
    text = REPORT.read_text()
    latency = "<Latency>50</Latency>"
    assert text.count(latency) == 1
    for range_ in ("4 ~ 80", "4~80", "~80", "<range><min>4</min><max>80</max></range>"):
        path = tmp_path / "csynth.xml"
        path.write_text(text.replace(latency, f"<Latency>{range_}</Latency>"))
        assert rows_of(compared(path), "line 50, vaqf_top")["latency"][1] == 80


def test_what_has_no_partner_is_listed():
    comparison = compared(REPORT)
    assert comparison.only_reported == [
        "loop VITIS_LOOP_99_1 in vaqf_top",
        "entry_proc",
    ]
    assert comparison.only_estimated == ["load_rows", "copy_tokens"]


def test_an_older_version_has_a_file_for_each_function(tmp_path: Path):
    comparison = compared(OLDER / "vaqf_top_csynth.xml")
    assert rows_of(comparison, "vaqf_top")["DSP"] == (72, 80, "-10.0%")  # DSP48E
    assert rows_of(comparison, "binary_linear")["latency"] == (900, 1200, "-25.0%")
    assert "layer_norm" in comparison.only_estimated
    assert "binary_linear, loop in line 30" in comparison.only_estimated

    shutil.copy(OLDER / "binary_linear_csynth.xml", tmp_path)
    alone = compared(tmp_path / "binary_linear_csynth.xml")
    assert {row.subject for row in alone.rows} == {"binary_linear", "  line 21, binary_linear"}
    assert alone.only_estimated == []  # of which the file says nothing


@pytest.mark.parametrize(
    ("estimated", "reported", "error"),
    [(3, 2, "+50.0%"), (0, 4, "-100.0%"), (0, 0, "0.0%"), (4, 0, "-"), (None, 4, "-")],
)
def test_the_error_is_in_percent_of_what_is_reported(
    estimated: int | None, reported: int, error: str
):
    assert Row("f", "LUT", estimated, reported).error == error


def test_the_tool_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copy(ESTIMATE, tmp_path / "report.json")
    assert compile_tool("--compare-report", REPORT, "-o", tmp_path) == 0
    output = capsys.readouterr().out
    assert "Vitis HLS 2023.2, xczu9eg-ffvb1156-2-e: clock 5.00 ns, estimated by it" in output
    assert re.search(r"^vaqf_top +latency +1,100 +1,000 +\+10\.0%$", output, re.MULTILINE)
    assert re.search(r"^layer_norm_s +latency +unknown +unknown +-$", output, re.MULTILINE)
    assert "an image takes 1,000 cycles by the estimate" in output
    assert "Not in the estimate: loop VITIS_LOOP_99_1 in vaqf_top; entry_proc\n" in output
    assert "Not in the report (inlined, merged or renamed): load_rows; copy_tokens" in output
    assert "warning" not in output
    assert list(tmp_path.iterdir()) == [tmp_path / "report.json"]

    assert compile_tool("--compare-report", OLDER / "vaqf_top_csynth.xml", "-o", tmp_path) == 0
    assert "is for a clock of 10.00 ns, the estimate for 5.00 ns" in capsys.readouterr().out


def test_a_compiled_project_has_what_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    compile_small(tmp_path, *DEFAULTS)
    written: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(written, SCHEMA)
    lines = (tmp_path / "vaqf_top.cpp").read_text().splitlines()
    defined = [
        match[1]
        for line in lines
        if (match := re.match(r"(?:static|extern \"C\") \w+ (\w+)\(", line))
    ]
    functions = {function["name"]: function for function in written["functions"]}
    assert list(functions) == defined
    for function in functions.values():
        for loop in function["loops"]:
            assert all(lines[line - 1].strip().startswith("for (") for line in loop["lines"])
            pragmas = list(takewhile(lambda text: "#pragma" in text, lines[loop["lines"][-1] :]))
            assert not any("unroll" in pragma for pragma in pragmas)
            is_pipelined = any("HLS pipeline" in pragma for pragma in pragmas)
            assert is_pipelined == (loop["interval"] is not None)
        assert function["interval"] <= function["cycles"]
    assert functions["binary_linear_tiles"]["interval"] == max(
        functions[f"binary_linear_{process}"]["cycles"]
        for process in ("fetch_weights", "fetch_biases", "multiply")
    )
    assert functions["binary_linear_dot"]["interval"] == 1
    # Without sizes, a layer takes as long as the longest.
    for layer in written["layers"]:
        assert functions[layer["engine"]]["cycles"] >= layer["cycles"]

    assert compile_tool("--compare-report", REPORT, "-o", tmp_path) == 0
    assert re.search(
        rf"^vaqf_top +.*\n +II .*\n +LUT +{written['resources']['lut']['used']:,} +16,000 ",
        capsys.readouterr().out,
        re.MULTILINE,
    )


def edited(tmp_path: Path, old: str, new: str) -> Path:
    """The report with a change."""
    text = REPORT.read_text()
    assert old in text
    path = tmp_path / "csynth.xml"
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<TopModelName>vaqf_top<", "<TopModelName>fir<", "its top function is fir, expected vaqf"),
        (">xczu9eg-ffvb1156-2-e<", ">xc7z020clg400-1<", "is of part xc7z020clg400-1, the estimate"),
        ("<profile>", "<!DOCTYPE profile [<!ENTITY a 'b'>]><profile>", "it has a document type"),
        ("<LUT>10000</LUT>", "<LUT>many</LUT>", "LUT in <Resources> must be a number of at"),
        (
            "<LUT>10000</LUT>",
            f"<LUT>{'9' * 5000}</LUT>",
            "must be a number of at most 18 digits",
        ),
        (
            "<LUT>10000</LUT>",
            "<LUT>\N{ARABIC-INDIC DIGIT ONE}</LUT>",
            "must be a number of at most",
        ),
        (">5.00</Target", ">nan</Target", "TargetClockPeriod must be a number, got 'nan'"),
        (">5.00</Target", ">1e999</Target", "TargetClockPeriod must be a number, got '1e999'"),
        ("3.650</Est", "inf</Est", "EstimatedClockPeriod must be a number, got 'inf'"),
        (">5.00</Target", ">fast</Target", "TargetClockPeriod must be a number, got 'fast'"),
        ("<Name>entry_proc<", "<Name>entry\x85proc<", "Name in <Module> cannot be printed: 'entry"),
        ("<Name>entry_proc<", "<Name>entry\u202eproc<", r"cannot be printed: 'entry\u202eproc'"),
        ("Part>", "Device>", "<profile> has no UserAssignments/Part; give solution1/syn/report"),
        ("AreaEstimates>", "Areas>", "vaqf_top has no AreaEstimates"),
        ("</UserAssignments>", "", "is damaged in line 399 (mismatched tag)"),
    ],
)
def test_a_report_that_is_something_else(old: str, new: str, message: str, tmp_path: Path):
    with pytest.raises(UserError) as error:
        compared(edited(tmp_path, old, new))
    assert message in str(error.value) and "csynth.xml'" in str(error.value)


@pytest.mark.parametrize(
    ("encoding", "declared", "message"),
    [
        ("utf-16", "utf-16", "it has a document type"),
        ("utf-8", "rot13", "it is not text in UTF-8 ('rot13' is not a text encoding"),
        ("utf-8", "klingon", "it is not text in UTF-8 (unknown encoding: klingon)"),
        ("utf-8", "shift-jis", "it is not text in UTF-8 (multi-byte encodings are not supported)"),
        ("utf-32", "utf-32", "is damaged in line 1"),
    ],
)
def test_a_report_in_another_encoding(
    encoding: str, declared: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(ESTIMATE, tmp_path / "report.json")
    bombs = "<!DOCTYPE profile [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"
    text = f'<?xml version="1.0" encoding="{declared}"?>{bombs}<profile>&b;</profile>'
    (tmp_path / "csynth.xml").write_text(text, encoding=encoding)
    assert compile_tool("--compare-report", tmp_path / "csynth.xml", "-o", tmp_path) == 1
    output = capsys.readouterr().err
    assert message in output and output.count("\n") == 1


def test_a_document_type_is_no_word_in_a_comment(tmp_path: Path):
    compared(edited(tmp_path, "<profile>", "<profile><!-- <!DOCTYPE -->"))


def test_loops_may_be_nested_deeply(tmp_path: Path):
    loop = "<Latency>50</Latency>"
    depth = 3000
    nest = f"{loop}{'<L><Latency>9</Latency>' * depth}{'</L>' * depth}"
    report = read_report(edited(tmp_path, loop, nest))
    assert len(report.functions[0].loops) == depth + 2
    assert compared(tmp_path / "csynth.xml")


def test_a_line_that_no_file_has_is_no_line(tmp_path: Path):
    path = edited(tmp_path, "VITIS_LOOP_99_1", f"VITIS_LOOP_{'9' * 5000}_1")
    assert f"loop VITIS_LOOP_{'9' * 5000}_1 in vaqf_top" in compared(path).only_reported


def test_bad_files_are_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(ESTIMATE, project / "report.json")
    whole = REPORT.read_text().splitlines()
    for name, text, message in (
        ("truncated.xml", "\n".join(whole[:100]), "truncated.xml' is damaged in line 100"),
        ("empty.xml", "", "empty.xml' is damaged in line 1 (no element found)"),
        (
            "plot.svg",
            "<svg/>",
            "plot.svg' is not a synthesis report of Vitis HLS: its root is <svg",
        ),
    ):
        (tmp_path / name).write_text(text)
        assert compile_tool("--compare-report", tmp_path / name, "-o", project) == 1
        output = capsys.readouterr()
        assert message in output.err and output.err.count("\n") == 1 and not output.out
    assert compile_tool("--compare-report", tmp_path / "none.xml", "-o", project) == 1
    assert "none.xml: No such file or directory" in capsys.readouterr().err
    assert compile_tool("--compare-report", REPORT, "-o", tmp_path / "nowhere") == 1
    assert "report.json' is missing; run vaqf-compile first" in capsys.readouterr().err


FUNCTION: dict[str, Any] = {"name": "f", "cycles": 1, "interval": 1, "loops": []}
LOOP: dict[str, Any] = {"lines": [1], "trips": 1, "cycles": 1, "interval": None, "depth": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"functions": None}, "functions must be a list, got None"),
        ({"functions": []}, "functions must be a list of functions, got []"),
        ({"functions": [FUNCTION | {"cycles": "1"}]}, "functions[0].cycles must be a whole number"),
        ({"functions": [FUNCTION | {"cycles": 1.0}]}, "functions[0].cycles must be a whole number"),
        ({"functions": [FUNCTION | {"cycles": True}]}, "functions[0].cycles must be a whole numb"),
        ({"functions": [FUNCTION | {"interval": -1}]}, "functions[0].interval must be a whole num"),
        ({"functions": [FUNCTION | {"interval": 10**400}]}, "interval must be a whole number from"),
        ({"functions": [FUNCTION | {"name": None}]}, "functions[0].name must be text, got None"),
        (
            {"functions": [FUNCTION | {"name": "\ud800"}]},
            "functions[0].name must be text, got '\\ud",
        ),
        ({"functions": [{"name": "f"}]}, "functions[0].cycles is missing"),
        ({"functions": [FUNCTION | {"loops": {}}]}, "functions[0].loops must be a list, got {}"),
        (
            {"functions": [FUNCTION | {"loops": [3]}]},
            "functions[0].loops[0] must be an object, got",
        ),
        (
            {"functions": [FUNCTION | {"loops": [LOOP | {"lines": []}]}]},
            "functions[0].loops[0].lines must be a list of lines, got []",
        ),
        ({"part": 3}, "part must be text, got 3"),
        ({"clock_mhz": "fast"}, "clock_mhz must be a number, got 'fast'"),
        ({"clock_mhz": float("nan")}, "clock_mhz must be a number from 0 to 10^18, got nan"),
        ({"clock_mhz": 0}, "clock_mhz must be a clock in MHz, got 0"),
        ({"performance": {"cycles": [1]}}, "performance.cycles must be a whole number, got [1]"),
        ({"performance": 3}, "performance must be an object, got 3"),
        ({"units": {"f": {"lut": float("inf")}}}, "units.f.lut must be a whole number, got inf"),
        ({"resources": {"lut": {"used": "x"}}}, "resources.lut must be a whole number, got 'x'"),
        ({"resources": [1, 2]}, "resources must be an object, got [1, 2]"),
    ],
)
def test_an_estimate_that_is_something_else(change: dict[str, Any], message: str, tmp_path: Path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(json.loads(ESTIMATE.read_text()) | change))
    with pytest.raises(UserError, match=re.escape(message)) as error:
        read_estimate(path)
    assert "report.json' is not as vaqf-compile writes it: " in str(error.value)
    assert str(error.value).endswith("; run vaqf-compile again")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"3", "is not as vaqf-compile writes it: the document must be an object, got 3"),
        (b"[]", "is not as vaqf-compile writes it: the document must be an object, got []"),
        (b"{", "is not JSON"),
        (b"\xff\xfe{", "is not JSON"),
        (b'{"functions": ' + b"9" * 5000 + b"}", "is not JSON: Exceeds the limit"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_estimate(text: bytes, message: str, tmp_path: Path):
    path = tmp_path / "report.json"
    path.write_bytes(text)
    with pytest.raises(UserError, match=re.escape(message)):
        read_estimate(path)


def test_an_estimate_of_the_published_machine_is_refused(tmp_path: Path):
    report = json.loads(ESTIMATE.read_text())
    del report["functions"]
    (tmp_path / "report.json").write_text(json.dumps(report))
    with pytest.raises(UserError, match="has no estimate of functions; run vaqf-compile again"):
        read_estimate(tmp_path / "report.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["deit-tiny", "--compare-report", "a.xml"], "--compare-report takes only -o, not model"),
        (["--bits", "8", "--compare-report", "a.xml"], "takes only -o, not bits"),
        ([], "the following arguments are required: model"),
    ],
)
def test_wrong_usage(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
):
    assert compile_tool(*arguments, "-o", "x") == 2
    assert message in capsys.readouterr().err
