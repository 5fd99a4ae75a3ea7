"""
Preload module of local workers, which makes them ignore signals. Ctrl-C, and the end of a terminal,
reach all processes of the terminal. The sweep ends its workers itself; on a signal, they would only
print tracebacks.
"""

import signal


def dask_setup(worker: object) -> None:
    """Ignore SIGINT and SIGHUP; Dask calls this in each worker when it starts."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
