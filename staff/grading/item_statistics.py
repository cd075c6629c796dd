"""Statistics of checks and questions: how hard they are, whether they tell students apart, what to teach next.

Difficulty is the mean share of an item's points; discrimination is the correlation of an item with the
rest of the same student's score (the corrected item-total correlation: Henrysson 1963).
"""

from __future__ import annotations

import csv
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.errors import KitError
from common.homework import Homework
from staff.authoring import outcomes

FEWEST = 5  # students without whom a correlation says nothing
_QUESTION = "item: "
_WORTH = re.compile(r"([\d.]+) of ([\d.]+):")  # as hwN-written.csv begins a question's cell


@dataclass(frozen=True)
class Measured:
    """One check or question.

    Attributes:
        share: mean share of its points; the lower, the harder.
        discrimination: None where it cannot be told.
    """

    problem: str
    title: str
    students: int
    share: float
    discrimination: float | None


@dataclass(frozen=True)
class Topic:
    """A cause that many share, and the questions that show the same learning outcomes."""

    text: str
    problem: str
    students: int
    questions: tuple[str, ...]


def of_checks(graded: Iterable[dict]) -> list[Measured]:
    """Every check of a class, hardest first."""
    scores: list[dict[str, float]] = []
    names: dict[str, tuple[str, str]] = {}
    for record in graded:
        rows = {row["id"]: row for row in record["checks"]}
        names |= {ident: (row["problem"], row["title"]) for ident, row in rows.items()}
        scores.append({ident: float(row["status"] == "passed") for ident, row in rows.items()})
    return _measured(scores, names)


def of_questions(path: Path) -> list[Measured]:
    """Every question of hwN-written.csv, hardest first.

    Raises:
        KitError: when it is no such table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise KitError(f"{path} cannot be read: {error}") from None
    scores = []
    for row in rows:
        worth = {
            name.removeprefix(_QUESTION): _WORTH.match(cell or "")
            for name, cell in row.items()
            if name and name.startswith(_QUESTION)
        }
        scores.append({q: float(w[1]) / float(w[2]) for q, w in worth.items() if w and float(w[2])})
    if not any(scores):
        raise KitError(
            f"{path} has no graded question; make it with: python -m staff written --collect"
        )
    return _measured(scores, {question: (question, "") for score in scores for question in score})


def _measured(scores: list[dict[str, float]], names: dict[str, tuple[str, str]]) -> list[Measured]:
    found = []
    for ident, (problem, title) in names.items():
        own = [(score[ident], _rest(score, ident)) for score in scores if ident in score]
        share = statistics.fmean(one for one, _ in own)
        found.append(Measured(problem, title, len(own), share, _correlation(own)))
    return sorted(found, key=lambda one: (one.share, one.problem, one.title))


def _rest(score: dict[str, float], without: str) -> float:
    """A student's mean share of everything else."""
    others = [value for ident, value in score.items() if ident != without]
    return statistics.fmean(others) if others else 0.0


def _correlation(pairs: list[tuple[float, float]]) -> float | None:
    """Pearson's correlation; None of few students, or where all are alike."""
    if len(pairs) < FEWEST:
        return None
    try:
        return statistics.correlation(*zip(*pairs))
    except statistics.StatisticsError:
        return None


def to_teach(graded: Iterable[dict], homework: Homework) -> list[Topic]:
    """The causes that more than one student was told surely, commonest first."""
    students: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in graded:
        for row in record["checks"]:
            for cause in row.get("causes") or ():
                if cause.get("sure"):
                    students[row["problem"], cause["text"]].add(record["id"])
    learnt = outcomes.load(homework)
    found = [
        Topic(text, problem, len(who), _questions(problem, learnt, homework))
        for (problem, text), who in students.items()
        if len(who) > 1
    ]
    return sorted(found, key=lambda one: (-one.students, one.problem, one.text))


def _questions(problem: str, learnt: list[outcomes.Outcome], homework: Homework) -> tuple[str, ...]:
    """The questions that people grade and that show an outcome of this problem."""
    own = [one for one in learnt if one.touches(problem)]
    return tuple(
        other.id
        for other in homework.problems
        if other.kind in ("plot", "written") and any(one.touches(other.id) for one in own)
    )
