"""The scripts of a project: what they ask the vendor's tools for, and whether that is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from compile_cpp import AP_TYPES
from small_project import MODEL_FILE, compile_small, tool
from tcl import INPUTS, calls_in, record, record_in_python, tcl_list, written
from vendor_commands import VIVADO, VIVADO_HLS, Call, ToolError, check_calls
from vendor_pragmas import check_pragma

from vaqf_compiler.cli import vaqf_compile

BOARDS = {
    "zcu102": "xczu9eg-ffvb1156-2-e",
    "zcu104": "xczu7ev-ffvc1156-2-e",
    "kv260": "xck26-sfvc784-2LV-c",
    "u250": "xcu250-figd2104-2L-e",
}
PORTS = ("image_port", "int8_linear_weights", "binary_linear_weights", "parameters", "logits")
MASTERS = [f"m_axi_gmem_{port}" for port in PORTS]


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A project of a small model for each board."""
    return {
        board: compile_small(tmp_path_factory.mktemp(board), "--board", board) for board in BOARDS
    }


@pytest.fixture
def project(projects: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the one for the ZCU102, to be changed."""
    return Path(shutil.copytree(projects["zcu102"], tmp_path / "project"))


def named(calls: list[Call], name: str) -> list[Call]:
    return [call for call in calls if call[0] == name]


def check_written(calls: list[Call], project: Path, name: str) -> None:
    """That calls are all that a file in `Inputs/calls` has, in its order."""
    assert written(calls, project) == (INPUTS / "calls" / name).read_text()


@pytest.mark.parametrize("board", ["zcu102", "u250"])
def test_run_hls_makes_these_calls(projects: dict[str, Path], board: str) -> None:
    project = projects[board]
    check_written(record(project / "run_hls.tcl"), project, f"{board}-run_hls.tcl")


@pytest.mark.parametrize("board", BOARDS)
def test_run_hls_runs_all_steps_in_order(projects: dict[str, Path], board: str) -> None:
    project = projects[board]
    calls = record(project / "run_hls.tcl")
    steps = ["csim_design", "csynth_design", "cosim_design", "export_design"]
    assert [name for name, *_ in calls if name.endswith("_design")] == steps
    assert not named(calls, "error")
    names = [call[0] for call in calls]
    assert names.index("open_project") < names.index("open_solution") < names.index("set_part")
    assert names.index("config_interface") < names.index("csim_design")

    (part,) = named(calls, "set_part")
    assert part[1:] == (BOARDS[board],)
    (clock,) = named(calls, "create_clock")
    assert float(clock[clock.index("-period") + 1]) == pytest.approx(
        1000 / (150 if board == "kv260" else 200), abs=1e-3
    )
    (top,) = named(calls, "set_top")
    assert f'extern "C" void {top[1]}(' in (project / "vaqf_top.cpp").read_text()
    added = [call[2] if call[1] == "-tb" else call[1] for call in named(calls, "add_files")]
    assert sorted(added) == ["data", "vaqf_testbench.cpp", "vaqf_top.cpp"]
    assert all((project / name).exists() for name in added)
    assert {call[1] for call in named(calls, "add_files") if call[2] == "data"} == {"-tb"}
    for step in ("csim_design", "cosim_design"):
        (call,) = named(calls, step)
        assert call[call.index("-argv") + 1] == "data"
    target, package = ("vitis", "xo") if board == "u250" else ("vivado", "ip_catalog")
    (solution,) = named(calls, "open_solution")
    assert solution[-2:] == ("-flow_target", target)
    (export,) = named(calls, "export_design")
    assert export[1:3] == ("-format", package)


def test_steps_can_be_chosen(projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAQF_STEPS", "csynth export")
    calls = record(projects["zcu102"] / "run_hls.tcl")
    assert [name for name, *_ in calls if name.endswith("_design")] == [
        "csynth_design",
        "export_design",
    ]


def test_a_step_that_there_is_not_is_named(
    projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAQF_STEPS", "csim synth")
    assert record(projects["zcu102"] / "run_hls.tcl") == [
        (
            "error",
            "VAQF_STEPS: there is no step synth; choose some of csim, csynth, cosim, export",
        )
    ]


def test_a_script_that_is_broken_is_noticed(project: Path) -> None:
    script = project / "run_hls.tcl"
    script.write_text(script.read_text().replace("csynth_design\n}", "csynth_design\n"))
    assert named(record(script), "error")


@pytest.mark.parametrize(
    ("script", "old", "new", "message"),
    [
        ("run_hls.tcl", "csynth_design", "synth_design", "there is no command synth_design"),
        ("run_hls.tcl", "set steps {", "sett steps {", "there is no command sett"),
        ("run_hls.tcl", "-flow_target", "-target", "open_solution has no option -target"),
        ("run_hls.tcl", "set_part ", "set_part a ", "set_part does not take 2 arguments"),
        ("run_hls.tcl", "-period", "-uncertainty", "create_clock has no option -uncertainty"),
        ("run_hls.tcl", "-period 5.000 ", "", "create_clock needs -period"),
        ("run_hls.tcl", "ip_catalog", "ip", "export_design -format does not take ip"),
        ("run_hls.tcl", " -argv data", " -argv", "csim_design -argv does not take None"),
        ("build_bitstream.tcl", "USE__IRQ0", "USE__IRQ9", "has no property CONFIG.PSU__USE__IRQ9"),
        ("build_bitstream.tcl", "IRQ0 1", "IRQ0 yes", "CONFIG.PSU__USE__IRQ0 cannot be yes"),
        ("build_bitstream.tcl", "ip_repo_paths", "ip_repos", "current_project has no property ip"),
        ("build_bitstream.tcl", "get_bd_cells ps", "get_bd_cells cpu", "there is no cell cpu"),
        ("build_bitstream.tcl", "get_bd_pins $pin", "get_bd_cells $pin", "takes what get_bd_pins"),
        (
            "build_bitstream.tcl",
            "{max setup min",
            "{slow setup min",
            "-delay_type does not take sl",
        ),
        ("build_bitstream.tcl", "get_bd_pins $pin", "get_pins $pin", "is no command get_pins"),
    ],
)
def test_what_a_tool_lacks_is_noticed(
    project: Path, script: str, old: str, new: str, message: str
) -> None:
    text = (project / script).read_text()
    assert old in text
    (project / script).write_text(text.replace(old, new))
    with pytest.raises(ToolError, match=re.escape(message)):
        if script == "run_hls.tcl":
            record(project / script)
        else:
            built(project, "xilinx.com:zcu102:part0")


def test_no_tool_has_the_commands_of_another(projects: dict[str, Path]) -> None:
    calls = record(projects["u250"] / "run_hls.tcl")
    for commands in (VIVADO_HLS, VIVADO):
        with pytest.raises(ToolError):
            check_calls(commands, calls)


def read_config(path: Path) -> dict[str, list[str]]:
    """The keys of a Vitis configuration file, with all values of one that is repeated."""
    values: dict[str, list[str]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = f"{match[1]}."
            continue
        key, equals, value = line.partition("=")
        assert equals and key == key.strip() and value == value.strip() != "", line
        values.setdefault(f"{section}{key}", []).append(value)
    return values


@pytest.mark.parametrize("board", BOARDS)
def test_the_configuration_file_says_what_the_script_says(
    projects: dict[str, Path], board: str
) -> None:
    project = projects[board]
    expected: dict[str, list[str]] = {}

    def expect(key: str, value: str) -> None:
        expected.setdefault(key, []).append(value)

    for name, *words in record(project / "run_hls.tcl"):
        options = dict(pairwise((*words, "true")))  # of a flag, what comes next does not matter
        match name:
            case "set_part":
                expect("part", words[0])
            case "open_solution":
                expect("hls.flow_target", options["-flow_target"])
            case "create_clock":
                expect("hls.clock", f"{options['-period']}ns")
            case "set_top":
                expect("hls.syn.top", words[0])
            case "add_files":
                kind, file = ("tb", words[1]) if words[0] == "-tb" else ("syn", words[0])
                expect(f"hls.{kind}.file", file)
                if "-cflags" in options:
                    expect(f"hls.{kind}.cflags", options["-cflags"])
            case "csim_design" | "cosim_design":
                step = name.partition("_")[0]
                assert words[0] == "-O"
                expect(f"hls.{step}.O", "true")
                expect(f"hls.{step}.argv", options["-argv"])
            case "config_interface":
                assert words[0] == "-m_axi_addr64"
                expect("hls.syn.interface.m_axi_addr64", "1")
                for option, value in zip(words[1::2], words[2::2], strict=True):
                    expect(f"hls.syn.interface.{option[1:]}", value)
            case "export_design":
                expect("hls.package.output.format", options["-format"])
                if "-output" in options:
                    expect("hls.package.output.file", options["-output"])
            case _:
                pass
    config = read_config(project / "hls_config.cfg")
    assert config == expected
    for file in config["hls.syn.file"] + config["hls.tb.file"]:
        assert (project / file).exists()


IMPLEMENTED = {
    "get_property PROGRESS *": "100%",
    "get_property SLACK *": "0.2",
    "get_property CONFIG.PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ *": "199.998",
    "make_wrapper *": "vaqf_system_wrapper.v",
}


BY_SCRIPT, BY_CONFIGURATION = "vaqf/solution1/impl/ip", "vaqf_unified/hls/impl/ip"


def built(
    project: Path, board_part: str, exported_to: str = BY_SCRIPT, **changed: str
) -> list[Call]:
    """The calls of build_bitstream.tcl in a project whose IP is exported."""
    exported = project / exported_to
    exported.mkdir(parents=True, exist_ok=True)
    (exported / "component.xml").touch()
    results = project / "vaqf_vivado"
    for path in (
        results / "vaqf_vivado.runs/impl_1/vaqf_system_wrapper.bit",
        results / "vaqf_vivado.gen/sources_1/bd/vaqf_system/hw_handoff/vaqf_system.hwh",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    usual = {"get_board_parts *": f"{board_part}:3.4", **IMPLEMENTED}
    answers = changed | usual | changed  # the first pattern that matches
    return record(project / "build_bitstream.tcl", answers=answers, commands=VIVADO)


def connections(calls: list[Call]) -> list[tuple[str, ...]]:
    """The pins of each connection."""
    return [
        tuple(word.split()[1].rstrip("]") for word in call[1:])
        for call in calls
        if call[0] in ("connect_bd_intf_net", "connect_bd_net")
    ]


def properties(calls: list[Call], cell: str) -> dict[str, str]:
    """The configuration of a cell."""
    found: dict[str, str] = {}
    for call in named(calls, "set_property"):
        if call[1] == "-dict" and call[3] == f"[get_bd_cells {cell}]":
            words = call[2].split()
            found |= dict(zip(words[::2], words[1::2], strict=True))
    return found


@pytest.mark.parametrize("board", ["zcu102", "zcu104", "kv260"])
def test_the_block_design_is_connected(
    projects: dict[str, Path], tmp_path: Path, board: str
) -> None:
    project = Path(shutil.copytree(projects[board], tmp_path / "project"))
    som = "kv260_som" if board == "kv260" else board
    calls = built(project, f"xilinx.com:{som}:part0")
    assert not named(calls, "error")
    (creation,) = named(calls, "create_project")
    assert creation[-2:] == ("-part", BOARDS[board])
    board_part = f"xilinx.com:{som}:part0:3.4"
    assert ("set_property", "board_part", board_part, "[current_project]") in calls

    cells = {call[-1]: call[-2].split(":")[2] for call in named(calls, "create_bd_cell")}
    assert Counter(cells.values()) == {
        "zynq_ultra_ps_e": 1,
        "vaqf_top": 1,
        "proc_sys_reset": 1,
        "smartconnect": 5,
    }
    pins = [pin for pair in connections(calls) for pin in pair]
    assert {pin.split("/")[0] for pin in pins} == set(cells)
    drivers = {"ps/pl_clk0", "reset/peripheral_aresetn"}
    assert all(count == 1 for pin, count in Counter(pins).items() if pin not in drivers)

    # Every pin of the accelerator, and of the processing system what is enabled.
    wanted = {f"accelerator/{master}" for master in MASTERS}
    wanted |= {f"accelerator/{pin}" for pin in ("s_axi_control", "ap_clk", "ap_rst_n", "interrupt")}
    wanted |= {"ps/M_AXI_HPM0_FPD", "ps/maxihpm0_fpd_aclk", "ps/pl_ps_irq0", "ps/pl_resetn0"}
    wanted |= {"reset/slowest_sync_clk", "reset/ext_reset_in"}
    for port in range(4):
        wanted |= {f"ps/S_AXI_HP{port}_FPD", f"ps/saxihp{port}_fpd_aclk"}
    settings = properties(calls, "ps")
    for port in range(4):
        assert settings[f"CONFIG.PSU__USE__S_AXI_GP{port + 2}"] == "1"
        assert settings[f"CONFIG.PSU__SAXIGP{port + 2}__DATA_WIDTH"] == "128"
    clock = float(settings["CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ"])
    assert clock == (150 if board == "kv260" else 200)
    # Every pin of the interconnects, as many as they are configured for.
    for cell in (name for name, kind in cells.items() if kind == "smartconnect"):
        sides = properties(calls, cell)
        wanted |= {f"{cell}/aclk", f"{cell}/aresetn"}
        for side, count in (("S", sides["CONFIG.NUM_SI"]), ("M", sides["CONFIG.NUM_MI"])):
            wanted |= {f"{cell}/{side}{slot:02}_AXI" for slot in range(int(count))}
    assert set(pins) == wanted | drivers

    sources = {sink: source for source, sink in connections(calls)}
    clocks = {pin for pin in wanted if pin.endswith(("clk", "aclk"))}
    assert {sources[pin] for pin in clocks} == {"ps/pl_clk0"}
    resets = {pin for pin in wanted if pin.endswith(("aresetn", "rst_n"))}
    assert {sources[pin] for pin in resets} == {"reset/peripheral_aresetn"}
    # Each master reaches memory.
    for master in MASTERS:
        (slot,) = (sink for source, sink in connections(calls) if source.endswith(f"/{master}"))
        assert re.fullmatch(r"memory\d/S\d\d_AXI", slot)
        memory = slot.split("/")[0]
        assert f"{memory}/M00_AXI" in sources.values()

    names = [call[0] for call in calls]
    order = ["create_bd_design", "assign_bd_address", "validate_bd_design", "make_wrapper"]
    order += ["launch_runs", "wait_on_run", "open_run", "write_hw_platform"]
    assert [name for name in names if name in order] == order
    assert (project / "vaqf.bit").read_text() == "vaqf_system_wrapper.bit"
    assert (project / "vaqf.hwh").read_text() == "vaqf_system.hwh"
    assert not any("WARNING" in call[1] for call in named(calls, "puts"))


def test_build_bitstream_makes_these_calls(projects: dict[str, Path], tmp_path: Path) -> None:
    project = Path(shutil.copytree(projects["zcu102"], tmp_path / "project"))
    calls = built(project, "xilinx.com:zcu102:part0")
    check_written(calls, project, "zcu102-build_bitstream.tcl")


def test_an_ip_that_was_not_exported_is_missed(project: Path) -> None:
    script = project / "build_bitstream.tcl"
    (message,) = named(record(script, commands=VIVADO), "error")
    assert message[1].startswith("no exported IP in vaqf/solution1/impl/ip")
    (message,) = named(record(script, ["/elsewhere"], commands=VIVADO), "error")
    assert message[1].startswith("no exported IP in /elsewhere;")


@pytest.mark.parametrize("exported_to", [BY_SCRIPT, BY_CONFIGURATION])
def test_the_ip_is_found_where_either_flow_puts_it(project: Path, exported_to: str) -> None:
    calls = built(project, "xilinx.com:zcu102:part0", exported_to)
    (repository,) = (call[2] for call in calls if call[:2] == ("set_property", "ip_repo_paths"))
    assert repository == str(project / exported_to)


def test_the_directory_of_an_ip_is_found_from_where_the_user_is(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "exported" / "ip").mkdir(parents=True)
    (tmp_path / "exported" / "ip" / "component.xml").touch()
    script = project / "build_bitstream.tcl"
    calls = record(
        script, ["exported/ip"], {"get_board_parts *": "a:b:part0:1.0"}, VIVADO, tmp_path
    )
    (repository,) = (call[2] for call in calls if call[:2] == ("set_property", "ip_repo_paths"))
    assert repository == str(tmp_path / "exported" / "ip")
    assert ("cd", str(project)) in calls


def test_a_board_that_vivado_lacks_is_named(project: Path) -> None:
    calls = built(project, "x", **{"get_board_parts *": ""})
    assert calls[-1] == (
        "error",
        "Vivado knows no board xilinx.com:zcu102:part0; install its board files",
    )


def test_a_failed_implementation_ends_the_script(project: Path) -> None:
    calls = built(project, "xilinx.com:zcu102:part0", **{"get_property PROGRESS *": "60%"})
    assert calls[-1][0] == "error" and "implementation failed" in calls[-1][1]
    assert not (project / "vaqf.bit").exists()


@pytest.mark.parametrize(("delay", "times"), [("max", "setup"), ("min", "hold")])
def test_missed_timing_is_said(project: Path, delay: str, times: str) -> None:
    missed = {f"get_property SLACK *-delay_type {delay}*": "-0.3"}
    calls = built(project, "xilinx.com:zcu102:part0", **missed)
    assert named(calls, "puts")[1:] == [
        (
            "puts",
            f"WARNING: {times} times are not met at 200 MHz; see vaqf_timing.rpt before using the "
            "bitstream",
        )
    ]


def test_an_alveo_card_gets_a_kernel_and_its_connections(projects: dict[str, Path]) -> None:
    project = projects["u250"]
    assert not (project / "build_bitstream.tcl").exists()
    config = read_config(project / "link.cfg")
    assert config == {
        "connectivity.nk": ["vaqf_top:1:vaqf_top_1"],
        "connectivity.sp": [
            f"vaqf_top_1.{port}:DDR[{bank % 4}]" for bank, port in enumerate(PORTS)
        ],
        "clock.freqhz": ["200000000"],
    }
    assert "**Not generated:** a host program" in (project / "README.md").read_text()


def test_a_board_without_a_system_gets_the_ip_alone(
    tmp_path: Path, projects: dict[str, Path]
) -> None:
    from importlib.resources import files

    text = (files("vaqf_compiler.boards") / "zcu102.toml").read_text()
    board = tmp_path / "bare.toml"
    board.write_text(text[: text.index("\n# The processing system")])
    project = compile_small(tmp_path / "build", "--board", str(board))
    assert not (project / "build_bitstream.tcl").exists()
    assert (project / "run_hls.tcl").read_text() == (projects["zcu102"] / "run_hls.tcl").read_text()
    readme = (project / "README.md").read_text()
    assert "**Not generated:** the board's description says nothing" in readme
    assert "m_axi_gmem_logits" in readme


@pytest.mark.parametrize("board", BOARDS)
def test_the_readme_names_files_that_are_there(projects: dict[str, Path], board: str) -> None:
    project = projects[board]
    readme = (project / "README.md").read_text()
    table = [line for line in readme.splitlines() if line.startswith("| `")]
    listed = {name for line in table for name in re.findall(r"`([\w./]+)`", line.split("|")[1])}
    made = {path.name + ("/" if path.is_dir() else "") for path in project.iterdir()}
    assert listed | {"report.json", "README.md", ".clang-format"} == made
    assert f"({BOARDS[board]})" in readme
    used = set(re.findall(r"[\w/]+\.(?:tcl|cfg|py)\b", readme))
    assert all((project / name).exists() for name in used)


def test_no_placeholder_is_left(projects: dict[str, Path]) -> None:
    for project in projects.values():
        for path in project.iterdir():
            if path.suffix in (".tcl", ".cfg", ".md"):
                assert "@" not in path.read_text(), path


@pytest.fixture(scope="module")
def vivado_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project for Vivado HLS."""
    return compile_small(tmp_path_factory.mktemp("vivado"), "--flow", "vivado-hls")


def test_vivado_hls_gets_a_script_that_it_knows(vivado_project: Path) -> None:
    calls = record(vivado_project / "run_hls.tcl", commands=VIVADO_HLS)
    check_written(calls, vivado_project, "vivado-run_hls.tcl")
    assert not (vivado_project / "hls_config.cfg").exists()
    readme = (vivado_project / "README.md").read_text()
    assert "\nvivado_hls -f run_hls.tcl\n" in readme
    assert "vitis" not in readme.lower()


def test_the_front_end_of_vitis_hls_takes_all_pragmas(projects: dict[str, Path]) -> None:
    for project in projects.values():
        source = (project / "vaqf_top.cpp").read_text()
        pragmas = [line for line in source.splitlines() if line.startswith("#pragma")]
        assert pragmas
        for line in pragmas:
            check_pragma(line)


def test_vivado_hls_gets_pragmas_and_c_plus_plus_that_it_knows(
    vivado_project: Path, projects: dict[str, Path]
) -> None:
    source, vitis = (path / "vaqf_top.cpp" for path in (vivado_project, projects["zcu102"]))
    pragmas = [line for line in source.read_text().splitlines() if line.startswith("#pragma")]
    assert pragmas
    for line in pragmas:
        assert re.match(r"#pragma HLS [A-Z_]+( |$)", line), line
        assert not re.search(r"\b(mode|type|dependent|impl)=|BIND_", line), line
    # All but the pragmas is the same.
    without, other = (
        [line for line in path.read_text().splitlines() if not line.startswith("#pragma")]
        for path in (source, vitis)
    )
    assert without == other
    (standard,) = {
        call[-1]
        for call in named(record(vivado_project / "run_hls.tcl", commands=VIVADO_HLS), "add_files")
        if call[-1].startswith("-std=")
    }
    for name in ("vaqf_top.cpp", "vaqf_testbench.cpp"):
        command = ["g++", standard, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I."]
        command += ["-Wno-unknown-pragmas", "-isystem", str(AP_TYPES), name]
        done = subprocess.run(
            command, cwd=vivado_project, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[:2000]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--flow", "vivado"], "unknown flow 'vivado'; did you mean 'vivado-hls'?"),
        (["--flow", "quartus"], "unknown flow 'quartus'; known are vitis-hls, vivado-hls"),
        (
            ["--flow", "vivado-hls", "--board", "u250"],
            "the flow vivado-hls makes no kernels, which Alveo U250 needs; use vitis-hls",
        ),
        (
            ["--flow", "vivado-hls", "--board", "kv260"],
            "the flow vivado-hls ends before the part xck26-sfvc784-2LV-c of KV260; use vitis-hls",
        ),
    ],
)
def test_a_flow_that_cannot_be_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    target = tmp_path / "build"
    source = f"{MODEL_FILE}:build"
    assert tool(vaqf_compile.main, source, "-o", str(target), *arguments) == 1
    assert capsys.readouterr().err == f"error: {message}\n"
    assert not target.exists()


def test_the_tcl_inside_python_records_the_same(projects: dict[str, Path]) -> None:
    pytest.importorskip("tkinter")
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is not installed, so there is nothing to compare with")
    script = projects["zcu102"] / "run_hls.tcl"
    text = record_in_python(tcl_list([str(script), "", ""]))
    assert calls_in(text) == record(script)
