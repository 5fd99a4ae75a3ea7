"""Names that C++ or the files around the accelerator use for something else."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func, memref
from xdsl.ir import Operation

from vaqf_compiler.analysis.program import Program
from vaqf_compiler.emit.cpp_types import identifier
from vaqf_compiler.hls_rules.violation import violation

_C_LIBRARY = """
abort abs acos acosh asin asinh atan atan2 atanh atexit atof atoi atol bsearch calloc cbrt ceil
clock copysign cos cosh div erf erfc exit exp exp2 expm1 fabs fclose fdim fflush ffs floor fma fmax
fmin fmod fopen fprintf fputc fputs fread free frexp fscanf fwrite gamma getc getchar getenv hypot
ilogb index isalnum isalpha isdigit isspace j0 j1 jn labs ldexp ldiv lgamma llabs llrint llround
log log10 log1p log2 logb lrint lround malloc memchr memcmp memcpy memmove memset modf nan
nearbyint nextafter perror pow printf putc putchar puts qsort rand realloc remove remquo rename
rewind rint round scalbn scanf signal sin sinh snprintf sprintf sqrt srand sscanf strcat strchr
strcmp strcpy strlen strncmp strncpy strrchr strstr strtod strtol system tan tanh tgamma time
tolower toupper trunc vfprintf vprintf y0 y1 yn
"""
FUNCTIONS = frozenset(_C_LIBRARY.split())
"""
Functions of the C library. A top function has the same linkage, so that it cannot share their
names.
"""
TAKEN: Mapping[str, str] = {
    "main": "the testbench",
    "std": "the standard library",
    "hls": "the library of Vitis HLS",
    "vaqf": "vaqf_types.h",
}
"""Global names that `identifier` permits because variables may have them, each with its owner."""


def check_names(program: Program) -> None:
    """
    Raise OperationError for a function or table whose name clashes with another in C++ or in the
    hardware's files, and for a top function whose name in C++ would not be the one that scripts and
    testbench use.
    """
    named: dict[str, tuple[str, str]] = {}
    tops: list[Operation] = [*program.tops]
    for op in program.module.ops:
        if not isinstance(op, func.FuncOp | memref.GlobalOp):
            continue
        name = op.sym_name.data
        printed = identifier(name)
        if printed in TAKEN:
            what = f"@{name} has the name that {TAKEN[printed]} needs"
            raise violation(op, what, "give it another name")
        other, other_printed = named.setdefault(printed.lower(), (name, printed))
        if other != name:
            what = f"@{name} and @{other} are both called {printed} in C++"
            if other_printed != printed:
                what = f"@{name} and @{other} are one name in VHDL, which does not tell capitals"
            raise violation(op, what, "give one another name")
        if op in tops and name in FUNCTIONS:
            what = f"the top function @{name} has the name of a function of the C library"
            raise violation(op, what, "give it another name")
        if op in tops and printed != name:
            what = f"the top function @{name} would be called {printed} in C++"
            raise violation(op, what, "give it a name that C++ allows")
