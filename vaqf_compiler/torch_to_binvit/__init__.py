"""Recognising a Vision Transformer in torch-dialect IR."""

from vaqf_compiler.torch_to_binvit import attention as _attention
from vaqf_compiler.torch_to_binvit import casts as _casts
from vaqf_compiler.torch_to_binvit import moves as _moves
from vaqf_compiler.torch_to_binvit import rules as _rules
from vaqf_compiler.torch_to_binvit.converter import Converter

__all__ = ["Converter"]

_RULE_MODULES = (_attention, _casts, _moves, _rules)  # importing them registers their rules
