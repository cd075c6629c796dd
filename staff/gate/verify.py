"""The release gate: the grader is graded before it is given to anyone.

For every homework: the solution and every variant earn all points and the stubs none. Every mistake
loses points on its own problem, elsewhere only with a reason on record (elsewhere.toml), and is never
taken for one of another family. Degenerate answers pass no check. Secret seeds are recorded in memory
and must agree with the public one on every verdict. The solution and the stubs are judged as a
student's work is, in a sandbox of their own for every check; what the catalogue holds is judged in one
process (see staff/gate/shared_worker.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.planning import plan
from autograder.report.record import CheckResult
from autograder.run.base import Worker
from autograder.run.launch import isolation_of_this_system, start
from autograder.run.overlay import overlay
from common.homework import PUBLIC_SEED, Homework
from staff.authoring import families
from staff.authoring.answers import context_of, record
from staff.authoring.catalogue import Entry, entries
from staff.authoring.overlap import overlaps
from staff.gate import degenerate_answers, elsewhere, indistinguishable
from staff.gate.completeness import missing
from staff.gate.shared_worker import start_shared_worker

SECRET_SEEDS = (4021, 77003, 912345)


@dataclass
class Verdict:
    """The findings of the gate for one homework."""

    homework: str
    faults: list[str] = field(default_factory=list)  # each blocks the release
    notes: list[str] = field(default_factory=list)  # for staff to know
    table: dict[str, dict[str, CheckResult]] = field(default_factory=dict)  # mistake → check → row
    problems: dict[str, str] = field(default_factory=dict)  # mistake → problem
    mistakes: int = 0
    named: int = 0
    variants: int = 0
    checks: int = 0

    @property
    def passed(self) -> bool:
        return not self.faults


def verify(homework: Homework, seeds: tuple[int, ...], say: Callable[[str], None]) -> Verdict:
    """Put one homework through the gate.

    Args:
        seeds: secret seeds to record and grade under, beside the public one.
        say: told what is going on.
    """
    verdict = Verdict(homework.name)
    _structure(homework, verdict)
    public = Answers.load(homework, PUBLIC_SEED)
    _degenerate(homework, public, verdict)
    with start(isolation_of_this_system(), homework.preload) as worker:
        say(f"{homework.name}: the solution and the stubs")
        _kit(homework, worker, public, homework.root / "staff/solutions" / homework.name, verdict)
        _kit(homework, worker, public, None, verdict)
    passes: dict[int, dict[str, tuple[bool, ...]]] = {}
    with start_shared_worker(homework.preload) as worker:
        callers = _callers(homework, worker, public)
        for seed in (PUBLIC_SEED, *seeds):
            say(f"{homework.name}, seed {seed}: recording")
            if seed == PUBLIC_SEED:
                answers, knowledge = public, Knowledge.load(homework)
                _alike(homework, knowledge, verdict)
            else:
                answers, knowledge = record(homework, seed, worker), Knowledge({})
            judge = _Judge(homework, worker, seed, answers, knowledge, callers, verdict, say)
            passes[seed] = judge.everything()
    for seed in seeds:
        for name, pattern in passes[seed].items():
            if pattern != passes[PUBLIC_SEED][name]:
                verdict.faults.append(f"{name}: seed {seed} and the public seed disagree")
    return verdict


def _structure(homework: Homework, verdict: Verdict) -> None:
    verdict.faults += missing(homework)
    for overlap in _overlaps(homework):
        verdict.faults.append(f"a message answers a written question: {overlap}")


def _overlaps(homework: Homework) -> list[str]:
    """Return texts for students that touch a written question, without a reason on record."""
    return [f"{one.question}: {one.what}" for one in overlaps(homework) if not one.reason]


def _degenerate(homework: Homework, answers: Answers, verdict: Verdict) -> None:
    for check in plan(homework):
        verdict.checks += 1
        for way in degenerate_answers.WAYS:
            if degenerate_answers.accepts(check, answers, way):
                verdict.faults.append(f"{check.id} passes degenerate answers ({way.__name__})")


def _kit(
    homework: Homework, worker: Worker, answers: Answers, submission: Path | None, verdict: Verdict
) -> None:
    """The solution earns everything; the stubs (`submission` None) nothing, each naming its hole."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        tree = overlay(homework, Path(folder) / "tree", submission)
        context = CheckContext(homework, worker, tree, answers, PUBLIC_SEED)
        rows = engine.run_checks(context, plan(homework), 3)
    for row in rows:
        if submission is None and (row.points or row.hole is None):
            verdict.faults.append(f"{row.id}: the stub gives {row.status}: {row.message}")
        if submission is not None and not row.passed:
            verdict.faults.append(f"{row.id}: the solution fails: {row.message}")


