"""The roster: who is in the course, and whom an id, an e-mail address or a name means.

It is read from roster.csv in the kit's own columns, or as Canvas, Gradescope or Moodle export it.
"""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common.errors import KitError
from staff.course.findings import Findings, nearest
from staff.course.table import Row, Table, distinct, read_table, unused_columns

# what a column is called here → what platforms call it
COLUMNS = {
    "student": ("student",),
    "name": ("name", "full name"),
    "first": ("first name",),
    "last": ("last name", "surname"),
    "status": ("status",),
    "email": ("email", "e-mail", "email address"),
    "sid": ("sid", "sis user id", "student id", "id number", "idnumber"),
    "canvas": ("canvas_id", "id"),
    "login": ("login", "sis login id", "username"),
    "section": ("section", "sections"),
    "role": ("role",),
}
NOT_STUDENTS = ("instructor", "ta", "reader", "teacher", "observer", "designer")


@dataclass(frozen=True)
class Student:
    """One line of the roster; `student` is the name that every other file may use."""

    student: str
    name: str = ""
    status: str = ""
    email: str = ""
    sid: str = ""
    canvas: str = ""  # Canvas's own number
    login: str = ""
    section: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        found = (self.student, self.sid, self.canvas, self.login, self.email)
        return tuple(dict.fromkeys(one for one in found if one))


class Ambiguous(KitError):
    """A name that two students have, or keys that mean two students."""


class Roster:
    """Everybody, in the order of the file."""

    def __init__(self, students: Iterable[Student]) -> None:
        self.students = {one.student: one for one in students}
        self._by_id = _index((key, one) for one in self.students.values() for key in one.ids)
        self._by_name = _index(
            (key, one) for one in self.students.values() for key in name_keys(one.name)
        )

    def __iter__(self) -> Iterator[Student]:
        return iter(self.students.values())

    def __len__(self) -> int:
        return len(self.students)

    def find(self, *ids: str, name: str = "") -> Student | None:
        """The student whom these ids mean; the name decides only where no id is known.

        Raises:
            Ambiguous: when the ids mean two students, or two have that name.
        """
        found = {
            one.student: one for text in ids if text for one in self._by_id.get(same(text), ())
        }
        if len(found) > 1:
            raise Ambiguous(f"{', '.join(i for i in ids if i)} mean {' and '.join(sorted(found))}")
        if found:
            return next(iter(found.values()))
        names = (name, *ids)
        for text in names:
            for key in name_keys(text):
                those = self._by_name.get(key, ())
                if len(those) > 1:
                    told = " and ".join(one.student for one in those)
                    raise Ambiguous(f"{text!r} is the name of {told}")
                if those:
                    return those[0]
        return None

    def near(self, *texts: str) -> list[str]:
        """Up to three students whose id or name is close to one of these, in words."""
        words = {same(i): one for one in self for i in (*one.ids, one.name) if i}
        found: dict[str, Student] = {}
        for text in texts:
            for close in difflib.get_close_matches(same(text), list(words), n=3, cutoff=0.6):
                found.setdefault(words[close].student, words[close])
        return [
            f"{one.student} ({one.name})" if one.name else one.student
            for one in list(found.values())[:3]
        ]


@functools.lru_cache(maxsize=2**16)
def same(text: str) -> str:
    """A text without the ways to write it: composed letters, case, spaces, apostrophes."""
    text = unicodedata.normalize("NFC", text).replace("’", "'").replace("`", "'")
    return " ".join(text.split()).casefold()


def name_keys(name: str) -> list[str]:
    """A name as it is and, from `Doe, Jane`, as `jane doe`; nothing for an empty one."""
    plain = same(name)
    if not plain:
        return []
    last, comma, first = plain.partition(",")
    return [f"{first.strip()} {last.strip()}"] if comma and first.strip() else [plain]


def _index(pairs: Iterable[tuple[str, Student]]) -> dict[str, list[Student]]:
    found: dict[str, list[Student]] = defaultdict(list)
    for key, one in pairs:
        if one not in found[same(key)]:
            found[same(key)].append(one)
    return dict(found)


# --- reading ------------------------------------------------------------------------------------


def read_roster(path: Path, findings: Findings, statuses: tuple[str, ...]) -> Roster:
    """Everybody in a file; what is wrong is kept as errors.

    Args:
        statuses: those that course.toml knows.
    """
    table = read_table(path, findings)
    if table is None:
        if not path.is_file():
            findings.error(
                path.name,
                f"is missing in {path.parent}: it lists who is in the course "
                "(student, name, status; or as Canvas, Gradescope or Moodle export it)",
            )
        return Roster([])
    columns = _columns(table)
    unused_columns(table, {*columns.values(), *_known_and_not_needed(table)}, findings)
    if not columns.keys() & {"student", "sid", "email", "login"}:
        findings.error(
            f"{path.name} line 1",
            f"lacks the column student (or sid, email); it has {', '.join(table.columns)}",
        )
        return Roster([])
    students = []
    for row in _rows(table, findings):
        one = _student(row, columns)
        if one is None:
            continue
        if not one.student:
            findings.error(row.place, "has no student id")
        elif one.status not in statuses:
            known = ", ".join(repr(status) for status in statuses)
            findings.error(
                row.place,
                f"status {one.status!r} is not one of course.toml's: {known}"
                f"{nearest(one.status, statuses)}",
            )
        else:
            students.append(one)
    _check_ids(students, path.name, findings)
    return Roster(students)


def _columns(table: Table) -> dict[str, str]:
    """Ours → the key of the file's column."""
    found = {}
    for ours, theirs in COLUMNS.items():
        key = next((one for one in theirs if one in table.keys), None)
        if key is not None:
            found[ours] = key
    if _is_canvas(table):  # its column Student holds the name
        found["name"] = found.pop("student")
    return found


def _is_canvas(table: Table) -> bool:
    return table.has("student", "id", "section")


def _known_and_not_needed(table: Table) -> set[str]:
    """Return the columns of an export that are no part of a roster."""
    if _is_canvas(table):
        return set(table.keys)
    return set()


def _rows(table: Table, findings: Findings) -> list[Row]:
    if _is_canvas(table):
        from staff.course.platforms import canvas

        return canvas.student_rows(table)
    return distinct(table, findings)


def _student(row: Row, columns: dict[str, str]) -> Student | None:
    def get(ours: str) -> str:
        return row.get(columns[ours]) if ours in columns else ""

    if get("role").casefold() in NOT_STUDENTS:
        return None
    name = get("name") or f"{get('first')} {get('last')}".strip()
    ident = get("student") or get("sid") or get("login") or get("email") or get("canvas")
    ident = unicodedata.normalize("NFC", ident)
    return Student(
        ident,
        name,
        get("status").casefold(),
        get("email"),
        get("sid"),
        get("canvas"),
        get("login"),
        get("section"),
    )


def _check_ids(students: list[Student], name: str, findings: Findings) -> None:
    """One id, one student: two with the same would make every match a guess."""
    owners: dict[str, str] = {}
    seen = set()
    for one in students:
        if one.student in seen:
            findings.error(name, f"{one.student} is there twice, and the rows differ")
        seen.add(one.student)
        for ident in one.ids:
            owner = owners.setdefault(same(ident), one.student)
            if owner != one.student:
                findings.error(name, f"{ident} is an id of both {owner} and {one.student}")


def owner_of(name: str) -> str:
    """The letters of a name as Canvas squeezes them into a file's: `doejane`."""
    return re.sub(r"\W", "", same(name))
