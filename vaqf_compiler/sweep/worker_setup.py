"""
Loaded by each local worker when it starts. Ctrl-C reaches all processes of a terminal; it is for
the sweep to end its workers, which would only print where they were.
"""

import signal


def dask_setup(worker: object) -> None:
    """Called by Dask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
