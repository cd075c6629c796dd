"""The report on the terminal."""

from __future__ import annotations

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.report.record import CheckResult, HomeworkResult
from common.homework import Homework

MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "error": ("!", "red"),
    "timeout": ("⏱", "yellow"),
    "crashed": ("☠", "red"),
    "not_run": ("·", "dim"),
}
PRINTED_LINES = 5
WIDE, NARROW = 24, 12  # characters of a homework's bar and of a problem's


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
    for note in result.told:
        console.print(Padding(Text(f"note: {note}", "yellow"), (0, 0, 0, 2)))
    _total(result, homework, console)


def _worth(rows: list[CheckResult], colour: str = "cyan") -> Text:
    earned, most = sum(r.points for r in rows), sum(r.max_points for r in rows)
    return Text(f"{earned:g}/{most:g}" if most else "extra", colour)


def _account(check: CheckResult, shown: set[str]) -> Group:
    """The check's title, and under it what differed, the idea, and the end of what was printed."""
    lines: list[Text | Padding] = [Text(check.title, "dim" if check.passed else "")]
    if check.message in shown - {""}:
        lines.append(Padding(Text("the same as above", "dim"), (0, 0, 0, 2)))
    elif check.message:
        lines.append(Padding(Text(check.what, MARKS[check.status][1]), (0, 0, 0, 2)))
        more = (check.idea, *check.told, check.aside)
        lines += [Padding(Text(str(one)), (0, 0, 0, 2)) for one in more if one]
    if check.printed.strip():
        tail = "\n".join(check.printed.strip().splitlines()[-PRINTED_LINES:])
        lines.append(Padding(Text(f"printed: {tail}", "dim"), (0, 0, 0, 2)))
    return Group(*lines)


def _total(result: HomeworkResult, homework: Homework, console: Console) -> None:
    style = "bold green" if result.complete else "bold"
    console.print()
    score = Text(f"  {result.score:g} of {result.max_score:g} points", style)
    if result.seconds:
        score.append(f"   {result.seconds:.1f} s", "dim")
    console.print(score)
    if todo := result.next_step or result.after_code(homework):
        console.print(Text(f"  next: {todo}", "dim"))


def overview(
    results: list[HomeworkResult], homeworks: dict[str, Homework], console: Console
) -> None:
    """The state of all homeworks as one picture: a bar each, and under what is being worked on a
    bar for every problem."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, width=4)
    table.add_column(no_wrap=True, width=WIDE)
    table.add_column(no_wrap=True, width=5, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)  # what a narrow terminal cuts
    current = in_work(results)
    for result in results:
        score = f"{result.score:g}/{result.max_score:g}"
        bar = _bar(_share(result.checks), WIDE)
        table.add_row(Text(result.homework, "bold"), bar, score, Text(result.title, "bold"))
        if result.complete or (result is not current and not result.score):
            continue
        for problem in homeworks[result.homework].problems:
            rows = [check for check in result.checks if check.problem == problem.id]
            if rows:
                told = Text(f"{problem.title}: {state(rows)}")
                table.add_row(
                    Text(f" {problem.id}", "dim"), _bar(_share(rows), NARROW), _worth(rows), told
                )
    console.print()
    console.print(table)
    console.print(Text(f"\n{next_step(results)}", "bold"))


def state(rows: list[CheckResult]) -> str:
    """One problem in a few words."""
    passed = sum(row.passed for row in rows)
    if passed == len(rows):
        return "done"
    hole = next(row for row in rows if not row.passed).hole
    return f"fill in {hole}" if hole else f"{passed} of {len(rows)} checks pass"


def in_work(results: list[HomeworkResult]) -> HomeworkResult | None:
    """The homework to go on with: one that was begun, else the first that is not complete."""
    todo = [result for result in results if not result.complete]
    return next((result for result in todo if result.score), todo[0] if todo else None)


def next_step(results: list[HomeworkResult]) -> str:
    """Return the command to type next."""
    current = in_work(results)
    if current is None:
        return "next: python -m autograder submit hwN, for what is not handed in yet"
    if current.score:
        return f"next: {current.next_step}"
    return f"next: read {current.homework}/README.md, then: {current.next_step}"


def _share(rows: list[CheckResult]) -> float:
    """The part that is earned: of the points, or of the checks where there are none."""
    most = sum(row.max_points for row in rows)
    if most:
        return sum(row.points for row in rows) / most
    return sum(row.passed for row in rows) / max(len(rows), 1)


def _bar(share: float, width: int) -> Text:
    full = int(share * width) if share < 1 else width  # full means complete
    return Text("█" * full, "green") + Text("░" * (width - full), "dim")
