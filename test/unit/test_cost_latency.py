"""
Cycles of small loops, worked out by hand: trips x interval + depth, and what raises the interval.

On ZCU102 at 200 MHz a cycle has 3.65 ns for operators, a memory answers after 2 cycles and is
written in 1, and a word of an m_axi port takes 6 + 300 ns / 5 ns = 66 cycles.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from parse_ir import parse

from vaqf_compiler.analysis.latency import CALL_CYCLES, LOOP_CYCLES, Cycles, LatencyModel
from vaqf_compiler.analysis.pipelines import Pipeline
from vaqf_compiler.errors import OperationError
from vaqf_compiler.hardware.board import Board, load_board

ZCU102 = load_board("zcu102")
SLOW = replace(ZCU102, memory=replace(ZCU102.memory, bandwidth_gb_per_s=1.6, efficiency=0.5))
NARROW = replace(ZCU102, memory=replace(ZCU102.memory, port_bits=64))
AROUND = LOOP_CYCLES + CALL_CYCLES
"""Cycles of a call that has one loop, besides the loop's iterations."""
A = "%a = memref.alloc() : memref<64xi32>"
B = "%b = memref.alloc() : memref<64xi32>"
COPY = """
%x = memref.load %a[%i] : memref<64xi32>
memref.store %x, %b[%i] : memref<64xi32>"""
COPY_DEPTH = 3
"""Two cycles to read, one to write."""
TIMES_2 = "%twice = arith.muli %i, %c2 : index\n"


def model_of(body: str, *, n: int = 16, functions: str = "", board: Board = ZCU102) -> LatencyModel:
    """A model in which the top function calls one that has `body`."""
    numbers = "\n".join(f"%c{i} = arith.constant {i} : index" for i in (0, 1, 2, 3, 4, 8, 16, 64))
    module = parse(f"""
{functions}
func.func @f(%p: memref<64xi128>, %q: memref<64xi64>, %n: index) {{
  {numbers}
  {body}
  func.return
}}
func.func @top(%p: memref<64xi128>, %q: memref<64xi64>) {{
  vhls.interface %p : memref<64xi128> mode = "m_axi" bundle = "p"
  vhls.interface %q : memref<64xi64> mode = "m_axi" bundle = "q"
  %n = arith.constant {n} : index
  func.call @f(%p, %q, %n) : (memref<64xi128>, memref<64xi64>, index) -> ()
  func.return
}}""")
    return LatencyModel(module, board, 200.0)


def cycles(body: str, *, n: int = 16, functions: str = "") -> Cycles:
    model = model_of(body, n=n, functions=functions)
    (call,) = model.calls(model.function("top"))
    return call


def loop(body: str, index: str = "i", trips: str = "c16", pragma: str = "") -> str:
    return f"scf.for %{index} = %c0 to %{trips} step %c1 {{\n{pragma}\n{body}\n}}"


def pipelined(body: str, index: str = "i", trips: str = "c16") -> str:
    return loop(body, index=index, trips=trips, pragma="vhls.pipeline ii = 1")


def unrolled(body: str, trips: str) -> str:
    return loop(body, index="u", trips=trips, pragma="vhls.unroll")


def only(body: str, board: Board = ZCU102, clock: float = 200.0) -> Pipeline:
    """The only pipelined loop of a body."""
    model = replace(model_of(body, board=board), clock_mhz=clock)
    model.calls(model.function("top"))
    (found,) = model.pipelines.values()
    return found


def interval(body: str, arrays: str = A, board: Board = ZCU102) -> int:
    """Of a pipelined loop of 16 iterations with `body`."""
    return only(f"{arrays}\n{pipelined(body)}", board).interval


# Depth and trips.


@pytest.mark.parametrize("ii", [1, 3])
def test_a_pipelined_loop_takes_its_depth_and_an_interval_for_each_further_trip(ii: int) -> None:
    found = cycles(f"{A}\n{B}\n{loop(COPY, pragma=f'vhls.pipeline ii = {ii}')}")
    assert found.total == COPY_DEPTH + 15 * ii + AROUND


def test_a_loop_without_pipeline_takes_an_iteration_after_the_other() -> None:
    # Each has a cycle more, in which the loop is tested.
    assert cycles(f"{A}\n{B}\n{loop(COPY)}").total == 16 * (COPY_DEPTH + 1) + AROUND


