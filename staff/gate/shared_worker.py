"""A worker for the staff's own code: many submissions, one after the other, in one process.

Students are graded with a process and a sandbox for every check. Mistakes, variants and mutants are
our own: they need neither, and without them the gate is ten times as fast. A process that hangs or
crashes is ended, and the next submission gets a fresh one.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from autograder.run import wire
from autograder.run.base import Conversation, Crashed, TimedOut, Worker
from autograder.run.fork import ForkWorker
from autograder.run.launch import start

LAYERS_FOR_STRANGERS = ("user", "namespaces", "landlock", "seccomp")
LIFETIME = 3600.0  # processor seconds that one process may take
PATIENCE = 6  # times a homework's own limit: nobody waits, and the machine may be busy
FRESH = 100  # submissions after which a new process is begun, whatever the old ones left behind


def start_shared_worker(preload: tuple[str, ...]) -> Worker:
    """A worker for many submissions of the staff's own.

    Args:
        preload: modules of `homework.toml`.
    """
    # Where nothing can be forked safely, the spawned worker already serves all from one process.
    return SharedWorker(preload) if sys.platform == "linux" else start("spawn", preload)


class SharedWorker(Worker):
    """One forked process that imports a tree once and answers all checks of it."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        self._worker = ForkWorker(preload, without=LAYERS_FOR_STRANGERS)
        self._line: Conversation | None = None
        self._tree: Path | None = None  # what the process has imported
        self._served = 0

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        if self._served >= FRESH:
            self.end()
        if self._line is None:
            self._line = self._worker.open(tree, homework, LIFETIME)
        self._line.deadline = time.monotonic() + PATIENCE * limit
        if self._tree != tree:
            setup = {"tree": str(tree), "homework": homework, "folder": "."}
            self._line.call({"setup": setup})
            self._tree = tree
            self._served += 1
        return _Lent(self, self._line)

    def forget(self) -> None:
        """Import the tree anew at the next check: its files have changed."""
        self._tree = None

    def end(self) -> None:
        """End the process; the next check begins another."""
        if self._line is not None:
            self._line.finish()
        self._line, self._tree, self._served = None, None, 0

    @property
    def isolation(self) -> str:
        return "shared"

    def close(self) -> None:
        self.end()
        self._worker.close()


class _Lent(Conversation):
    """One check's use of the process, which outlives the check unless it hangs or crashes."""

    def __init__(self, owner: SharedWorker, line: Conversation) -> None:
        self._owner, self._line = owner, line
        self.printed = ""

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._line.call(message)
        except (TimedOut, Crashed, wire.WireError):
            self._owner.end()
            raise

    def finish(self) -> str:
        return "it ended"
