"""The cost of an accelerator: cycles of its layers, resources of its parts, and their report."""
