"""Sweeps without their evaluation: axes, selection, the journal, tables and the plot."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweep_points import evaluate

from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import board_names
from vaqf_compiler.limits import MAX, Target, parse_target
from vaqf_compiler.sweep import Axes, Point, Row, pareto_front, parse_axes, select
from vaqf_compiler.sweep.fingerprint import code_digest, fingerprint_of
from vaqf_compiler.sweep.journal import NAME, open_journal
from vaqf_compiler.sweep.plot import write_plot
from vaqf_compiler.sweep.point import checked_result, failed_result, short_names
from vaqf_compiler.sweep.tables import selection_table, write_tables


def axes(text: str, fps: Target = MAX) -> Axes:
    return parse_axes(text, model="deit-small", board="kv260", fps=fps)


def row(
    bits: int,
    fps: float | None,
    *,
    model: str = "deit-tiny",
    board: str = "zcu102",
    error: str | None = None,
) -> Row:
    """A point with a frame rate, or an infeasible one, or one with an error."""
    point = Point(model, board, bits, None, "calibrated")
    if error is not None:
        return Row(point, failed_result(error))
    return Row(
        point, checked_result({"fps": fps, "feasible": fps is not None, "bottleneck": "lut"})
    )


def chosen(rows: Sequence[Row], *targets: Target) -> list[int | str]:
    return [selection.bits for selection in select(rows, targets)]


ALL_TARGETS = (15, 24, 30, 60, 120, MAX)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bits", Axes(("deit-small",), ("kv260",), tuple(range(1, 17)), (MAX,))),
        ("model", Axes(("deit-small",), ("kv260",), tuple(range(1, 17)), (MAX,))),
        ("board", Axes(("deit-small",), tuple(board_names()), tuple(range(1, 17)), (MAX,))),
        ("fps,bits=8", Axes(("deit-small",), ("kv260",), (8,), ALL_TARGETS)),
        (
            "model=deit-tiny:deit-base,bits=1..3,board=zcu102:u250,fps=24:30.5:max",
            Axes(("deit-tiny", "deit-base"), ("zcu102", "u250"), (1, 2, 3), (24, 30.5, MAX)),
        ),
        (" bits = 2 : 1:4..5:16..16 ", Axes(("deit-small",), ("kv260",), (2, 1, 4, 5, 16), (MAX,))),
    ],
)
def test_axes_are_parsed(text: str, expected: Axes) -> None:
    assert axes(text) == expected


def test_an_axis_that_is_not_named_takes_the_callers_value() -> None:
    given = axes("bits=8", fps=24.0)
    assert given == Axes(("deit-small",), ("kv260",), (8,), (24.0,))


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = Path(__file__).parents[2] / "vaqf_compiler/boards/u250.toml"
    Path("mine.toml").write_text(source.read_text())
    given = axes("model=nets.py:build:deit-tiny:./checkpoint,board=mine.toml:u250")
    assert given.boards == (f"{tmp_path}/mine.toml", "u250")
    assert given.models == (f"{tmp_path}/nets.py:build", "deit-tiny", f"{tmp_path}/checkpoint")
    positional = parse_axes("bits", model="nets.py:build", board="mine.toml")
    assert positional.models == (f"{tmp_path}/nets.py:build",)
    assert positional.boards == (f"{tmp_path}/mine.toml",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name some of model, bits, board, fps"),
        ("bits,,fps", "lack a name"),
        ("bit=1", "unknown axis 'bit'; did you mean 'bits'?"),
        ("boards", "did you mean 'board'?"),
        ("clock=200", "axes are model, bits, board, fps"),
        ("bits=1,bits=2", "'bits' is given twice"),
        ("bits=", "lacks a value in 'bits='"),
        ("board=zcu102:", "lacks a value"),
        ("bits=0", "bits must be in 1..16, got 0"),
        ("bits=1..17", "bits must be in 1..16, got 17"),
        ("bits=8..4", "write 4..8"),
        ("bits=eight", "a number as 8 or a range as 1..8, got 'eight'"),
        ("bits=-1", "got '-1'"),
        ("bits=1...8", "got '1...8'"),
        ("bits=1..8:4", "the axis 'bits' has 4 twice"),
        ("fps=24:24.0", "the axis 'fps' has 24 twice"),
        ("fps=0", "images a second in 0.001..1000000, or 'max', got '0'"),
        ("fps=1e20", "images a second in 0.001..1000000, or 'max', got '1e20'"),
        ("fps=0.0001", "images a second in 0.001..1000000, or 'max', got '0.0001'"),
        ("fps=nan", "got 'nan'"),
        ("fps=inf", "got 'inf'"),
        ("fps=mx", "did you mean 'max'?"),
        ("board=zcu103", "did you mean 'zcu10"),
        ("board=zcu102:zcu102", "has zcu102 twice"),
        ("board=missing.toml", "cannot read the board file 'missing.toml'"),
        ("model=nets.py", "write 'nets.py:callable'"),
        ("model=a:a", "has a twice"),
    ],
)
def test_bad_axes_are_refused(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        axes(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "target"),
    [("max", MAX), ("24", 24.0), ("0.001", 0.001), ("1e6", 1e6), (30, 30.0), (0.5, 0.5)],
)
def test_targets_are_parsed(given: str | float, target: Target) -> None:
    assert parse_target(given, "fps") == target


def test_a_whole_number_that_no_float_holds_is_refused() -> None:
    with pytest.raises(UserError, match=r"fps must be .*, got '10{400}'"):
        parse_target(10**400, "fps")


def test_points_are_sorted_and_have_the_clock_and_the_profile() -> None:
    points = axes("model=b:a,board=zcu102:u250,bits=8:2").points(clock_mhz=150.0, profile="p")
    assert points == [
        Point(model, board, bits, 150.0, "p")
        for model in "ab"
        for board in ("u250", "zcu102")
        for bits in (2, 8)
    ]


def test_most_bits_that_reach_the_target_are_selected() -> None:
    rows = [row(1, 90), row(2, 60), row(4, 20), row(6, 30), row(8, 10), row(9, None)]
    assert chosen(rows, 30, 10, 60, 60.5, MAX, 91) == [8, 6, 2, 1, "infeasible", 1]
    assert chosen(rows[::-1], 30) == [6]


def test_of_equal_greatest_frame_rates_more_bits_are_selected() -> None:
    assert chosen([row(1, 50), row(3, 50), row(2, 50), row(4, 49)], MAX) == [3]


def test_selections_are_sorted_by_model_board_and_target() -> None:
    rows = [
        row(1, 10 if board == "u250" else None, model=model, board=board)
        for model in ("b", "a")
        for board in ("zcu102", "u250")
    ]
    assert [(s.model, s.board, s.target, s.bits) for s in select(rows, [MAX, 5.0])] == [
        ("a", "u250", 5.0, 1),
        ("a", "u250", MAX, 1),
        ("a", "zcu102", 5.0, "infeasible"),
        ("a", "zcu102", MAX, "infeasible"),
        ("b", "u250", 5.0, 1),
        ("b", "u250", MAX, 1),
        ("b", "zcu102", 5.0, "infeasible"),
        ("b", "zcu102", MAX, "infeasible"),
    ]


def test_nothing_is_infeasible_for_certain_after_an_error() -> None:
    rows = [row(1, 50), row(2, None, error="no")]
    assert chosen(rows, 40, 60) == [1, "error"]


def test_pareto_front() -> None:
    rows = [row(1, 90), row(2, 40), row(3, 60), row(4, 60), row(5, None), row(6, 7)]
    assert [row.point.bits for row in pareto_front(rows)] == [1, 4, 6]
    assert pareto_front([row(5, None)]) == []


# Few values, so that many are equal.
SWEEPS = st.lists(
    st.tuples(st.integers(1, 6), st.none() | st.integers(1, 6)), min_size=1, max_size=12
).map(lambda points: [row(bits, fps) for bits, fps in points])


def dominates(a: Row, b: Row) -> bool:
    """Whether `a` is as good as `b` in both ways and better in one."""
    assert a.fps is not None and b.fps is not None
    one, other = (a.point.bits, a.fps), (b.point.bits, b.fps)
    return one[0] >= other[0] and one[1] >= other[1] and one != other


@given(SWEEPS)
def test_the_front_is_all_that_is_not_dominated(rows: list[Row]) -> None:
    feasible = [row for row in rows if row.fps is not None]
    expected = [row for row in feasible if not any(dominates(other, row) for other in feasible)]
    front = pareto_front(rows)
    assert sorted(map(id, front)) == sorted(map(id, expected))
    assert [row.point.bits for row in front] == sorted(row.point.bits for row in front)


@given(SWEEPS, st.integers(1, 7), st.integers(1, 7))
def test_a_higher_target_never_selects_more_bits(rows: list[Row], a: int, b: int) -> None:
    low, high, greatest = select(rows, [min(a, b), max(a, b) + 0.5, MAX])
    if high.row is not None:
        assert low.row is not None
        assert high.row.point.bits <= low.row.point.bits
        assert high.row.fps is not None and high.row.fps >= max(a, b) + 0.5
    assert (greatest.row is None) == all(row.fps is None for row in rows)


@given(SWEEPS, st.integers(1, 6))
def test_what_is_selected_is_the_best_there_is(rows: list[Row], target: int) -> None:
    reach = [row.point.bits for row in rows if row.fps is not None and row.fps >= target]
    assert chosen(rows, target) == [max(reach, default="infeasible")]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"fps": 1.0}, "'feasible'"),
        ({"fps": None, "feasible": True}, "'fps' above 0"),
        ({"fps": 0, "feasible": True}, "'fps' above 0"),
        ({"fps": True, "feasible": True}, "'fps' above 0"),
        ({"fps": 1.0, "feasible": True, "error": "x"}, "must not return error"),
        ({"fps": 1.0, "feasible": True, "bits": 8}, "must not return bits"),
        ({"fps": float("inf"), "feasible": True}, "JSON"),
        ({"fps": 1.0, "feasible": True, "path": Path()}, "JSON"),
    ],
)
def test_an_evaluation_that_breaks_its_contract_is_a_bug(
    value: dict[str, object], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        checked_result(value)


def test_names_are_short_where_that_is_enough() -> None:
    assert short_names(["/a/b.toml", "/a/c.toml", "u250"]) == {
        "/a/b.toml": "b",
        "/a/c.toml": "c",
        "u250": "u250",
    }
    assert short_names(["/a/b.toml", "/c/b.toml"]) == {
        "/a/b.toml": "/a/b.toml",
        "/c/b.toml": "/c/b.toml",
    }


def test_the_fingerprint_is_of_the_files_too(tmp_path: Path) -> None:
    board, model, checkpoint = tmp_path / "b.toml", tmp_path / "nets.py", tmp_path / "checkpoint"
    checkpoint.mkdir()

    def of(board: str = "u250", model: str = "deit-tiny", common: str = "v1") -> str:
        return fingerprint_of(Point(model, board, 8, None, "calibrated"), common)

    assert of() == "v1"
    for file, arguments in (
        (board, {"board": str(board)}),
        (model, {"model": f"{model}:build"}),
        (checkpoint / "config.json", {"model": str(checkpoint)}),
    ):
        missing = of(**arguments)
        file.write_text("one")
        one = of(**arguments)
        file.write_text("two")
        two = of(**arguments)
        file.write_text("one")
        assert of(**arguments) == one
        assert len({missing, one, two, of(**arguments, common="v2"), of()}) == 5


def test_the_digest_is_of_the_code_and_its_data(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    found: list[str] = []
    for name, content in (
        ("code.py", "one = 1"),
        ("code.py", "one = 2"),
        ("boards/new.toml", "clock_mhz = 100"),
        ("boards/new.toml", "clock_mhz = 200"),
        ("boards/new.json", ""),
    ):
        (tmp_path / name).write_text(content)
        code_digest.cache_clear()
        found.append(code_digest(tmp_path))
    (tmp_path / "code.pyc").write_text("not a source")
    code_digest.cache_clear()
    assert len(set(found)) == 5
    assert code_digest(tmp_path) == found[-1] != code_digest()


ENTRIES = [row(1, 50), row(2, None), row(3, None, error="no")]


def filled(directory: Path) -> Path:
    """A journal with `ENTRIES`."""
    with open_journal(directory) as journal:
        for entry in ENTRIES:
            journal.add(entry, "v1")
    return directory / NAME


def test_the_journal_gives_back_what_was_added(tmp_path: Path) -> None:
    filled(tmp_path / "new" / "deep")
    with open_journal(tmp_path / "new" / "deep") as journal:
        assert [entry.row for entry in journal.entries] == ENTRIES
        assert {entry.fingerprint for entry in journal.entries} == {"v1"}


def test_a_line_is_in_the_file_once_it_is_added(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        for count, entry in enumerate(ENTRIES, start=1):
            journal.add(entry, "v1")
            assert (tmp_path / NAME).read_bytes().count(b"\n") == count


def test_whatever_is_left_of_a_last_line_is_cut_off(tmp_path: Path) -> None:
    whole = filled(tmp_path).read_bytes()
    begin = whole.rindex(b"\n", 0, -1) + 1
    for end in range(begin, len(whole)):
        (tmp_path / NAME).write_bytes(whole[:end])
        with open_journal(tmp_path) as journal:
            assert [entry.row for entry in journal.entries] == ENTRIES[:2]
            journal.add(ENTRIES[2], "v1")
        assert (tmp_path / NAME).read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [
        b"hello\n",
        b"hello",
        b'{"a": 1}\n',
        b"[]\n",
        b"3\n",
        b"\xff\xfe\n",
        b"\x00\x00",
        b'{"point": {"model": "x"}, "fingerprint": "v1", "result": {}}\n',
        b'{"point": {"layer": "x"}, "bits": 8}',
    ],
)
@pytest.mark.parametrize("ours_before", [False, True])
def test_a_file_of_another_kind_is_refused_and_left(
    tmp_path: Path, content: bytes, ours_before: bool
) -> None:
    path = filled(tmp_path)
    content = (path.read_bytes() if ours_before else b"") + content
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"is not of a sweep: .* move it away"):
        with open_journal(tmp_path):
            pass
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"bits": 1', '"bits": "1"'),
        ('"board": "zcu102"', '"board": 5'),
        ('"clock_mhz": null', '"clock_mhz": "200"'),
        ('"profile": "calibrated"', '"profile": "calibrated", "more": 1'),
        ('"fps": 50', '"fps": null'),
        ('"feasible": true', '"feasible": 1'),
        ('"error": null', '"mistake": null'),
        ('"fingerprint": "v1"', '"fingerprint": 1'),
    ],
)
def test_a_line_of_another_shape_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = filled(tmp_path)
    text = path.read_text()
    assert old in text.splitlines()[0]
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match="line 1 is no point"):
        with open_journal(tmp_path):
            pass


def test_a_number_that_no_float_holds_is_refused(tmp_path: Path) -> None:
    """JSON reads it as an infinity, which JSON cannot write."""
    path = filled(tmp_path)
    path.write_text(path.read_text().replace('"fps": 50', '"fps": 1e999', 1))
    with pytest.raises(UserError, match="line 1 is not JSON"):
        with open_journal(tmp_path):
            pass


def test_a_journal_belongs_to_one_sweep_at_a_time(tmp_path: Path) -> None:
    with open_journal(tmp_path):
        with pytest.raises(UserError, match="another sweep is writing"):
            with open_journal(tmp_path):
                pass
    with open_journal(tmp_path):
        pass


def test_a_directory_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to"):
        with open_journal(tmp_path / "file"):
            pass


def some_rows() -> list[Row]:
    """Two models on two boards, with infeasible points and an error."""
    points = axes("model=deit-tiny:deit-base,board=kv260:zcu102,bits=10..14").points()
    rows = [Row(point, checked_result(evaluate(point))) for point in points]
    rows[2] = Row(rows[2].point, failed_result('no, "never"\nor so'))
    return rows


def test_csv_and_json_agree(tmp_path: Path) -> None:
    rows = some_rows()
    write_tables(tmp_path, rows[::-1], select(rows, [2.0, 6.5, MAX]))
    document = json.loads((tmp_path / "sweep.json").read_text())
    for name, entries in (("sweep", "points"), ("selection", "selection")):
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
        assert len(table) == len(document[entries]) > 0
        for cells, entry in zip(table, document[entries], strict=True):
            assert list(cells) == list(entry)
            for cell, value in zip(cells.values(), entry.values(), strict=True):
                if value is None or isinstance(value, str):
                    assert cell == (value or "")
                else:
                    assert json.loads(cell) == value
    found = [(e["model"], e["board"], e["bits"], e["fps"], e["error"]) for e in document["points"]]
    assert found == [
        (row.point.model, row.point.board, row.point.bits, row.fps, row.error) for row in rows
    ]
    # No other bits of these points are on a front: each has a rate of its own, falling with bits.
    assert [e["pareto"] for e in document["points"]] == [row.fps is not None for row in rows]


def test_selections_in_their_table(tmp_path: Path) -> None:
    rows = some_rows()
    write_tables(tmp_path, rows, select(rows, [6.5, 8.25, MAX]))
    with (tmp_path / "selection.csv").open(newline="") as file:
        table = [[*cells][:5] for cells in csv.reader(file)]
    assert table == [
        ["model", "board", "target_fps", "bits", "fps"],
        ["deit-base", "kv260", "6.5", "error", ""],
        ["deit-base", "kv260", "8.25", "error", ""],
        ["deit-base", "kv260", "max", "10", "1.0"],
        ["deit-base", "zcu102", "6.5", "infeasible", ""],
        ["deit-base", "zcu102", "8.25", "infeasible", ""],
        ["deit-base", "zcu102", "max", "10", "5.0"],
        ["deit-tiny", "kv260", "6.5", "infeasible", ""],
        ["deit-tiny", "kv260", "8.25", "infeasible", ""],
        ["deit-tiny", "kv260", "max", "10", "2.0"],
        ["deit-tiny", "zcu102", "6.5", "14", str(100 / 14)],
        ["deit-tiny", "zcu102", "8.25", "12", str(100 / 12)],
        ["deit-tiny", "zcu102", "max", "10", "10.0"],
    ]


def test_selections_on_the_terminal() -> None:
    rows = [row(1, 2345.67), row(8, 30), row(1, 9, board="/x/y/mine.toml")]
    assert selection_table(select(rows, [24.0, MAX])).splitlines()[1:] == [
        "model      board       24 FPS  greatest FPS",
        "deit-tiny  mine    infeasible       1 (9.0)",
        "deit-tiny  zcu102    8 (30.0)   1 (2,345.7)",
    ]


def test_the_plot_shows_boards_models_and_targets(tmp_path: Path) -> None:
    write_plot(tmp_path, some_rows(), [24.0, MAX])
    svg = (tmp_path / "sweep.svg").read_text()
    for text in ("deit-tiny", "deit-base", "kv260", "zcu102", "24 FPS", "frame rate (FPS)"):
        assert f"<!-- {text} -->" in svg
    assert "(bits)" in svg
    assert "nothing feasible" not in svg
    png = (tmp_path / "sweep.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") > 1000  # pixels wide


def test_equal_sweeps_give_equal_plots(tmp_path: Path) -> None:
    files: list[tuple[bytes, bytes]] = []
    for name, targets in (("a", [24.0]), ("b", [24.0]), ("c", [25.0])):
        folder = tmp_path / name
        folder.mkdir()
        write_plot(folder, some_rows(), targets)
        files.append(((folder / "sweep.svg").read_bytes(), (folder / "sweep.png").read_bytes()))
    first, same, other = files
    assert first == same
    assert first[0] != other[0] and first[1] != other[1]


def test_a_plot_of_nothing_feasible_says_so(tmp_path: Path) -> None:
    write_plot(tmp_path, [row(8, None), row(9, None, error="no")], [24.0, MAX])
    assert "<!-- nothing feasible -->" in (tmp_path / "sweep.svg").read_text()


@pytest.mark.parametrize(
    ("fps", "ticks"), [([33.3], [20, 50]), ([10.0, 20.0], [10, 20]), ([0.03, 0.06], [0.02, 0.1])]
)
def test_a_narrow_plot_has_ticks_around_its_values(
    tmp_path: Path, fps: list[float], ticks: list[float]
) -> None:
    write_plot(tmp_path, [row(bits, value) for bits, value in enumerate(fps, start=1)], [])
    svg = (tmp_path / "sweep.svg").read_text()
    for tick in ticks:
        assert f"<!-- {tick:g} -->" in svg


def test_importing_sweeps_does_not_import_what_only_they_need() -> None:
    program = (
        "import sys, vaqf_compiler.sweep; "
        "sys.exit(any(name in sys.modules for name in ('dask', 'distributed', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
