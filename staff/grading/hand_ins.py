"""Find the owner and the time of each upload, and which of a student's uploads counts.

An upload's owner is looked up in the roster by what the platform says (ids, e-mail addresses, names)
or by the name of the file. Times come from the platform's own export or from times.csv. Nothing is
guessed: what is not clear is listed for the staff.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from staff.course.findings import Findings
from staff.course.moments import order_of_dates, read_moment
from staff.course.platforms import canvas, moodle
from staff.course.roster import Ambiguous, Roster, Student, owner_of, same
from staff.course.table import Table, read_table, unused_columns
from staff.grading.jobs import Job
from staff.grading.submissions import SUFFIX

REPEAT = re.compile(r"\s\((\d+)\)$")  # what a browser adds to the second download of a name
TIME_COLUMNS = ("submitted", "submission time", "last modified (submission)")
ID_COLUMNS = (
    "upload",
    "student",
    "sid",
    "id number",
    "email",
    "email address",
    "name",
    "full name",
)
MOODLE_TIME = re.compile(r"\w+, (\d{1,2} \w+ \d{4}, \d{1,2}:\d\d [AP]M)")


@dataclass
class HandIn:
    """One upload.

    Attributes:
        students: whose it is.
        submitted: when it was handed in, as ISO time, or empty.
        known: whether all its students are in the roster, as far as there is one.
    """

    job: Job
    students: tuple[str, ...]
    submitted: str = ""
    known: bool = True


@dataclass
class HandIns:
    """A class's uploads, sorted out.

    Attributes:
        kept: those that are graded.
        superseded: upload → the later one of the same student, which counts.
        undecided: the uploads of one student of which staff must choose one.
        unmatched: upload → students of the roster with a name like it, in words.
        without: students of the roster who handed in nothing.
        timed: whether any time of handing in is known.
        ignored: files of the folder that are no upload, as far as the kit can tell.
        rostered: whether owners were looked up in a roster.
        people: student of the roster → full name.
    """

    kept: list[HandIn] = field(default_factory=list)
    superseded: dict[str, str] = field(default_factory=dict)
    undecided: list[tuple[str, list[HandIn]]] = field(default_factory=list)
    unmatched: dict[str, str] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    timed: bool = False
    rostered: bool = False
    ignored: list[str] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)


def sort_out(
    jobs: Iterable[Job],
    roster: Roster | None,
    times: dict[str, str],
    others: Sequence[Job] = (),
) -> HandIns:
    """Find owners and times, and let the latest upload of each student count.

    Args:
        roster: of the course; without one every upload is taken for its own student.
        times: normalised student or upload → ISO time, of `read_times`.
        others: files that look like no upload: one that is named like a student is that student's.
    """
    found = HandIns(rostered=roster is not None)
    by_owner: dict[tuple[str, ...], list[HandIn]] = defaultdict(list)
    theirs = [one for one in others if roster is not None and _students(one, roster)[1] is None]
    found.ignored = [one.upload for one in others if one not in theirs]
    for job in [*jobs, *theirs]:
        students, told = _students(job, roster)
        if told is not None:
            found.unmatched[job.upload] = told
        submitted = job.submitted or _time(job, students, times)
        one = HandIn(job, students, submitted, told is None)
        found.timed = found.timed or bool(one.submitted)
        by_owner[tuple(sorted(students))].append(one)
    for owner, uploads in by_owner.items():
        _choose(", ".join(owner), uploads, found)
    if roster is not None:
        found.people = {one.student: one.name for one in roster}
        handed = {student for owner in by_owner for student in owner}
        found.without = [
            one.student for one in roster if not one.status and one.student not in handed
        ]
    found.kept.sort(key=lambda one: one.job.ident)
    return found


def stem(name: str) -> str:
    """An upload's name without suffix and without the ` (2)` of a second download."""
    return REPEAT.sub("", SUFFIX.sub("", name))


# --- owners -------------------------------------------------------------------------------------


def _students(job: Job, roster: Roster | None) -> tuple[tuple[str, ...], str | None]:
    """The students of an upload, and what to tell of it when one is not in the roster."""
    name = stem(job.upload)
    told = job.students or (name,)
    if roster is None:
        return told, None
    found, near = [], []
    for text in told:
        try:
            one = roster.find(text) or _of_platform(name, roster)
        except Ambiguous as error:
            found.append(text)
            near.append(str(error))
            continue
        found.append(text if one is None else one.student)
        if one is None:
            close = roster.near(text)
            near.append(f"near: {', '.join(close)}" if close else "nobody has a name like it")
    return tuple(dict.fromkeys(found)), "; ".join(near) if near else None


