"""The reference semantics of `binvit`: what every other implementation is compared with."""

from vaqf_compiler.reference.interpreter import run_function

__all__ = ["run_function"]
