"""The report as one self-contained HTML file: readable on a phone, by keyboard and by ear."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from autograder.report import pictures, tasks
from autograder.report.record import WORDS, CheckResult, HomeworkResult
from common.files import write_text
from common.homework import Homework, Problem
from common.pages.templates import fragment
from common.pages.templates import render as fill

PAGE, SECTION = "autograder/report/page.html", "autograder/report/homework.html"


@dataclass(frozen=True)
class Row:
    """One check as the page shows it: its status in a word, its points, and a picture or none."""

    result: CheckResult
    status: str
    worth: str
    picture: Markup


def write(results: list[HomeworkResult], homeworks: dict[str, Homework], path: Path) -> Path:
    """Write the report whole."""
    write_text(path, render(results, homeworks))
    return path


def render(results: list[HomeworkResult], homeworks: dict[str, Homework]) -> str:
    """The page; everything that came from a student's code is escaped."""
    return fill(
        PAGE,
        names=", ".join(result.homework for result in results),
        sections=[section(result, homeworks[result.homework]) for result in results],
    )


def section(result: HomeworkResult, homework: Homework) -> Markup:
    """One homework's part of a page."""
    rows_of = [
        (problem, [row for row in result.checks if row.problem == problem.id])
        for problem in homework.problems
    ]
    shown = [_problem(problem, rows) for problem, rows in rows_of if rows]
    return fragment(SECTION, result=result, problems=shown)


def _problem(problem: Problem, rows: list[CheckResult]) -> tuple[Problem, str, list[Row]]:
    return problem, _worth(rows), [_row(row) for row in rows]


def _row(row: CheckResult) -> Row:
    drawn = Markup() if row.picture is None else pictures.pair(*row.picture)
    drawn += Markup() if row.task is None else tasks.draw(row.task)
    return Row(row, WORDS[row.status], _worth([row]), drawn)


def _worth(rows: list[CheckResult]) -> str:
    most = sum(row.max_points for row in rows)
    return f"{sum(row.points for row in rows):g}/{most:g}" if most else "extra"
