"""Names of the engines that move data, and of their kinds."""

LOAD_IMAGE, LOAD_ROWS, COPY_TOKENS = "load_image", "load_rows", "copy_tokens"
