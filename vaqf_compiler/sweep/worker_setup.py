"""
Loaded by each local worker when it starts. Ctrl-C, and the end of a terminal, reach all of its
processes; it is for the sweep to end its workers, which would only print where they were.
"""

import signal


def dask_setup(worker: object) -> None:
    """Called by Dask."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
