"""
The C++ of whole projects: no warnings, no undefined behaviour in C simulation, laid out as
clang-format does, and nothing in the synthesised part that hardware cannot be made of.
"""

from __future__ import annotations

import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from compile_cpp import AP_TYPES, COMPILERS, MODES, compile_cpp
from small_project import DEFAULTS, compile_small, tool

from vaqf_compiler.cli import vaqf_compile

CLANG_FORMAT = files("clang_format") / "data" / "bin" / "clang-format"
SANITIZERS = "-O1 -fsanitize=address,undefined -fno-sanitize-recover"
FORBIDDEN = (
    "alloca|calloc|free|malloc|realloc|new|delete|virtual|catch|throw|try|dynamic_cast|typeid|goto"
    "|std|using"
)
"""Memory, calls and jumps that are decided at run time, and the standard library."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_small(tmp_path_factory.mktemp("small"), *DEFAULTS)


@pytest.fixture(scope="module")
def deit_tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fastest("deit-tiny", tmp_path_factory)


@pytest.fixture(scope="module")
def deit_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fastest("deit-base", tmp_path_factory)


def fastest(model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fastest that fits, at 8 bits: the widest expressions."""
    project = tmp_path_factory.mktemp(model)
    options = ("--fps", "max", "--bits", "8", "-o", str(project))
    assert tool(vaqf_compile.main, model, *options) == 0
    return project


@pytest.fixture(
    params=["small", *(pytest.param(m, marks=pytest.mark.long) for m in ("deit_tiny", "deit_base"))]
)
def project(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.mark.parametrize("source", ["vaqf_top.cpp", "vaqf_testbench.cpp"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("compiler", "option"), [("g++", "-fsyntax-only"), ("clang", "-c")])
def test_there_are_no_warnings(project: Path, compiler: str, option: str, mode: str, source: str):
    """Nor where g++ optimises: the tests below compile simulations with warnings as errors."""
    compile_cpp(project / source, mode, f"-I{project}", option, compiler=compiler)


def make(project: Path, target: str, *variables: str) -> str:
    """Build by the project's Makefile; what the compiler says."""
    command = ["make", "-B", "-C", project, target, f"AP_TYPES={AP_TYPES}", *variables]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return built.stderr


def simulated(project: Path, target: str, *variables: str) -> str:
    """What C simulation prints, built by the project's Makefile without a warning."""
    make(project, target, *variables)
    run = subprocess.run([project / target, project / "data"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


PASSED = re.compile(r"PASS: \d+ logits equal the reference\n")


def test_simulation_has_no_undefined_behaviour(project: Path):
    assert PASSED.fullmatch(simulated(project, "csim-native", f"CXXFLAGS={SANITIZERS} -Werror"))


@pytest.mark.long
def test_simulation_with_amd_headers_has_no_undefined_behaviour(project: Path):
    """But for their own: ap_int shifts negative numbers to the left."""
    flags = f"{SANITIZERS} -fno-sanitize=shift"
    assert PASSED.fullmatch(simulated(project, "csim", f"CXXFLAGS={flags} -Werror"))


def test_the_sanitizers_find_what_is_wrong(small: Path, tmp_path: Path):
    broken = tmp_path / "broken"
    subprocess.run(["cp", "-r", small, broken], check=True)
    source = broken / "vaqf_top.cpp"
    text = source.read_text()
    assert "= image_port[" in text
    source.write_text(text.replace("= image_port[", "= image_port[99999 + "))
    with pytest.raises(AssertionError, match=r"runtime error|AddressSanitizer"):
        simulated(broken, "csim-native", f"CXXFLAGS={SANITIZERS} -Werror")


@pytest.mark.parametrize("target", ["csim", "csim-native", "libvaqf_csim.so"])
def test_a_warning_stops_no_user(small: Path, tmp_path: Path, target: str):
    """Compilers that look through optimised code also warn of what cannot happen."""
    project = tmp_path / "warns"
    subprocess.run(["cp", "-r", small, project], check=True)
    with (project / "vaqf_top.cpp").open("a") as source:
        source.write("static int for_nothing;\n")
    assert "[-Wunused-variable]" in make(project, target, "CXXFLAGS=-O0")


@pytest.mark.long
@pytest.mark.parametrize("target", ["csim-native", "csim"])
def test_clang_simulates_the_same(project: Path, target: str):
    """Long because the first program that is linked waits for libc++ to be compiled."""
    compiler = f"CXX={' '.join(COMPILERS['clang'])}"
    assert PASSED.fullmatch(simulated(project, target, compiler, "CXXFLAGS=-O2 -Werror"))


def test_it_is_laid_out_as_clang_format_does(project: Path):
    sources = [path for path in project.iterdir() if path.suffix in (".cpp", ".h")]
    assert len(sources) == 6
    command = [str(CLANG_FORMAT), "--dry-run", "-Werror", *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def synthesised(project: Path, tmp_path: Path) -> dict[str, str]:
    """
    The text of each file of the project that is left for synthesis, after the preprocessor has
    removed comments and what only C simulation sees; that of the tool's headers is left out.
    """
    for header in ("ap_int.h", "hls_stream.h"):
        (tmp_path / header).touch()
    command = ["g++", "-E", "-D__SYNTHESIS__", "-isystem", str(tmp_path), "vaqf_top.cpp"]
    text = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout
    found: dict[str, str] = {}
    current = ""
    for line in text.splitlines():
        if marker := re.match(r'# \d+ "(.*?)"', line):
            current = marker[1]
        elif (project / current).is_file() and not Path(current).is_absolute():
            found[current] = f"{found.get(current, '')}{line}\n"
    return found


def test_nothing_is_synthesised_that_is_no_hardware(synthesised: dict[str, str]):
    assert set(synthesised) == {"vaqf_top.cpp", "vaqf_top.h", "vaqf_types.h"}  # and no traces
    for name, text in synthesised.items():
        assert not re.findall(rf"\b(?:{FORBIDDEN})\b", text), name


def test_only_own_headers_are_included(project: Path):
    for name, expected in (
        ("vaqf_top.cpp", {'"vaqf_top.h"', '"vaqf_trace.h"'}),
        ("vaqf_top.h", {'"vaqf_types.h"'}),
        ("vaqf_types.h", {"<ap_int.h>", "<hls_stream.h>", "<cassert>", "<cstdint>", "<deque>"}),
    ):
        included = re.findall(r"#include (.*)", (project / name).read_text())
        assert set(included) == expected, name


def test_there_is_no_recursion(synthesised: dict[str, str]):
    """Functions call only those above them, and through no pointer."""
    text = synthesised["vaqf_top.cpp"]
    starts = list(re.finditer(r'^(?:static|extern "C") \w+ (\w+)\(', text, re.MULTILINE))
    names = [start[1] for start in starts]
    assert names[-1] == "vaqf_top" and len(set(names)) == len(names)
    ends = [*(start.start() for start in starts[1:]), len(text)]
    calls = 0
    for position, (start, end) in enumerate(zip(starts, ends, strict=True)):
        body = text[start.end() : end]
        used = set(re.findall(r"\b\w+\b", body)) & set(names)
        assert used <= set(names[:position]), names[position]
        calls += len(used)
        assert not re.search(r"\(\s*\*", body), names[position]
    assert calls >= len(names) - 1
