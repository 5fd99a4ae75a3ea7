"""
The commands of the vendor's tools and of their Tcl shells, in the notation of its documentation,
and whether calls follow them: UG1399 (Vitis HLS 2020.2 to 2023.2), UG902 (Vivado HLS 2020.1), UG835
and UG994 (Vivado 2022.2), PG201 and PG247 (what the processing system and the SmartConnect are
configured by). What is not listed is refused, so a new command in a script is looked up there
first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Call = tuple[str, ...]

TCL = ("puts", "cd", "exit", "error")
"""Recorded, but Tcl's own."""

_HLS = """
open_project [-reset] <project>
set_top <top>
add_files [-tb] [-cflags <string>] [-csimflags <string>] <src_files>
set_part <device>
create_clock -period <number> [-name <string>]
csynth_design
"""

VITIS_HLS = f"""{_HLS}
open_solution [-reset] [-flow_target (vitis | vivado)] <solution>
config_interface [-clock_enable] [-default_slave_interface (none | s_axilite)] [-m_axi_addr64]
    [-m_axi_alignment_byte_size <size>] [-m_axi_latency <latency>] [-m_axi_max_bitwidth <size>]
    [-m_axi_max_widen_bitwidth <size>] [-m_axi_offset (off | direct | slave)] [-register_io <arg>]
csim_design [-O] [-argv <string>] [-clean] [-ldflags <string>] [-mflags <string>] [-setup]
cosim_design [-O] [-argv <string>] [-coverage] [-ldflags <string>] [-mflags <string>]
    [-random_stall] [-rtl (verilog | vhdl)] [-setup] [-trace_level (none | all | port | port_hier)]
export_design [-description <string>] [-display_name <string>] [-flow (syn | impl)]
    [-format (ip_catalog | xo | syn_dcp | sysgen)] [-ipname <string>] [-library <string>]
    [-output <string>] [-rtl (verilog | vhdl)] [-vendor <string>] [-version <string>]
"""

VIVADO_HLS = f"""{_HLS}
open_solution [-reset] <solution>
config_interface [-clock_enable] [-m_axi_addr64] [-m_axi_offset (off | direct | slave)]
    [-register_io <arg>] [-trim_dangling_port]
csim_design [-O] [-argv <string>] [-clean] [-ldflags <string>] [-mflags <string>] [-setup]
cosim_design [-O] [-argv <string>] [-coverage] [-ldflags <string>] [-mflags <string>]
    [-rtl (verilog | vhdl)] [-setup] [-trace_level (none | all | port)]
export_design [-description <string>] [-display_name <string>] [-flow (syn | impl)]
    [-format (ip_catalog | sysgen | syn_dcp)] [-ipname <string>] [-library <string>]
    [-rtl (verilog | vhdl)] [-vendor <string>] [-version <string>]
"""

VIVADO = """
create_project [-part <arg>] [-force] [-in_memory] [<name>] [<dir>]
current_project [<project>]
current_fileset [-constrset] [-simset] [<fileset>]
get_board_parts [-latest_file_version] [-quiet] [<patterns>]
set_property [-dict <args>] [<name>] [<value>] <objects>
get_property [-min] [-max] <name> <object>
update_ip_catalog [-rebuild] [-repo_path <arg>]
create_bd_design [-dir <arg>] <name>
create_bd_cell [-type (ip | hier | module)] [-vlnv <arg>] <name>
apply_bd_automation -rule <arg> [-config <args>] <objects>...
get_bd_cells [-hierarchical] [-filter <arg>] [-quiet] [<patterns>]
get_bd_pins [-hierarchical] [-filter <arg>] [-quiet] [<patterns>]
get_bd_intf_pins [-hierarchical] [-filter <arg>] [-quiet] [<patterns>]
connect_bd_net [-net <arg>] <objects>...
connect_bd_intf_net [-intf_net <arg>] <object1> <object2>
assign_bd_address [-offset <arg>] [-range <arg>] [-force] [<objects>...]
validate_bd_design [-force]
save_bd_design [<name>]
get_files [-all] [-quiet] [<patterns>]
make_wrapper [-top] [-testbench] [-fileset <arg>] [-import] [-force] -files <files>
add_files [-fileset <arg>] [-norecurse] [<files>...]
update_compile_order [-fileset <arg>]
launch_runs [-jobs <arg>] [-scripts_only] [-to_step (opt_design | place_design | route_design |
    write_bitstream)] <runs>...
wait_on_run [-timeout <arg>] <run>
get_runs [-quiet] [<patterns>]
open_run [-name <arg>] <run>
report_utilization [-file <arg>] [-hierarchical] [-hierarchical_depth <arg>]
report_timing_summary [-delay_type (max | min | min_max)] [-max_paths <arg>] [-file <arg>]
get_timing_paths [-delay_type (max | min)] [-setup] [-hold] [-max_paths <arg>] [-nworst <arg>]
write_hw_platform [-fixed] [-force] [-include_bit] [-minimal] [<file>]
"""

SHELL = """
vitis_hls -f <script>
vivado_hls -f <script>
vitis-run --mode (hls) [--csim] [--cosim] [--package] [--impl] [--tcl] [--config <file>]
    [--work_dir <directory>] [<script>]
v++ [-c] [-l] [-t (hw | hw_emu)] [--mode (hls)] [--platform <platform>] [--config <file>]
    [--work_dir <directory>] [-o <file>] [<file>...]
vivado -mode (batch | gui | tcl) -source <script>
"""
"""What starts the tools: UG1399 (2023.2), UG1702, UG835."""

