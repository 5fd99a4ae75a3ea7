"""
The `binvit` dialect: Vision Transformers with binary weights.

Operations work on whole tensors without a batch dimension, first in float, then quantised. The
operations of `mapping` bind them to the engines and memories of an accelerator.
"""

from xdsl.ir import Dialect

from vaqf_compiler.dialects.binvit.attention import AttentionContextOp, AttentionScoresOp, SoftmaxOp
from vaqf_compiler.dialects.binvit.elementwise import AddOp, ChannelScaleOp, GeluOp, LayerNormOp
from vaqf_compiler.dialects.binvit.linear import LinearOp, PatchEmbedOp, PatchesOp
from vaqf_compiler.dialects.binvit.mapping import (
    DispatchOp,
    EngineOp,
    MemoryImageOp,
    MemoryOp,
    PackOp,
    YieldOp,
)
from vaqf_compiler.dialects.binvit.parameters import (
    AllValuesOp,
    ComplementBiasOp,
    ParameterOp,
    QuantizeOp,
    RequantizeOp,
)
from vaqf_compiler.dialects.binvit.resources import ResourcesAttr
from vaqf_compiler.dialects.binvit.tokens import (
    AverageOp,
    ConcatTokensOp,
    MeanTokensOp,
    SelectTokenOp,
)
from vaqf_compiler.dialects.binvit.types import BinaryType, QuantizedType

BINVIT = Dialect(
    "binvit",
    [
        ParameterOp,
        QuantizeOp,
        RequantizeOp,
        AllValuesOp,
        ComplementBiasOp,
        PatchesOp,
        PatchEmbedOp,
        LinearOp,
        AttentionScoresOp,
        SoftmaxOp,
        AttentionContextOp,
        LayerNormOp,
        GeluOp,
        AddOp,
        ChannelScaleOp,
        ConcatTokensOp,
        SelectTokenOp,
        MeanTokensOp,
        AverageOp,
        EngineOp,
        MemoryOp,
        DispatchOp,
        YieldOp,
        MemoryImageOp,
        PackOp,
    ],
    [QuantizedType, BinaryType, ResourcesAttr],
)
