"""The gradebook: `python -m staff gradebook FOLDER`: scores and rules to one CSV, with reasons.

FOLDER holds what is known, as CSV files with a header; all but the roster may be missing:

    roster.csv             student, name, status (empty or "dropped")
    hw1-code.csv           student, score, extra, diagnosis, submitted
                           (`staff grade` writes it as table.csv; diagnosis: the recorded curves,
                           which belong to the written half)
    hw1-written.csv        student, score, submitted            (as the scanning grader exports it)
    poster.csv             student, score, submitted            (one for each project component)
    extensions.csv         student, assignment, days, reason
    excused.csv            student, assignment, reason
    regrades.csv           student, assignment, part, score, reason     (part: code, written,
                           diagnosis, extra)
    participation.csv      student, points

A file that is not there means that the half is not graded yet; a student who has no row in a file
that is there handed in nothing.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from common.errors import KitError
from common.files import write_text
from staff import command
from staff.course import policy as policies
from staff.course.policy import Assignment, Policy
from staff.grading.csv_cell import cell

DAY = 24 * 3600
PARTS = ("code", "written", "diagnosis", "extra")


@dataclass
class Work:
    """What one student has of one assignment, before the rules are applied."""

    code: float = 0.0
    written: float = 0.0  # by people
    diagnosis: float = 0.0  # of the written half, by the course grader
    extra: float = 0.0
    submitted: list[str] = field(default_factory=list)  # ISO times of the halves handed in
    extension: float = 0.0  # days
    excused: bool = False


@dataclass
class Person:
    """One student of the roster and everything handed in."""

    student: str
    name: str = ""
    dropped: bool = False
    participation: float = 0.0
    works: dict[str, Work] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)  # extensions and regrades, in words


@dataclass
class Grade:
    """A student's line of the gradebook.

    Attributes:
        shares: assignment → score as a share of its points, after the rules; extra credit can
            bring it above 1.
        late: assignment → late days used.
        total: per cent of the course; what is not graded yet counts nothing.
        so_far: per cent of the weights that are graded.
    """

    person: Person
    shares: dict[str, float]
    late: dict[str, int]
    homework: float
    project: float
    total: float
    so_far: float
    replaced: str
    reasons: list[str]


# --- the rules ----------------------------------------------------------------------------------


def grade(person: Person, policy: Policy, graded: set[str]) -> Grade:
    """Apply every rule to one student.

    Args:
        graded: names of the assignments that have scores; the others are left out.
    """
    reasons = list(person.told)
    late, refused = late_days(person, policy, reasons)
    shares = {}
    for assignment in policy.assignments:
        if assignment.name in graded and assignment.points:
            work = person.works.get(assignment.name, Work())
            if work.excused:
                continue
            earned = work.code + work.written + work.diagnosis + work.extra
            if assignment.name in refused:
                earned = 0.0
            elif not work.submitted and not earned and assignment.kind != "optional":
                reasons.append(f"{assignment.name}: nothing handed in")
            if assignment.kind != "optional" or work.submitted or earned:
                shares[assignment.name] = earned / assignment.points
    weights = excuse(person, policy, reasons)
    weights, replaced = replace(policy, shares, weights, reasons)
    projects = {one.name for one in policy.assignments if one.kind == "project"}
    parts = {
        kind: sum(
            weight * shares.get(name, 0.0)
            for name, weight in weights.items()
            if (name in projects) is (kind == "project")
        )
        for kind in ("homework", "project")
    }
    participation = min(max(person.participation, 0.0), policy.most_participation)
    if person.participation > policy.most_participation:
        reasons.append(f"participation: {person.participation:g} counts as {participation:g}")
    elif participation:
        reasons.append(f"participation: +{participation:g}")
    earned = parts["homework"] + parts["project"]
    known = sum(weight for name, weight in weights.items() if name in shares)
    return Grade(
        person, shares, late, parts["homework"], parts["project"], earned + participation,
        100 * earned / known if known else 0.0, replaced, reasons,
    )  # fmt: skip


def late_days(
    person: Person, policy: Policy, reasons: list[str]
) -> tuple[dict[str, int], set[str]]:
    """Late days used on each assignment, in the order of due dates; and what came too late.

    A hand-in that is too late uses no day, and earns nothing.
    """
    left, used, refused = policy.late_days, {}, set()
    for assignment in policy.assignments:
        work = person.works.get(assignment.name)
        if work is None or work.excused or not work.submitted:
            continue
        days = days_late(work, assignment, policy)
        if days == 0:
            continue
        if not assignment.late:
            why = "late days cannot be used on it"
        elif days > policy.most_late_days:
            why = f"at most {policy.most_late_days} late days on one assignment"
        elif days > left:
            why = f"{left} of {policy.late_days} late days were left"
        else:
            left -= days
            used[assignment.name] = days
            reasons.append(f"{assignment.name}: {_days(days)} late, {left} left")
            continue
        refused.add(assignment.name)
        reasons.append(f"{assignment.name}: {_days(days)} late, earns 0 ({why})")
    return used, refused


def days_late(work: Work, assignment: Assignment, policy: Policy) -> int:
    """Begun days after the student's own due date, of the half that came last."""
    due = assignment.due + timedelta(days=work.extension)
    latest = max(policy.moment(text) for text in work.submitted)
    seconds = (latest - due).total_seconds() - 60 * policy.grace_minutes
    return max(0, math.ceil(seconds / DAY))


