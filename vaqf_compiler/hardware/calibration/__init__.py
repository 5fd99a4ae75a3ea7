"""Calibration of the building blocks of `vaqf_compiler.cost` against Yosys."""
