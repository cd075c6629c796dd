"""A folder of CSV files → what is known of every student, before any rule is applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from common import homework as homeworks
from staff.course import viva
from staff.course.findings import Findings, nearest
from staff.course.moments import order_of_dates, read_moment
from staff.course.policy import Assignment, Policy
from staff.course.roster import Ambiguous, Roster, Student, read_roster, same
from staff.course.scores import Line, read_lines
from staff.course.table import (
    Numbers,
    Row,
    Table,
    distinct,
    read_table,
    require,
    unused_columns,
)

PARTS = ("code", "written", "diagnosis", "extra")
OTHER_FILES = (
    "roster.csv",
    "groups.csv",
    "extensions.csv",
    "excused.csv",
    "regrades.csv",
    "participation.csv",
)


@dataclass
class Work:
    """What one student has of one assignment.

    Attributes:
        written: by people.
        diagnosis: of the written half, by the course grader.
        extra: extra credit, by checks; `extra_people`: by people.
        submitted: half → when it was handed in.
        handed: the halves that have a score.
        open: half → why there is no grade yet.
        extension: days.
        items: rubric items of the written half, as the file has them.
        viva: points of the talk about it; None where there was none.
    """

    code: float = 0.0
    written: float = 0.0
    diagnosis: float = 0.0
    extra: float = 0.0
    extra_people: float = 0.0
    submitted: dict[str, datetime] = field(default_factory=dict)
    handed: set[str] = field(default_factory=set)
    open: dict[str, str] = field(default_factory=dict)
    extension: float = 0.0
    excused: bool = False
    items: dict[str, str] = field(default_factory=dict)
    viva: float | None = None

    def has(self, half: str) -> bool:
        """Whether anything of a half was handed in."""
        return half in self.handed or half in self.submitted or bool(self.earned(half))

    def earned(self, half: str) -> float:
        """Points of a half, without extra credit."""
        return self.code if half == "code" else self.written + self.diagnosis


@dataclass
class Person:
    """One student and everything handed in; `told` are extensions and regrades, in words."""

    student: str
    name: str = ""
    participation: float = 0.0
    works: dict[str, Work] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


@dataclass
class Book:
    """Everything that a folder says.

    Attributes:
        people: those who get a grade, in the order of the roster.
        graded: assignment → the halves that have scores.
        left_out: how many of the roster get no grade.
    """

    roster: Roster
    people: dict[str, Person]
    graded: dict[str, set[str]]
    left_out: int


def read_book(folder: Path, policy: Policy, findings: Findings) -> Book:
    """Read a folder; what is wrong with it is kept in `findings`."""
    roster = read_roster(folder / "roster.csv", findings, policy.graded + policy.left_out)
    people = {
        one.student: Person(one.student, one.name) for one in roster if one.status in policy.graded
    }
    reader = _Reader(folder, policy, roster, people, findings)
    book = Book(roster, people, reader.scores(), len(roster) - len(people))
    reader.extensions()
    reader.excused()
    reader.regrades(book.graded)
    reader.participation()
    reader.vivas()
    _name_unused_files(folder, policy, findings)
    return book


def score_files(assignment: Assignment) -> dict[str, str]:
    """Half → the name of its file."""
    if assignment.kind == "project":
        return {"written": f"{assignment.name}.csv"}
    return {half: f"{assignment.name}-{half}.csv" for half in ("code", "written")}


def _name_unused_files(folder: Path, policy: Policy, findings: Findings) -> None:
    used = {name for one in policy.assignments for name in score_files(one).values()}
    used |= {viva.file_of(one.name) for one in policy.assignments} | set(OTHER_FILES)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        table = path.suffix.casefold() in (".csv", ".tsv", ".xlsx", ".xls", ".ods")
        ours = path.name.startswith(("gradebook", "canvas-", "moodle-", "statistics"))
        if table and path.name not in used and not ours:
            findings.warn(f"{path.name}: not used{nearest(path.name, used)}")


class _Reader:
    """Reads one folder into the people of its roster."""

    def __init__(
        self,
        folder: Path,
        policy: Policy,
        roster: Roster,
        people: dict[str, Person],
        findings: Findings,
    ) -> None:
        self.folder, self.policy, self.roster = folder, policy, roster
        self.people, self.findings = people, findings
        self.groups = self._groups()

    # --- who ------------------------------------------------------------------------------------

    def student(self, place: str, ids: tuple[str, ...], name: str = "") -> Student | None:
        """The student whom a row means; an error is kept for nobody or for two."""
        try:
            found = self.roster.find(*ids, name=name)
        except Ambiguous as error:
            self.findings.error(place, str(error))
            return None
        if found is None:
            self.findings.error(place, lambda: self._unknown(ids, name))
        return found

    def _unknown(self, ids: tuple[str, ...], name: str) -> str:
        shown = " ".join(repr(one) for one in (*ids, name) if one) or "a row without a student"
        near = self.roster.near(*ids, name)
        return f"{shown} is not in roster.csv" + (f" (near: {', '.join(near)})" if near else "")

    def _groups(self) -> dict[tuple[str, str], list[str]]:
        """(assignment or "", group) → its students."""
        found: dict[tuple[str, str], list[str]] = {}
        for row in self._rows("groups.csv", "group", "student", optional=("assignment",)):
            one = self.student(row.place, (row.get("student"),))
            if row.get("assignment"):
                self._assignment(row)
            if one is not None:
                found.setdefault((row.get("assignment"), same(row.get("group"))), []).append(
                    one.student
                )
        return found

    def _members(self, assignment: str, line: Line) -> list[str]:
        """The students of a row that is a group's; empty when it is one student's."""
        for text in (line.group, *line.row.ids[:1]):
            for place in (assignment, ""):
                if text and (place, same(text)) in self.groups:
                    return self.groups[place, same(text)]
        return []

    # --- scores ---------------------------------------------------------------------------------

    def scores(self) -> dict[str, set[str]]:
        """Read every file of scores; return the halves that are graded."""
        graded: dict[str, set[str]] = {}
        for assignment in self.policy.assignments:
            timed = {}
            for half, name in score_files(assignment).items():
                if (table := read_table(self.folder / name, self.findings)) is None:
                    continue
                if not table.rows:
                    self.findings.warn(f"{name}: has no rows; nothing of it is graded yet")
                    continue
                timed[name] = self._half(assignment, half, table)
                graded.setdefault(assignment.name, set()).add(half)
            self._say_times(timed)
        return graded

    def _say_times(self, timed: dict[str, bool]) -> None:
        """Warn of files without times.

        Args:
            timed: file of an assignment → whether it has times.
        """
        for name, has in timed.items():
            if not has:
                rest = "; the other half decides" if any(timed.values()) else ""
                self.findings.warn(f"{name}: no times: late days not counted{rest}")

    def _half(self, assignment: Assignment, half: str, table: Table) -> bool:
        """Enter one file of scores; whether it has times."""
        if not assignment.half_points(half):
            self.findings.error(table.name, f"{assignment.name} has no {half} points to give")
            return True
        names = [one.name for one in self.policy.assignments]
        lines = read_lines(
            table,
            assignment.name,
            half,
            _problem_ids(assignment.name),
            self.findings,
            others=[name for name in names if name != assignment.name],
        )
        if lines is None:
            return True
        entry = _Entry(assignment, half, table, self.policy, lines, self.findings)
        seen: dict[str, Line] = {}
        for student, line, of_group in self._owners(assignment, lines):
            before = seen.get(student)
            if before is not None and not of_group[1]:
                self._twice(student, before, line)
                continue
            seen[student] = line
            if (person := self.people.get(student)) is not None:
                entry.enter(person.works.setdefault(assignment.name, Work()), line)
        return not lines or any(line.row.submitted for line in lines)

    def _owners(
        self, assignment: Assignment, lines: list[Line]
    ) -> Iterator[tuple[str, Line, tuple[bool, bool]]]:
        """(student, row, (a group's, overrides one)): groups first, so that a student's row wins."""
        own, in_group = [], set()
        for line in lines:
            members = self._members(assignment.name, line)
            if not members:
                own.append(line)
                continue
            for student in members:
                in_group.add(student)
                yield student, line, (True, False)
        for line in own:
            one = self.student(line.row.place, line.row.ids, line.row.name)
            if one is not None:
                yield one.student, line, (False, one.student in in_group)
                in_group.discard(one.student)

    def _twice(self, student: str, before: Line, line: Line) -> None:
        first = before.row.place.rpartition("line ")[2]
        alike = (before.row.score, before.row.submitted, before.extra, before.diagnosis) == (
            line.row.score,
            line.row.submitted,
            line.extra,
            line.diagnosis,
        )
        if alike:
            self.findings.warn(f"{line.row.place}: repeats line {first}; counted once")
        else:
            self.findings.error(
                line.row.place, f"{student} is there twice (line {first}), and the rows differ"
            )

    # --- everything else ------------------------------------------------------------------------

    def _rows(self, name: str, *columns: str, optional: tuple[str, ...] = ()) -> list[Row]:
        """The rows of a file that may be missing, each once."""
        table = read_table(self.folder / name, self.findings)
        if table is None or not require(table, self.findings, *columns):
            return []
        unused_columns(table, {*columns, *optional, "name"}, self.findings)
        self.table = table
        return distinct(table, self.findings)

    def _numbers(self, column: str) -> Numbers:
        """Reads a column of the file that `_rows` gave last."""
        return Numbers(self.table, column, self.table.values(column), self.findings)

    def _assignment(self, row: Row) -> Assignment | None:
        found = self.policy.named(row.get("assignment"))
        if found is None:
            known = [one.name for one in self.policy.assignments]
            self.findings.error(
                row.place,
                f"no assignment {row.get('assignment')!r}; choose one of "
                f"{', '.join(known)}{nearest(row.get('assignment'), known)}",
            )
        return found

    def _works(
        self, name: str, *columns: str, optional: tuple[str, ...] = ("reason",)
    ) -> Iterator[tuple[Row, Person, Assignment, Work]]:
        """Every row about one student's assignment; people without a grade are passed over."""
        for row in self._rows(name, "student", "assignment", *columns, optional=optional):
            one = self.student(row.place, (row.get("student"),))
            assignment = self._assignment(row)
            if one is None or assignment is None:
                continue
            person = self.people.get(one.student) or Person(one.student)
            yield row, person, assignment, person.works.setdefault(assignment.name, Work())

    def extensions(self) -> None:
        numbers = None
        for row, person, assignment, work in self._works("extensions.csv", "days"):
            numbers = numbers or self._numbers("days")
            days = numbers.read(row.place, row.get("days"))
            if days is None:
                continue
            if not 0 <= days <= self.policy.most_extension:
                self.findings.error(
                    row.place,
                    f"an extension of {days:g} days; 0 to {self.policy.most_extension:g} is "
                    "possible (course.toml)",
                )
                continue
            work.extension += days
            told = f"{days:g} day{'s' if days != 1 else ''}{_because(row)}"
            person.told.append(f"{assignment.name}: extension of {told}")

    def excused(self) -> None:
        for _, _, _, work in self._works("excused.csv"):
            work.excused = True

    def regrades(self, graded: dict[str, set[str]]) -> None:
        """The last regrade of a part counts, and closes what was open."""
        numbers = None
        for row, person, assignment, work in self._works("regrades.csv", "part", "score"):
            numbers = numbers or self._numbers("score")
            new, part = numbers.read(row.place, row.get("score")), row.get("part").casefold()
            if part not in PARTS:
                self.findings.error(
                    row.place,
                    f"part {row.get('part')!r} is not one of {', '.join(PARTS)}"
                    f"{nearest(part, PARTS)}",
                )
                continue
            if new is None or not self._possible(row, assignment, part, new):
                continue
            half = "written" if part == "diagnosis" else part
            if part != "extra" and half not in graded.get(assignment.name, ()):
                name = score_files(assignment).get(half, "")
                self.findings.error(row.place, f"there is nothing to regrade: no {name} yet")
                continue
            old = "open" if half in work.open else f"{_part(work, part):g}"
            _set_part(work, part, new, assignment)
            work.open.pop(half, None)
            work.handed |= {half} - {"extra"}
            person.told.append(
                f"{assignment.name}: {part} regraded {old} to {new:g}{_because(row)}"
            )

    def _possible(self, row: Row, assignment: Assignment, part: str, score: float) -> bool:
        most = assignment.most(part)
        if 0 <= score <= most + 1e-9:
            return True
        self.findings.error(
            row.place, f"{score:g} points; {assignment.name} {part} has 0 to {most:g}"
        )
        return False

    def participation(self) -> None:
        seen: dict[str, str] = {}
        rows = self._rows("participation.csv", "student", "points", optional=("reason",))
        numbers = self._numbers("points") if rows else None
        for row in rows:
            one = self.student(row.place, (row.get("student"),))
            points = numbers.read(row.place, row.get("points")) if numbers else None
            if one is None or points is None:
                continue
            if points < 0:
                self.findings.error(row.place, f"{points:g} points; 0 or more is possible")
            elif one.student in seen:
                self.findings.error(row.place, f"{one.student} is there twice")
            elif one.student in self.people:
                self.people[one.student].participation = points
            seen[one.student] = row.place

    def vivas(self) -> None:
        """Read the scores of every homework's vivas; a row without a score was not held yet."""
        for assignment in self.policy.assignments:
            name = viva.file_of(assignment.name)
            rows = self._rows(name, "student", "score", optional=("reason",))
            numbers = self._numbers("score") if rows else None
            for row in rows:
                one = self.student(row.place, (row.get("student"),))
                if one is None or numbers is None:
                    continue
                if not row.get("score"):
                    self.findings.warn(f"{row.place}: {one.student}: no score, not held yet")
                    continue
                score = numbers.read(row.place, row.get("score"))
                if score is not None and not 0 <= score <= viva.MOST:
                    told = f"{score:g} points; a viva has 0 to {viva.MOST:g}"
                    self.findings.error(row.place, told)
                elif one.student in self.people:
                    works = self.people[one.student].works
                    works.setdefault(assignment.name, Work()).viva = score


class _Entry:
    """Enters one file's rows into the works of its students."""

    def __init__(
        self,
        assignment: Assignment,
        half: str,
        table: Table,
        policy: Policy,
        lines: list[Line],
        findings: Findings,
    ) -> None:
        self.assignment, self.half, self.policy = assignment, half, policy
        self.findings = findings
        cells = {"score": [line.row.score for line in lines]}
        cells["extra"] = [line.extra for line in lines]
        cells["diagnosis"] = [line.diagnosis for line in lines]
        self.numbers = {
            column: Numbers(table, column, values, findings) for column, values in cells.items()
        }
        self.slashes = order_of_dates(line.row.submitted for line in lines)
        self._said_most = False
        if self.slashes and any("/" in line.row.submitted for line in lines):
            findings.warn(f"{table.name}: dates read with the {self.slashes} first")
        self.name = table.name

    def enter(self, work: Work, line: Line) -> None:
        """Enter one row."""
        row = line.row
        if row.excused:
            work.excused = True
            return
        if row.open:
            work.open[self.half] = row.open
        elif row.submitted and not row.score:
            work.open[self.half] = "handed in, but the file has no score"
        self._check_most(row.most)
        self._moment(work, row.place, row.submitted)
        if row.score and not row.open:
            self._part(work, row.place, row.score, self.half)
            work.handed.add(self.half)
            self._part(work, row.place, line.diagnosis, "diagnosis")
            self._extra(work, row.place, line.extra)
        if row.items:
            work.items = row.items

    def _part(self, work: Work, place: str, text: str, part: str) -> None:
        if not text:
            return
        column = "diagnosis" if part == "diagnosis" else "score"
        value, most = self.numbers[column].read(place, text), self.assignment.most(part)
        if value is None:
            return
        if not 0 <= value <= most + 1e-9:
            what = "for the recorded curves" if part == "diagnosis" else f"({part})"
            self.findings.error(
                place,
                f"{value:g} points {what}, but {self.assignment.name} has 0 to {most:g}; extra "
                "credit has a column of its own",
            )
            return
        setattr(work, part, value)

    def _extra(self, work: Work, place: str, text: str) -> None:
        if not text:
            return
        value = self.numbers["extra"].read(place, text)
        if value is None:
            return
        if not 0 <= value <= self.assignment.extra + 1e-9:
            told = "more than" if value > 0 else "less than 0 of"
            self.findings.error(
                place,
                f"{value:g} extra points; that is {told} the {self.assignment.extra:g} there are "
                f"in {self.assignment.name}",
            )
        elif self.half == "code":
            work.extra = value
        else:
            work.extra_people = value

    def _check_most(self, text: str) -> None:
        most = self.assignment.most(self.half)
        try:
            told = float(text)
        except ValueError:
            return
        if abs(told - most) > 1e-9 and not self._said_most:
            self._said_most = True
            self.findings.warn(
                f"{self.name}: the file's maximum is {told:g}, but {self.assignment.name} "
                f"{self.half} has {most:g} points: is it of this assignment, and of this kit?"
            )

    def _moment(self, work: Work, place: str, text: str) -> None:
        if not text:
            return
        try:
            work.submitted[self.half] = read_moment(text, self.policy.zone, self.slashes)
        except ValueError as error:
            self.findings.error(place, str(error))


def _problem_ids(name: str) -> set[str]:
    if name not in homeworks.names():
        return set()
    return {problem.id.casefold() for problem in homeworks.load(name).problems}


def _part(work: Work, part: str) -> float:
    return work.extra + work.extra_people if part == "extra" else getattr(work, part)


def _set_part(work: Work, part: str, score: float, assignment: Assignment) -> None:
    if part == "extra":
        work.extra = min(score, assignment.extra_checks)
        work.extra_people = score - work.extra
    else:
        setattr(work, part, score)


def _because(row: Row) -> str:
    return f" ({row.get('reason')})" if row.get("reason") else ""
