"""Choice of scales, and rewriting of a float model to integers."""
