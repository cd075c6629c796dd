"""Start the worker that fits this system."""

from __future__ import annotations

import sys
from pathlib import Path

from autograder.run.base import Worker
from autograder.run.fork import ForkWorker
from autograder.run.in_process import InProcess
from autograder.run.spawn import SpawnWorker


def isolation_of_this_system() -> str:
    """ "fork" where it is safe (Linux), else "spawn"."""
    return "fork" if sys.platform == "linux" else "spawn"


def start(isolation: str, preload: tuple[str, ...], hidden: tuple[Path, ...] = ()) -> Worker:
    """A worker of the named kind; its imports go on while the caller does other things.

    Args:
        hidden: folders of which student code may see nothing, beside this kit's.
    """
    if isolation == "fork":
        return ForkWorker(preload, hidden=hidden)
    return {"spawn": SpawnWorker, "in-process": InProcess}[isolation](preload)
