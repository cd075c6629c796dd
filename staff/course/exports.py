"""The gradebook as other platforms take it: Canvas, Moodle, and one page a student."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from common.errors import KitError
from staff.course import student_page
from staff.course.book import Book
from staff.course.findings import Findings
from staff.course.platforms import canvas, moodle
from staff.course.policy import Assignment, Policy
from staff.course.roster import Ambiguous, Roster, Student
from staff.course.rules import Grade
from staff.course.table import Row, Table, read_table

NO_EXPORT = Path()


def add_options(add: Callable[..., argparse.Action]) -> None:
    """The options of `staff gradebook` that ask for further files."""
    add(
        "--canvas",
        type=Path,
        nargs="?",
        const=NO_EXPORT,
        metavar="EXPORT",
        help="canvas-ASSIGNMENT.csv to import; EXPORT, Canvas's own gradebook, gives the ids",
    )
    add("--moodle", action="store_true", help="moodle-ASSIGNMENT.csv for the course's gradebook")
    add(
        "--worksheet",
        action="append",
        default=[],
        metavar="HW=FILE",
        help="fill in Moodle's worksheet of an assignment: moodle-HW-worksheet.csv",
    )
    add("--pages", type=Path, metavar="DIR", help="one page a student")


def files(
    chosen: argparse.Namespace,
    folder: Path,
    book: Book,
    grades: list[Grade],
    policy: Policy,
    findings: Findings,
) -> dict[Path, str]:
    """Every file that was asked for; what cannot be sent is said in `findings`.

    Raises:
        KitError: when an export or worksheet cannot be used.
    """
    found: dict[Path, str] = {}
    if chosen.canvas is not None:
        export = None if chosen.canvas == NO_EXPORT else _read(chosen.canvas, findings)
        found |= for_canvas(folder, book, grades, policy, export, findings)
    if chosen.moodle:
        found |= for_moodle(folder, book, grades, policy, findings)
    for text in chosen.worksheet:
        path, content = worksheet(text, folder, book.roster, grades, policy, findings)
        found[path] = content
    if chosen.pages is not None:
        for one in grades:
            name = re.sub(r"[^\w.@+-]", "_", one.person.student)
            found[chosen.pages / f"{name}.html"] = student_page.page(one, policy)
    return found


def _read(path: Path, findings: Findings) -> Table:
    table = read_table(path, findings)
    findings.stop_on_errors()
    if table is None:
        raise KitError(f"{path} is not there")
    return table


def _closed(
    assignment: Assignment, grades: list[Grade], findings: Findings, platform: str
) -> list[Grade]:
    """Return those with a grade in an assignment; say who is left out for being open."""
    found = [g for g in grades if assignment.name in g.marks and not g.marks[assignment.name].open]
    open_ = sum(1 for g in grades if assignment.name in g.marks) - len(found)
    if open_:
        findings.warn(f"{platform} {assignment.name}: {open_} students left out, theirs is open")
    return found


def for_canvas(
    folder: Path,
    book: Book,
    grades: list[Grade],
    policy: Policy,
    export: Table | None,
    findings: Findings,
) -> dict[Path, str]:
    """One import file an assignment: its students with a grade alone, and those excused."""
    if export is not None and not canvas.is_export(export):
        raise KitError(
            f"{export.name} is not a gradebook export of Canvas: it needs Student, ID, Section"
        )
    people = _canvas_people(book.roster, export, findings)
    found = {}
    for assignment in policy.assignments:
        title = _canvas_title(assignment.name, export)
        if export is not None:
            _say_scale(
                f"canvas {title}", assignment, canvas.points_possible(export, title), findings
            )
        closed = {g.person.student: g for g in _closed(assignment, grades, findings, "canvas")}
        rows: list[tuple[dict[str, str], float | None]] = []
        missing = []
        for one in grades:
            student, work = one.person.student, one.person.works.get(assignment.name)
            excused = bool(work and work.excused)
            if student not in closed and not excused:
                continue
            if (cells := people.get(student)) is None:
                missing.append(student)
                continue
            rows.append((cells, None if excused else closed[student].marks[assignment.name].points))
        if missing:
            findings.warn(
                f"canvas {assignment.name}: {len(missing)} students are not in the export: "
                f"{', '.join(missing[:5])}"
            )
        if rows and closed:
            text = canvas.write_import(title, assignment.points, rows)
            found[folder / f"canvas-{assignment.name}.csv"] = text
    return found


def _say_scale(where: str, assignment: Assignment, most: str, findings: Findings) -> None:
    """Warn where the platform counts by another maximum: our points would be another share there."""
    try:
        there = float(most)
    except ValueError:
        return
    if there not in (assignment.points, assignment.points + assignment.extra):
        findings.warn(
            f"{where}: its maximum there is {there:g}, {assignment.name} has {assignment.points:g} points: "
            f"set it to {assignment.points:g} there, or all grades of this file mean another share"
        )


def _canvas_title(name: str, export: Table | None) -> str:
    """The column of the export that is this assignment, with its id; else a new one's name."""
    titles = canvas.assignments(export) if export is not None else {}
    letters = {re.sub(r"\W|_", "", title).casefold(): column for title, column in titles.items()}
    return letters.get(name.casefold(), name)


