"""Pragmas in the body of a function: its ports, and its calls."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects import func
from xdsl.dialects.builtin import (
    I64,
    FlatSymbolRefAttrConstr,
    IntegerAttr,
    MemRefType,
    StringAttr,
    SymbolRefAttr,
)
from xdsl.ir import SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.traits import HasParent, SymbolTable
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects.vhls.pragma import (
    PragmaOp,
    check_one_of,
    check_positive,
    integer,
    option,
)

LONGEST_BURST = 256
"""Transfers in a burst, by the AXI4 protocol."""


@irdl_op_definition
class InterfaceOp(PragmaOp):
    """
    How an argument of the top function, or without operand its return, becomes a port: `m_axi`,
    a master on the AXI bus that its `bundle` names, or `s_axilite`, a register of the control
    block. `depth` is the elements of the array that co-simulation provides, `latency` the cycles
    from a request to its data, burst lengths are in transfers.
    """

    name = "vhls.interface"
    MODES: ClassVar[tuple[str, ...]] = ("m_axi", "s_axilite")

    port = opt_operand_def()
    mode = prop_def(StringAttr)
    bundle = prop_def(StringAttr)
    depth = opt_prop_def(IntegerAttr[I64])
    latency = opt_prop_def(IntegerAttr[I64])
    max_read_burst_length = opt_prop_def(IntegerAttr[I64])
    max_write_burst_length = opt_prop_def(IntegerAttr[I64])
    num_read_outstanding = opt_prop_def(IntegerAttr[I64])
    num_write_outstanding = opt_prop_def(IntegerAttr[I64])

    traits = traits_def(HasParent(func.FuncOp))
    assembly_format = (
        "($port^ `:` type($port))? `mode` `=` $mode `bundle` `=` $bundle"
        " (`depth` `=` $depth^)?"
        " (`latency` `=` $latency^)?"
        " (`max_read_burst_length` `=` $max_read_burst_length^)?"
        " (`max_write_burst_length` `=` $max_write_burst_length^)?"
        " (`num_read_outstanding` `=` $num_read_outstanding^)?"
        " (`num_write_outstanding` `=` $num_write_outstanding^)? attr-dict"
    )

    def __init__(
        self,
        port: SSAValue | None,
        mode: str,
        bundle: str,
        *,
        depth: int | None = None,
        latency: int | None = None,
        max_read_burst_length: int | None = None,
        max_write_burst_length: int | None = None,
        num_read_outstanding: int | None = None,
        num_write_outstanding: int | None = None,
    ):
        super().__init__(
            operands=[port],
            properties={
                "mode": StringAttr(mode),
                "bundle": StringAttr(bundle),
                "depth": integer(depth),
                "latency": integer(latency),
                "max_read_burst_length": integer(max_read_burst_length),
                "max_write_burst_length": integer(max_write_burst_length),
                "num_read_outstanding": integer(num_read_outstanding),
                "num_write_outstanding": integer(num_write_outstanding),
            },
        )

    @property
    def m_axi_options(self) -> dict[str, IntegerAttr | None]:
        """The options of a memory port, by their name in the pragma."""
        return {
            "depth": self.depth,
            "latency": self.latency,
            "max_read_burst_length": self.max_read_burst_length,
            "max_write_burst_length": self.max_write_burst_length,
            "num_read_outstanding": self.num_read_outstanding,
            "num_write_outstanding": self.num_write_outstanding,
        }

    def verify_(self) -> None:
        check_one_of("mode", self.mode, self.MODES)
        function = self.parent_op()
        assert isinstance(function, func.FuncOp)
        if self.port is not None and self.port not in function.body.block.args:
            raise VerifyException("port must be an argument of the function")
        if self.mode.data == "m_axi":
            if self.port is None or not isinstance(self.port.type, MemRefType):
                raise VerifyException("an m_axi port must be a memref")
        elif any(value is not None for value in self.m_axi_options.values()):
            raise VerifyException(f"{', '.join(self.m_axi_options)} are options of m_axi ports")
        for name, value in self.m_axi_options.items():
            check_positive(name, value)
            if name.endswith("burst_length") and value and value.value.data > LONGEST_BURST:
                raise VerifyException(f"{name} must be at most {LONGEST_BURST}")

    def pragma(self, variable: str | None) -> str:
        text = f"interface {self.mode.data} port={variable or 'return'}"
        text += f" bundle={self.bundle.data}"
        if self.mode.data == "m_axi":
            text += " offset=slave"
        return text + "".join(option(name, value) for name, value in self.m_axi_options.items())


@irdl_op_definition
class InlineOp(PragmaOp):
    """Keep the enclosing function a module of its own, so that calls share it."""

    name = "vhls.inline"

    traits = traits_def(HasParent(func.FuncOp))
    assembly_format = "`off` attr-dict"

    def pragma(self, variable: str | None) -> str:
        return "inline off"


@irdl_op_definition
class AllocationOp(PragmaOp):
    """At most `limit` copies of a function in hardware, however often it is called."""

    name = "vhls.allocation"

    function = prop_def(FlatSymbolRefAttrConstr)
    limit = prop_def(IntegerAttr[I64])

    traits = traits_def(HasParent(func.FuncOp))
    assembly_format = "`function` $function `limit` `=` $limit attr-dict"

    def __init__(self, function: str, limit: int = 1):
        super().__init__(properties={"function": SymbolRefAttr(function), "limit": integer(limit)})

    def verify_(self) -> None:
        check_positive("limit", self.limit)
        if not isinstance(SymbolTable.lookup_symbol(self, self.function), func.FuncOp):
            raise VerifyException(f"{self.function} is no function of this module")

    def pragma(self, variable: str | None) -> str:
        name = self.function.root_reference.data
        return f"allocation function instances={name}" + option("limit", self.limit)
