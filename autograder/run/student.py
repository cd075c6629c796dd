"""The checks' side of the line: `student.probe(...)` runs a probe beside the student's code.

A `Student` belongs to one check. It opens its conversation at the first call, keeps every call and
its outcome (explanations read them), and turns what went wrong into one `StudentError` whose text
a student can act on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograder.run import wire
from autograder.run.base import PRINTED_LIMIT, Conversation, Crashed, TimedOut, printable
from autograder.run.notes import ADVICE, PUT_BACK, SPLIT, STUDENT, Note
from autograder.run.outcome import outcome_of
from common.homework import Homework

MOST_NOTES, MOST_NOTE = 4, 1000  # of one file; characters of one


class StudentError(AssertionError):
    """The student's code gave no value; `status` is failed, error, timeout or crashed.

    Attributes:
        hole: the hole that is still empty, or None.
        raised_in: the problem whose hole raised it, or None.
    """

    def __init__(
        self,
        status: str,
        what: str,
        idea: str = "",
        hole: str | None = None,
        raised_in: str | None = None,
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.idea = status, what, idea
        self.hole, self.raised_in = hole, raised_in


@dataclass(frozen=True)
class Call:
    """One call of a probe and its outcome: {"value", "changed"} or {"error"}."""

    probe: str
    outcome: dict[str, Any]


class Student:
    """Attribute access gives the probes of the homework.

    Args:
        open_line: begins the conversation.
        keep_changes: whether given code that the student changed is left as it is.
    """

    def __init__(
        self,
        homework: Homework,
        open_line: Callable[[], Conversation],
        keep_changes: bool = False,
    ) -> None:
        self._homework = homework
        self._open_line = open_line
        self._keep_changes = keep_changes
        self._line: Conversation | None = None
        self._start, self._printed_before = 0, ""
        self.calls: list[Call] = []
        self.advice: list[Note] = []
        self.printed = ""

    def __getattr__(self, probe: str) -> Callable[..., Any]:
        if probe.startswith("_"):
            raise AttributeError(probe)

        def call(*args: Any, **kwargs: Any) -> Any:
            outcome = self.ask(probe, args, kwargs)
            self.calls.append(Call(probe, outcome))
            if "error" in outcome:
                raise explain(outcome["error"], self._homework)
            return outcome["value"]

        return call

    @property
    def changed(self) -> list[str]:
        """Names (or positions) of the inputs that the last call wrote to."""
        return self.calls[-1].outcome.get("changed", []) if self.calls else []

    def advise(self, text: str, probe: str, *args: Any) -> None:
        """Keep a note when a probe answers 1; the call is not kept, and costs no points.

        Args:
            text: of the note.
        """
        answer = self.ask(probe, args, {}).get("value")
        if type(answer) is int and answer == 1:
            self.advice.append(Note(ADVICE, STUDENT, text))

    def import_file(self, name: str) -> list[Note]:
        """Import one handed-in file; notes on what was put back, or that it was split.

        Raises:
            StudentError: when it cannot be imported.
        """
        outcome = self._ask({"call": "import", "module": name.removesuffix(".py")})
        if "error" in outcome:
            place = {"file": f"{self._homework.name}/{name}", "line": 1}
            error = outcome["error"]
            raise explain(error | {"where": error.get("where") or place}, self._homework)
        return _notes(outcome["value"])

    def begin_anew(self) -> None:
        """Let the next call find a process that knows nothing of the calls before.

        Python's, numpy's and torch's own generators start elsewhere there, before any code of the
        student's: what comes out the same came from what the probe was given.
        """
        self.close()
        self._line, self._printed_before = None, self.printed
        self._start += 1

    def close(self) -> None:
        """End the conversation."""
        if self._line is not None:
            self._line.finish()
            self.printed = (self._printed_before + self._line.printed)[-PRINTED_LIMIT:]

    def ask(self, probe: str, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The outcome of one call, which is not kept."""
        message = {"call": probe, "args": list(args), "kwargs": kwargs, "start": self._start}
        return self._ask(message)

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            if self._line is None:
                self._line = self._open_line()
                if self._keep_changes:
                    self._line.call({"call": "keep changes"})
            outcome = self._line.call(message)
        except TimedOut:
            return {"error": {"kind": "timeout"}}
        except Crashed as crash:
            return {"error": {"kind": "crashed", "text": str(crash)}}
        except wire.WireError as error:
            return {"error": {"kind": "value", "text": str(error)}}
        return outcome_of(outcome)


