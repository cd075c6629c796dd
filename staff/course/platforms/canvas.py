"""Canvas: read its gradebook export and its zips of submissions; write an import and feedback.

The rules of its importer that matter here: it finds a student by `ID`, then `SIS User ID`, then
`SIS Login ID`; a column whose title ends in `(id)` is that assignment, another title makes a new one;
a blank cell over a score counts as a change, so a file holds one assignment and those students alone
who have a grade; titles with words such as `Final Score` are dropped without a word.
Source: instructure/canvas-lms, lib/gradebook_importer.rb, gradebook_exporter.rb, content_zipper.rb.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from common.errors import KitError
from staff.course.platforms import ScoreRow, Upload
from staff.course.table import Row, Table, column_key

HEAD = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
ASSIGNMENT = re.compile(r"(.*) \((\d+)\)")
DROPPED = re.compile(r"\b(current|final)\b.*\b(score|points|grade)\b|override grade", re.I)
POINTS_POSSIBLE = "    Points Possible"  # with these four spaces
EXCUSED = ("ex", "excused")
NOT_ASSIGNED = "n/a"
UPLOAD = re.compile(r"(?P<owner>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_((?P<file>\d+)_)?(?P<name>.+)")


# --- the gradebook ------------------------------------------------------------------------------


def is_export(table: Table) -> bool:
    """Whether a table is a gradebook export: its columns say so."""
    ids = table.has("id") or table.has("sis login id") or table.has("sis user id")
    return ids and table.has("student", "section")


def assignments(table: Table) -> dict[str, str]:
    """Title without the id → the column's title, of every assignment."""
    return {
        found[1].strip(): title
        for title in table.columns
        if (found := ASSIGNMENT.fullmatch(title)) is not None
    }


def student_rows(table: Table) -> list[Row]:
    """The rows of students: without points possible, posting policies and the test student."""
    return [
        row
        for row in table.rows
        if any(row.get(key) for key in ("id", "sis user id", "sis login id"))
        and row.get("student") != "Student, Test"
    ]


def points_possible(table: Table, title: str) -> str:
    """The most points of an assignment's column as the file says it, or an empty text."""
    for row in table.rows:
        if row.get("student").casefold() == "points possible":
            return row.get(column_key(title))
    return ""


def scores(table: Table, title: str) -> list[ScoreRow]:
    """Every student's score in one assignment's column."""
    key, most = column_key(title), points_possible(table, title)
    found = []
    for row in student_rows(table):
        cell = row.get(key)
        number = "" if cell == "-" or cell.casefold() in (*EXCUSED, NOT_ASSIGNED) else cell
        ids = tuple(row.get(one) for one in ("sis user id", "sis login id", "id") if row.get(one))
        found.append(
            ScoreRow(
                row.place,
                ids,
                row.get("student"),
                number,
                most=most,
                excused=cell.casefold() in EXCUSED,
            )
        )
    return found


def write_import(
    title: str, points: float, rows: Sequence[tuple[dict[str, str], float | None]]
) -> str:
    """A file that sets one assignment's scores.

    Args:
        title: `HW1 (4757)` for an assignment that is there; another text makes a new one.
        rows: what a student's cells of `HEAD` hold, and the score; None excuses the student.

    Raises:
        KitError: for a title that the importer drops without a word.
    """
    if DROPPED.search(title):
        raise KitError(f"Canvas drops a column called {title!r} without a word; name it otherwise")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*HEAD, title])
    writer.writerow([POINTS_POSSIBLE, *[""] * (len(HEAD) - 1), plain(points)])
    for person, score in rows:
        writer.writerow(
            [
                *(_text(person.get(column, "")) for column in HEAD),
                "EX" if score is None else plain(score),
            ]
        )
    return text.getvalue()


def _text(cell: str) -> str:
    """A text that no spreadsheet computes, as Canvas itself writes such names."""
    return f'="{cell}"' if cell[:1] in ("=", "+", "-", "@") else cell


def plain(points: float) -> str:
    """Points with at most two decimals, as Canvas compares them."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


# --- uploads ------------------------------------------------------------------------------------


def read_name(name: str) -> Upload | None:
    """`doejane_LATE_9001_77001_hw1.zip` in its parts; None for another name."""
    found = UPLOAD.fullmatch(name)
    if found is None:
        return None
    return Upload(
        found["owner"], found["user"], found["name"], found["file"] or "", bool(found["late"])
    )


def feedback_name(upload_name: str, page: str) -> str:
    """The name under which a file goes back to the student of an upload.

    Canvas takes the first two numbers in it for the student and for the upload.
    """
    upload = read_name(upload_name)
    if upload is None:
        raise KitError(f"{upload_name} is not the name of a Canvas download")
    return f"{upload.owner}_{upload.number}_{upload.attachment}_{page}"
