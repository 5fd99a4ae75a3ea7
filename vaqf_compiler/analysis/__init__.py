"""Analyses of the loops IR: subscripts, values, arrays, schedules, and the cycles that follow."""
