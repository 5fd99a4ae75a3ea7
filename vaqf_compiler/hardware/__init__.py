"""FPGAs and what is built on them: boards, resources, and calibrated building blocks."""
