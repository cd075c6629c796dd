"""Which worker to start on this system."""

from __future__ import annotations

import sys

from autograder.run.base import Worker
from autograder.run.fork import ForkWorker
from autograder.run.in_process import InProcess
from autograder.run.spawn import SpawnWorker


def isolation_of_this_system() -> str:
    """ "fork" where it is safe (Linux), else "spawn"."""
    return "fork" if sys.platform == "linux" else "spawn"


def start(isolation: str, preload: tuple[str, ...]) -> Worker:
    """A worker of the named kind; its imports go on while the caller does other things."""
    return {"fork": ForkWorker, "spawn": SpawnWorker, "in-process": InProcess}[isolation](preload)
