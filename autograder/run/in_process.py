"""No isolation: probes run in this process, so that `breakpoint()` stops where it stands."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any

from autograder.run import wire
from autograder.run.base import (
    PRINTED_LIMIT,
    PROGRAM,
    Conversation,
    Worker,
    check_imports,
    printable,
)


class InProcess(Worker):
    """No isolation: probes run here, so that `breakpoint()` stops where it stands."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        for name in PROGRAM[:-1]:
            sys.modules.setdefault(name, importlib.import_module(f"autograder.run.{name}"))
        from autograder.run import worker

        self._worker = worker
        check_imports(worker.preload(list(preload)))

    def open(self, tree: Path, homework: str, limit: float) -> Conversation:
        folder = os.getcwd()
        return _Inside(self._worker.Student(str(tree), homework, folder, in_place=True))

    @property
    def isolation(self) -> str:
        return "in-process"

    def close(self) -> None:
        """Nothing was started."""


class _Inside(Conversation):
    def __init__(self, student: Any) -> None:
        self._student = student
        self._heard = io.StringIO()
        self.printed = ""

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        arrived = wire.unpack(wire.pack(message))
        out, err = _Both(sys.stdout, self._heard), _Both(sys.stderr, self._heard)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            answer = self._student.answer(arrived)
        return wire.unpack(wire.pack(answer))

    def finish(self) -> str:
        self.printed = printable(self._heard.getvalue()[-PRINTED_LIMIT:])
        return "it ended"


class _Both:
    """A stream whose text is kept as well; in all else it is the stream, as a debugger needs it."""

    def __init__(self, stream: Any, kept: io.StringIO) -> None:
        self._stream, self._kept = stream, kept

    def write(self, text: str) -> int:
        self._kept.write(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
