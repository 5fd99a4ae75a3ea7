"""
Search for the accelerator with the least latency that fits a board, for a model and a precision.

`workload` extracts what the search needs of a model, `space` lists the choices, `machine` builds
the engines of a choice, `cycles` and `vaqf_compiler.engines.parts` give their cycles and resources,
and `best` searches.
"""
