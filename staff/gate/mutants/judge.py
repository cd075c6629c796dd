"""Judge mutants by the checks of their own problem."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.record_file import digest
from autograder.planning import plan
from autograder.run.overlay import overlay
from common.homework import PUBLIC_SEED, Homework
from staff.authoring.stubs import holes, masters
from staff.gate.mutants.operators import Mutant, mutants
from staff.gate.shared_worker import SharedWorker

SURVIVED = "survived"


@dataclass
class MutantResult:
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

    @property
    def only_cuts(self) -> bool:
        """Whether nothing but a path of gradients was cut."""
        return self.now.count(".detach()") > self.was.count(".detach()")


@dataclass
class Reasons:
    """The reasons in hwN.toml why mutants of a homework may pass.

    `equivalent` holds mutants by their keys, `no_gradient` the problems whose results nobody
    differentiates: cutting the path of a gradient changes nothing there.
    """

    equivalent: dict[tuple[str, str, str], str]
    no_gradient: dict[str, str]

    def of(self, result: MutantResult) -> str:
        """Why a mutant is no other function; "" when nobody said."""
        why = self.equivalent.get((result.problem, result.was, result.now), "")
        return why or (self.no_gradient.get(result.problem, "") if result.only_cuts else "")


def plan_mutants(
    homework: Homework, only: str | None = None, further: bool = False
) -> Iterator[tuple[str, Mutant]]:
    """(file, mutant) of every hole of a homework, or of one problem's."""
    for master in masters(homework.root, homework.name):
        source = master.read_text(encoding="utf-8")
        for hole in holes(source, master.name):
            if only in (None, hole.problem):
                for mutant in mutants(source, hole, further):
                    yield master.name, mutant


def reasons(homework: Homework) -> Reasons:
    """Mutants known to be the same function, each with its reason: hwN.toml beside this file.

    Raises:
        ValueError: when one is listed twice or has no reason.
    """
    found = Reasons({}, {})
    path = Path(__file__).with_name(f"{homework.name}.toml")
    if not path.is_file():
        return found
    table = tomllib.loads(path.read_text(encoding="utf-8"))

    def add(place: dict, key: tuple[str, str, str] | str, why: str) -> None:
        if key in place or not why.strip():
            raise ValueError(f"{path.name}: {key} is listed twice or has no reason")
        place[key] = why

    for row in table.get("equivalent", ()):
        for now in _listed(row["now"]):
            add(found.equivalent, (row["problem"], row["was"], now), row["why"])
    for row in table.get("no_gradient", ()):
        for problem in _listed(row["problem"]):
            add(found.no_gradient, problem, row["why"])
    return found


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


class MutantJudge:
    """Judges the mutants of one homework, one after the other, each until a check fails."""

    def __init__(self, homework: Homework, worker: SharedWorker, folder: Path) -> None:
        self.homework, self.worker = homework, worker
        self.solutions = homework.root / "staff" / "solutions" / homework.name
        self.tree = overlay(homework, folder, self.solutions)
        answers = Answers.load(homework, PUBLIC_SEED)
        self.context = CheckContext(homework, worker, self.tree, answers, PUBLIC_SEED)
        self.deadliest: dict[str, dict[str, int]] = {}  # problem → check → mutants that it caught

    def judge(self, file: str, mutant: Mutant) -> MutantResult:
        """Put a mutant in the place of its file, and run checks until one fails."""
        place = self.tree / self.homework.name / file
        place.write_text(mutant.source, encoding="utf-8")
        self.worker.forget()
        result = MutantResult(mutant.problem, mutant.hole, mutant.was, mutant.now, SURVIVED)
        caught = self.deadliest.setdefault(mutant.problem, {})
        checks = plan(self.homework, mutant.problem)
        for check in sorted(checks, key=lambda check: -caught.get(check.id, 0)):
            row, calls = engine.run_check(self.context, check, 1)
            if not row.passed:
                caught[check.id] = caught.get(check.id, 0) + 1
                raised = any("error" in call.outcome for call in calls)
                ended = row.status if row.status in ("timeout", "crashed") else "value"
                result.end = "exception" if raised and ended == "value" else ended
                result.check = check.id
                break
        shutil.copyfile(self.solutions / file, place)
        self.worker.forget()
        return result


def judge_all(
    homework: Homework,
    only: str | None,
    known: dict[str, dict],
    keep: Callable[[str, MutantResult], None],
) -> list[MutantResult]:
    """The result of every mutant of a homework.

    Args:
        only: a problem's id, or None.
        known: fingerprint → result as a dictionary, of a run before.
        keep: told the fingerprint and result of every mutant.
    """
    why, results = reasons(homework), []
    with (
        SharedWorker(homework.preload) as worker,
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
    ):
        judge = MutantJudge(homework, worker, Path(folder) / "tree")
        questions = digest(homework)
        for file, mutant in plan_mutants(homework, only):
            name = hashlib.sha256(f"{questions}{file}{mutant.source}".encode()).hexdigest()
            result = MutantResult(**known[name]) if name in known else judge.judge(file, mutant)
            keep(name, result)
            result.reason = why.of(result)
            results.append(result)
    return results


def stale(homework: Homework, results: list[MutantResult]) -> list[str]:
    """Reasons that explain nothing: their mutant does not exist any more, or a check catches it."""
    survivors = [result for result in results if result.end == SURVIVED]
    survived = {(result.problem, result.was, result.now) for result in survivors}
    cut = {result.problem for result in survivors if result.only_cuts}
    why = reasons(homework)
    return [
        f"{problem}: {was}  →  {now}"
        for problem, was, now in why.equivalent
        if (problem, was, now) not in survived
    ] + [f"{problem}: no gradient" for problem in why.no_gradient if problem not in cut]


def as_record(result: MutantResult) -> dict:
    """A result as plain values, without the reason, which may change."""
    return asdict(result) | {"reason": ""}
