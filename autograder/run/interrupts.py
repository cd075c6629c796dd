"""Ctrl-C at a moment that suits: never in the middle of what must be whole."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def held() -> Iterator[None]:
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
