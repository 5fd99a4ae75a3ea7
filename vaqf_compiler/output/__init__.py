"""Writing files: all or nothing, and only in place of what an earlier run wrote."""