@pytest.mark.parametrize("pragma", ["", "vhls.pipeline ii = 1", "vhls.dataflow"])
def test_no_trips_take_no_iteration(pragma: str) -> None:
    assert cycles(loop("", trips="c0", pragma=pragma)).total == AROUND


def test_loops_run_one_after_another() -> None:
    one = COPY_DEPTH + 15 + LOOP_CYCLES
    two = f"{A}\n{B}\n{pipelined(COPY)}\n{pipelined(COPY, trips='c4')}"
    assert cycles(two).total == one + (one - 12) + CALL_CYCLES


def test_a_partly_unrolled_loop_is_not_taken_for_an_unrolled_one() -> None:
    partly = loop(COPY, pragma="vhls.unroll factor = 2")
    assert cycles(f"{A}\n{B}\n{partly}").total == 16 * (COPY_DEPTH + 1) + AROUND


def test_statements_between_loops_wait_for_ports() -> None:
    # 16 elements of a memory that takes one a cycle.
    copies = unrolled("memref.store %zero, %a[%u] : memref<64xi32>", "c16")
    found = cycles(f"{A}\n%zero = arith.constant 0 : i32\n{copies}")
    assert found.total == 1 + 15 + CALL_CYCLES


# What raises the interval of 1 that the pragma asks for.


def read(*indices: str, array: str = "a", kind: str = "64xi32") -> str:
    """Statements that read elements."""
    loads = (f"%r{k} = memref.load %{array}[{at}]" for k, at in enumerate(indices))
    return "\n".join(f"{load} : memref<{kind}>" for load in loads)


def divided(kind: str, array: str = "a") -> str:
    """An array of 64 elements in several memories, or registers."""
    pragma = f"vhls.array_partition %{array} {kind} dim = 1 : memref<64xi32>"
    return f"{B if array == 'b' else A}\n{pragma}"


BOUND = f'{A}\nvhls.bind_storage %a type = "{{0}}" impl = "bram" : memref<64xi32>'
REGISTERS = '"complete"'
IN_4 = divided('"cyclic" factor = 4')
NUMBERS = [f"%c{i}" for i in (0, 1, 2, 3, 4)]
EIGHT = unrolled(read("%u"), "c8")
EVEN = f"scf.for %u = %c0 to %c8 step %c2 {{\nvhls.unroll\n{read('%u')}\n}}"
MULTIPLES = "%more = arith.muli %i, %c4 : index\n" + read("%i", "%twice", "%more")
LOCAL = "%l = memref.alloca() : memref<8xi32>\n"
AT_DATA = "\n".join(
    f"%k{i} = memref.load %b[%c{i}] : memref<64xi32>\n%j{i} = arith.index_cast %k{i} : i32 to index"
    for i in range(4)
)
"""Indices that are read from an array."""
FOUR = f"{AT_DATA}\n{read('%j0', '%j1', '%j2', '%j3')}"
INDICES = divided(REGISTERS, "b")
WRITE_2 = "%x = arith.constant 0 : i32\n" + "\n".join(
    f"memref.store %x, %a[%c{i}] : memref<64xi32>" for i in (0, 1)
)
CHOSEN = """
%is_low = arith.cmpi slt, %u, %c4 : index
%at = arith.select %is_low, %u, %c0 : index
""" + read("%at")
GRID = "memref<4x16xi32>"


def grid(columns: str = "") -> str:
    """An array whose 4 rows are memories of their own, and maybe parts of its 16 columns too."""
    lines = [f"%a = memref.alloc() : {GRID}", INDICES]
    for dimension, parts in (1, REGISTERS), (2, columns):
        if parts:
            lines.append(f"vhls.array_partition %a {parts} dim = {dimension} : {GRID}")
    return "\n".join(lines)


def grid_reads(*places: str) -> str:
    """Reads of places of which some subscripts are known and some are data."""
    return f"{AT_DATA}\n{read(*places, kind='4x16xi32')}"


APART = grid_reads("%c0, %j0", "%c1, %j1", "%c2, %j2")
TOGETHER = grid_reads("%c1, %j0", "%c1, %j1", "%c1, %j2")
CYCLIC = '"cyclic" factor = 4'


