"""The release gate: the grader is graded before it is given to anyone.

For every homework and seed: the solution and every variant earn all, the stubs nothing, every
mistake loses points on its own problem and is recognised, blind answers pass no check. Secret seeds
are recorded in memory and must agree with the public one on every verdict.
"""

from __future__ import annotations

import html
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autograder import engine
from autograder.homework import Homework
from autograder.judge.answers import Answers
from autograder.judge.plugin import PUBLIC_SEED
from autograder.judge.recognition import Catalogue
from autograder.report.record import CheckResult
from autograder.run.launch import Worker
from autograder.run.overlay import overlay
from staff import blind, leaks, stubs
from staff.answers import bench_of, record, record_mistakes
from staff.catalog import Entry, entries

SECRET_SEEDS = (4021, 77003, 912345)


@dataclass
class Verdict:
    """What the gate found for one homework."""

    homework: str
    faults: list[str] = field(default_factory=list)  # each blocks the release
    notes: list[str] = field(default_factory=list)  # for staff to know
    table: dict[str, dict[str, CheckResult]] = field(default_factory=dict)  # mistake → check → row
    mistakes: int = 0
    named: int = 0
    variants: int = 0
    checks: int = 0

    @property
    def passed(self) -> bool:
        return not self.faults


def verify(
    homework: Homework, worker: Worker, seeds: tuple[int, ...], say: Callable[[str], None]
) -> Verdict:
    """Put one homework through the gate.

    Args:
        seeds: secret seeds to record and grade under, beside the public one.
        say: told what is going on.
    """
    verdict = Verdict(homework.name)
    _structure(homework, verdict)
    public = Answers.load(homework, PUBLIC_SEED)
    _blind(homework, public, verdict)
    patterns: dict[int, dict[str, tuple[str, ...]]] = {}
    for seed in (PUBLIC_SEED, *seeds):
        say(f"{homework.name}, seed {seed}: recording")
        if seed == PUBLIC_SEED:
            answers, catalogue = public, Catalogue.load(homework, seed)
        else:
            answers = record(homework, seed, worker)
            catalogue = record_mistakes(homework, seed, worker, answers)
        judge = _Judge(homework, worker, seed, answers, catalogue, verdict, say)
        patterns[seed] = judge.everything()
    for seed in seeds:
        for name, pattern in patterns[seed].items():
            if pattern != patterns[PUBLIC_SEED][name]:
                verdict.faults.append(f"{name}: seed {seed} and the public seed disagree")
    return verdict


def _structure(homework: Homework, verdict: Verdict) -> None:
    for master in stubs.masters(homework.root, homework.name):
        stub = stubs.make_stub(master.read_text(encoding="utf-8"), homework.name, master.name)
        if (homework.folder / master.name).read_text(encoding="utf-8") != stub:
            verdict.faults.append(f"{master.name} is not what its solution gives: make stubs")
    secret = leaks.secrets(homework.root, homework.name)
    for leak in leaks.scan(secret, leaks.shipped(homework.root), homework.root):
        verdict.faults.append(f"{leak.file}:{leak.line} holds a piece of {leak.hole}")


def _blind(homework: Homework, answers: Answers, verdict: Verdict) -> None:
    for check in engine.plan(homework):
        verdict.checks += 1
        for way in blind.WAYS:
            if blind.accepted(check, answers, way):
                verdict.faults.append(f"{check.id} passes blind answers ({way.__name__})")