def excuse(person: Person, policy: Policy, reasons: list[str]) -> dict[str, float]:
    """Weights for this student: an excused assignment's goes to the others of its kind."""
    excused = {name for name, work in person.works.items() if work.excused}
    weights = {one.name: one.weight for one in policy.assignments}
    for kind in ("homework", "project"):
        names = [one.name for one in policy.assignments if one.kind == kind]
        kept = sum(weights[name] for name in names if name not in excused)
        whole = sum(weights[name] for name in names)
        for name in names:
            if name in excused and kept:
                rest = "other homeworks" if kind == "homework" else "rest of the project"
                reasons.append(f"{name}: excused, its {weights[name]:g} % go to the {rest}")
        for name in names:
            if kept:
                weights[name] = 0.0 if name in excused else weights[name] * whole / kept
    return weights


def replace(
    policy: Policy, shares: dict[str, float], weights: dict[str, float], reasons: list[str]
) -> tuple[dict[str, float], str]:
    """Let an optional homework take over weight where that helps most.

    It replaces a whole homework of its size, or that much of the project; never both.
    """
    best, chosen = weights, ""
    for optional in policy.assignments:
        if optional.kind != "optional" or optional.name not in shares:
            continue
        size = optional.replaces
        project = sum(weights[one.name] for one in policy.assignments if one.kind == "project")
        targets = [
            {one.name: weights[one.name]}
            for one in policy.assignments
            if one.kind == "homework" and one.weight == size and one.name in shares
        ]
        if project > 0 and any(
            one.kind == "project" and one.name in shares for one in policy.assignments
        ):
            targets.append(
                {
                    one.name: weights[one.name] * size / project
                    for one in policy.assignments
                    if one.kind == "project"
                }
            )
        gain = 0.0
        for target in targets:
            # An excused homework gave its weight away: there is nothing left to replace.
            taken = sum(target.values())
            new = taken * shares[optional.name]
            old = sum(weight * shares.get(name, 0.0) for name, weight in target.items())
            if new - old > gain + 1e-9:
                gain = new - old
                best = {name: weight - target.get(name, 0.0) for name, weight in weights.items()}
                best[optional.name] = taken
                chosen = next(iter(target)) if len(target) == 1 else "project"
        if chosen:
            what = f"{size:g} % of the project" if chosen == "project" else chosen
            reasons.append(f"{optional.name}: replaces {what}, +{gain:.2f}")
        else:
            reasons.append(f"{optional.name}: not used, it would not help")
    return best, chosen


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"


# --- files --------------------------------------------------------------------------------------


def read(folder: Path, policy: Policy) -> tuple[list[Person], set[str]]:
    """Everything that is known of everybody, and which assignments are graded.

    Raises:
        KitError: naming the file and line that cannot be used.
    """
    if not (folder / "roster.csv").is_file():
        raise KitError(f"{folder} holds no roster.csv (student, name, status)")
    people = {}
    for row in _rows(folder / "roster.csv", "student"):
        person = Person(row["student"], row.get("name", ""))
        person.dropped = row.get("status", "").lower() == "dropped"
        if person.student in people:
            raise KitError(f"roster.csv: {person.student} is there twice")
        people[person.student] = person
    book = _Book(folder, policy, people)
    graded = set()
    for assignment in policy.assignments:
        if assignment.kind == "project":
            found = [book.scores(assignment, "written", f"{assignment.name}.csv")]
        else:
            found = [
                book.scores(assignment, part, f"{assignment.name}-{part}.csv")
                for part in ("code", "written")
            ]
        if any(found):
            graded.add(assignment.name)
    book.extensions()
    book.excused()
    book.regrades()
    book.participation()
    return list(people.values()), graded


