"""The report in sentences, for screen readers and terminals that know ASCII only."""

from __future__ import annotations

import unicodedata

from autograder.report.console import next_step, state
from autograder.report.record import WORDS, CheckResult, HomeworkResult
from common.homework import Homework
from common.options import terminal

SPELT = str.maketrans(terminal.SPELT)


def ascii_text(text: str) -> str:
    """The text in ASCII: signs are spelt, accents dropped, other letters named."""
    parts = unicodedata.normalize("NFKD", text.translate(SPELT))
    kept = "".join(sign for sign in parts if not unicodedata.combining(sign))
    return kept.encode("ascii", "namereplace").decode("ascii")


def report(result: HomeworkResult, homework: Homework) -> str:
    """One homework: the score and the next step first, then every check in a line or two."""
    lines = [
        f"{result.homework}: {result.title}",
        f"Score: {result.score:g} of {result.max_score:g} points, {result.seconds:.1f} seconds",
    ]
    if todo := result.next_step or result.after_code(homework):
        lines.append(f"Next: {todo}")
    lines += [f"Note: {note}" for note in result.told]
    for problem in homework.problems:
        rows = [check for check in result.checks if check.problem == problem.id]
        if rows:
            lines += ["", f"Problem {problem.id}, {problem.title}: {_worth(rows)}"]
            lines += [line for row in rows for line in _check(row)]
    return ascii_text("\n".join(lines))


def overview(results: list[HomeworkResult], homeworks: dict[str, Homework]) -> str:
    """The state of all homeworks: a line each, and one for every problem that is open."""
    lines = []
    for result in results:
        lines.append(
            f"{result.homework}, {result.title}: {result.score:g} of {result.max_score:g} points"
        )
        for problem in homeworks[result.homework].problems:
            rows = [check for check in result.checks if check.problem == problem.id]
            if any(not row.passed for row in rows):
                lines.append(f"  {problem.id}, {problem.title}: {_worth(rows)}; {state(rows)}")
    return ascii_text("\n".join([*lines, next_step(results)]))


def _worth(rows: list[CheckResult]) -> str:
    most = sum(row.max_points for row in rows)
    return f"{sum(row.points for row in rows):g} of {most:g} points" if most else "extra credit"


def _check(row: CheckResult) -> list[str]:
    lines = [f"- {WORDS[row.status]}: {row.title}"]
    if not row.passed:
        lines += [f"  {line}" for line in row.message.splitlines()]
    lines += [f"  {line}" for line in row.drawn.splitlines()]
    if row.printed.strip():
        lines += ["  It printed:", *(f"  {line}" for line in row.printed.strip().splitlines())]
    return lines