OBJECTS = {
    "connect_bd_net": "get_bd_pins",
    "connect_bd_intf_net": "get_bd_intf_pins",
    "apply_bd_automation": "get_bd_cells",
}
"""Commands whose arguments are objects, not names, and what finds them."""

PROPERTIES: Mapping[str, Mapping[str, str]] = {
    "current_project": {
        "board_part": r"[\w.-]+:[\w-]+:part0:[\d.]+",
        "ip_repo_paths": r"/.*",
    },
    "current_fileset": {"top": r"\w+"},
    "get_runs": {"PROGRESS": "", "STATUS": ""},
    "get_timing_paths": {"SLACK": ""},
    "xilinx.com:ip:smartconnect": {
        "CONFIG.NUM_SI": "[1-9]|1[0-6]",
        "CONFIG.NUM_MI": "[1-9]|1[0-6]",
        "CONFIG.NUM_CLKS": "[1-9]",
    },
    "xilinx.com:ip:zynq_ultra_ps_e": {
        "CONFIG.PSU__FPGA_PL0_ENABLE": "[01]",
        "CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ": r"[\d.]+",
        "CONFIG.PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ": "",
        "CONFIG.PSU__USE__IRQ0": "[01]",
        "CONFIG.PSU__USE__IRQ1": "[01]",
        **{f"CONFIG.PSU__USE__M_AXI_GP{port}": "[01]" for port in range(3)},
        **{f"CONFIG.PSU__USE__S_AXI_GP{port}": "[01]" for port in range(7)},
        **{f"CONFIG.PSU__SAXIGP{port}__DATA_WIDTH": "32|64|128" for port in range(7)},
    },
}
"""
Of what a query finds, of a cell by what it is made of: properties, and what they can be set to, of
those that can only be read nothing.
"""


class ToolError(AssertionError):
    """What the tool would refuse."""


@dataclass
class Syntax:
    """Of a command."""

    options: dict[str, Sequence[str] | None] = field(
        default_factory=dict[str, Sequence[str] | None]
    )
    """By name, what their argument can be: anything for `*`, and None where there is none."""
    required: set[str] = field(default_factory=set[str])
    least: int = 0
    most: int = 0
    """How many other arguments there can be."""


def _syntax(text: str) -> Syntax:
    """Of what follows the name of the command."""
    found = Syntax()
    for part in re.findall(r"\[[^]]*\]|--?\w+ (?:<\w+>|\([^)]*\))|<\w+>(?:\.\.\.)?", text):
        body = part.strip("[]")
        name, _, argument = body.partition(" ")
        if name.startswith("-"):
            values = re.split(r"\W+", argument.strip("()")) if "(" in argument else ["*"]
            found.options[name] = values if argument else None
            if body == part:
                found.required.add(name)
        else:
            found.least += body == part
            found.most += 100 if body.endswith("...") else 1
    return found


def _commands(texts: str) -> dict[str, Syntax]:
    lines = re.sub(r"\n +", " ", texts).split("\n")
    return {line.partition(" ")[0]: _syntax(line.partition(" ")[2]) for line in lines if line}


def queries(call: Call) -> Iterator[Call]:
    """The queries among the words of a call, as `Inputs/record.tcl` writes them."""
    for word in call:
        if word.startswith("["):
            yield tuple(word[1:-1].split())


def check_calls(commands: str, calls: Sequence[Call]) -> None:
    """Raise ToolError for the first call that a tool with these commands would refuse."""
    known = _commands(commands)
    cells: dict[str, str] = {}
    for call in calls:
        for made in (*queries(call), call):
            if made[0] not in TCL:
                _check_call(known, made)
        if call[0] == "create_bd_cell":
            cells[call[-1]] = call[call.index("-vlnv") + 1]
        if call[0] in ("set_property", "get_property"):
            _check_properties(call, cells)


def _check_call(known: Mapping[str, Syntax], call: Call) -> None:
    name, *words = call
    if name not in known:
        raise ToolError(f"there is no command {name}")
    syntax = known[name]
    missing = set(syntax.required)
    others: list[str] = []
    rest = iter(words)
    for word in rest:
        if not re.match(r"--?[A-Za-z]", word):
            others.append(word)
            continue
        if word not in syntax.options:
            raise ToolError(f"{name} has no option {word}")
        missing.discard(word)
        values = syntax.options[word]
        if values is None:
            continue
        value = next(rest, None)
        if value is None or (value not in values and "*" not in values):
            raise ToolError(f"{name} {word} does not take {value}")
    if missing:
        raise ToolError(f"{name} needs {', '.join(missing)}")
    if not syntax.least <= len(others) <= syntax.most:
        raise ToolError(f"{name} does not take {len(others)} arguments: {' '.join(others)}")
    for word in others:
        if name in OBJECTS and not word.startswith(f"[{OBJECTS[name]} "):
            raise ToolError(f"{name} takes what {OBJECTS[name]} finds, got {word}")


def _check_properties(call: Call, cells: Mapping[str, str]) -> None:
    """That the object of a call has the properties, and can have the values."""
    (query,) = queries((call[-1],))
    kind = query[0]
    if kind == "get_bd_cells":
        if query[-1] not in cells:
            raise ToolError(f"there is no cell {query[-1]}")
        kind = cells[query[-1]]
    if call[0] == "get_property":
        wanted = {call[-2]: ""}
    elif call[1] == "-dict":
        words = call[2].split()
        wanted = dict(zip(words[::2], words[1::2], strict=True))
    else:
        wanted = {call[1]: call[2]}
    for name, value in wanted.items():
        if name not in PROPERTIES[kind]:
            raise ToolError(f"{kind} has no property {name}")
        if value and not re.fullmatch(PROPERTIES[kind][name], value):
            raise ToolError(f"{name} cannot be {value}")
