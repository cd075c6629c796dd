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
    console.print(Text.assemble((f"{result.homework}  ", "bold"), (result.title, "bold")))
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    shown: set[str] = set()
    for problem in homework.problems:
        rows = [check for check in result.checks if check.problem == problem.id]
        if not rows:
            continue
        table.add_row()
        table.add_row(Text(problem.id, "bold"), _worth(rows), Text(problem.title, "bold"))
        for row in rows:
            mark, colour = MARKS[row.status]
            table.add_row(Text(mark, colour), _worth([row], "dim"), _account(row, shown))
            shown.add(row.message)
    console.print(table)
    _total(result, console)


def _worth(rows: list[CheckResult], colour: str = "cyan") -> Text:
    earned, most = sum(r.points for r in rows), sum(r.max_points for r in rows)
    return Text(f"{earned:g}/{most:g}" if most else "extra", colour)


def _account(check: CheckResult, shown: set[str]) -> Group:
    """The check's title, and under it what differed, the idea, and the end of what was printed."""
    lines: list[Text | Padding] = [Text(check.title, "dim" if check.passed else "")]
    if check.message in shown - {""}:
        lines.append(Padding(Text("the same as above", "dim"), (0, 0, 0, 2)))
    elif check.message:
        what, _, idea = check.message.partition("\n")
        lines.append(Padding(Text(what, MARKS[check.status][1]), (0, 0, 0, 2)))
        if idea:
            lines.append(Padding(Text(idea), (0, 0, 0, 2)))
        if check.printed.strip():
            tail = "\n".join(check.printed.strip().splitlines()[-PRINTED_LINES:])
            lines.append(Padding(Text(f"printed: {tail}", "dim"), (0, 0, 0, 2)))
    return Group(*lines)


def _total(result: HomeworkResult, console: Console) -> None:
    style = "bold green" if result.complete else "bold"
    console.print()
    score = Text(f"  {result.score:g} of {result.max_score:g} points", style)
    score.append(f"   {result.seconds:.1f} s, isolation: {result.isolation}", "dim")
    console.print(score)
    if todo := result.next_step:
        console.print(Text(f"  next: {todo}", "dim"))


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
