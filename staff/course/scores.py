"""One file of scores → rows, whichever platform wrote it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from staff.course.findings import Findings, nearest
from staff.course.platforms import ScoreRow, canvas, gradescope, moodle
from staff.course.table import Row, Table, require, unused_columns

OPTIONAL = ("name", "extra", "diagnosis", "submitted", "status", "reason", "group", "max_score")
OF_TABLE = ("submission", "mistakes", "notes")  # what `staff grade` writes for people alone
ITEM = "item: "  # in front of a rubric item's title
STATUSES = ("", "graded", "failed", "refused", "not measured", "undecided")
OPEN_STATUSES = {
    "failed": "the grader could not finish",
    "refused": "the upload could not be graded",
    "not measured": "the trained runs were not measured",
    "undecided": "staff must decide",
}


@dataclass(frozen=True)
class Line:
    """A score row, and the cells that only the kit's own files have."""

    row: ScoreRow
    extra: str = ""
    diagnosis: str = ""
    group: str = ""


def read_lines(
    table: Table,
    assignment: str,
    part: str,
    problems: set[str],
    findings: Findings,
    others: Collection[str] = (),
) -> list[Line] | None:
    """The rows of a file of scores; None when it cannot be used (that is an error kept).

    Args:
        assignment, part: of which to look in a file that holds a whole course.
        problems: ids of problems, which are columns of `staff grade`'s table.
        others: the other assignments of the course; no column with such a title is taken.
    """
    if gradescope.is_scores(table):
        _say(table, "Gradescope's scores", "Total Score", findings)
        return [Line(row) for row in gradescope.scores(table)]
    if moodle.is_worksheet(table):
        _say(table, "a Moodle worksheet", "Grade", findings)
        return [Line(row) for row in moodle.scores(table)]
    for fits, titles, name, read in (
        (canvas.is_export, canvas.assignments, "Canvas's export", canvas.scores),
        (
            gradescope.is_course,
            gradescope.assignments,
            "Gradescope's grades of the course",
            gradescope.course_scores,
        ),
    ):
        if fits(table) and "score" not in table.keys:
            title = _choose(table, titles(table), assignment, part, others, findings)
            if title is None:
                return None
            _say(table, name, title, findings)
            return [Line(row) for row in read(table, title)]
    if not require(table, findings, "score") or not _has_owner(table, findings):
        return None
    known = {"student", "score", "email", "sid", *OPTIONAL, *OF_TABLE, *problems}
    items = {key: table.title(key)[len(ITEM) :] for key in table.keys if key.startswith(ITEM)}
    unused_columns(table, known | items.keys(), findings)
    return [_own(row, items, findings) for row in table.rows]


def _say(table: Table, what: str, column: str, findings: Findings) -> None:
    findings.warn(f"{table.name}: read as {what}, column {column}")


def _has_owner(table: Table, findings: Findings) -> bool:
    if set(table.keys) & {"student", "email", "sid", "group"}:
        return True
    return require(table, findings, "student")


def _choose(
    table: Table,
    titles: dict[str, str],
    assignment: str,
    part: str,
    others: Collection[str],
    findings: Findings,
) -> str | None:
    """The column of an export that is meant: by its title, or the only one if it is no other's."""
    wanted = {_letters(assignment + part), _letters(f"{part} {assignment}"), _letters(assignment)}
    found = [column for title, column in titles.items() if _letters(title) in wanted]
    if len(found) == 1:
        return found[0]
    if len(titles) == 1 and not any(_names(title, others) for title in titles):
        return next(iter(titles.values()))
    told = ", ".join(titles) or "none"
    findings.error(
        f"{table.name} line 1",
        f"no one column is {assignment} {part}; rename one of these assignments, or delete the "
        f"others: {told}{nearest(assignment, titles)}",
    )
    return None


def _names(title: str, assignments: Collection[str]) -> bool:
    """Whether one of the words of a title is the name of an assignment."""
    words = re.findall(r"\w+", title.casefold())
    return any(name.casefold() in words for name in assignments)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _own(row: Row, items: dict[str, str], findings: Findings) -> Line:
    """A row in the kit's own columns."""
    status, why = row.get("status").casefold(), ""
    if status not in STATUSES:
        findings.error(
            row.place,
            f"status {row.get('status')!r} is not one of {', '.join(STATUSES[1:])}"
            f"{nearest(status, STATUSES[1:])}",
        )
    elif status in OPEN_STATUSES:
        reason = row.get("reason")
        why = OPEN_STATUSES[status] + (f" ({reason})" if reason else "")
    return Line(
        ScoreRow(
            row.place,
            tuple(one for one in map(row.get, ("student", "sid", "email")) if one),
            row.get("name"),
            row.get("score"),
            row.get("submitted"),
            why,
            row.get("max_score"),
            items={title: row.get(key) for key, title in items.items()},
        ),
        row.get("extra"),
        row.get("diagnosis"),
        row.get("group"),
    )