@dataclass
class _Book:
    """Reads one folder into the people of its roster."""

    folder: Path
    policy: Policy
    people: dict[str, Person]

    def rows(self, name: str, *columns: str):
        """(place, person, row) of every student of the roster."""
        path = self.folder / name
        for number, row in enumerate(_rows(path, "student", *columns), 2):
            person = self.people.get(row["student"])
            place = f"{name} line {number}"
            if person is None:
                raise KitError(f"{place}: {row['student']!r} is not in roster.csv")
            yield place, person, row

    def work(self, place: str, person: Person, row: dict) -> tuple[Assignment, Work]:
        assignment = self.policy.named(row["assignment"])
        if assignment is None:
            known = ", ".join(one.name for one in self.policy.assignments)
            raise KitError(f"{place}: no assignment {row['assignment']!r}; there is {known}")
        return assignment, person.works.setdefault(assignment.name, Work())

    def scores(self, assignment: Assignment, part: str, name: str) -> bool:
        """Read one half's scores; whether the file is there."""
        if not (self.folder / name).is_file():
            return False
        seen = set()
        for place, person, row in self.rows(name, "score"):
            if person.student in seen:
                raise KitError(f"{place}: {person.student} is there twice")
            seen.add(person.student)
            work = person.works.setdefault(assignment.name, Work())
            if row["score"] == "":
                continue  # a row without a score: handed in nothing
            setattr(work, part, _number(place, row["score"]))
            if row.get("extra"):
                work.extra += _number(place, row["extra"])
            if row.get("diagnosis"):
                work.diagnosis = _number(place, row["diagnosis"])
                if work.diagnosis > assignment.diagnosis + 1e-9:
                    raise KitError(
                        f"{place}: {row['diagnosis']} points for the recorded curves, but "
                        f"{assignment.name} has {assignment.diagnosis:g}"
                    )
            if row.get("submitted"):
                self._moment(place, row["submitted"])
                work.submitted.append(row["submitted"])
            most = assignment.code if part == "code" else assignment.written - assignment.diagnosis
            if getattr(work, part) > most + 1e-9:
                raise KitError(
                    f"{place}: {row['score']} points, but {assignment.name} has {most:g} ({part}); "
                    "extra credit has a column of its own"
                )
        return True

    def _moment(self, place: str, text: str) -> None:
        try:
            self.policy.moment(text)
        except ValueError:
            raise KitError(f"{place}: {text!r} is no time such as 2026-10-14T23:59") from None

    def extensions(self) -> None:
        for place, person, row in self.rows("extensions.csv", "assignment", "days"):
            assignment, work = self.work(place, person, row)
            work.extension += _number(place, row["days"])
            reason = f" ({row['reason']})" if row.get("reason") else ""
            days = _number(place, row["days"])
            person.told.append(f"{assignment.name}: extension of {days:g} days{reason}")

    def excused(self) -> None:
        for place, person, row in self.rows("excused.csv", "assignment"):
            self.work(place, person, row)[1].excused = True

    def regrades(self) -> None:
        """The last regrade of a part counts."""
        for place, person, row in self.rows("regrades.csv", "assignment", "part", "score"):
            assignment, work = self.work(place, person, row)
            if row["part"] not in PARTS:
                raise KitError(f"{place}: part {row['part']!r} is not one of {', '.join(PARTS)}")
            old, new = getattr(work, row["part"]), _number(place, row["score"])
            setattr(work, row["part"], new)
            reason = f" ({row['reason']})" if row.get("reason") else ""
            person.told.append(
                f"{assignment.name}: {row['part']} regraded {old:g} to {new:g}{reason}"
            )

    def participation(self) -> None:
        for place, person, row in self.rows("participation.csv", "points"):
            person.participation = _number(place, row["points"])


def _rows(path: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a CSV, stripped; an empty list when the file is not there."""
    if not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise KitError(f"{path.name} is not UTF-8; save it as CSV UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = [name.strip().lower() for name in reader.fieldnames or []]
    if missing := [column for column in columns if column not in names]:
        raise KitError(f"{path.name} lacks the column {', '.join(missing)}; it has "
                         f"{', '.join(names) or 'nothing'}")  # fmt: skip
    rows = []
    for row in reader:
        cells = [value or "" for key, value in row.items() if key is not None]
        if any(cell.strip() for cell in cells):
            rows.append(dict(zip(names, (cell.strip() for cell in cells))))
    return rows


def _number(place: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise KitError(f"{place}: {text!r} is no number")
    return value


def write(grades: list[Grade], policy: Policy) -> str:
    """The gradebook as CSV, a line a student in the order of the roster."""
    names = [one.name for one in policy.assignments]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["student", "name", *names, "late_days", "homework", "project", "participation",
         "total", "so_far", "reasons"]
    )  # fmt: skip
    for one in grades:
        shares = [f"{100 * one.shares[n]:.2f}" if n in one.shares else "" for n in names]
        participation = one.total - one.homework - one.project
        writer.writerow(
            [cell(one.person.student), cell(one.person.name), *shares, sum(one.late.values()),
             *(f"{x:.2f}" for x in (one.homework, one.project, participation, one.total,
                                    one.so_far)),
             cell("; ".join(one.reasons))]
        )  # fmt: skip
    return text.getvalue()


def main(argv: list[str]) -> int:
    """Make the gradebook; the exit code."""
    options = command.parser(
        "gradebook",
        "Scores, late days, extensions and regrades to one CSV with reasons.",
        __doc__.partition("\n\n")[2],
    )
    options.add_argument("folder", type=Path)
    options.add_argument("-o", "--output", type=Path, metavar="FILE", help="FOLDER/gradebook.csv")
    options.add_argument("--course", type=Path, default=policies.COURSE_FILE, metavar="FILE")
    chosen = options.parse_args(argv)
    policy = policies.load(chosen.course)
    people, graded = read(chosen.folder, policy)
    grades = [grade(person, policy, graded) for person in people if not person.dropped]
    output = chosen.output or chosen.folder / "gradebook.csv"
    write_text(output, write(grades, policy))
    dropped = len(people) - len(grades)
    print(f"{output}: {len(grades)} students, {dropped} dropped; graded: "
          f"{', '.join(sorted(graded)) or 'nothing'}")  # fmt: skip
    return 0
