"""The context of a homework's checks: a worker, a tree, the answers, and each check's fixtures."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.judge import plugin
from autograder.judge.answers import Answers, Reference, SelfReference
from autograder.judge.knowledge import Knowledge
from autograder.run.base import Conversation, Worker
from autograder.run.notes import Note
from autograder.run.student import Student
from common.homework import Homework
from common.kit.seeds import Seed


@dataclass
class Fixtures:
    """The arguments that one check may ask for: `student`, `reference`, `rng`."""

    student: Student
    reference: Reference
    rng: Any

    def wanted_by(self, function: Callable[..., None]) -> dict[str, Any]:
        """Return the fixtures that a check's function asks for, by name."""
        given = {"student": self.student, "reference": self.reference, "rng": self.rng}
        wanted = inspect.signature(function).parameters
        return {name: value for name, value in given.items() if name in wanted}


def _opener(worker: Worker, tree: Path, homework: Homework) -> Callable[[], Conversation]:
    """Return a function that begins a process of a check: all together have the time limit of one."""
    until: list[float] = []

    def begin() -> Conversation:
        left = max(0.0, until[0] - time.monotonic()) if until else homework.time_limit
        line = worker.open(tree, homework.name, left)
        until.append(time.monotonic() + homework.time_limit)
        return line

    return begin


class CheckContext:
    """A worker, a tree and the answers: everything a homework's checks need.

    Args:
        homework: what to grade.
        worker: a worker with the homework's preloaded modules; the context does not close it.
        tree: a tree made by `overlay`.
        answers: the seed's record, or None to record: the student is then its own reference.
        seed: which inputs to draw.
        knowledge: what is known to go wrong on the public inputs, or None.

    Attributes:
        notes: what is to be said beside the rows; judging adds to it.
    """

    def __init__(
        self,
        homework: Homework,
        worker: Worker,
        tree: Path,
        answers: Answers | None,
        seed: Seed,
        knowledge: Knowledge | None = None,
    ) -> None:
        self.homework, self.worker, self.tree = homework, worker, tree
        self.answers, self.seed, self.knowledge = answers, seed, knowledge
        self.notes: list[Note] = []

    def fixtures(self, check: str, keep_changes: bool = False) -> Fixtures:
        """Return the fixtures of the check of this id; its process starts at the first call.

        Args:
            keep_changes: whether given code that the student changed is left as it is.
        """
        begin = _opener(self.worker, self.tree, self.homework)
        student = Student(self.homework, begin, keep_changes)
        reference: Reference
        if self.answers is None:
            reference = SelfReference(student)
        else:
            reference = Reference(self.answers.calls.get(check, []), student)
        return Fixtures(student, reference, plugin.generator(self.seed, check))
