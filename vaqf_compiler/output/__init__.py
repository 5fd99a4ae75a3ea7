"""Writing of files: all or nothing, and only in place of files that an earlier run wrote."""