def _callers(homework: Homework, worker: Worker, answers: Answers) -> dict[str, set[str]]:
    """Problem → checks of other problems that do not pass while its hole alone is empty.

    No other check's verdict can depend on what stands in that hole.
    """
    callers = {}
    for problem in homework.problems:
        if not problem.hole:
            continue
        file, _, name = problem.hole.partition(":")
        empty = f'raise NotImplementedError("{homework.name} {problem.id}: {name}")'
        entry = Entry("empty", homework.name, problem.id, "empty", "", file, empty, "")
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            context = context_of(entry, homework, PUBLIC_SEED, worker, answers, Path(folder))
            others = [check for check in plan(homework) if check.problem != problem.id]
            runs = {check.id: engine.run_check(context, check, 1)[0] for check in others}
        callers[problem.id] = {check for check, row in runs.items() if not row.passed}
    return callers


def _alike(homework: Homework, knowledge: Knowledge, verdict: Verdict) -> None:
    """Mistakes that are none, and mistakes that no check tells apart and no family holds."""
    slugs = [entry.slug for entry in entries(homework.name, "mistake", homework.root)]
    for slug in indistinguishable.no_mistakes(knowledge, slugs):
        verdict.faults.append(f"mistake {slug} is not recorded, or answers as the solution does")
    for group in indistinguishable.groups(knowledge):
        verdict.notes.append(f"no check tells apart: {', '.join(group)}; give them a family")


@dataclass
class _Judge:
    """Grades everything that is known of one homework under one seed."""

    homework: Homework
    worker: Worker
    seed: int
    answers: Answers
    knowledge: Knowledge
    callers: dict[str, set[str]]
    verdict: Verdict
    say: Callable[[str], None]

    @property
    def public(self) -> bool:
        return self.seed == PUBLIC_SEED

    def everything(self) -> dict[str, tuple[bool, ...]]:
        """Name → which checks of its own problem it passes, for variants and mistakes."""
        passes = {}
        for kind in ("variant", "mistake"):
            for entry in entries(self.homework.name, kind, self.homework.root):
                self.say(f"{self.homework.name}, seed {self.seed}: {entry.slug}")
                passes[f"{kind} {entry.slug}"] = self._entry(entry)
        return passes

    def _entry(self, entry: Entry) -> tuple[bool, ...]:
        callers = self.callers.get(entry.problem, ()) if self.public else ()
        checks = [
            check
            for check in plan(self.homework)
            if check.problem == entry.problem or check.id in callers
        ]
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            context = context_of(
                entry,
                self.homework,
                self.seed,
                self.worker,
                self.answers,
                Path(folder),
                self.knowledge,
            )
            rows = engine.run_checks(context, checks, 3, isolation=self.worker.isolation)
        own = [row for row in rows if row.problem == entry.problem]
        if entry.kind == "variant":
            self._judge_variant(entry, rows)
        else:
            self._judge_mistake(entry, own, [row for row in rows if row not in own])
            if self.public:
                self.verdict.table[entry.slug] = {row.id: row for row in rows}
                self.verdict.problems[entry.slug] = entry.problem
        return tuple(row.passed for row in own)

    def _judge_variant(self, entry: Entry, rows: list[CheckResult]) -> None:
        self.verdict.variants += self.public
        for row in rows:
            if not row.passed:
                self._fault(f"variant {entry.slug} fails {row.id}: {row.message}")

    def _judge_mistake(
        self, entry: Entry, own: list[CheckResult], others: list[CheckResult]
    ) -> None:
        lost = [row for row in own if not row.passed]
        if not lost:
            self._fault(f"mistake {entry.slug} passes every check of {entry.problem}")
        names = {row.mistake for row in lost}
        own_names = {entry.slug, *families.of(entry.slug)}
        if names - {*own_names, None}:
            self._fault(f"mistake {entry.slug} is named {names - own_names}")
        if not self.public:
            return
        self.verdict.mistakes += 1
        self.verdict.named += bool(names) and names <= own_names
        if names == {None}:
            self.verdict.notes.append(f"mistake {entry.slug} ({entry.problem}) is not named")
        missed = {row.id for row in others if not row.passed}
        for text in elsewhere.faults(self.homework.name, entry.slug, missed, elsewhere.load()):
            self._fault(text)

    def _fault(self, text: str) -> None:
        self.verdict.faults.append(f"seed {self.seed}: {text}")
