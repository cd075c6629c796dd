"""One process that has imported everything slow; a forked child for each conversation."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import BinaryIO

from autograder.run.base import (
    START_LIMIT,
    Conversation,
    Worker,
    WorkerDied,
    check_imports,
    command,
    copy_of_program,
    end_of_output,
    environment,
)
from autograder.run.clearing import remove
from common import interrupts
from common.errors import KitError
from common.homework import ROOT
from common.kit.remedies import lack_of_memory

_PR_SET_DUMPABLE = 4


class ForkWorker(Worker):
    """One process that has imported everything slow; a forked child for each conversation.

    Args:
        without: layers of the sandbox not to use, for tests.
        hidden: folders of which student code may see nothing, beside this kit's.
    """

    def __init__(
        self,
        preload: tuple[str, ...],
        without: tuple[str, ...] = (),
        hidden: tuple[Path, ...] = (),
    ) -> None:
        self._lock = threading.Lock()
        self._level: list[str] | None = None
        with interrupts.hold_signals():
            self._begin(preload, without, [str(place) for place in (ROOT, *hidden)])
            atexit.register(self.close)  # where Ctrl-C comes before anybody else can

    def _begin(self, preload: tuple[str, ...], without: tuple[str, ...], hidden: list[str]) -> None:
        self.scratch = tempfile.mkdtemp(prefix="checks-")
        self._program = copy_of_program()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(
            command(self._program, "fork", theirs.fileno()),
            pass_fds=[theirs.fileno()],
            env=environment(),
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        theirs.close()
        _hide_memory()
        self._control.settimeout(START_LIMIT)
        layout = {"scratch": self.scratch, "without": without, "hidden": hidden}
        layout["trees"] = os.path.abspath(tempfile.gettempdir())
        self._send({"do": "preload", "modules": list(preload), "layout": layout})

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        ours, theirs = socket.socketpair()
        output = tempfile.TemporaryFile()
        folder = os.open(tree, os.O_RDONLY | os.O_DIRECTORY)
        request = {"do": "fork", "homework": homework, "cpu_seconds": limit + 5}
        request["path"] = os.path.abspath(tree)
        try:
            pid = self._ask(request, (theirs.fileno(), output.fileno(), folder))["pid"]
        finally:
            theirs.close()
            os.close(folder)
        return _Forked(self, pid, ours, output, limit)

    def end(self, pid: int) -> int:
        """Kill all that is left of a check; return its exit status."""
        return self._ask({"do": "end", "pid": pid})["status"]

    @property
    def isolation(self) -> str:
        with self._lock:
            self._wait_until_ready()
        return "+".join(["fork", *(self._level or [])])

    def _ask(self, request: dict, handles: tuple[int, ...] = ()) -> dict:
        with self._lock:
            self._wait_until_ready()
            self._send(request, handles)
            return self._reply()

    def _wait_until_ready(self) -> None:
        if self._level is None:
            reply = self._reply()
            self._level = reply["level"]
            check_imports(reply["failed"])

    def _send(self, request: dict, handles: tuple[int, ...] = ()) -> None:
        with contextlib.suppress(BrokenPipeError):  # the reply says it better
            socket.send_fds(self._control, [json.dumps(request).encode()], list(handles))

    def _reply(self) -> dict:
        try:
            data = self._control.recv(65536)
        except TimeoutError:
            raise KitError("the worker did not start; is the disk or memory full?") from None
        except ConnectionError:
            data = b""
        if not data:
            raise WorkerDied(f"the worker ended; run again. If it ends again: {lack_of_memory()}")
        return json.loads(data)

    @interrupts.hold_signals()
    def close(self) -> None:
        self._control.close()  # the worker ends what still runs, then itself
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        remove(self.scratch)
        remove(str(self._program))
        atexit.unregister(self.close)


def _hide_memory() -> None:
    """The parent will hold expected values: no process of the same user may read them there."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class _Forked(Conversation):
    def __init__(
        self,
        worker: ForkWorker,
        pid: int,
        connection: socket.socket,
        output: BinaryIO,
        limit: float,
    ) -> None:
        super().__init__(connection, time.monotonic() + limit)
        self._worker, self._pid, self._output = worker, pid, output
        self._end: str | None = None

    def finish(self) -> str:
        if self._end is None:
            self._end = "it ended"  # a second caller must not end it again
            self.connection.close()
            self._end = _ending(self._worker.end(self._pid))
            self.printed = end_of_output(self._output, 0)
            self._output.close()
        return self._end


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.waitstatus_to_exitcode(status)}"
