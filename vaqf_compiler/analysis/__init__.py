"""What is read off loops: subscripts, values, arrays, schedules, and the cycles that follow."""
