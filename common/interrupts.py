"""Ctrl-C, and a request to end, that wait until what is under way can be left."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[Callable[[], int]]:
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
