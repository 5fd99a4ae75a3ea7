"""Calibration of the building blocks of `vaqf_compiler.hardware` with Yosys."""
