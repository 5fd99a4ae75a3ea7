"""Allocation of rows of the shared memories to the results of a mapped model."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerAttr, IntegerType, MemRefType, ModuleOp, SymbolRefAttr, i64
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import (
    ConcatTokensOp,
    DispatchOp,
    EngineOp,
    MemoryOp,
    QuantizedType,
)
from vaqf_compiler.dialects.binvit.checks import element, shape_of
from vaqf_compiler.dialects.binvit.model import model_function
from vaqf_compiler.engines.accelerator import ACTIVATIONS, IMAGE, PIXEL_BITS, RESIDUAL
from vaqf_compiler.engines.dispatches import (
    accumulated_operand,
    engines_of,
    name_of,
    parameter_of,
    patch_embedding,
    result_memory,
)
from vaqf_compiler.engines.lifetimes import Life, first_fit, rows_taken
from vaqf_compiler.errors import OperationError


def lives_of(module: ModuleOp) -> list[tuple[Life, int]]:
    """
    Lifetimes of the activations of a mapped and unrolled module, with their tokens as rows, and the
    channels of each.
    """
    function = model_function(module)
    allocator = Allocator(engines_of(module), function, frozenset())
    return [
        (allocator.life(dispatch), shape_of(dispatch.result)[1])
        for dispatch in allocator.dispatches
        if result_memory(dispatch, allocator.engines[name_of(dispatch.engine)]) == ACTIVATIONS
    ]


class Allocator:
    """Allocates a model's results to rows of the memories that the engines share."""

    def __init__(self, engines: dict[str, EngineOp], function: func.FuncOp, uram: frozenset[str]):
        self.engines = engines
        self.uram = uram
        self.operations = list(function.body.block.ops)
        self.position = {op: index for index, op in enumerate(self.operations)}
        self.dispatches = [op for op in self.operations if isinstance(op, DispatchOp)]
        self.lanes = parameter_of(next(iter(engines.values())), "lanes")

    def run(self) -> list[MemoryOp]:
        """
        Place all results, and return the memories that hold them. Raises PassFailedException if
        they cannot be placed.
        """
        by_memory: dict[str, list[DispatchOp]] = {ACTIVATIONS: [], RESIDUAL: [], IMAGE: []}
        for dispatch in self.dispatches:
            memory = result_memory(dispatch, self.engines[name_of(dispatch.engine)])
            if memory is not None:
                self._check_results(dispatch, memory)
                dispatch.memory = SymbolRefAttr(memory)
                by_memory[memory].append(dispatch)
        residual_rows = self._place_residual(by_memory[RESIDUAL])
        activation_rows = self._place_activations(by_memory[ACTIVATIONS])
        image_rows = self._place_image(by_memory[IMAGE])
        activation_bits = _bits(by_memory[ACTIVATIONS])
        image_bits = max(PIXEL_BITS, activation_bits)
        return [
            self._memory(ACTIVATIONS, activation_rows, self._width(1), activation_bits),
            self._memory(RESIDUAL, residual_rows, 1, _bits(by_memory[RESIDUAL])),
            self._memory(IMAGE, image_rows, self._width(8), image_bits),
        ]

    def _memory(self, name: str, rows: int, width: int, bits: int) -> MemoryOp:
        # A memory of one row would become registers, to which the models of memories do not apply.
        shape = [max(2, rows), width, self.lanes]
        storage = "uram" if name in self.uram else "bram"
        return MemoryOp(name, MemRefType(IntegerType(bits), shape), storage)

    def _check_results(self, dispatch: DispatchOp, memory: str) -> None:
        """Raise PassFailedException if an engine would write part of a word of UltraRAM."""
        engine = self.engines[name_of(dispatch.engine)]
        results = engine.get("results")
        if memory in self.uram and results is not None and results != self.lanes:
            raise PassFailedException(
                f"@{memory} in UltraRAM is written {self.lanes} lanes at a time, but "
                f"@{engine.sym_name.data} finishes {results} results a cycle; choose as many in "
                "binvit-unroll, or uram=0"
            )

    def _width(self, weight_bits: int) -> int:
        """Groups in a row of the memory that an engine reads: those of a tile's input channels."""
        for engine in self.engines.values():
            if engine.get("weight_bits") == weight_bits:
                return parameter_of(engine, "tile_n") // self.lanes
        return 1

    def _rows(self, value: SSAValue, width: int) -> int:
        tokens, channels = shape_of(value)
        if channels % self.lanes:
            raise PassFailedException(
                f"{channels} channels are no multiple of the {self.lanes} lanes; "
                "choose fewer lanes in binvit-unroll"
            )
        return tokens * -(-channels // (width * self.lanes))

    def life(self, dispatch: DispatchOp) -> Life:
        """Lifetime of a dispatch's result, with its tokens as rows."""
        begin, end = self.position[dispatch], self._last_use(dispatch.result)
        return Life(begin, end, shape_of(dispatch.result)[0])

    def _place(self, dispatch: DispatchOp, row: int) -> None:
        dispatch.row = IntegerAttr(row, i64)

    def _place_image(self, dispatches: list[DispatchOp]) -> int:
        """Place the image, and later the tokens for the heads, at row 0; returns the rows taken."""
        rows, width = 0, self._width(8)
        for dispatch in dispatches:
            self._place(dispatch, 0)
            shape = shape_of(dispatch.result)
            if len(shape) == 3:
                rows = max(rows, _patches(dispatch) * -(-_pixels(dispatch) // (width * self.lanes)))
            else:
                rows = max(rows, self._rows(dispatch.result, width))
        return rows

    def _place_residual(self, dispatches: list[DispatchOp]) -> int:
        """
        Place the residual stream, following the additions back from the last one, as each works in
        place. Returns the rows that are taken.
        """
        if not dispatches:
            return 0
        last = _joined(dispatches[-1].result)
        self._place_residual_value(last, 0)
        for dispatch in dispatches:
            if dispatch.row is None:
                raise PassFailedException(
                    "the model has more than one residual stream, the accelerator has one"
                )
        return self._rows(last, 1)

    def _place_residual_value(self, value: SSAValue, row: int) -> None:
        match value.owner:
            case ConcatTokensOp() as concat:
                for part in concat.inputs:
                    self._place_residual_value(part, row)
                    row += self._rows(part, 1)
            case DispatchOp() as dispatch:
                self._place(dispatch, row)
                if self.engines[name_of(dispatch.engine)].kind.data == "linear":
                    operand = accumulated_operand(dispatch)
                    self._check_last_use(operand, dispatch)
                    self._place_residual_value(operand, row)
            case _:
                raise PassFailedException("part of the residual stream is computed by no engine")

    def _check_last_use(self, value: SSAValue, dispatch: DispatchOp) -> None:
        if self._last_use(value) > self.position[dispatch]:
            raise PassFailedException(
                "a residual value is used after it was added to, but the accelerator adds in place"
            )

    def _last_use(self, value: SSAValue) -> int:
        """Position of the last operation that uses a value, also through joins and selections."""
        last = self.position.get(_top(value.owner, self.position), 0)
        for use in value.uses:
            user = _top(use.operation, self.position)
            last = max(last, self.position[user])
            if not isinstance(user, DispatchOp | func.ReturnOp):
                last = max(last, *(self._last_use(result) for result in user.results))
        return last

    def _place_activations(self, dispatches: list[DispatchOp]) -> int:
        """Place activations in order, each at the first fit; returns the rows that are taken."""
        width = self._width(1)
        lives = [
            self.life(dispatch)._replace(rows=self._rows(dispatch.result, width))
            for dispatch in dispatches
        ]
        starts = first_fit(lives)
        for dispatch, row in zip(dispatches, starts, strict=True):
            self._place(dispatch, row)
        return rows_taken(lives, starts)


def _joined(value: SSAValue) -> SSAValue:
    """The result of the last of the joins that a value goes through, or the value itself."""
    for use in value.uses:
        if isinstance(use.operation, ConcatTokensOp):
            return _joined(use.operation.results[0])
    return value


def _top(op: object, position: dict[Operation, int]) -> Operation:
    """The operation of the function's body that contains `op`."""
    assert isinstance(op, Operation)
    while op not in position:
        parent = op.parent_op()
        assert parent is not None
        op = parent
    return op


def _bits(dispatches: list[DispatchOp]) -> int:
    """
    Bits of a memory's elements. Raises OperationError if a result is unsigned, PassFailedException
    if the results have different numbers of bits.
    """
    bits = {
        found.bits.data
        for dispatch in dispatches
        if isinstance(found := element(dispatch.result), QuantizedType)
    }
    unsigned = [
        dispatch
        for dispatch in dispatches
        if isinstance(found := element(dispatch.result), QuantizedType)
        and not found.is_signed.value.data
    ]
    if unsigned:
        raise OperationError(unsigned[0], "the result is unsigned, but memories hold signed ones")
    if len(bits) > 1:
        raise PassFailedException(f"values of {sorted(bits)} bits cannot share a memory")
    return bits.pop() if bits else 1


def _patches(dispatch: DispatchOp) -> int:
    return shape_of(patch_embedding(dispatch).result)[0]


def _pixels(dispatch: DispatchOp) -> int:
    _, channels, size, width = shape_of(patch_embedding(dispatch).weight)
    return channels * size * width
