"""Boards as data: one TOML file each, read by `vaqf_compiler.hardware.board`."""
