"""Processes that grade, one order at a time each; one that dies or hangs costs its order alone.

`concurrent.futures` gives up on everything when one of its processes is killed. Here the parent
hands out one order at a time, so it knows what a dead process was doing: that order is tried once
more in a fresh process, and then recorded as failed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from staff.grading.jobs import Order
from staff.grading.session import Session, failed

TRIES = 2
START = 180.0  # seconds that the imports of a fresh process may take


@dataclass
class _Desk:
    """A process and what it is doing."""

    process: multiprocessing.process.BaseProcess
    line: Connection
    order: Order | None = None
    deadline: float = float("inf")
    warm: bool = False


def run(
    orders: Iterable[Order], workers: int, seconds: float, keep: Callable[[dict], None]
) -> None:
    """Grade all orders; `keep` gets each record, in the order in which they are finished.

    Args:
        orders: of one homework.
        workers: how many processes.
        seconds: what one submission may take before its process is ended.
    """
    waiting, tries = deque(orders), dict[str, int]()
    desks: list[_Desk] = []
    try:
        desks += [_begin() for _ in range(min(workers, len(waiting)))]
        while waiting or any(desk.order for desk in desks):
            for desk in desks:
                if desk.order is None and waiting:
                    _hand_out(desk, waiting.popleft(), seconds)
            ready = wait([desk.line for desk in desks if desk.order], timeout=1.0)
            for index, desk in enumerate(desks):
                order = desk.order
                if order is None:
                    continue
                ended = ""
                if desk.line in ready:
                    try:
                        record = desk.line.recv()
                    except (EOFError, OSError):
                        desk.process.join(5)
                        ended = f"the grading process ended (exit code {desk.process.exitcode})"
                    else:
                        desk.order, desk.warm = None, True
                        keep(record)
                elif time.monotonic() > desk.deadline:
                    ended = f"not finished after {seconds:.0f} s"
                if not ended:
                    continue
                _end(desk)
                desks[index] = _begin()
                tries[order.ident] = tries.get(order.ident, 0) + 1
                if tries[order.ident] < TRIES:
                    waiting.append(order)
                else:
                    keep(failed(order, ended))
    finally:
        for desk in desks:
            _end(desk)


def _begin() -> _Desk:
    # Spawned, never forked: this process may have threads, and each needs a worker of its own.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=False)
    process.start()
    theirs.close()
    return _Desk(process, ours)


def _hand_out(desk: _Desk, order: Order, seconds: float) -> None:
    desk.order = order
    desk.deadline = time.monotonic() + seconds + (0 if desk.warm else START)
    with contextlib.suppress(OSError):  # a dead process is noticed when its answer is read
        desk.line.send(order)


def _end(desk: _Desk) -> None:
    desk.line.close()
    if desk.order is None:
        desk.process.join(5)  # it ends its own worker when the line closes
    if desk.process.pid is not None and desk.process.is_alive():
        _kill_children(desk.process.pid)
        desk.process.kill()
    desk.process.join()


def _kill_children(pid: int) -> None:
    """The worker of a process that hangs: it would end by itself, but not at once."""
    from pathlib import Path

    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in tasks.read_text().split():
                os.kill(int(child), signal.SIGKILL)


def _serve(line: Connection) -> None:
    """Grade what comes over the line until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    session: Session | None = None
    try:
        while True:
            try:
                order = line.recv()
            except (EOFError, OSError):
                return
            if session is None:
                session = Session(order.homework)
            try:
                record = session.grade(order)
            except Exception as error:  # the grader's own fault: recorded, and the rest goes on
                record = failed(order, f"{type(error).__name__}: {error}"[:500])
                session.close()
                session = None
            try:
                line.send(record)
            except OSError:
                return
    finally:
        if session is not None:
            session.close()
