"""What Vitis HLS reports of a synthesised project, beside what was estimated."""
