"""Recorded outputs of the solution, replayed as `reference`.

One file a set of inputs. Outputs are keyed by check and by the number of the call within it; the file also
holds a digest of the checks it was made with, so that old answers are never compared with new
questions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from autograder.judge import record_file
from autograder.run.student import Call
from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework
from common.kit.seeds import Seed


def path_of(homework: Homework, seed: Seed) -> Path:
    """Return the file of a set's answers; only those of the public set ship with the kit."""
    name = "answers.npz" if seed == PUBLIC_SEED else f"answers-{seed}.npz"
    return homework.checks / name


class Answers:
    """The record of one homework and seed: check → outcomes of the solution's calls."""

    def __init__(self, calls: dict[str, list[dict]]) -> None:
        self.calls = calls

    @classmethod
    def load(cls, homework: Homework, seed: Seed) -> Answers:
        """Read a record.

        Raises:
            KitError: when there is none, it cannot be read, or it was made with other checks.
        """
        path = path_of(homework, seed)
        kind = "" if seed == PUBLIC_SEED else " --secret"
        remedy = f"staff record them with: python -m staff answers {homework.name}{kind}"
        if not path.is_file():
            raise KitError(f"no answers are recorded for {homework.name} and seed {seed}; {remedy}")
        with record_file.open_record(path, homework, f", or {remedy}") as record:
            return cls(record["calls"])

    def save(self, homework: Homework, seed: Seed) -> Path:
        """Write the record; the old one stays until the new one is whole."""
        return record_file.save(path_of(homework, seed), homework, {"calls": self.calls})


class Asked(Protocol):
    """A student, as far as answers are concerned: who was called, and with what outcome."""

    calls: list[Call]


class Reference:
    """`reference.probe` is what the solution gave for the latest call of `student.probe`."""

    def __init__(self, outcomes: list[dict], student: Asked) -> None:
        self._outcomes, self._student = outcomes, student

    def __getattr__(self, probe: str) -> Any:
        if probe.startswith("_"):
            raise AttributeError(probe)
        calls = self._student.calls
        for index in range(len(calls) - 1, -1, -1):
            if calls[index].probe == probe:
                break
        else:
            raise KitError(f"the check asks for reference.{probe} before student.{probe}")
        try:
            return self._outcomes[index]["value"]
        except (IndexError, KeyError):
            raise KitError(
                f"no answer is recorded for call {index} ({probe}); staff record answers with: "
                "python -m staff answers"
            ) from None


class SelfReference(Reference):
    """While answers are recorded the student is the solution, and is its own reference."""

    def __init__(self, student: Asked) -> None:
        super().__init__([], student)

    def __getattr__(self, probe: str) -> Any:
        if probe.startswith("_"):
            raise AttributeError(probe)
        self._outcomes = [call.outcome for call in self._student.calls]
        return super().__getattr__(probe)
