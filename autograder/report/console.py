"""The report on the terminal."""

from __future__ import annotations

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.homework import Homework
from autograder.report.record import CheckResult, HomeworkResult

MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "error": ("!", "red"),
    "timeout": ("⏱", "yellow"),
    "crashed": ("☠", "red"),
    "not_run": ("·", "dim"),
}
PRINTED_LINES = 5


def show(result: HomeworkResult, homework: Homework, console: Console) -> None:
    """One homework: a line a check, what differed under it, and the next step."""
    console.print()
    console.print(Text.assemble((f"{result.homework} ", "bold"), result.title))
    shown: set[str] = set()
    for problem in homework.problems:
        rows = [check for check in result.checks if check.problem == problem.id]
        if not rows:
            continue
        earned, most = sum(r.points for r in rows), sum(r.max_points for r in rows)
        worth = f"{earned:g}/{most:g}" if most else "extra"
        console.print(Text.assemble(("  " + problem.id.ljust(3), "bold"), problem.title,
                                    (f"  {worth}", "cyan")))  # fmt: skip
        for row in rows:
            console.print(_row(row, repeated=row.message in shown))
            shown.add(row.message)
    _total(result, console)


def _row(check: CheckResult, repeated: bool) -> Group:
    mark, colour = MARKS[check.status]
    line = Text.assemble("    ", (mark, colour), f" {check.title}")
    if check.max_points:
        line.append(f"  {check.points:g}/{check.max_points:g}", "dim")
    parts: list = [line]
    if check.message and not repeated:
        what, _, idea = check.message.partition("\n")
        parts.append(Padding(Text(what, colour), (0, 0, 0, 8)))
        if idea:
            parts.append(Padding(Text(idea), (0, 0, 0, 8)))
    elif check.message:
        parts.append(Padding(Text("the same as above", "dim"), (0, 0, 0, 8)))
    if check.printed.strip() and not check.passed and not repeated:
        lines = check.printed.strip().splitlines()[-PRINTED_LINES:]
        parts.append(Padding(Text("printed: " + "\n".join(lines), "dim"), (0, 0, 0, 8)))
    return Group(*parts)


def _total(result: HomeworkResult, console: Console) -> None:
    style = "bold green" if result.complete else "bold"
    score = Text(f"  {result.score:g} of {result.max_score:g} points", style)
    score.append(f"   {result.seconds:.1f} s, isolation: {result.isolation}", "dim")
    console.print(score)
    if todo := _first_todo(result):
        console.print(Text(f"  next: {todo}", "dim"))


def _first_todo(result: HomeworkResult) -> str:
    for check in result.checks:
        if not check.passed and check.max_points:
            return f"python -m autograder {result.homework} --problem {check.problem}"
    return ""


def overview(results: list[HomeworkResult], console: Console) -> None:
    """All homeworks as one small picture."""
    table = Table(box=None, padding=(0, 2), show_header=False)
    for result in results:
        share = result.score / result.max_score if result.max_score else 0.0
        full = round(share * 24)
        bar = Text("█" * full, "green") + Text("░" * (24 - full), "dim")
        table.add_row(result.homework, bar, f"{result.score:g}/{result.max_score:g}",
                      escape(result.title))  # fmt: skip
    console.print()
    console.print(table)
