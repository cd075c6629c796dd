"""Which known mistake a student's outcomes are those of.

For every mistake of the catalogue the kit holds what it answers to the checks of its own problem
(where that differs from the solution's answer), and how each check ends. A student's problem is
recognised when exactly one mistake agrees with it everywhere: every check ends alike, and every
outcome is the same. Where outcomes depend on how random numbers are drawn (a check marked
`random`), the way the checks end decides alone. Two candidates: none is named.
"""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from autograder.judge.answers import digest, same_outcome
from autograder.run import wire
from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework

_NUMBERS = re.compile(r"[\[(]?[-+]?\d[-+\d.,\s\[\]e]*")

SOLUTION = None  # in place of an outcome: the same as the solution's


@dataclass
class Run:
    """How one check ended for one submission: its ending, and the outcome of each call."""

    ending: str
    outcomes: list[dict | None]


@dataclass
class Mistake:
    """One mistake as it is known to the grader."""

    slug: str
    problem: str
    text: str  # what the student may be told
    runs: dict[str, Run] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """The text as one paragraph."""
        return " ".join(self.text.split())


def ending(status: str, message: str) -> str:
    """How a check ended, without the numbers that depend on random draws."""
    return status if status == "passed" else f"{status}: " + _NUMBERS.sub("#", message)


class Catalogue:
    """The mistakes of one homework, recorded for one seed."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes

    def recognise(
        self, problem: str, runs: dict[str, Run], solution: dict[str, list[dict]], random: set[str]
    ) -> Mistake | None:
        """The one mistake that agrees with a student's runs of a problem's checks.

        Args:
            runs: check → how it ended for the student.
            solution: check → the solution's outcomes.
            random: checks whose outcomes depend on how random numbers are drawn.
        """
        found = [
            mistake
            for mistake in self.mistakes
            if mistake.problem == problem
            and all(
                check in mistake.runs
                and _agree(run, mistake.runs[check], solution.get(check, []), check in random)
                for check, run in runs.items()
            )
        ]
        return found[0] if len(found) == 1 else None

    def save(self, homework: Homework, seed: int) -> Path:
        """Write mistakes.json; the texts are compressed: they are told one at a time."""
        texts = {m.slug: {"problem": m.problem, "text": m.text} for m in self.mistakes}
        runs = {
            m.slug: {check: [run.ending, run.outcomes] for check, run in m.runs.items()}
            for m in self.mistakes
        }
        record = {
            "checks": digest(homework),
            "texts": _squeeze(json.dumps(texts).encode()),
            "runs": _squeeze(wire.pack(runs)),
        }
        path = path_of(homework, seed)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, path)
        return path

    @classmethod
    def load(cls, homework: Homework, seed: int) -> Catalogue:
        """Read mistakes.json; an empty catalogue when there is none.

        Raises:
            KitError: when it cannot be read or was made with other checks.
        """
        path = path_of(homework, seed)
        if not path.is_file():
            return cls([])
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["checks"] != digest(homework):
                raise KitError(
                    f"{path.name} of {homework.name} was recorded with other checks; put "
                    "autograder/ back as it was (git checkout autograder)"
                )
            texts = json.loads(_swell(record["texts"]))
            runs = wire.unpack(_swell(record["runs"]))
        except (OSError, ValueError, KeyError, TypeError, zlib.error, wire.WireError):
            raise KitError(f"{path} is damaged; fetch the kit again") from None
        return cls(
            [
                Mistake(
                    slug, one["problem"], one["text"],
                    {check: Run(*run) for check, run in runs[slug].items()},
                )
                for slug, one in texts.items()
            ]
        )  # fmt: skip


def path_of(homework: Homework, seed: int) -> Path:
    """Where a seed's mistakes lie, beside its answers."""
    name = "mistakes.json" if seed == PUBLIC_SEED else f"mistakes-{seed}.json"
    return homework.checks / name


def _agree(student: Run, mistake: Run, solution: list[dict], random: bool) -> bool:
    if student.ending.split(":")[0] != mistake.ending.split(":")[0]:
        return False
    if random:
        return student.ending == mistake.ending
    if len(student.outcomes) != len(mistake.outcomes):
        return False
    for index, (one, other) in enumerate(zip(student.outcomes, mistake.outcomes)):
        expected = solution[index] if other is SOLUTION else other
        if one is None or expected is None or not same_outcome(one, expected):
            return False
    return True


def _squeeze(data: bytes) -> str:
    return base64.b85encode(zlib.compress(data, 9)).decode()


def _swell(text: str) -> bytes:
    return zlib.decompress(base64.b85decode(text))