PORTS = {
    "two reads": (read(*NUMBERS[:2]), A, 1),
    "three reads": (read(*NUMBERS[:3]), A, 2),
    "five reads": (read(*NUMBERS), A, 3),
    "two writes, of which a memory takes one a cycle": (WRITE_2, A, 2),
    "4 elements in each of 2 banks": (EIGHT, divided('"cyclic" factor = 2'), 2),
    "2 elements in each of 4 banks": (EIGHT, IN_4, 1),
    "all 8 elements in the first half": (EIGHT, divided('"block" factor = 2'), 4),
    "4 elements in 2 of 16 blocks": (EIGHT, divided('"block" factor = 16'), 2),
    "registers": (EIGHT, divided(REGISTERS), 1),
    "even elements are in one of two banks": (EVEN, divided('"cyclic" factor = 2'), 2),
    "an element read 64 times counts once": (unrolled(read("%i"), "c64"), A, 1),
    "i, 2 i and 4 i are all 0, but only at first": (TIMES_2 + MULTIPLES, A, 2),
    "a memory with one port": (read("%c0", "%c1"), BOUND.format("ram_1p"), 2),
    "a memory with a port to read": (read("%c0", "%c1"), BOUND.format("ram_s2p"), 2),
    "an array of an iteration": (LOCAL + unrolled(read("%u", array="l", kind="8xi32"), "c8"), A, 4),
    "4 unknown places": (FOUR, f"{A}\n{INDICES}", 2),
    "4 unknown places may be in one bank of 4": (FOUR, f"{IN_4}\n{INDICES}", 2),
    "an unknown place counts once": (f"{AT_DATA}\n{read('%j0', '%j0')}", f"{A}\n{INDICES}", 1),
    "unknown columns of 3 rows": (APART, grid(), 1),
    "3 unknown columns of a row": (TOGETHER, grid(), 2),
    "unknown banks of 3 rows": (APART, grid(CYCLIC), 1),
    "3 unknown columns of a row may be in one of its banks": (TOGETHER, grid(CYCLIC), 2),
    "an unknown row may be that of two reads": (
        grid_reads("%j0, %c0", "%c1, %c1", "%c1, %c2"),
        grid(),
        2,
    ),
    "elements that are chosen: 0 to 3, then 0 alone": (unrolled(CHOSEN, "c8"), IN_4, 1),
    "two words of a port": (TIMES_2 + read("%i", "%twice", array="p", kind="64xi128"), A, 2),
}


@pytest.mark.parametrize("case", PORTS)
def test_ports_of_memories(case: str) -> None:
    body, arrays, expected = PORTS[case]
    assert interval(body, arrays) == expected


WORD = read("%i", array="p", kind="64xi128")
WORDS = f"{WORD}\n%y = memref.load %q[%i] : memref<64xi64>"


@pytest.mark.parametrize(
    ("body", "board", "expected"),
    [
        (WORDS, ZCU102, 1),
        (WORD, SLOW, 4),  # 16 bytes; 1.6 GB/s x 0.5 x 5 ns = 4 bytes a cycle
        (WORDS, SLOW, 6),  # 24 bytes of two ports
        (WORD, NARROW, 2),  # 128 bits over 64
    ],
)
def test_external_memory(body: str, board: Board, expected: int) -> None:
    assert interval(body, board=board) == expected


def test_a_write_waits_for_the_answer_of_memory() -> None:
    body = "%x = arith.constant 0 : i64\nmemref.store %x, %q[%i] : memref<64xi64>"
    assert only(pipelined(body)).depth == 66


def accumulate(
    to: str = "%c0", of: str = "%c0", operation: str = "addi", kind: str = "memref<64xi32>"
) -> str:
    """Two elements of an array, or the same: one is computed from the other."""
    return f"""
%old = memref.load %a[{of}] : {kind}
%new = arith.{operation} %old, %old : i32
memref.store %new, %a[{to}] : {kind}"""


def in_grid(to: str, of: str) -> str:
    """The same of places of which some subscripts are data."""
    return f"{AT_DATA}\n{accumulate(to, of, kind=GRID)}"


