"""Ctrl-C, and a request to end, that wait until what is under way can be left."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def hold_back_signals() -> Iterator[Callable[[], int]]:
    """Gives a function that says which signal came first, 0 while none has.

    A second Ctrl-C does not wait. A request to end (SIGTERM) always does: batch systems and parents
    send it more than once.
    """
    came: list[int] = []

    def note(number: int, *_: object) -> None:
        if came and number == signal.SIGINT:
            raise KeyboardInterrupt
        came.append(number)

    try:
        before = {number: signal.signal(number, note) for number in _SIGNALS}
    except ValueError:  # not the main thread
        yield lambda: 0
        return
    try:
        yield lambda: came[0] if came else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def hold_signals() -> Iterator[None]:
    """Let Ctrl-C, and a request to end, wait until the block is over.

    For what leaves something behind when it is cut in two, and for what would keep an interrupt to
    itself. Only the main thread is ever interrupted; in another one nothing is to be held.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = []
    handlers = {
        number: handler for number in _SIGNALS if callable(handler := signal.getsignal(number))
    }
    for number in handlers:
        signal.signal(number, lambda *what: came.append(what))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for what in came[:1]:
            handlers[what[0]](*what)
