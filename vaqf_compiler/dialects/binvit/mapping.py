"""Operations that bind a quantised model to an accelerator: engines, memories, dispatches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FloatAttr,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
)
from xdsl.traits import (
    HasParent,
    IsTerminator,
    NoTerminator,
    SymbolOpInterface,
    SymbolTable,
)
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects.binvit.checks import Tensor, element, shape_of
from vaqf_compiler.dialects.binvit.types import BinaryType, QuantizedType

LANES = "lanes"
"""
Name of the parameter `lanes`: elements of a vector that are read or written at a time. Its value is
the same for all engines.
"""

WORD_BITS = 128
"""Width of a port to external memory, in bits."""


@irdl_op_definition
class EngineOp(IRDLOperation):
    """
    A compute unit that dispatches share, with its parameters. The module `vaqf_compiler.engines`
    defines the kinds of engines and their parameters.
    """

    name = "binvit.engine"

    sym_name = prop_def(SymbolNameConstraint())
    kind = prop_def(StringAttr)
    parameters = prop_def(DictionaryAttr)

    traits = traits_def(SymbolOpInterface())
    assembly_format = "$sym_name $kind $parameters attr-dict"

    def __init__(self, name: str, kind: str, parameters: Mapping[str, int]):
        attributes = {key: IntegerAttr(value, i64) for key, value in parameters.items()}
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "kind": StringAttr(kind),
                "parameters": DictionaryAttr(attributes),
            }
        )

    def get(self, parameter: str) -> int | None:
        """Return a parameter's value, or None if no pass has chosen it yet."""
        value = self.parameters.data.get(parameter)
        return value.value.data if isinstance(value, IntegerAttr) else None

    def set(self, **parameters: int) -> None:
        """Choose values of parameters."""
        chosen = {key: IntegerAttr(value, i64) for key, value in parameters.items()}
        self.parameters = DictionaryAttr({**self.parameters.data, **chosen})

    def verify_(self) -> None:
        for name, value in self.parameters.data.items():
            if not isinstance(value, IntegerAttr) or value.value.data < 1:
                raise VerifyException(f"parameter '{name}' must be a positive integer, got {value}")