@dataclass
class _Judge:
    """Grades everything that is known of one homework under one seed."""

    homework: Homework
    worker: Worker
    seed: int
    answers: Answers
    catalogue: Catalogue
    verdict: Verdict
    say: Callable[[str], None]

    @property
    def public(self) -> bool:
        return self.seed == PUBLIC_SEED

    def everything(self) -> dict[str, tuple[str, ...]]:
        """Name → the statuses of all checks, for solution, stubs, variants and mistakes."""
        found = {
            "solution": self._kit(self.homework.root / "staff" / "solutions" / self.homework.name),
            "stubs": self._kit(None),
        }
        for kind in ("variant", "mistake"):
            for entry in entries(self.homework.name, kind, self.homework.root):
                self.say(f"{self.homework.name}, seed {self.seed}: {entry.slug}")
                found[f"{kind} {entry.slug}"] = self._entry(entry)
        return found

    def _kit(self, submission: Path | None) -> tuple[str, ...]:
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            tree = overlay(self.homework, Path(folder), submission)
            bench = engine.Bench(self.homework, self.worker, tree, self.answers, self.seed)
            rows = engine.run_checks(bench, engine.plan(self.homework), 3)
        for row in rows:
            if submission is None and (row.points or "is still empty" not in row.message):
                self._fault(f"{row.id}: the stub gives {row.status}: {row.message}")
            if submission is not None and not row.passed:
                self._fault(f"{row.id}: the solution fails: {row.message}")
        return tuple(row.status for row in rows)

    def _entry(self, entry: Entry) -> tuple[str, ...]:
        # Other problems are judged under the public seed; parity looks at the entry's own.
        checks = engine.plan(self.homework, None if self.public else entry.problem)
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            bench = bench_of(
                entry, self.homework, self.seed, self.worker, self.answers, Path(folder),
                self.catalogue,
            )  # fmt: skip
            rows = engine.run_checks(bench, checks, 3)
        own = [row for row in rows if row.problem == entry.problem]
        if entry.kind == "variant":
            self._judge_variant(entry, rows)
        else:
            self._judge_mistake(entry, own, [row for row in rows if row not in own])
            if self.public:
                self.verdict.table[entry.slug] = {row.id: row for row in rows}
        return tuple(row.status for row in own)

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
        if names - {entry.slug, None}:
            self._fault(f"mistake {entry.slug} is named {names - {entry.slug}}")
        if not self.public:
            return
        self.verdict.mistakes += 1
        self.verdict.named += names == {entry.slug}
        if names == {None}:
            self.verdict.notes.append(f"mistake {entry.slug} ({entry.problem}) is not named")
        for row in others:
            if not row.passed:
                self.verdict.notes.append(
                    f"mistake {entry.slug} ({entry.problem}) costs {row.max_points:g} on {row.id}"
                )

    def _fault(self, text: str) -> None:
        self.verdict.faults.append(f"seed {self.seed}: {text}")


def as_text(verdict: Verdict) -> str:
    """Figures, faults and notes."""
    share = verdict.named / verdict.mistakes if verdict.mistakes else 0.0
    lines = [
        f"{verdict.homework}: {'passed' if verdict.passed else 'NOT PASSED'}: {verdict.checks} "
        f"checks, {verdict.mistakes} mistakes ({share:.0%} named), {verdict.variants} variants"
    ]
    lines += [f"  fault: {fault}" for fault in verdict.faults]
    lines += [f"  note:  {note}" for note in verdict.notes]
    return "\n".join(lines)


def as_html(verdicts: list[Verdict]) -> str:
    """Tables of mistakes by checks, one a homework."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Mistakes and checks</title>",
        "<style>body{font:15px sans-serif;margin:2em}td,th{padding:.2em .6em;text-align:left}"
        "td.no{background:#f6d5c5}th{font-weight:600}tr:nth-child(even){background:#f4f4f4}"
        "table{border-collapse:collapse}caption{text-align:left;font-size:1.2em}</style>",
    ]
    for verdict in verdicts:
        checks = list(dict.fromkeys(check for rows in verdict.table.values() for check in rows))
        head = "".join(f"<th scope=col>{html.escape(check)}" for check in checks)
        parts.append(f"<table><caption>{html.escape(as_text(verdict).splitlines()[0])}</caption>")
        parts.append(f"<tr><th scope=col>mistake{head}")
        for slug, rows in verdict.table.items():
            cells = "".join(
                "<td>" if rows[check].passed else f"<td class=no>{rows[check].status}"
                for check in checks
            )
            parts.append(f"<tr><th scope=row>{html.escape(slug)}{cells}")
        parts.append("</table>")
    return "\n".join(parts) + "\n"
