"""Which mutants do the checks of their own problem let pass?"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder import engine
from autograder.homework import PUBLIC_SEED, Homework
from autograder.judge.answers import Answers, digest
from autograder.run.overlay import overlay
from staff.mutants.operators import Mutant, mutants
from staff.stubs import holes, masters
from staff.trusted import Trusted

SURVIVED = "survived"


@dataclass
class Fate:
    """What became of a mutant.

    `end` is how the first check that it failed ended ("value", "exception", "timeout", "crashed"),
    or "survived"; `check` is that check; `reason` is why a survivor is no other function.
    """

    problem: str
    hole: str
    was: str
    now: str
    end: str
    check: str = ""
    reason: str = ""

    @property
    def explained(self) -> bool:
        return self.end == SURVIVED and bool(self.reason)


def planned(homework: Homework, only: str | None = None) -> Iterator[tuple[str, Mutant]]:
    """(file, mutant) of every hole of a homework, or of one problem's."""
    for master in masters(homework.root, homework.name):
        source = master.read_text(encoding="utf-8")
        for hole in holes(source, master.name):
            if only in (None, hole.problem):
                for mutant in mutants(source, hole):
                    yield master.name, mutant


def reasons(homework: Homework) -> dict[tuple[str, str, str], str]:
    """Mutants known to be the same function, each with its reason: hwN.toml beside this file.

    Raises:
        ValueError: when one is listed twice or has no reason.
    """
    path = Path(__file__).with_name(f"{homework.name}.toml")
    if not path.is_file():
        return {}
    found: dict[tuple[str, str, str], str] = {}
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]:
        for now in [row["now"]] if isinstance(row["now"], str) else row["now"]:
            key = row["problem"], row["was"], now
            if key in found or not row["why"].strip():
                raise ValueError(f"{path.name}: {key} is listed twice or has no reason")
            found[key] = row["why"]
    return found


class Court:
    """Judges the mutants of one homework, one after the other, each until a check fails."""

    def __init__(self, homework: Homework, worker: Trusted, folder: Path) -> None:
        self.homework, self.worker = homework, worker
        self.solutions = homework.root / "staff" / "solutions" / homework.name
        self.tree = overlay(homework, folder, self.solutions)
        answers = Answers.load(homework, PUBLIC_SEED)
        self.bench = engine.Bench(homework, worker, self.tree, answers, PUBLIC_SEED)
        self.deadliest: dict[str, dict[str, int]] = {}  # problem → check → mutants that it caught

    def judge(self, file: str, mutant: Mutant) -> Fate:
        """Put a mutant in the place of its file, and run checks until one fails."""
        place = self.tree / self.homework.name / file
        place.write_text(mutant.source, encoding="utf-8")
        self.worker.forget()
        fate = Fate(mutant.problem, mutant.hole, mutant.was, mutant.now, SURVIVED)
        caught = self.deadliest.setdefault(mutant.problem, {})
        checks = engine.plan(self.homework, mutant.problem)
        for check in sorted(checks, key=lambda check: -caught.get(check.id, 0)):
            row, run = engine.run_check(self.bench, check, 1)
            if not row.passed:
                caught[check.id] = caught.get(check.id, 0) + 1
                raised = any("error" in (outcome or {}) for outcome in run.outcomes)
                ended = row.status if row.status in ("timeout", "crashed") else "value"
                fate.end = "exception" if raised and ended == "value" else ended
                fate.check = check.id
                break
        shutil.copyfile(self.solutions / file, place)
        self.worker.forget()
        return fate


def judge_all(
    homework: Homework,
    only: str | None,
    known: dict[str, dict],
    keep: Callable[[str, Fate], None],
) -> list[Fate]:
    """The fate of every mutant of a homework.

    Args:
        only: a problem's id, or None.
        known: fingerprint → fate as a dictionary, of a run before.
        keep: told the fingerprint and fate of every mutant.
    """
    why, fates = reasons(homework), []
    with (
        Trusted(homework.preload) as worker,
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
    ):
        court = Court(homework, worker, Path(folder) / "tree")
        questions = digest(homework)
        for file, mutant in planned(homework, only):
            name = hashlib.sha256(f"{questions}{file}{mutant.source}".encode()).hexdigest()
            fate = Fate(**known[name]) if name in known else court.judge(file, mutant)
            keep(name, fate)
            fate.reason = why.get(mutant.key, "")
            fates.append(fate)
    return fates


def stale(homework: Homework, fates: list[Fate]) -> list[str]:
    """Reasons that explain nothing: their mutant does not exist any more, or a check catches it."""
    survived = {(f.problem, f.was, f.now) for f in fates if f.end == SURVIVED}
    return [
        f"{problem}: {was}  →  {now}"
        for problem, was, now in reasons(homework)
        if (problem, was, now) not in survived
    ]


def as_record(fate: Fate) -> dict:
    """A fate as plain values, without the reason, which may change."""
    return asdict(fate) | {"reason": ""}
