"""One spawned process for all conversations, one at a time; a new one after a hang or crash."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from autograder.run.base import (
    START_LIMIT,
    Conversation,
    TimedOut,
    Worker,
    check_imports,
    command,
    copy_of_program,
    end_of_output,
    environment,
)
from autograder.run.clearing import remove
from common import interrupts


class SpawnWorker(Worker):
    """One spawned process for all conversations, one at a time; a new one after a hang or crash."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        self._preload = preload
        self._busy = threading.Lock()
        with interrupts.hold_signals():
            self._folder = tempfile.mkdtemp(prefix="check-")
            self._program = copy_of_program()
            self._begin()
            atexit.register(self.close)  # where Ctrl-C comes before anybody else can

    def _begin(self) -> None:
        self.output = tempfile.TemporaryFile()
        self.connection, theirs = socket.socketpair()
        options: dict[str, Any] = {"env": environment(), "cwd": tempfile.gettempdir()}
        if sys.platform == "win32":
            self.process = subprocess.Popen(
                command(self._program, "spawn", 372),
                stdin=subprocess.PIPE,
                stdout=self.output,
                stderr=self.output,
                **options,
            )
            self.process.stdin.write(theirs.share(self.process.pid))  # 372 bytes, always
            self.process.stdin.close()
        else:
            self.process = subprocess.Popen(
                command(self._program, "spawn", theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self.output,
                stderr=self.output,
                start_new_session=True,
                **options,
            )
        theirs.close()
        self.ready = False

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        self._busy.acquire()
        try:
            if self.process.poll() is not None:
                self._begin()
            if not self.ready:
                start_up = _Spawned(self, START_LIMIT, None)
                check_imports(start_up.call({"preload": list(self._preload)})["failed"])
                self.ready = True
            talk = _Spawned(self, limit, self._busy)
            talk.call({"setup": {"tree": str(tree), "homework": homework, "folder": self._folder}})
            return talk
        except BaseException:
            self.end()
            self._busy.release()
            raise

    @property
    def isolation(self) -> str:
        return "spawn"

    def end(self) -> str:
        """Kill the process and all it started."""
        self.connection.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                command = ["taskkill", "/F", "/T", "/PID", str(self.process.pid)]
                subprocess.run(command, capture_output=True, check=False)
            else:
                os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    @interrupts.hold_signals()
    def close(self) -> None:
        self.end()
        self.output.close()
        remove(self._folder)
        remove(str(self._program))
        atexit.unregister(self.close)


class _Spawned(Conversation):
    def __init__(self, worker: SpawnWorker, limit: float, busy: threading.Lock | None) -> None:
        super().__init__(worker.connection, time.monotonic() + limit)
        self._worker, self._busy = worker, busy
        self._start = worker.output.seek(0, os.SEEK_END)
        self._failed = False

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            return super().call(message)
        except TimedOut:
            self._failed = True  # it may still be running: the next check gets a new process
            raise

    def finish(self) -> str:
        if self._busy is None:
            return "it ended"
        busy, self._busy = self._busy, None
        end = "it ended"
        if not self._failed:
            with contextlib.suppress(subprocess.TimeoutExpired):
                # A crash closes the line a moment before the process is gone.
                self._worker.process.wait(0.2 if self._line_is_dead() else 0)
        if self._failed or self._worker.process.poll() is not None:
            end = self._worker.end()
        self.printed = end_of_output(self._worker.output, self._start)
        busy.release()
        return end

    def _line_is_dead(self) -> bool:
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1) == b""
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True
        finally:
            with contextlib.suppress(OSError):
                self.connection.setblocking(True)
