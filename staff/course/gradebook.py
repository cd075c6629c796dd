"""The gradebook: `python -m staff gradebook FOLDER`: scores and rules to one CSV, with reasons.

FOLDER holds what is known, as CSV files with a header; all but the roster may be missing:

    roster.csv             student, name, status (course.toml lists them), email, sid, canvas_id,
                           login; or as Canvas, Gradescope or Moodle export it
    hw1-code.csv           student, score, extra, diagnosis, submitted, status, reason
                           (`staff grade` writes it as table.csv; diagnosis: the recorded curves,
                           which belong to the written half)
    hw1-written.csv        student, score, extra, submitted, and columns `item: …` of a rubric
    poster.csv             student or group, score, submitted     (one for each project component)
    groups.csv             group, student, assignment             (one score for all members)
    extensions.csv         student, assignment, days, reason
    excused.csv            student, assignment, reason
    regrades.csv           student, assignment, part, score, reason     (part: code, written,
                           diagnosis, extra)
    participation.csv      student, points
    hw1-viva.csv           student, score (of 10), reason       (`staff viva --sample` begins it)

A file of scores may also be Gradescope's or Canvas's export or a Moodle worksheet, as it is. A file
that is not there means that the half is not graded yet; a student who has no row in a file that is
there handed in nothing.

examples:
  python -m staff gradebook scores
  python -m staff gradebook scores --canvas export.csv --moodle --pages pages --statistics
  python -m staff gradebook scores --worksheet hw1=Grades-CS-HW1-77.csv

exit codes: 0 all is graded; 1 the book is written, and some of it is open; 2 an input is wrong, and
nothing is written.
"""

from __future__ import annotations

import sys
from pathlib import Path

from common.errors import KitError
from common.files import write_text
from common.options.command_line import Parser
from staff import command
from staff.course import exports, policy, statistics
from staff.course.book import Book, read_book
from staff.course.csv_cell import csv_text
from staff.course.findings import Findings
from staff.course.policy import Policy
from staff.course.private import require_private
from staff.course.rules import OPEN, Grade, grade


def main(argv: list[str]) -> int:
    """Make the gradebook; return the exit code."""
    chosen = _options().parse_args(argv)
    rules = policy.load(chosen.course)
    findings = Findings()
    book, grades = make(chosen.folder, rules, findings)
    output = chosen.output or chosen.folder / "gradebook.csv"
    files = {output: write(grades, rules)}
    files |= exports.files(chosen, output.parent, book, grades, rules, findings)
    if chosen.statistics:
        files[output.parent / "statistics.csv"] = statistics.as_csv(grades, rules)
    require_private(*files)
    for path, text in files.items():
        write_text(path, text)
    _report(book, grades, rules, findings, list(files))
    return 1 if any(one.open for one in grades) else 0


def _options() -> Parser:
    options = command.parser(
        "gradebook",
        "Scores, late days, extensions and regrades to one CSV with reasons.",
        __doc__.partition("\n\n")[2],
    )
    add = options.add_argument
    add("folder", type=Path, help="roster.csv, the scores, and what the course decided")
    add("-o", "--output", type=Path, metavar="FILE", help="FOLDER/gradebook.csv")
    add(
        "--course",
        type=Path,
        default=policy.COURSE_FILE,
        metavar="FILE",
        help="the course's rules (staff/course.toml)",
    )
    exports.add_options(add)
    add("--statistics", action="store_true", help="mean, median and quartiles")
    return options


def make(folder: Path, rules: Policy, findings: Findings) -> tuple[Book, list[Grade]]:
    """Read a folder and apply the rules to everybody.

    Raises:
        KitError: with everything that is wrong in the inputs.
    """
    if not folder.is_dir():
        raise KitError(f"{folder} is not a folder; it holds roster.csv and the scores")
    book = read_book(folder, rules, findings)
    findings.stop_on_errors()
    grades = []
    for person in book.people.values():
        try:
            grades.append(grade(person, rules, book.graded))
        except KitError as error:
            findings.errors.append(str(error))
    findings.stop_on_errors()
    return book, grades


def _report(
    book: Book, grades: list[Grade], rules: Policy, findings: Findings, files: list[Path]
) -> None:
    for warning in findings.warnings:
        print(f"note: {warning}", file=sys.stderr)
    graded = ", ".join(
        one.name if halves >= set(one.halves) else f"{one.name} ({', '.join(sorted(halves))})"
        for one in rules.assignments
        if (halves := book.graded.get(one.name))
    )
    open_ = [one for one in grades if one.open]
    left_out = f"{book.left_out} left out (dropped or auditor)"
    print(f"{files[0]}: {len(grades)} students, {left_out}; graded: {graded or 'nothing'}")
    for path in files[1:6]:
        print(path)
    if len(files) > 6:
        print(f"… and {len(files) - 6} more files")
    if open_:
        print(f"open: {len(open_)} students have something without a grade yet:")
        for text in _open_counts(open_)[:20]:
            print(f"  {text}")


def _open_counts(grades: list[Grade]) -> list[str]:
    """Say what has no grade yet, with up to three students' names or else their number."""
    those: dict[str, list[str]] = {}
    for one in grades:
        for text in one.open:
            those.setdefault(text.removeprefix(OPEN), []).append(one.person.student)
    return [
        f"{text}: {', '.join(who) if len(who) <= 3 else f'{len(who)} students'}"
        for text, who in those.items()
    ]


def write(grades: list[Grade], rules: Policy) -> str:
    """The gradebook as CSV, a line a student in the order of the roster."""
    names = [one.name for one in rules.assignments]
    numbers = ["homework", "project", "participation", "total", "so_far"]
    rows: list[list] = [["student", "name", *names, "late_days", *numbers, "open", "reasons"]]
    for one in grades:
        participation = one.total - one.homework - one.project
        values = (one.homework, one.project, participation, one.total, one.so_far)
        rows.append(
            [
                one.person.student,
                one.person.name,
                *(one.marks[name].cell if name in one.marks else "" for name in names),
                sum(one.late.values()),
                *(f"{value:.2f}" for value in values),
                len(one.open),
                "; ".join(one.reasons),
            ]
        )
    return csv_text(rows)
