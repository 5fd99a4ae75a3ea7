"""Boards: what the shipped files say, and how a file that is wrong is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import Board, System, board_names, load_board
from vaqf_compiler.hardware.resources import Resources

GOOD = """\
name = "Bench"
part = "xczu2cg-sbva484-1-e"
clock_mhz = 150.0

[resources]
lut = 1000
ff = 2000
dsp = 100
bram36 = 50
uram = 0

[usable]
lut = 0.5
ff = 0.75
dsp = 1
bram36 = 0.8
uram = 0.8

[memory]
ports = 4
port_bits = 128
bandwidth_gb_per_s = 19.2
latency_ns = 300
efficiency = 0.8
"""


def written(folder: Path, text: str) -> str:
    path = folder / "my_board.toml"
    path.write_text(text)
    return str(path)


def board(folder: Path, old: str = "", new: str = "") -> Board:
    """The board of a good file in which one piece of text is replaced."""
    assert old in GOOD
    return load_board(written(folder, GOOD.replace(old, new, 1)))


def refusal(folder: Path, old: str, new: str) -> str:
    """The message for such a file, which has one line and names the file."""
    with pytest.raises(UserError) as caught:
        board(folder, old, new)
    message = str(caught.value)
    assert "my_board.toml" in message
    assert "\n" not in message
    return message


# From the data sheets DS891, DS987 and DS962.
SHIPPED = {
    "kv260": ("xck26-sfvc784-2LV-c", 117120, 234240, 1248, 144, 64),
    "u250": ("xcu250-figd2104-2L-e", 1728000, 3456000, 12288, 2688, 1280),
    "zcu102": ("xczu9eg-ffvb1156-2-e", 274080, 548160, 2520, 912, 0),
    "zcu104": ("xczu7ev-ffvc1156-2-e", 230400, 460800, 1728, 312, 96),
}


def test_all_shipped_boards_are_checked() -> None:
    assert board_names() == sorted(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_board_has_the_resources_of_its_data_sheet(name: str) -> None:
    found = load_board(name)
    a = found.available
    assert (found.part, a["lut"], a["ff"], a["dsp"], a["bram36"], a["uram"]) == SHIPPED[name]
    assert found.memory.port_bits == 128
    assert all(0 < share <= 1 for share in found.usable.values())


def test_zcu102_has_the_memory_of_its_guide() -> None:
    memory = load_board("zcu102").memory
    assert (memory.ports, memory.bandwidth_gb_per_s) == (4, 19.2)


def test_a_file_of_ones_own_is_loaded(tmp_path: Path) -> None:
    found = board(tmp_path)
    assert (found.name, found.clock_mhz, found.available["lut"]) == ("Bench", 150.0, 1000)
    assert found.memory.latency_ns == 300


@pytest.mark.parametrize("resource", ["dsp = 100", "bram36 = 50"])
def test_a_board_may_lack_a_resource(tmp_path: Path, resource: str) -> None:
    name = resource.split()[0]
    assert board(tmp_path, resource, f"{name} = 0").available[name] == 0


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("", 'name = "Bench"'),
        ("", "clock_mhz = 150.0"),
        ("resources", "ff = 2000"),
        ("usable", "dsp = 1\n"),
        ("memory", "ports = 4"),
    ],
)
def test_a_missing_key_is_named(tmp_path: Path, section: str, line: str) -> None:
    message = refusal(tmp_path, line, "")
    assert f"the key '{line.split()[0]}' is missing" in message
    assert not section or f"[{section}]" in message


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    section = GOOD[GOOD.index("[memory]") :]
    assert "the key 'memory' is missing" in refusal(tmp_path, section, "")


@pytest.mark.parametrize(
    ("old", "new", "suggestion"),
    [
        ("clock_mhz", "clock_mzh", "clock_mhz"),
        ("bram36", "bram_36", "bram36"),
        ("efficiency", "eficiency", "efficiency"),
        ("[usable]", "[useable]", "usable"),
    ],
)
def test_a_misspelt_key_gets_a_suggestion(
    tmp_path: Path, old: str, new: str, suggestion: str
) -> None:
    message = refusal(tmp_path, old, new)
    assert f"unknown key '{new.strip('[]')}'; did you mean '{suggestion}'?" in message


def test_a_key_that_resembles_none_gets_all(tmp_path: Path) -> None:
    message = refusal(tmp_path, "ports = 4", "ports = 4\nzzz = 1")
    assert "unknown key 'zzz'; keys are ports, port_bits" in message


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ('name = "Bench"', "name = 7", "name", "must be a string"),
        ('part = "xczu2cg-sbva484-1-e"', "part = []", "part", "must be a string"),
        ('part = "xczu2cg-sbva484-1-e"', 'part = "a [exec b]"', "part", "must be a string of"),
        ('name = "Bench"', r'name = "a\nb"', "name", "must be a string of printable"),
        ("efficiency = 0.8", "efficiency = 5e-324", "memory.efficiency", "at least 0.001"),
        ("clock_mhz = 150.0", 'clock_mhz = "150"', "clock_mhz", "must be a number"),
        ("clock_mhz = 150.0", "clock_mhz = true", "clock_mhz", "must be a number"),
        ("clock_mhz = 150.0", "clock_mhz = nan", "clock_mhz", "must be a number"),
        ("clock_mhz = 150.0", "clock_mhz = inf", "clock_mhz", "must be a number"),
        ("clock_mhz = 150.0", "clock_mhz = -inf", "clock_mhz", "must be a number"),
        ("clock_mhz = 150.0", "clock_mhz = 0", "clock_mhz", "must be greater than zero"),
        ("clock_mhz = 150.0", "clock_mhz = 0.5", "clock_mhz", "must be in 1..1000, got 0.5"),
        ("clock_mhz = 150.0", "clock_mhz = 1001", "clock_mhz", "must be in 1..1000, got 1001"),
        ("clock_mhz = 150.0", "clock_mhz = -0.0", "clock_mhz", "must be greater than zero"),
        ("clock_mhz = 150.0", "clock_mhz = 2024-01-01", "clock_mhz", "must be a number"),
        ("lut = 1000", "lut = 1000.0", "resources.lut", "must be a whole number"),
        ("lut = 1000", "lut = false", "resources.lut", "must be a number"),
        ("lut = 1000", "lut = 0", "resources.lut", "must be greater than zero"),
        ("dsp = 100", "dsp = -1", "resources.dsp", "must not be negative"),
        ("lut = 1000", f"lut = 1{'0' * 400}", "resources.lut", "must be a number"),
        ("lut = 0.5", "lut = 1.01", "usable.lut", "must be at most 1"),
        ("lut = 0.5", "lut = 0.0", "usable.lut", "must be greater than zero"),
        ("ports = 4", "ports = 4.5", "memory.ports", "must be a whole number"),
        ("efficiency = 0.8", "efficiency = 80", "memory.efficiency", "must be at most 1"),
        ("latency_ns = 300", "latency_ns = -1", "memory.latency_ns", "must be greater than zero"),
        ("latency_ns = 300", "latency_ns = {}", "memory.latency_ns", "must be a number"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    tmp_path: Path, old: str, new: str, key: str, reason: str
) -> None:
    message = refusal(tmp_path, old, new)
    assert f"'{key}'" in message
    assert reason in message


def test_a_section_must_be_a_table(tmp_path: Path) -> None:
    section = GOOD[GOOD.index("[memory]") :]
    text = "memory = 4\n" + GOOD.replace(section, "")
    with pytest.raises(UserError, match=r"my_board\.toml': 'memory' must be a table, \[memory\]"):
        load_board(written(tmp_path, text))


@pytest.mark.parametrize(
    "text", ["name = ", "name = 1\nname = 2", f"lut = {'9' * 5000}", f"a = {'[' * 5000}"]
)
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"board file '.*my_board\.toml' is not valid TOML: "):
        load_board(written(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "my_board.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(UserError, match=r"cannot read the board file '.*my_board\.toml'"):
        load_board(str(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read the board file '.*none\.toml': No such file"):
        load_board(str(tmp_path / "none.toml"))


def test_a_directory_is_no_board(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UserError, match=r"cannot read the board file '.*folder\.toml': Is a dir"):
        load_board(str(tmp_path / "folder.toml"))


@pytest.mark.parametrize(("name", "meant"), [("zcu_102", "zcu102"), ("ZCU102", "zcu102")])
def test_an_unknown_name_gets_a_suggestion(name: str, meant: str) -> None:
    with pytest.raises(UserError, match=f"unknown board '{name}'; did you mean '{meant}'\\?"):
        load_board(name)


@pytest.mark.parametrize("name", ["", "pynq", "my_board"])
def test_a_name_that_resembles_none_gets_all(name: str) -> None:
    known = r"known are kv260, u250, zcu102, zcu104 \(or give a \.toml file\)"
    with pytest.raises(UserError, match=f"unknown board '{name}'; {known}"):
        load_board(name)


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("kv260", System("zynq-ultrascale", "xilinx.com:kv260_som:part0")),
        ("u250", System("alveo", "xilinx_u250_gen3x16_xdma_4_1_202210_1")),
        ("zcu102", System("zynq-ultrascale", "xilinx.com:zcu102:part0")),
        ("zcu104", System("zynq-ultrascale", "xilinx.com:zcu104:part0")),
    ],
)
def test_a_shipped_board_has_its_system(name: str, system: System) -> None:
    assert load_board(name).system == system


def test_a_board_may_have_no_system(tmp_path: Path) -> None:
    assert board(tmp_path).system is None


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ('[system]\nkind = "versal"', "'system.kind' must be one of zynq-ultrascale, alveo"),
        ('[system]\nboard_part = "a"', "'system.kind' must be one of zynq-ultrascale, alveo"),
        ('[system]\nkind = "alveo"', "[system]: the key 'platform' is missing"),
        (
            '[system]\nkind = "zynq-ultrascale"\nboard_parts = "a"',
            "unknown key 'board_parts'; did you mean 'board_part'?",
        ),
        (
            '[system]\nkind = "alveo"\nplatform = "[exec b]"',
            "'system.platform' must be a string of",
        ),
        ('[system]\nkind = "alveo"\nplatform = 4', "'system.platform' must be a string of"),
    ],
)
def test_a_system_that_makes_no_sense_is_refused(tmp_path: Path, section: str, reason: str) -> None:
    assert reason in refusal(tmp_path, "[memory]", f"{section}\n\n[memory]")


def test_a_system_must_be_a_table(tmp_path: Path) -> None:
    message = refusal(tmp_path, 'name = "Bench"', 'name = "Bench"\nsystem = 4')
    assert "'system' must be a table, [system]" in message


def test_shares_of_a_board(tmp_path: Path) -> None:
    found = board(tmp_path)
    used = Resources(lut=250, ff=2000, dsp=50, bram18=20, uram=0)
    # Twenty blocks of 18 Kb are ten of 36 Kb. What the board lacks and nobody takes has no share.
    assert found.share(used) == {"lut": 0.25, "ff": 1.0, "dsp": 0.5, "bram36": 0.2}


def test_what_a_board_lacks_is_taken_infinitely(tmp_path: Path) -> None:
    found = board(tmp_path)
    assert found.share(Resources(uram=1))["uram"] == math.inf
    assert found.exceeded(Resources(uram=1)) == ["uram"]


def test_what_may_be_taken_is_not_exceeded_by_all_of_it(tmp_path: Path) -> None:
    found = board(tmp_path)
    assert found.exceeded(Resources(lut=500, ff=1500, dsp=100, bram18=80, uram=0)) == []
    assert found.exceeded(Resources(lut=501, ff=1501, dsp=101, bram18=81, uram=0)) == [
        "lut",
        "ff",
        "dsp",
        "bram36",
    ]
