"""The student's side: runs as a program of its own, `python -I worker.py fork|spawn FD`.

`fork` imports the homework's slow modules once and forks a fresh child for each check, so that a
crash, a hang or a leak costs that check alone. Nothing but imports happens in the process that
forks: after a torch operator has run, a fork would hang. `spawn` answers one check after another
in this process and is what macOS and Windows use.

Every answer is an *outcome*: {"value": …, "changed": [names of inputs it wrote to]} or
{"error": {…}}. Expected values never come here.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import json
import os
import random
import socket
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

_HERE = str(Path(__file__).resolve().parent)
sys.path.insert(0, _HERE)
sys.path.insert(1, str(Path(_HERE).parents[1]))
import handed_in  # noqa: E402
import kernel  # noqa: E402
import sandbox  # noqa: E402
import wire  # noqa: E402

del sys.path[:2]

MAX_TEXT = 2000  # characters of an exception's message that are passed on
_MANY = 50  # checks after which a third of a second for a quicker fork is well spent
_TREE = 100  # the handle of a check's tree: its path is then the same in every check


def main(mode: str, handle: str) -> None:
    """Serve checks until the parent hangs up."""
    if mode == "fork":
        Server(socket.socket(fileno=int(handle))).serve()
    else:
        converse(_connect(handle))


def _connect(handle: str) -> socket.socket:
    if sys.platform == "win32":
        return socket.fromshare(sys.stdin.buffer.read(int(handle)))
    return socket.socket(fileno=int(handle))


# --- one process a check ------------------------------------------------------------------------


class Server:
    """The process that forks. It answers requests of one small JSON message each:

    {"do": "preload", "modules", "layout"}  make a `sandbox.Sandbox`, import what is slow, and say which
                                        layers of the sandbox are reached;
    {"do": "fork", "homework", "cpu_seconds", "path"}  with the handles of a connection, of a file
                                        for what is printed, and of the tree at `path`: begin a check;
    {"do": "end", "pid"}                kill what is left of a check, and say how it ended.
    """

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.slots: dict[int, sandbox.Slot] = {}  # of the checks that have not ended
        self.ended = 0

    def serve(self) -> None:
        """Answer until the parent hangs up."""
        while True:
            data, handles, _, _ = socket.recv_fds(self.control, 65536, 3)
            if not data:
                break
            request = json.loads(data)
            reply = getattr(self, "do_" + request.pop("do"))(*handles, **request)
            self.control.send(json.dumps(reply).encode())
            for handle in handles:
                os.close(handle)
        for pid in list(self.slots):
            self.do_end(pid)

    def do_preload(self, modules: list[str], layout: dict) -> dict:
        self.sandbox = sandbox.Sandbox(**layout)
        if (
            "namespaces" in self.sandbox.level
        ):  # nothing else can be written, and imports want a place
            _work_in(self.sandbox.scratch)
        failed = preload(modules)
        if "numpy" in sys.modules:
            preload(["numpy.random"])  # it would be imported at its first use, by every child anew
        forget("common")  # of this program; that of the tree counts
        gc.freeze()  # else the collector of every child writes to, and so copies, all that it shares
        return {"level": self.sandbox.level, "failed": failed}

    def do_fork(
        self, connection: int, output: int, tree: int, homework: str, cpu_seconds: float, path: str
    ) -> dict:
        slot = self.sandbox.slot()
        pid = os.fork()
        if pid == 0:
            self.control.close()
            self.check_process(connection, output, tree, path, homework, cpu_seconds, slot)
        self.slots[pid] = slot
        return {"pid": pid}

    def check_process(
        self,
        connection: int,
        output: int,
        tree: int,
        path: str,
        homework: str,
        cpu: float,
        slot: sandbox.Slot,
    ) -> None:
        """The child of one check; never returns."""
        try:
            os.dup2(self.sandbox.own_handle(tree, path), tree)
            for stream in (1, 2):
                os.dup2(output, stream)
            os.dup2(tree, _TREE, inheritable=False)
            os.set_inheritable(connection, False)  # a program started here must not hold the line
            os.close(output)
            os.close(tree)
            self.sandbox.confine(slot, cpu, [_TREE])
            _work_in(slot.folder)
            line = socket.socket(fileno=connection)
            converse(line, Student(f"/proc/self/fd/{_TREE}", homework, slot.folder))
        finally:
            os._exit(0)

    def do_end(self, pid: int) -> dict:
        slot = self.slots.pop(pid)
        status = sandbox.end(pid, self.slots)
        self.sandbox.leave(slot)
        self.ended += 1
        if self.ended == _MANY:
            kernel.use_large_pages()
        return {"status": status}


def _work_in(folder: str) -> None:
    """Let this folder be the one for temporary files, whatever was found before."""
    os.environ["TMPDIR"] = os.environ["HOME"] = folder
    tempfile.tempdir = None


def preload(modules: list[str]) -> dict[str, str]:
    """Import the slow modules; return name → error of those that cannot be imported."""
    failed = {}
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"[:MAX_TEXT]
    return failed


def forget(*packages: str) -> None:
    """Let packages be imported anew, from the tree of a check."""
    if sys.modules.keys() & packages:  # else a forked child would touch, and so copy, all names
        for name in [one for one in sys.modules if one.partition(".")[0] in packages]:
            del sys.modules[name]
        importlib.invalidate_caches()


# --- one conversation ---------------------------------------------------------------------------


def converse(connection: socket.socket, student: Student | None = None) -> None:
    """Answer frames until the other side hangs up: "setup" first where there is no student yet."""
    for stream in (sys.stdout, sys.stderr):  # what is printed before a crash is shown, too
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    while (frame := _read(connection)) is not None:
        message = wire.unpack(frame)
        reply: dict[str, object]
        if "preload" in message:
            reply = {"failed": preload(message["preload"])}
            sandbox.limit()
        elif "setup" in message:
            student = Student(**message["setup"])
            reply = {"ready": True}
        else:
            assert student is not None  # "setup" comes first
            reply = student.answer(message)
        try:
            frame = wire.pack(reply)
        except wire.WireError as error:
            frame = wire.pack({"error": {"kind": "value", "type": "WireError", "text": str(error)}})
        connection.sendall(frame)


def _read(connection: socket.socket) -> bytes | None:
    def exactly(count: int) -> bytes:
        parts, missing = [], count
        while missing and (part := connection.recv(min(missing, 2**20))):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    prefix = exactly(wire.PREFIX_SIZE)
    if len(prefix) < wire.PREFIX_SIZE:
        return None
    return prefix + exactly(wire.frame_size(prefix) - wire.PREFIX_SIZE)


class Student:
    """The student's homework, imported from one tree, and the probes beside it."""

    def __init__(self, tree: str, homework: str, folder: str, in_place: bool = False) -> None:
        self.tree, self.homework = tree, homework
        self.files = handed_in.Finder(handed_in.plan_of(tree, homework), Path(tree), in_place)
        handed_in.install(self.files)
        warnings.showwarning = self._show_warning  # type: ignore[assignment]
        forget(homework, "common", "probes")  # a spawned worker serves several checks
        sys.path[:] = [tree] + [p for p in sys.path if not os.path.isdir(os.path.join(p, "probes"))]
        sys.dont_write_bytecode = True
        os.chdir(folder)

    def answer(self, message: dict) -> dict:
        """Run one probe; return its outcome."""
        try:
            same_start(message.get("start", 0))
            if message["call"] == "import":
                return {"value": self._import(message["module"]), "changed": []}
            if message["call"] == "keep changes":
                self.files.keep_changes()
                return {"value": True, "changed": []}
            probes = importlib.import_module(f"probes.{self.homework}")
            probe = getattr(probes, message["call"])
            inputs = _tensors({"args": message["args"], **message["kwargs"]})
            before = _tensors({"args": message["args"], **message["kwargs"]})
            args = inputs.pop("args")
            value = probe(Modules(self.homework), *args, **inputs)
            changed = _changed(dict(enumerate(args)) | inputs, before)
            return {"value": value, "changed": changed}
        except BaseException as error:
            return {"error": self.describe(error)}
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()

    def _import(self, name: str) -> list[tuple[str, str]]:
        """Import one handed-in file; return the notes on how, each a kind and a text."""
        importlib.import_module(f"{self.homework}.{name}")
        return self.files.notes(f"{self.homework}.{name}")

    def _show_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        line: int,
        file: TextIO | None = None,
        source: str | None = None,
    ) -> None:
        """Print the warnings of the student's own lines, and none of the kit's or a library's."""
        if self.files.is_students(filename, line):
            label = self.files.label(filename)
            print(f"{label}, line {line}: {category.__name__}: {message}", file=sys.stderr)

    def describe(self, error: BaseException) -> dict:
        """Return what may be told of an exception: its kind, text, and the student's own line."""
        text = _safe_text(error)
        report: dict = {"kind": "raised", "type": type(error).__name__, "text": text, "where": None}
        if isinstance(error, handed_in.Unjudged):
            place = {"file": error.file, "line": error.line, "name": ""}
            return report | {"kind": "unjudged", "where": place}
        if isinstance(error, SyntaxError) and error.filename:
            place = self._place(error.filename, error.lineno, None)
            return report | {"kind": "import", "where": place}
        frames = [(f.f_code, line) for f, line in traceback.walk_tb(error.__traceback__)]
        inside = [(code, line) for code, line in frames if self._ours(code.co_filename)]
        if inside:
            code, line = inside[-1]
            report["where"] = self._place(code.co_filename, line, code.co_qualname)
            if any(code.co_name == "<module>" for code, _ in inside):
                report["kind"] = "import"
        if type(error).__name__ == "Unexpected":
            report["kind"] = "value"
        elif isinstance(error, NotImplementedError) and text.startswith(f"{self.homework} "):
            report["kind"] = "empty"
        elif isinstance(error, ModuleNotFoundError) and f"{self.homework}." in text:
            report["kind"] = "missing"
        elif isinstance(error, ImportError):
            report["kind"] = "import"
        return report

    def _ours(self, filename: str) -> bool:
        own = os.path.join(self.tree, self.homework)
        return self.files.label(filename) is not None or filename.startswith(own)

    def _place(self, filename: str, line: int | None, name: str | None) -> dict:
        file = self.files.label(filename) or os.path.relpath(filename, self.tree)
        return {"file": file, "line": line or 0, "name": name or ""}


