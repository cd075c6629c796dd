"""Start workers, open one conversation a check, end what does not end by itself.

Three kinds, one interface: `open()` gives a `Conversation`; `close()` ends the worker. A worker
knows nothing of a submission: the tree to import from is named when a conversation begins, so one
warm worker serves any number of submissions.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, Self

from autograder.run import wire
from autograder.run.clearing import remove
from common import interrupts
from common.errors import KitError

WORKER = Path(__file__).with_name("worker.py")
START_LIMIT = 180.0  # seconds that the slow imports may take on a cold disk
HEADER_LIMIT = 2**20  # bytes of an answer that are no arrays
PRINTED_LIMIT = 4000  # characters of a student's prints that are kept
_PR_SET_DUMPABLE = 4


class TimedOut(Exception):
    """The deadline passed; the process was killed."""


class Crashed(Exception):
    """The process ended in the middle of a call; the text says how."""


def isolation_of_this_system() -> str:
    """ "fork" where it is safe (Linux), else "spawn"."""
    return "fork" if sys.platform == "linux" else "spawn"


def start(isolation: str, preload: tuple[str, ...]) -> Worker:
    """A worker of the named kind; its imports go on while the caller does other things."""
    return {"fork": ForkWorker, "spawn": SpawnWorker, "in-process": InProcess}[isolation](preload)


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
    """What the engine holds."""

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        """Begin a conversation in `tree` that may last `limit` seconds."""
        raise NotImplementedError

    @property
    def isolation(self) -> str:
        """What keeps student code apart: the kind of worker, and the layers it has reached."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _environment() -> dict[str, str]:
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


def _command(mode: str, handle: int) -> list[str]:
    return [sys.executable, "-I", "-B", str(WORKER), mode, str(handle)]


def _check_imports(failed: dict[str, str]) -> None:
    if failed:
        name, error = next(iter(failed.items()))
        raise KitError(f"{name} cannot be imported here ({error}); set up with: make setup")


# --- fork ---------------------------------------------------------------------------------------


class ForkWorker(Worker):
    """One process that has imported everything slow; a forked child for each conversation.

    Args:
        without: layers of the sandbox not to use, for tests.
    """

    def __init__(self, preload: tuple[str, ...], without: tuple[str, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._level: list[str] | None = None
        with interrupts.held():
            self._begin(preload, without)
            atexit.register(self.close)  # where Ctrl-C comes before anybody else can

    def _begin(self, preload: tuple[str, ...], without: tuple[str, ...]) -> None:
        self._scratch = tempfile.mkdtemp(prefix="checks-")
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            _command("fork", theirs.fileno()),
            pass_fds=[theirs.fileno()],
            env=_environment(),
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        theirs.close()
        _hide_memory()
        self._control.settimeout(START_LIMIT)
        request = {"modules": list(preload), "scratch": self._scratch, "without": list(without)}
        self._send({"do": "preload"} | request)

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        ours, theirs = socket.socketpair()
        output = tempfile.TemporaryFile()
        folder = os.open(tree, os.O_RDONLY | os.O_DIRECTORY)
        request = {"do": "fork", "homework": homework, "cpu_seconds": limit + 5}
        try:
            pid = self._ask(request, (theirs.fileno(), output.fileno(), folder))["pid"]
        finally:
            theirs.close()
            os.close(folder)
        return _Forked(self, pid, ours, output, limit)

    def end(self, pid: int) -> int:
        """Kill all that is left of a check; its exit status."""
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
            _check_imports(reply["failed"])

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
            raise KitError("the worker ended; run again, and check the memory that is free")
        return json.loads(data)

    @interrupts.held()
    def close(self) -> None:
        self._control.close()  # the worker ends what still runs, then itself
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        remove(self._scratch)
        atexit.unregister(self.close)


def _hide_memory() -> None:
    """The parent will hold expected values: no process of the same user may read them there."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class _Forked(Conversation):
    def __init__(self, worker, pid, connection, output, limit) -> None:
        super().__init__(connection, time.monotonic() + limit)
        self._worker, self._pid, self._output = worker, pid, output
        self._end: str | None = None

    def finish(self) -> str:
        if self._end is None:
            self._end = "it ended"  # a second caller must not end it again
            self.connection.close()
            self._end = _ending(self._worker.end(self._pid))
            self.printed = _printed(self._output, 0)
            self._output.close()
        return self._end


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.waitstatus_to_exitcode(status)}"


def _printed(output: BinaryIO, start: int) -> str:
    """The end of what was printed, without control characters."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(start, size - PRINTED_LIMIT))
    text = output.read().decode("utf-8", "replace")
    return "".join(c for c in text if c == "\n" or c.isprintable())


# --- spawn --------------------------------------------------------------------------------------


class SpawnWorker(Worker):
    """One spawned process for all conversations, one at a time; a new one after a hang or crash."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        self._preload = preload
        self._busy = threading.Lock()
        with interrupts.held():
            self._folder = tempfile.mkdtemp(prefix="check-")
            self._begin()
            atexit.register(self.close)  # where Ctrl-C comes before anybody else can

    def _begin(self) -> None:
        self.output = tempfile.TemporaryFile()
        self.connection, theirs = socket.socketpair()
        options: dict[str, Any] = {"env": _environment(), "cwd": tempfile.gettempdir()}
        if sys.platform == "win32":
            self.process = subprocess.Popen(
                _command("spawn", 372), stdin=subprocess.PIPE, stdout=self.output,
                stderr=self.output, **options,
            )  # fmt: skip
            self.process.stdin.write(theirs.share(self.process.pid))  # 372 bytes, always
            self.process.stdin.close()
        else:
            self.process = subprocess.Popen(
                _command("spawn", theirs.fileno()), pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
                start_new_session=True, **options,
            )  # fmt: skip
        theirs.close()
        self.ready = False

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        self._busy.acquire()
        try:
            if self.process.poll() is not None:
                self._begin()
            if not self.ready:
                start_up = _Spawned(self, START_LIMIT, None)
                _check_imports(start_up.call({"preload": list(self._preload)})["failed"])
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

    @interrupts.held()
    def close(self) -> None:
        self.end()
        self.output.close()
        remove(self._folder)
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
        self.printed = _printed(self._worker.output, self._start)
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


# --- in process ---------------------------------------------------------------------------------


class InProcess(Worker):
    """No isolation: probes run here, so that `breakpoint()` stops where it stands."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        # The worker is a program that knows its neighbours by their bare names.
        for name in ("wire", "clearing", "kernel", "landlock", "namespaces", "seccomp", "sandbox"):
            sys.modules.setdefault(name, importlib.import_module(f"autograder.run.{name}"))
        from autograder.run import worker

        self._worker = worker
        _check_imports(worker.preload(list(preload)))

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        folder = os.getcwd()
        return _Inside(self._worker.Student(str(tree), homework, folder))

    @property
    def isolation(self) -> str:
        return "in-process"

    def close(self) -> None:
        """Nothing was started."""


class _Inside(Conversation):
    def __init__(self, student: Any) -> None:
        self._student = student
        self.printed = ""

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        arrived = wire.unpack(wire.pack(message))
        return wire.unpack(wire.pack(self._student.answer(arrived)))

    def finish(self) -> str:
        return "it ended"
