"""`python -m staff tables`: outcomes, points and titles in handouts and write-ups, from the homework's tables."""

from __future__ import annotations

import re
from pathlib import Path

from common.errors import KitError
from common.files import write_text
from common.homework import Homework, Problem
from common.report.writeup import heading, questions
from staff.authoring.outcomes import Outcome, load

BEGIN, END = "<!-- problems: python -m staff tables -->\n", "<!-- end of the problems -->\n"
OUTCOMES = ("<!-- outcomes: python -m staff tables -->\n", "<!-- end of the outcomes -->\n")
GRADED_BY = {
    "code": "checks",
    "run": "the course grader, on fresh tasks",
    "plot": "people",
    "written": "people",
}
_ID = r"[0-9]*[A-Z]?[0-9]?[a-z]?"  # 1, 2a, X, X2
# "## Problem 2a: `f` (3 points)", "### 1p · Curves (5 points)", "**2a `f` (3 points).**"
_STATED = re.compile(
    rf"^(?P<lead>(?:#+ (?:Problem )?|\*\*)(?P<id>{_ID})\b[^(\n]*\((?:up to )?)[\d.]+(?P<extra> extra)? points?\)",
    re.M,
)


def table(homework: Homework) -> str:
    """The problems of a homework as a Markdown table, with what each is worth and who grades it."""
    total = sum(problem.points for problem in homework.problems if problem.kind != "extra")
    rows = [
        f"| {one.id} | {one.title} | {_points(one)} | {_file(one)} | {_graded_by(one)} |"
        for one in homework.problems
    ]
    head = ["| id | what | points | file | graded by |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows, f"| | **together** | **{total:g}** | | |", ""])


def _by_people_too(problem: Problem) -> bool:
    return problem.by_checks < problem.points


def _points(problem: Problem) -> str:
    if problem.kind != "extra":
        return f"{problem.points:g}"
    return f"{'up to ' if _by_people_too(problem) else ''}{problem.points:g} extra"


def _file(problem: Problem) -> str:
    if problem.kind == "run":
        return "your runs"
    if problem.graded_by == "diagnosis":
        return "`diagnosis.toml`"
    files = [problem.file] if problem.file else ["writeup.md"]
    if problem.kind == "extra" and _by_people_too(problem):
        files.append("writeup.md")
    return ", ".join(f"`{name}`" for name in files)


def _graded_by(problem: Problem) -> str:
    if problem.graded_by == "diagnosis":
        return "the course grader"
    if problem.kind == "extra":
        return "checks and people" if _by_people_too(problem) else "checks"
    return GRADED_BY[problem.kind]


def with_table(handout: str, homework: Homework) -> str:
    """The handout with its table of problems made anew."""
    return _between(handout, (BEGIN, END), table(homework))


def with_outcomes(handout: str, homework: Homework) -> str:
    """The handout with its learning outcomes, and the problems that show each, made anew."""
    known = {problem.id for problem in homework.problems}
    lines = [_outcome(one, known) for one in load(homework)]
    return _between(
        handout, OUTCOMES, "\n".join(["**Afterwards you can**\n", *filter(None, lines), ""])
    )


def _outcome(outcome: Outcome, known: set[str]) -> str:
    """A line of the list; empty when this term leaves out all problems that show it."""
    shown = dict.fromkeys(name.partition(".")[0] for name in outcome.by)
    left = [problem for problem in shown if problem in known]
    return f"- {outcome.text} ({', '.join(left)})" if left else ""


def _between(page: str, marks: tuple[str, str], made: str) -> str:
    """The page with what stands between two marks replaced.

    Raises:
        KitError: when it lacks one of them.
    """
    begin, end = marks
    before, began, rest = page.partition(begin)
    _, ended, behind = rest.partition(end)
    if not began or not ended:
        raise KitError(f"the handout lacks the line {(end if began else begin).strip()}")
    return before + begin + made + end + behind


def with_points(page: str, homework: Homework) -> str:
    """A page whose headings and leads state the points of homework.toml."""
    points = {one.id: one.points for one in homework.problems}
    # One heading may stand for all extra problems.
    points.setdefault("X", sum(one.points for one in homework.problems if one.kind == "extra"))

    def stated(found: re.Match) -> str:
        if found["id"] not in points:
            return found[0]
        worth = points[found["id"]]
        return f"{found['lead']}{worth:g}{found['extra'] or ''} point{'s' * (worth != 1)})"

    return _STATED.sub(stated, page)


def with_titles(writeup: str, homework: Homework) -> str:
    """A write-up whose headings have the titles of homework.toml."""
    for one in questions(homework):
        if not one.extra:  # which has a title of its own
            old = re.compile(rf"^## {re.escape(one.id)} · .*$", re.M)
            writeup = old.sub(heading(one).replace("\\", r"\\"), writeup)
    return writeup


def out_of_step(homework: Homework) -> dict[Path, str]:
    """The handout and the write-up, where they are not as homework.toml has it → their new text."""
    found = {}
    for name, makes in (
        ("README.md", (with_outcomes, with_table, with_points)),
        ("writeup.md", (with_titles, with_points)),
    ):
        path = homework.folder / name
        was = now = path.read_text(encoding="utf-8")
        for make in makes:
            now = make(now, homework)
        if now != was:
            found[path] = now
    return found


def redraw(homework: Homework) -> list[Path]:
    """Write the handout and the write-up anew; those that changed."""
    changed = out_of_step(homework)
    for path, text in changed.items():
        write_text(path, text)
    return list(changed)