@irdl_op_definition
class MemoryOp(IRDLOperation):
    """
    An on-chip memory. Vectors are kept in rows of `width x lanes` elements, and a token takes as
    many consecutive rows as its channels need. The memory is made of block RAM, with a memory of
    its own for each lane, or of UltraRAM, in which the lanes of a group share a word.
    """

    name = "binvit.memory"
    STORAGES: ClassVar[tuple[str, ...]] = ("bram", "uram")

    sym_name = prop_def(SymbolNameConstraint())
    storage = prop_def(StringAttr)
    type = prop_def(base(MemRefType))

    traits = traits_def(SymbolOpInterface())
    assembly_format = "$sym_name `in` $storage `:` $type attr-dict"

    def __init__(self, name: str, type: MemRefType, storage: str = "bram"):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "storage": StringAttr(storage),
                "type": type,
            }
        )

    def verify_(self) -> None:
        if self.storage.data not in self.STORAGES:
            raise VerifyException(
                f"storage must be one of {', '.join(self.STORAGES)}, got '{self.storage.data}'"
            )
        assert isinstance(self.type, MemRefType)
        if self.type.get_num_dims() != 3 or any(size < 1 for size in self.type.get_shape()):
            raise VerifyException("a memory is rows x width x lanes, all of static size")


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Ends the region of a dispatch with its result."""

    name = "binvit.yield"

    value = operand_def(Tensor)

    traits = traits_def(IsTerminator())
    assembly_format = "$value attr-dict `:` type($value)"

    def __init__(self, value: SSAValue):
        super().__init__(operands=[value])


@irdl_op_definition
class DispatchOp(IRDLOperation):
    """
    One run of an engine. It computes the operations of the region, and writes the result to
    `memory`, beginning at `row`. Without a memory, the result goes to the output port.
    """

    name = "binvit.dispatch"

    engine = prop_def(FlatSymbolRefAttrConstr)
    memory = opt_prop_def(FlatSymbolRefAttrConstr)
    row = opt_prop_def(IntegerAttr[I64])
    body = region_def("single_block")
    result = result_def(Tensor)

    assembly_format = "$engine (`to` $memory^)? (`row` $row^)? attr-dict `:` type($result) $body"

    def __init__(self, engine: str, result_type: Attribute, body: Region):
        super().__init__(
            properties={"engine": SymbolRefAttr(engine)},
            result_types=[result_type],
            regions=[body],
        )

    @property
    def operations(self) -> list[Operation]:
        """The operations that the engine computes, without the terminator."""
        return list(self.body.block.ops)[:-1]

    @property
    def yielded(self) -> SSAValue:
        """The value in the region that is the result."""
        terminator = self.body.block.last_op
        assert isinstance(terminator, YieldOp)
        return terminator.value

    def verify_(self) -> None:
        terminator = self.body.block.last_op
        if not isinstance(terminator, YieldOp):
            raise VerifyException("the region must end in binvit.yield")
        if terminator.value.type != self.result.type:
            raise VerifyException("the yielded value must have the type of the result")
        if self.row is not None and (self.memory is None or self.row.value.data < 0):
            raise VerifyException("a row is a non-negative row of a memory")
        engine = SymbolTable.lookup_symbol(self, self.engine)
        if not isinstance(engine, EngineOp):
            raise VerifyException(f"{self.engine} is no engine of this module")


@irdl_op_definition
class MemoryImageOp(IRDLOperation):
    """
    The contents of the file for an m_axi port of 128-bit words. The region computes parameters and
    packs them one after another.
    """

    name = "binvit.memory_image"

    sym_name = prop_def(SymbolNameConstraint())
    words = prop_def(IntegerAttr[I64])
    body = region_def("single_block")

    traits = traits_def(SymbolOpInterface(), NoTerminator())
    assembly_format = "$sym_name `words` $words attr-dict-with-keyword $body"

    def __init__(self, name: str, words: int, body: Region):
        super().__init__(
            properties={"sym_name": StringAttr(name), "words": IntegerAttr(words, i64)},
            regions=[body],
        )

    def verify_(self) -> None:
        if self.words.value.data < 1:
            raise VerifyException(f"words must be at least 1, got {self.words.value.data}")
        for op in self.body.block.ops:
            if not isinstance(op, PackOp):
                continue
            op.verify_()  # before its size is computed
            if op.end > self.words.value.data:
                words = self.words.value.data
                raise VerifyException(f"a parameter ends at word {op.end} of {words}")


@irdl_op_definition
class PackOp(IRDLOperation):
    """
    Pack a matrix into words, beginning at word `at`. The matrix is cut into tiles of `rows x
    columns`, which follow one another row of tiles by row of tiles. The rows of a tile follow one
    another, with elements of `bits` bits from the least significant bit up. Elements beyond the
    matrix are zero. A row of 128 bits or more takes whole words; as many shorter rows share a word
    as fit.
    """

    name = "binvit.pack"

    input = operand_def(Tensor)
    at = prop_def(IntegerAttr[I64])
    rows = prop_def(IntegerAttr[I64])
    columns = prop_def(IntegerAttr[I64])
    bits = prop_def(IntegerAttr[I64])

    traits = traits_def(HasParent(MemoryImageOp))
    assembly_format = (
        "$input `at` $at `tile` $rows `by` $columns `bits` $bits attr-dict `:` type($input)"
    )

    def __init__(self, input: SSAValue, at: int, rows: int, columns: int, bits: int):
        super().__init__(
            operands=[input],
            properties={
                "at": IntegerAttr(at, i64),
                "rows": IntegerAttr(rows, i64),
                "columns": IntegerAttr(columns, i64),
                "bits": IntegerAttr(bits, i64),
            },
        )

    @property
    def matrix_shape(self) -> tuple[int, int]:
        """
        The shape of the tensor as a matrix: a vector is one row, and dimensions after the first are
        columns.
        """
        shape = shape_of(self.input)
        if len(shape) == 1:
            return 1, shape[0]
        columns = 1
        for size in shape[1:]:
            columns *= size
        return shape[0], columns

    @property
    def end(self) -> int:
        """The word after the last one that the matrix takes."""
        rows, columns = self.matrix_shape
        tile_rows, tile_columns = self.rows.value.data, self.columns.value.data
        packed_rows = -(-rows // tile_rows) * tile_rows * -(-columns // tile_columns)
        row_bits = tile_columns * self.bits.value.data
        if row_bits >= WORD_BITS:
            return self.at.value.data + packed_rows * -(-row_bits // WORD_BITS)
        return self.at.value.data + -(-packed_rows // (WORD_BITS // row_bits))

    def verify_(self) -> None:
        sizes: Sequence[IntegerAttr] = (self.rows, self.columns, self.bits)
        if self.at.value.data < 0 or any(size.value.data < 1 for size in sizes):
            raise VerifyException("at must not be negative, rows, columns and bits be positive")
        found, packed = element(self.input), self.bits.value.data
        if isinstance(found, BinaryType) != (packed == 1):
            raise VerifyException(f"binary weights, and only they, take 1 bit, got {found}")
        if isinstance(found, QuantizedType) and (
            not found.is_signed.value.data or found.bits.data > packed
        ):
            raise VerifyException(f"{found} does not fit signed fields of {packed} bits")
        if WORD_BITS % self.bits.value.data:
            bits = self.bits.value.data
            raise VerifyException(f"{bits} bits do not divide a word of {WORD_BITS}")


COST_ATTRIBUTES = ("resources", "cycles", "bound")
"""Attributes that `binvit-estimate` adds to engines, memories and dispatches."""
WEIGHTS_ATTRIBUTE = "binvit.weights"
"""Attribute of a module: the file of its parameters."""
SELECTED_ATTRIBUTE = "binvit.selected"
"""
Attribute of a module: the parameters that `binvit-select-precision` chose, under the names of the
options of the passes that take them.
"""
RESULT_ATTRIBUTE = "binvit.result"
"""Attribute of a loops module: the type of the logits, which gives their number and scale."""
PREPROCESSING_ATTRIBUTE = "binvit.preprocessing"
"""Attribute of a module: how pictures become images of the model (`vaqf_compiler/images.py`)."""
MODEL_ATTRIBUTES = (
    WEIGHTS_ATTRIBUTE,
    PREPROCESSING_ATTRIBUTE,
    SELECTED_ATTRIBUTE,
    RESULT_ATTRIBUTE,
)
"""All other attributes of a module that begin with `binvit.` contain its cost."""


def selected(module: ModuleOp, parameter: str) -> int | None:
    """Return the value that was selected for a parameter, or None without a selection."""
    chosen = module.attributes.get(SELECTED_ATTRIBUTE)
    value = chosen.data.get(parameter) if isinstance(chosen, DictionaryAttr) else None
    return value.value.data if isinstance(value, IntegerAttr) else None


def forget_costs(module: ModuleOp) -> None:
    """Remove the results of an earlier estimate, before a pass makes them wrong."""
    for op in module.walk():
        if isinstance(op, EngineOp | MemoryOp | DispatchOp):
            for name in COST_ATTRIBUTES:
                op.attributes.pop(name, None)
    for name in list(module.attributes):
        if name.startswith("binvit.") and name not in MODEL_ATTRIBUTES:
            del module.attributes[name]


def selected_board(module: ModuleOp) -> tuple[str, float | None]:
    """
    Return the board that the selection was made for, or zcu102, and the selected clock in MHz, or
    None.
    """
    chosen = module.attributes.get(SELECTED_ATTRIBUTE)
    if not isinstance(chosen, DictionaryAttr):
        return "zcu102", None
    board, clock = (chosen.data.get(name) for name in ("board", "clock_mhz"))
    name = board.data if isinstance(board, StringAttr) else "zcu102"
    return name, clock.value.data if isinstance(clock, FloatAttr) else None
