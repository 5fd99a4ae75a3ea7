"""Signals that end a process raise an exception, so that unfinished work is cleaned up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(KeyboardInterrupt):
    """A signal requested that this process end."""

    def __init__(self, number: int):
        super().__init__()
        self.signal = signal.Signals(number)


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Ended(number)


@contextmanager
def ending_signals() -> Generator[None]:
    """
    Raise `Ended` for signals of `ENDING` in the block, except for those that are ignored, as under
    `nohup`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set signal handlers
        return
    handlers = {number: signal.getsignal(number) for number in ENDING}
    taken = {number for number, handler in handlers.items() if handler is not signal.SIG_IGN}
    try:
        for number in taken:
            signal.signal(number, _raise)
        yield
    finally:
        for number in taken:
            signal.signal(number, handlers[number])


@contextmanager
def held_signals() -> Generator[None]:
    """Delay signals of `ENDING` that have handlers until the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[signal.Signals] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))

    handlers = {n: handler for n in ENDING if callable(handler := signal.getsignal(n))}
    try:
        for number in handlers:
            signal.signal(number, remember)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if received:
            handlers[received[0]](received[0], None)