OLD = "%old = memref.load %a[%c0] : memref<64xi32>\n"
PLACE = f"""{OLD}
%j = arith.index_cast %old : i32 to index
%x = arith.constant 7 : i32
memref.store %x, %a[%j] : memref<64xi32>"""
IF_LESS = f"""{OLD}
%x = memref.load %b[%i] : memref<64xi32>
%less = arith.cmpi slt, %old, %x : i32
scf.if %less {{ memref.store %x, %a[%c0] : memref<64xi32> }}"""
PORT = """
%old = memref.load %q[%c0] : memref<64xi64>
memref.store %old, %q[%c0] : memref<64xi64>"""
BACK = "%back = arith.subi %i, %c{0} : index\n"
ANY = f"{AT_DATA}\n{accumulate('%j0', '%j1')}"
LEFT = """
%left = memref.load %a[{0}] : memref<64xi32>
%x = memref.load %b[%c1] : memref<64xi32>
memref.store %x, %a[{1}] : memref<64xi32>
memref.store %left, %b[%c2] : memref<64xi32>"""
EXCEPT = 'vhls.dependence %a "{0}" false : memref<64xi32>\n'
AWAY = 'vhls.dependence %a "inter" distance = {0} : memref<64xi32>\n'
DEPENDENCES = {
    "a sum in a memory: added in 1, written in 1, read in 2": (accumulate(), A, 4),
    "a sum in a register": (accumulate(), divided(REGISTERS), 1),
    "4 cycles for two iterations": (BACK.format(2) + accumulate("%i", "%back"), A, 2),
    # A quotient takes 36 cycles, the memory 3; ten iterations wait together.
    "39 cycles for ten iterations": (
        "%back = arith.subi %i, %c10 : index\n" + accumulate("%i", "%back", "divsi"),
        f"%c10 = arith.constant 10 : index\n{A}",
        4,
    ),
    "a dependence not of the first iteration": (TIMES_2 + accumulate("%twice", "%i"), A, 4),
    "none, as all elements differ": (accumulate("%i", "%i"), A, 1),
    "unknown places may be the same": (ANY, f"{A}\n{INDICES}", 4),
    "unknown columns of one row may be the same": (in_grid("%c1, %j0", "%c1, %j1"), grid(), 4),
    "unknown columns of different rows are not": (in_grid("%c1, %j0", "%c2, %j1"), grid(), 1),
    "nor are columns that differ of unknown rows": (in_grid("%j0, %c1", "%j1, %c2"), grid(), 1),
    "nor unknown banks of different rows": (in_grid("%c1, %j0", "%c2, %j1"), grid(CYCLIC), 1),
    "a pragma excludes it": (EXCEPT.format("inter") + accumulate(), A, 1),
    "a pragma says that it is 3 iterations away": (AWAY.format(3) + accumulate(), A, 2),
    "or 4, as many as there are cycles": (AWAY.format(4) + accumulate(), A, 1),
    "left for the next one, where one may read what it writes itself": (
        AT_DATA + LEFT.format("%j0", "%j1"),
        f"{A}\n{INDICES}",
        3,
    ),
    "left for three iterations later": (
        AWAY.format(3) + AT_DATA + LEFT.format("%j0", "%j1"),
        f"{A}\n{INDICES}",
        1,
    ),
    "left for the next one, at a place of its own": (
        TIMES_2 + BACK.format(1) + LEFT.format("%back", "%i"),
        f"{A}\n{B}",
        1,
    ),
    "one for a single iteration does not": (EXCEPT.format("intra") + accumulate(), A, 4),
    "the place depends on what is read": (PLACE, A, 3),
    "whether it is written depends on what is read": (IF_LESS, f"{A}\n{B}", 4),
    "what a port has written is long in coming back": (PORT, A, 2 * 66),
}


@pytest.mark.parametrize("case", DEPENDENCES)
def test_dependences_between_iterations(case: str) -> None:
    body, arrays, expected = DEPENDENCES[case]
    assert interval(body, arrays) == expected


def test_the_step_of_a_pipelined_loop_counts() -> None:
    # What is written is read in the next iteration, though four elements further.
    body = f"vhls.pipeline ii = 1\n{BACK.format(4)}{accumulate('%i', '%back')}"
    assert only(f"{A}\nscf.for %i = %c0 to %c16 step %c4 {{\n{body}\n}}").interval == 4


