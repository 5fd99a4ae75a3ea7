"""
What hardware costs: resources of building blocks, calibrated against logic synthesis, and cycles,
read off the loops.
"""
