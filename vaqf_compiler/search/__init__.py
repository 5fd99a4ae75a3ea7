"""
The accelerator with the least latency that fits a board, for a model and a precision.

`workload` are what a search needs of a model, `space` lists the choices, `machine` makes engines of
them, `cycles` and `vaqf_compiler.engines.parts` say what they cost, and `best` searches.
"""