def test_the_inner_loop_of_a_flattened_nest_repeats_its_elements() -> None:
    # a[j] comes again after the 2 iterations of j.
    assert only(f"{A}\n{loop(pipelined(accumulate('%j', '%j'), 'j', 'c2'))}").interval == 2


def carried(body: str, clock: float = 200.0, bits: int = 32) -> int:
    """The interval of a loop that carries `%s` to `%t`."""
    head = f"scf.for %i = %c0 to %c16 step %c1 iter_args(%s = %s0) -> (i{bits})"
    start = f"%s0 = arith.constant 1 : i{bits}\n%r = {head} {{\nvhls.pipeline ii = 1"
    return only(f"{start}\n{body}\nscf.yield %t : i{bits}\n}}", clock=clock).interval


def test_a_carried_value_waits_for_its_operators() -> None:
    # A product of 32 bits takes 3 + 4 cycles, one for each slice; a quotient 32 + 4.
    assert carried("%t = arith.muli %s, %s : i32") == 7
    assert carried("%m = arith.muli %s, %s : i32\n%t = arith.divsi %m, %s : i32") == 7 + 36


def test_a_carried_value_waits_for_both_branches() -> None:
    # The choice begins a cycle after the 36 of the quotient.
    body = """
%zero = arith.constant 0 : i32
%less = arith.cmpi slt, %s, %zero : i32
%t = scf.if %less -> (i32) {
  %q1 = arith.divsi %s, %s : i32
  scf.yield %q1 : i32
} else { scf.yield %s : i32 }"""
    assert carried(body) == 36 + 1


@pytest.mark.parametrize(("clock", "expected"), [(100.0, 1), (200.0, 2), (500.0, 8)])
def test_wide_additions_fit_a_slow_clock(clock: float, expected: int) -> None:
    # An addition of 64 bits takes 1.4 ns. Of 7.3 ns four take 5.9; of 3.65 ns two take 3.1; and
    # 1.46 ns less the 0.3 ns of a register are too short for one, so that it takes two cycles.
    chain = "\n".join(f"%t{k + 1} = arith.addi %t{k}, %s : i64" for k in (1, 2))
    body = f"%t1 = arith.addi %s, %s : i64\n{chain}\n%t = arith.addi %t3, %s : i64"
    assert carried(body, clock, 64) == expected


# What an iteration hands over to the next one.


def registers(*names: str) -> str:
    """Arrays of one element, which is in a register."""
    return "\n".join(
        f"%{name} = memref.alloc() : memref<1xi32>\n"
        f"vhls.array_partition %{name} {REGISTERS} dim = 1 : memref<1xi32>"
        for name in names
    )


def stage(source: str, target: str) -> str:
    """
    Square an element for another array: 2 cycles to read a memory, none for a register, 7 for the
    product, 1 to write a memory.
    """
    at = {name: ("%i", 64) if name in "ab" else ("%c0", 1) for name in (source, target)}
    places = [f"%{name}[{index}] : memref<{size}xi32>" for name, (index, size) in at.items()]
    return f"""
%in_{source} = memref.load {places[0]}
%out_{target} = arith.muli %in_{source}, %in_{source} : i32
memref.store %out_{target}, {places[1]}"""


PRODUCE, CONSUME = stage("a", "h"), stage("h", "b")


@pytest.mark.parametrize(
    ("body", "ii", "depth"),
    [
        # An iteration that reads what it wrote itself waits for all of that.
        (PRODUCE + CONSUME, 1, 2 + 7 + 7 + 1),
        # One that reads before it writes has that of the one before, which began earlier.
        (CONSUME + PRODUCE, 1, 2 + 7 - 1 + 7 + 1),
        (CONSUME + PRODUCE, 4, 2 + 7 - 4 + 7 + 1),
        # That is there when it begins if it began 9 cycles earlier; what it writes takes 9 too.
        (CONSUME + PRODUCE, 9, 2 + 7),
        # Handed on twice, waited for twice.
        (CONSUME + stage("g", "h") + stage("a", "g"), 1, 2 + 7 - 1 + 7 - 1 + 7 + 1),
    ],
)
def test_the_depth_of_a_value_that_is_handed_to_the_next_iteration(
    body: str, ii: int, depth: int
) -> None:
    arrays = f"{A}\n{B}\n{registers('g', 'h')}"
    found = only(f"{arrays}\n{loop(body, pragma=f'vhls.pipeline ii = {ii}')}")
    assert (found.depth, found.interval) == (depth, ii)


