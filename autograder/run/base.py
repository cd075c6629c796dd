"""The interface of every kind of worker: `open()` gives a `Conversation`, `close()` ends the worker.

A worker knows nothing of a submission: the tree to import from is named when a conversation begins,
so one warm worker serves any number of submissions.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, BinaryIO, Self

from autograder.run import wire
from common.errors import KitError
from common.kit.remedies import remedy

WORKER = Path(__file__).with_name("worker.py")
# The worker's program: each file imports those before it, by their bare names.
PROGRAM = (
    "wire",
    "clearing",
    "kernel",
    "view",
    "landlock",
    "namespaces",
    "seccomp",
    "sandbox",
    "pieces",
    "handed_in",
    "worker",
)
PROGRAM_OF_COMMON = (
    "__init__",
    "errors",
    "files/__init__",
    "files/given",
    "kit/__init__",
    "kit/shadows",
)
START_LIMIT = 180.0  # seconds that the slow imports may take on a cold disk
HEADER_LIMIT = 2**20  # bytes of an answer that are no arrays
PRINTED_LIMIT = 4000  # characters of a student's prints that are kept


class TimedOut(Exception):
    """The deadline passed; the process was killed."""


class Crashed(Exception):
    """The process ended in the middle of a call; the text says how."""


class WorkerDied(KitError):
    """The worker itself ended, and with it every check that it had begun."""


class Conversation:
    """One check's line to the student's code.

    Raises from `call`: TimedOut, Crashed, wire.WireError.
    """

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection, self.deadline = connection, deadline
        self.printed = ""

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            self.connection.settimeout(self._left())
            self.connection.sendall(wire.pack(message))
            prefix = self._exactly(wire.PREFIX_SIZE)
            frame = prefix + self._exactly(wire.frame_size(prefix) - len(prefix))
            return wire.unpack(frame, HEADER_LIMIT)
        except TimeoutError:
            raise TimedOut from None
        except (ConnectionError, EOFError):
            raise Crashed(self.finish()) from None

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _exactly(self, count: int) -> bytes:
        parts, missing = [], count
        while missing:
            self.connection.settimeout(self._left())
            part = self.connection.recv(min(missing, 2**20))
            if not part:
                raise EOFError
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def finish(self) -> str:
        """End the process, keep what it printed; how it ended, in words."""
        raise NotImplementedError


class Worker:
    """A process with torch and the student's code, as the engine knows it."""

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        """Begin a conversation in `tree` that may last `limit` seconds."""
        raise NotImplementedError

    @property
    def isolation(self) -> str:
        """Return how student code is isolated: the kind of worker and the layers that it has."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def environment() -> dict[str, str]:
    """The worker's environment: nothing personal, one thread, the same everywhere."""
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "HOME": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
    }


def copy_of_program() -> Path:
    """A folder with the worker's program alone: where it runs says nothing of where the kit lies."""
    folder = Path(tempfile.mkdtemp(prefix="worker-"))
    files = [f"autograder/run/{name}.py" for name in PROGRAM]
    files += [f"common/{name}.py" for name in PROGRAM_OF_COMMON]
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(WORKER.parents[2] / name, folder / name)
    return folder


def interpreter() -> str:
    """Return this Python by the real path of its environment: a link to it may lie in the kit, of
    which a check sees nothing."""
    inside = os.path.relpath(sys.executable, sys.prefix)
    if inside.startswith(os.pardir):
        return sys.executable
    return os.path.join(os.path.realpath(sys.prefix), inside)


def command(program: Path, mode: str, handle: int) -> list[str]:
    """The command line of a worker; `handle` is its end of the connection."""
    return [
        interpreter(),
        "-I",
        "-B",
        str(program / "autograder" / "run" / WORKER.name),
        mode,
        str(handle),
    ]


def check_imports(failed: dict[str, str]) -> None:
    """Raise a KitError for the first of the modules that a worker could not import."""
    if failed:
        name, error = next(iter(failed.items()))
        raise KitError(f"{name} cannot be imported here ({error}); {remedy(error)}")


def end_of_output(output: BinaryIO, start: int) -> str:
    """The end of what was printed, without control characters."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(start, size - PRINTED_LIMIT))
    return printable(output.read().decode("utf-8", "replace"))


def printable(text: str) -> str:
    """A text without control characters."""
    return "".join(c for c in text if c == "\n" or c.isprintable())