class Modules:
    """`hw.mann` is the student's `hwN/mann.py`, imported when first asked for; `hw.experiments.tasks`
    likewise."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, name: str) -> Modules | ModuleType:
        module = importlib.import_module(f"{self._package}.{name}")
        return Modules(module.__name__) if hasattr(module, "__path__") else module


def same_start(seed: int = 0) -> None:
    """Put what a student's code may have changed back to where every call begins."""
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.default_generator.manual_seed(seed)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)


def _tensors(value: Any) -> Any:
    """Arrays from the checks arrive as fresh tensors; everything else as it is."""
    if isinstance(value, wire.Received):
        import numpy
        import torch

        return torch.from_numpy(numpy.array(value))
    if type(value) in (list, tuple):
        return type(value)(_tensors(item) for item in value)
    if type(value) is dict:
        return {key: _tensors(item) for key, item in value.items()}
    return value


def _changed(after: dict, before: dict) -> list[str]:
    """Names of the tensor inputs that the call wrote to."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    original = dict(enumerate(before.pop("args"))) | before
    return [
        str(name)
        for name, value in original.items()
        if type(value) is torch.Tensor
        and not (value.shape == after[name].shape and torch.equal(value, after[name].detach()))
    ]


def _safe_text(error: BaseException) -> str:
    try:
        return builtins.str(error)[:MAX_TEXT]
    except BaseException:  # a student's exception may fail to print itself
        return "(an exception whose text cannot be read)"


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError):  # the parent has gone: nobody waits for an answer
        main(sys.argv[1], sys.argv[2])