# Control.


def test_a_triangular_nest_is_summed_exactly() -> None:
    inner = pipelined(COPY.replace("%i", "%j"), "j", "i")
    # i = 0 skips the inner loop; i = 1 .. 3 take 3 + (i - 1) cycles.
    found = cycles(f"{A}\n{B}\n{loop(inner, trips='c4')}")
    assert found.total == 4 * (LOOP_CYCLES + 1) + (3 + 4 + 5) + AROUND


def test_perfect_nests_are_flattened() -> None:
    inner = pipelined(COPY, "j", "c4")
    assert cycles(f"{A}\n{B}\n{loop(inner, trips='n')}").total == COPY_DEPTH + 63 + AROUND


@pytest.mark.parametrize("trips", ["c4", "n"])
def test_imperfect_nests_are_not_flattened(trips: str) -> None:
    # Something beside the inner loop, an addition of one cycle, or a bound that is not constant.
    beside = "" if trips == "n" else "%beside = arith.addi %i, %c1 : index"
    inner = f"{beside}\n{pipelined(COPY, 'j', trips)}"
    each = len(beside[:1]) + COPY_DEPTH + 3 + LOOP_CYCLES + 1
    assert cycles(f"{A}\n{B}\n{loop(inner)}", n=4).total == 16 * each + AROUND


def process(name: str, trips: int) -> str:
    """A function that copies words."""
    numbers = {"c0": 0, "c1": 1, "to": trips}
    body = "\n".join(f"%{n} = arith.constant {value} : index" for n, value in numbers.items())
    copy = WORD + "\nmemref.store %r0, %w[%i] : memref<64xi128>"
    arguments = "%p: memref<64xi128>, %w: memref<64xi128>"
    body = f"{body}\n{pipelined(copy, trips='to')}"
    return f"func.func @{name}({arguments}) {{\n{body}\nfunc.return\n}}\n"


def test_processes_of_a_dataflow_loop_overlap() -> None:
    types = "(memref<64xi128>, memref<64xi128>) -> ()"
    local = "%w = memref.alloca() : memref<64xi128>\n%v = memref.alloca() : memref<64xi128>"
    calls = f"func.call @first(%p, %w) : {types}\nfunc.call @second(%w, %v) : {types}"
    functions = process("first", 10) + process("second", 60)
    found = cycles(loop(f"{local}\n{calls}", pragma="vhls.dataflow"), functions=functions)
    first, second = 66 + 1 + 9 + AROUND, COPY_DEPTH + 59 + AROUND
    assert found.total == second + 16 * first + AROUND


QUEUE = 'memref<64xi128, "fifo">'


@pytest.mark.parametrize(("board", "interval"), [(ZCU102, 1), (SLOW, 4)])
def test_processes_of_a_dataflow_function_run_at_the_same_time(board: Board, interval: int) -> None:
    n = "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
    fill = f"%x = memref.load %p[%i] : memref<64xi128>\nmemref.store %x, %s[%i] : {QUEUE}"
    # Whether an element is needed is known at once; the queue answers as a memory does.
    take = f"""
%few = arith.cmpi slt, %i, %c4 : index
scf.if %few {{
  %x = memref.load %s[%i] : {QUEUE}
  memref.store %x, %w[%i] : memref<64xi128>
}}"""
    functions = f"""
func.func @fill(%p: memref<64xi128>, %s: {QUEUE}) {{
  {n} %c4 = arith.constant 4 : index
  {pipelined(fill, trips="c4")}
  func.return
}}
func.func @take(%s: {QUEUE}) {{
  {n} %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %w = memref.alloc() : memref<64xi128>
  {pipelined(take)}
  func.return
}}
func.func @both(%p: memref<64xi128>) {{
  vhls.dataflow
  %s = memref.alloca() : {QUEUE}
  vhls.stream %s depth = 8 : {QUEUE}
  func.call @fill(%p, %s) : (memref<64xi128>, {QUEUE}) -> ()
  func.call @take(%s) : ({QUEUE}) -> ()
  func.return
}}"""
    call = "func.call @both(%p) : (memref<64xi128>) -> ()"
    model = model_of(call, functions=functions, board=board)
    (found,) = model.calls(model.function("top"))
    # The first element comes through the pipeline of the one that fills, 66 to read, 1 to write.
    fill_depth, take_depth = 67, 1 + COPY_DEPTH
    fill_cycles, take_cycles = fill_depth + 3 * interval + AROUND, take_depth + 15 + AROUND
    assert fill_cycles > take_cycles
    # Where elements come more slowly, the other may wait for each of them.
    assert found.total == fill_cycles * interval + fill_depth + 2 * CALL_CYCLES


