"""From a Vision Transformer and a frame rate to a binary-weight FPGA accelerator."""