def _notes(value: Any) -> list[Note]:
    """The notes that a worker gave: student code may have had a hand in them."""
    given = value if type(value) is list else []
    pairs = [pair for pair in given if type(pair) in (list, tuple) and len(pair) == 2]
    return [
        Note(kind, STUDENT, printable(text[:MOST_NOTE]))
        for kind, text in pairs[:MOST_NOTES]
        if kind in (PUT_BACK, SPLIT) and type(text) is str
    ]


def explain(error: dict[str, Any], homework: Homework) -> StudentError:
    """An error's record in words: what happened, where, and what to look at."""
    text = str(error.get("text", ""))
    name = str(error.get("type", "an error"))
    where = error.get("where") if type(error.get("where")) is dict else None
    line = f", line {where['line']}" if where and where.get("line") else ""
    place = f"{where.get('file')}{line}" if where else ""
    at = f" at {place}" if place else ""
    match error.get("kind"):
        case "empty":
            ident, _, hole = text.removeprefix(f"{homework.name} ").partition(": ")
            told = f"problem {ident} is still empty: fill in {hole}" + (f" ({place})" * bool(place))
            return StudentError("failed", told, hole=hole)
        case "timeout":
            return StudentError(
                "timeout",
                f"still running after {homework.time_limit:g} s, and was stopped",
                "Is there a loop whose condition never changes, or work that grows with the size "
                "of the data set?",
            )
        case "crashed":
            return StudentError(
                "crashed",
                f"the process ended in the middle of the call ({text})",
                "Does the code call exit(), or use more memory than there is?",
            )
        case "value":
            return StudentError("failed", text, "")
        case "missing":
            return StudentError(
                "error",
                f"{text}: the file is missing or has another name",
                f"{homework.name} hands in {', '.join(homework.files)}.",
            )
        case "unjudged":
            told = f"{text} ({place})" if place else text
            return StudentError("error", told, "Correct that line; everything else is judged.")
        case "import":
            return StudentError(
                "error",
                f"the file cannot be imported: {name}: {text}{at}",
                "Run the file by itself first; its functions can be judged once it imports.",
            )
    raised = _raised(name, text, at, homework)
    raised.raised_in = _problem_at(where, homework) if where else None
    return raised


def _problem_at(where: dict[str, Any], homework: Homework) -> str | None:
    """The problem whose hole a function is, or a function inside it."""
    file = str(where.get("file")).rpartition("/")[2]
    function = str(where.get("name")).partition(".<locals>")[0]
    return next((p.id for p in homework.problems if p.hole == f"{file}:{function}"), None)


# What exceptions of Python and torch mean here: (words of the text, what happened, the idea).
MEANINGS = (
    (
        r"(takes .{0,60}positional argument|missing \d+ required|unexpected keyword argument)",
        "the function cannot be called as the handout says",
        "Keep the names, number and order of the arguments of the stub.",
    ),
    (
        r"(CUDA|cuda|NVIDIA|HIP|MPS|[Ee]xpected all tensors to be on the same device)",
        "it uses a device that is not available here",
        "Checks run on the CPU: make new tensors on the device of those that are given.",
    ),
    (
        r"(same dtype|scalar type|[Ff]ound dtype|dtype mismatch|can't be cast to)",
        "tensors of different dtypes are combined",
        "Look at the dtype of every new tensor: take that of the inputs.",
    ),
)


def _raised(name: str, text: str, at: str, homework: Homework) -> StudentError:
    """An exception of the student's code, with what it means where that is known."""
    lacking = re.search(r"module '(\w+)\.(\w+)' has no attribute '(\w+)'", text)
    if name == "AttributeError" and lacking and lacking[1] == homework.name:
        return StudentError(
            "failed",
            f"{homework.name}/{lacking[2]}.py has no attribute '{lacking[3]}'",
            "Functions and classes keep the names that they have in the stub.",
        )
    for words, meaning, idea in MEANINGS:
        if re.search(words, text):
            return StudentError("failed", f"{meaning}: {name}: {text}{at}", idea)
    return StudentError("failed", f"it raised {name}: {text}{at}")