def branch(condition: str) -> str:
    return f"{A}\n{B}\n{condition}\nscf.if %c {{\n{pipelined(COPY)}\n}}"


def test_an_if_takes_the_branch_that_is_known_to_be_taken() -> None:
    body = branch("%c = arith.cmpi eq, %n, %c1 : index")
    # The comparison takes a cycle.
    assert cycles(body, n=1).total == 1 + COPY_DEPTH + 15 + AROUND
    assert cycles(body, n=2).total == 1 + CALL_CYCLES


LOADED = "%m = memref.load %a[%c0] : memref<64xi32>\n%l = arith.index_cast %m : i32 to index\n"


def test_an_if_takes_the_longer_branch_where_that_is_not_known() -> None:
    body = branch(LOADED + "%c = arith.cmpi eq, %l, %c1 : index")
    assert cycles(body).total == 2 + 1 + COPY_DEPTH + 15 + AROUND


@pytest.mark.parametrize(("n", "trips"), [(1, 4), (2, 8)])
def test_a_trip_count_that_is_chosen(n: int, trips: int) -> None:
    chosen = """
%is_one = arith.cmpi eq, %n, %c1 : index
%m = arith.select %is_one, %c4, %c8 : index"""
    # Comparison and choice take a cycle.
    body = f"{A}\n{B}\n{chosen}\n{pipelined(COPY, trips='m')}"
    assert cycles(body, n=n).total == 1 + COPY_DEPTH + trips - 1 + AROUND


def test_a_trip_count_that_data_choose_is_refused() -> None:
    chosen = """
%is_one = arith.cmpi eq, %l, %c1 : index
%k = arith.select %is_one, %c4, %c8 : index"""
    with pytest.raises(OperationError, match="trip count is not known"):
        cycles(f"{A}\n{B}\n{LOADED}{chosen}\n{pipelined(COPY, trips='k')}")


def test_an_unknown_trip_count_is_refused() -> None:
    with pytest.raises(OperationError, match=r"trip count is not known; add vhls\.loop_tripcount"):
        cycles(f"{A}\n{B}\n{LOADED}{pipelined(COPY, trips='l')}")


def test_an_unknown_trip_count_is_the_most_that_the_pragma_says() -> None:
    pragma = "vhls.pipeline ii = 1\nvhls.loop_tripcount min = 1 max = 9"
    found = cycles(f"{A}\n{B}\n{LOADED}{loop(COPY, trips='l', pragma=pragma)}")
    assert found.total == 2 + COPY_DEPTH + 8 + AROUND


def test_a_loop_in_a_pipelined_loop_must_be_unrolled() -> None:
    with pytest.raises(OperationError, match="a loop in a pipelined loop must be unrolled"):
        interval(loop(read("%j"), "j", "c4"))


SUM = """
%z = arith.constant 0 : i32
%s = scf.for %i = %c0 to %c16 step %c1 iter_args(%t = %z) -> (i32) {
  vhls.pipeline ii = 1
  %x = memref.load %a[%i] : memref<64xi32>
  %y = arith.addi %t, %x : i32
  scf.yield %y : i32
}"""
FETCH = "%w = memref.alloc() : memref<64xi128>\n" + pipelined(
    f"{WORD}\nmemref.store %r0, %w[%i] : memref<64xi128>"
)


@pytest.mark.parametrize(
    ("body", "bound"),
    [(SUM, "compute"), (FETCH, "weights"), (f"{B}\n{pipelined(COPY)}", "activations")],
)
def test_what_cycles_are_spent_on(body: str, bound: str) -> None:
    assert cycles(f"{A}\n{body}").bound == bound
