"""What an FPGA has, and what is made of it: boards, resources, calibrated building blocks."""
