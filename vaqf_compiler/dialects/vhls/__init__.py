"""
The `vhls` dialect: what Vitis HLS pragmas say about loops, arrays, functions and ports.

Each operation is one pragma of the generated C++ (AMD UG1399, "HLS Pragmas"); it stands where
the pragma will stand: first in the body of the loop or function it is about, or after the
allocation of the array it is about. `vhls.comment` is a comment, `vhls.trace` a look at an array
during simulation. (The name `hls` is taken by a
dialect of xDSL that models streams and dataflow regions.)
"""

from xdsl.ir import Dialect

from vaqf_compiler.dialects.vhls.arrays import (
    FIFO,
    ArrayPartitionOp,
    ArrayReshapeOp,
    BindOpOp,
    BindStorageOp,
    StreamOp,
    is_fifo,
    is_m_axi_port,
    memref_type,
)
from vaqf_compiler.dialects.vhls.comment import CommentOp
from vaqf_compiler.dialects.vhls.functions import AllocationOp, InlineOp, InterfaceOp
from vaqf_compiler.dialects.vhls.loops import (
    DataflowOp,
    DependenceOp,
    ExpressionBalanceOp,
    LoopTripcountOp,
    PipelineOp,
    UnrollOp,
)
from vaqf_compiler.dialects.vhls.pragma import PragmaOp
from vaqf_compiler.dialects.vhls.trace import TraceOp

__all__ = [
    "FIFO",
    "VHLS",
    "AllocationOp",
    "ArrayPartitionOp",
    "ArrayReshapeOp",
    "BindOpOp",
    "BindStorageOp",
    "CommentOp",
    "DataflowOp",
    "DependenceOp",
    "ExpressionBalanceOp",
    "InlineOp",
    "InterfaceOp",
    "LoopTripcountOp",
    "PipelineOp",
    "PragmaOp",
    "StreamOp",
    "TraceOp",
    "UnrollOp",
    "is_fifo",
    "is_m_axi_port",
    "memref_type",
]

VHLS = Dialect(
    "vhls",
    [
        PipelineOp,
        UnrollOp,
        LoopTripcountOp,
        DataflowOp,
        DependenceOp,
        ExpressionBalanceOp,
        InterfaceOp,
        InlineOp,
        AllocationOp,
        ArrayPartitionOp,
        ArrayReshapeOp,
        BindStorageOp,
        BindOpOp,
        StreamOp,
        CommentOp,
        TraceOp,
    ],
)
