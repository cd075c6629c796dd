"""Gradescope: read its exports of scores and of a whole course.

No specification is public; the columns are as seen in exports of 2022 to 2026, matched by name.
Gradescope takes no scores by CSV: an autograder's results.json is the way in
(`staff/grading/gradescope/`).
"""

from __future__ import annotations

from staff.course.platforms import ScoreRow
from staff.course.table import Row, Table, column_key

SCORES = ("email", "total score", "status")
MOST, TIME = " - max points", " - submission time"  # behind an assignment's title
MISSING, UNGRADED = "missing", "ungraded"


def is_scores(table: Table) -> bool:
    """Whether a table is one assignment's export of scores."""
    return table.has(*SCORES)


def is_course(table: Table) -> bool:
    """Whether a table is the export of a course's grades: four columns an assignment."""
    return table.has("email") and bool(assignments(table))


def assignments(table: Table) -> dict[str, str]:
    """Title → title, of every assignment in a course's export."""
    return {
        title: title for title, key in zip(table.columns, table.keys) if key + MOST in table.keys
    }


def scores(table: Table) -> list[ScoreRow]:
    """Every student's score in one assignment's export."""
    return [
        ScoreRow(
            row.place,
            _ids(row),
            _name(row),
            "" if row.get("status").casefold() == MISSING else row.get("total score"),
            row.get("submission time"),
            "not graded yet on Gradescope" if row.get("status").casefold() == UNGRADED else "",
            row.get("max points"),
        )
        for row in table.rows
    ]


def course_scores(table: Table, title: str) -> list[ScoreRow]:
    """Every student's score in one assignment of a course's export."""
    key = column_key(title)
    return [
        ScoreRow(
            row.place,
            _ids(row),
            _name(row),
            row.get(key),
            row.get(key + TIME),
            most=row.get(key + MOST),
        )
        for row in table.rows
    ]


def _ids(row: Row) -> tuple[str, ...]:
    return tuple(one for one in (row.get("sid"), row.get("email")) if one)


def _name(row: Row) -> str:
    return row.get("name") or f"{row.get('first name')} {row.get('last name')}".strip()
