"""Processes that grade, one submission at a time, each with a warm worker of its own.

A process that dies or hangs is replaced. The submission it had gets one more try, alone in a fresh
process, and is then recorded as failed. Each process has a folder for all that it and its worker leave
behind, which goes when the process goes.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection, wait
from pathlib import Path

from autograder.run.clearing import remove
from staff.grading.jobs import Order
from staff.grading.session import Session, failed

TRIES = 2
START = 180.0  # seconds that the imports of a fresh process may take


class Desk:
    """A process and what it is doing."""

    def __init__(self) -> None:
        self.order: Order | None = None
        self._begin()

    def _begin(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="grading-")
        os.chmod(self.folder, 0o711)  # checks run as other users, in folders below
        # Spawned, never forked: this process may have threads, and each needs a worker of its own.
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.folder), daemon=False)
        self.process.start()
        theirs.close()
        self.deadline, self.warm = float("inf"), False

    def hand_out(self, order: Order, seconds: float) -> None:
        """Let the process grade an order, for at most so many seconds."""
        self.order, self.seconds = order, seconds
        self.deadline = time.monotonic() + seconds + (0 if self.warm else START)
        with contextlib.suppress(OSError):  # a dead process is noticed when its answer is read
            self.line.send(order)

    def result(self, ready: bool) -> dict | str | None:
        """The record; or why there will be none: the process is then a new one; or None: not yet.

        Args:
            ready: whether the line has something to read.
        """
        if ready:
            try:
                record = self.line.recv()
            except (EOFError, OSError):
                self.process.join(5)
                ended = f"the grading process ended (exit code {self.process.exitcode})"
            else:
                self.order, self.warm = None, True
                return record
        elif time.monotonic() > self.deadline:
            ended = f"not finished after {self.seconds:.0f} s"
        else:
            return None
        self.end()
        self.order = None
        self._begin()
        return ended

    def end(self) -> None:
        """End the process, its worker, and what they wrote."""
        self.line.close()
        if self.order is None:
            self.process.join(5)  # it ends its own worker when the line closes
        if self.process.pid is not None and self.process.is_alive():
            _kill_children(self.process.pid)
            self.process.kill()
        self.process.join()
        remove(self.folder)


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
    desks: list[Desk] = []
    try:
        desks += [Desk() for _ in range(min(workers, len(waiting)))]
        while waiting or any(desk.order for desk in desks):
            for desk in desks:
                if desk.order is None and waiting:
                    desk.hand_out(waiting.popleft(), seconds)
            ready = wait([desk.line for desk in desks if desk.order], timeout=1.0)
            for desk in desks:
                order = desk.order
                if order is None or (result := desk.result(desk.line in ready)) is None:
                    continue
                if isinstance(result, dict):
                    keep(result)
                    continue
                tries[order.ident] = tries.get(order.ident, 0) + 1
                if tries[order.ident] < TRIES:
                    waiting.append(order)
                else:
                    keep(failed(order, result))
    finally:
        for desk in desks:
            desk.end()


_kept: list[Desk] = []  # the one of this process, where somebody else hands out the orders


def grade_one(order: Order, seconds: float) -> dict:
    """Grade one order beside this process, in one that stays warm for the next; its record."""
    if not _kept:
        multiprocessing.current_process().daemon = False  # else it may start no process
        _kept.append(Desk())
        atexit.register(_kept[0].end)
    desk, ended = _kept[0], ""
    for _ in range(TRIES):
        desk.hand_out(order, seconds)
        result = None
        while result is None:
            result = desk.result(desk.line.poll(1.0))
        if isinstance(result, dict):
            return result
        ended = result
    return failed(order, ended)


def _kill_children(pid: int) -> None:
    """The worker of a process that hangs: it would end by itself, but not at once."""
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in tasks.read_text().split():
                os.kill(int(child), signal.SIGKILL)


def _serve(line: Connection, folder: str) -> None:
    """Grade what comes over the line until it closes.

    Args:
        folder: for all temporary files.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    session: Session | None = None
    homework = ""
    try:
        while True:
            try:
                order = line.recv()
            except (EOFError, OSError):
                return
            try:
                if session is None or order.homework != homework:
                    if session is not None:
                        session.close()
                    session, homework = Session(order.homework), order.homework
                record = session.grade(order)
            except Exception as error:  # the grader's own fault: recorded, and the rest goes on
                record = failed(order, f"{type(error).__name__}: {error}"[:500])
                if session is not None:
                    session.close()
                session = None
            try:
                line.send(record)
            except OSError:
                return
    finally:
        if session is not None:
            session.close()
        remove(folder)  # where nobody is left to do it
