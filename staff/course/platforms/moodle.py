"""Moodle: read its worksheets and zips of submissions; write a worksheet, grades and feedback.

An assignment's worksheet (offline grading) is filled in and goes back with its own header: Moodle
compares the titles in the teacher's language. The course's gradebook takes any CSV, mapped on screen
by an e-mail address or id number.
Source: moodle/moodle, mod/assign/feedback/offline, mod/assign/classes/downloader.php,
mod/assign/feedback/file/importziplib.php, grade/import/csv/classes/load_data.php.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from common.errors import KitError
from staff.course.platforms import ScoreRow, Upload
from staff.course.table import Table

FOLDER = re.compile(
    r"(?P<owner>[^_]+)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_(?P<file>.*))?"
)
NEEDED = ("identifier", "grade", "last modified (grade)")
PARTICIPANT = re.compile(r"Participant (\d+)")


# --- worksheets ---------------------------------------------------------------------------------


def is_worksheet(table: Table) -> bool:
    """Whether a table is an assignment's grading worksheet, in English."""
    return table.has(*NEEDED)


def scores(table: Table) -> list[ScoreRow]:
    """Every student's grade in a worksheet."""
    return [
        ScoreRow(
            row.place,
            tuple(i for i in (row.get("id number"), row.get("email address")) if i),
            row.get("full name"),
            "" if row.get("grade") == "-" else row.get("grade"),
            most=row.get("maximum grade"),
        )
        for row in table.rows
    ]


def participants(table: Table) -> dict[str, ScoreRow]:
    """Participant number → the student's row."""
    numbers = (PARTICIPANT.fullmatch(row.get("identifier")) for row in table.rows)
    return {found[1]: row for found, row in zip(numbers, scores(table)) if found}


def fill_worksheet(
    table: Table, grades: Mapping[str, float], comments: Mapping[str, str] | None = None
) -> str:
    """A downloaded worksheet with grades in it.

    Args:
        grades: participant number → points; the other rows keep what they have.
        comments: participant number → the feedback comment.

    Raises:
        KitError: when it is not a worksheet, or a grade is above its maximum, which Moodle would skip
            without a word.
    """
    if not is_worksheet(table):
        raise KitError(
            f"{table.name} is not a Moodle worksheet: it lacks Identifier, Grade or Last modified "
            "(grade); download it with the interface in English"
        )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows:
        cells = dict(row.cells)
        found = PARTICIPANT.fullmatch(row.get("identifier"))
        number = found[1] if found else ""
        if number in grades:
            _check_most(row.place, row.get("maximum grade"), grades[number])
            cells["grade"] = f"{grades[number]:.2f}"
        if comments and number in comments and "feedback comments" in cells:
            cells["feedback comments"] = comments[number]
        writer.writerow([cells[key] for key in table.keys])
    return text.getvalue()


def _check_most(place: str, most: str, grade: float) -> None:
    try:
        limit = float(most)
    except ValueError:
        return
    if grade > limit + 1e-9:
        raise KitError(
            f"{place}: {grade:g} points are above Moodle's maximum of {most}, and Moodle skips "
            "such rows; raise the maximum of the assignment"
        )


def write_grades(title: str, points: float, rows: Sequence[tuple[str, str, str, float]]) -> str:
    """A file for the course's gradebook: e-mail address, id number, name, points, and the maximum.

    A student without a grade is left out: a dash over a grade would take it away.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Email address", "ID number", "Full name", title, f"{title} maximum"])
    for email, ident, name, score in rows:
        writer.writerow([email, ident, name, f"{score:.2f}", f"{points:g}"])
    return text.getvalue()


# --- uploads ------------------------------------------------------------------------------------


def read_name(name: str) -> Upload | None:
    """`Jane Doe_12345_assignsubmission_file` in its parts; None for another name.

    The trailing `_` of old versions and the flat form with the file's name behind it are read, too.
    """
    found = FOLDER.fullmatch(name)
    if found is None:
        return None
    return Upload(found["owner"], found["number"], found["file"] or "")


def feedback_folder(name: str) -> str:
    """The folder that takes feedback for the student of an upload's folder or flat file."""
    upload = read_name(name)
    if upload is None:
        raise KitError(f"{name} is not the name of a Moodle download")
    return f"{upload.owner}_{upload.number}_assignsubmission_file"