def _canvas_people(
    roster: Roster, export: Table | None, findings: Findings
) -> dict[str, dict[str, str]]:
    """Student → the cells that identify one: as the export has them, or from the roster."""
    if export is None:
        return {one.student: _canvas_cells(one) for one in roster}
    found = {}
    for row in canvas.student_rows(export):
        ids = tuple(row.get(key) for key in ("sis user id", "sis login id", "id"))
        try:
            one = roster.find(*ids, name=row.get("student"))
        except Ambiguous as error:
            findings.warn(f"{row.place}: {error}; left out")
            continue
        if one is not None:
            found[one.student] = _cells_of(row)
    return found


def _cells_of(row: Row) -> dict[str, str]:
    return {column: row.get(column.casefold()) for column in canvas.HEAD}


def _canvas_cells(one: Student) -> dict[str, str]:
    values = (one.name or one.student, one.canvas, one.sid or one.student, one.login, one.section)
    return dict(zip(canvas.HEAD, values))


def for_moodle(
    folder: Path, book: Book, grades: list[Grade], policy: Policy, findings: Findings
) -> dict[Path, str]:
    """One file an assignment for the course's gradebook, mapped by e-mail address or id number."""
    found = {}
    for assignment in policy.assignments:
        rows = []
        for one in _closed(assignment, grades, findings, "moodle"):
            student = book.roster.students[one.person.student]
            points = one.marks[assignment.name].points
            rows.append((student.email, student.sid or student.student, student.name, points))
        if not rows:
            continue
        if (without := sum(not row[0] for row in rows)) and without < len(rows):
            findings.warn(
                f"moodle {assignment.name}: {without} students have no e-mail address in the "
                "roster; map by ID number, or Moodle takes none of the file"
            )
        text = moodle.write_grades(assignment.name, assignment.points, rows)
        found[folder / f"moodle-{assignment.name}.csv"] = text
    return found


def worksheet(
    text: str, folder: Path, roster: Roster, grades: list[Grade], policy: Policy, findings: Findings
) -> tuple[Path, str]:
    """A Moodle worksheet, filled in.

    Args:
        text: `hw1=FILE`.
    """
    name, _, path = text.partition("=")
    assignment = policy.named(name)
    if assignment is None or not path:
        known = ", ".join(one.name for one in policy.assignments)
        raise KitError(f"--worksheet {text}: type ASSIGNMENT=FILE, one of {known}")
    table = _read(Path(path), findings)
    points = {
        one.person.student: one.marks[name].points
        for one in _closed(assignment, grades, findings, "worksheet")
    }
    numbers = {}
    for most in sorted({row.get("maximum grade") for row in table.rows}):
        _say_scale(f"worksheet {name}", assignment, most, findings)
    for number, row in moodle.participants(table).items():
        student = roster.find(*row.ids, name=row.name)
        if student is None:
            findings.warn(f"{row.place}: {row.name} is not in the roster; left as it was")
        elif student.student in points:
            numbers[number] = points[student.student]
    filled = moodle.fill_worksheet(table, numbers)
    return folder / f"moodle-{name}-worksheet.csv", filled