def _of_platform(name: str, roster: Roster) -> Student | None:
    """The student whom a name of a Canvas or Moodle download means."""
    if upload := moodle.read_name(name):
        return roster.find(name=upload.owner)
    if upload := canvas.read_name(name if "_" in name else f"{name}_0_0_x"):
        if (one := roster.find(upload.number)) is not None:
            return one
        those = [one for one in roster if upload.owner.casefold() in _squeezed(one.name)]
        return those[0] if len(those) == 1 else None
    return None


def _squeezed(name: str) -> set[str]:
    """Return the ways in which Canvas may squeeze a name: last names first, wherever these begin."""
    last, comma, first = name.partition(",")
    if comma:
        return {owner_of(last + first)}
    words = name.split()
    return {owner_of("".join(words[i:] + words[:i])) for i in range(len(words))}


# --- times --------------------------------------------------------------------------------------


def read_times(path: Path, zone: ZoneInfo, findings: Findings) -> dict[str, str]:
    """Normalised student or upload → ISO time, from times.csv or a platform's export.

    A file has a column of ids (student, upload, email, …) and one of times (submitted, or as
    Gradescope and Moodle call it).
    """
    table = read_table(path, findings)
    if table is None:
        return {}
    time = next((one for one in TIME_COLUMNS if one in table.keys), None)
    ids = [one for one in ID_COLUMNS if one in table.keys]
    if time is None or not ids:
        findings.error(
            f"{path.name} line 1",
            "needs a column student (or upload, email) and a column submitted; it has "
            f"{', '.join(table.columns)}",
        )
        return {}
    if time == "submitted":
        unused_columns(table, {time, *ids}, findings)
    return _times(table, ids, time, zone, findings)


def _times(
    table: Table, ids: list[str], time: str, zone: ZoneInfo, findings: Findings
) -> dict[str, str]:
    slashes, found = order_of_dates(table.values(time)), {}
    for row in table.rows:
        if row.get(time) in ("", "-"):
            continue
        try:
            moment = _moment(row.get(time), zone, slashes)
        except ValueError as error:
            findings.error(row.place, str(error))
            continue
        for column in ids:
            if row.get(column):
                found[same(row.get(column))] = moment.isoformat()
    return found


def _moment(text: str, zone: ZoneInfo, slashes: str) -> datetime:
    if match := MOODLE_TIME.fullmatch(text):
        return datetime.strptime(match[1], "%d %B %Y, %I:%M %p").replace(tzinfo=zone)
    return read_moment(text, zone, slashes)


def _time(job: Job, students: tuple[str, ...], times: dict[str, str]) -> str:
    """The upload's own time; without one, its student's."""
    name = job.upload
    for text in (name, SUFFIX.sub("", name), stem(name), *students):
        if same(text) in times:
            return times[same(text)]
    return ""


# --- which one counts ---------------------------------------------------------------------------


def _choose(owner: str, uploads: list[HandIn], found: HandIns) -> None:
    """Keep the latest upload of an owner; staff choose where nothing says which it is."""
    if len(uploads) == 1:
        found.kept.append(uploads[0])
        return
    latest = _latest(uploads)
    if latest is None:
        found.undecided.append((owner, uploads))
        return
    found.kept.append(latest)
    for one in uploads:
        if one is not latest:
            found.superseded[one.job.upload] = latest.job.upload


def _latest(uploads: list[HandIn]) -> HandIn | None:
    """The last by time; without times the highest ` (n)` of one name; else None."""
    moments = [datetime.fromisoformat(one.submitted) for one in uploads if one.submitted]
    if len(moments) == len(uploads) and len(set(moments)) == len(moments):
        return uploads[moments.index(max(moments))]
    names = [SUFFIX.sub("", one.job.upload) for one in uploads]
    if len({same(REPEAT.sub("", name)) for name in names}) > 1:
        return None
    numbers = [int(match[1]) if (match := REPEAT.search(name)) else 0 for name in names]
    return uploads[numbers.index(max(numbers))] if len(set(numbers)) == len(numbers) else None
