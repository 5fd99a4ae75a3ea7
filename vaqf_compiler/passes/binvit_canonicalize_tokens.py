"""
Before:

    %1 = binvit.concat_tokens %class_token, %patches : ... -> tensor<197x768xf32>
    %2 = binvit.add %1, %position : ...

After, so that each part of the residual stream is written where it comes from:

    %0 = binvit.parameter "position" from row 0 of [197, 768] : tensor<1x768xf32>
    %1 = binvit.add %class_token, %0 : ...
    %2 = binvit.parameter "position" from row 1 of [197, 768] : tensor<196x768xf32>
    %3 = binvit.add %patches, %2 : ...
    %4 = binvit.concat_tokens %1, %3 : ...

A token is selected before the layer normalisation instead of after it:

    %1 = binvit.layer_norm %0, ...                    %1 = binvit.select_token %0 at 0 : ...
    %2 = binvit.select_token %1 at 0 : ...     ->     %2 = binvit.layer_norm %1, ...
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.transforms.dead_code_elimination import dce

from vaqf_compiler.dialects.binvit import (
    AddOp,
    ConcatTokensOp,
    LayerNormOp,
    ParameterOp,
    SelectTokenOp,
)
from vaqf_compiler.dialects.binvit.checks import element, shape_of


class _AddToEachPart(RewritePattern):
    """`add(concat(a, b), p)`, and `add(p, ...)`, is `concat(add(a, p[:n]), add(b, p[n:]))`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddOp, rewriter: PatternRewriter) -> None:
        concat, parameter = op.lhs.owner, op.rhs.owner
        if isinstance(concat, ParameterOp):
            concat, parameter = parameter, concat
        if not isinstance(concat, ConcatTokensOp) or not isinstance(parameter, ParameterOp):
            return
        row = 0 if parameter.first_row is None else parameter.first_row.value.data
        sums: list[AddOp] = []
        for part in concat.inputs:
            tokens, channels = shape_of(part)
            rows_type = TensorType(element(parameter.result), [tokens, channels])
            name, stored = parameter.parameter.data, parameter.stored_shape
            rows = ParameterOp(name, rows_type, row, stored)
            total = AddOp(part, rows.result)
            total.location = op.location
            rewriter.insert(rows)
            rewriter.insert(total)
            sums.append(total)
            row += tokens
        joined = ConcatTokensOp([total.result for total in sums])
        joined.location = concat.location
        rewriter.replace(op, joined)


class _SelectBeforeNormalising(RewritePattern):
    """Each token is normalised by itself, so one can be picked first."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SelectTokenOp, rewriter: PatternRewriter) -> None:
        norm = op.input.owner
        if not isinstance(norm, LayerNormOp):
            return
        token = SelectTokenOp(norm.input, op.index.value.data)
        epsilon = norm.epsilon.value.data
        result = LayerNormOp(token.result, norm.gamma, norm.beta, epsilon, element(op.result))
        result.attributes.update(norm.attributes)
        token.location, result.location = op.location, norm.location
        rewriter.replace(op, [token, result])


@dataclass(frozen=True)
class BinvitCanonicalizeTokensPass(ModulePass):
    """Add position embeddings before joining tokens, and select tokens before normalising."""

    name = "binvit-canonicalize-tokens"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns = GreedyRewritePatternApplier([_AddToEachPart(), _SelectBeforeNormalising()])
        PatternRewriteWalker(patterns).rewrite_module(op)
        dce(op)
