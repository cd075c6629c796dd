"""`python -m staff feedback FOLDER --hw hw1`: one page a student, as the platform wants it back.

A page holds what its student would see at home: points, and messages that come from the public inputs
alone, whatever inputs the points came from. With `--book` it has the written half by rubric items, the
late days and everything else that the gradebook did.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.report.page import section
from autograder.report.record import CheckResult, HomeworkResult
from autograder.run.notes import for_students
from common import homework as homeworks
from common.errors import KitError
from common.files import replacing, write_text
from common.homework import Homework
from common.pages.templates import render
from staff import command
from staff.course import gradebook, policy
from staff.course.book import Work
from staff.course.findings import Findings
from staff.course.lateness import late_days
from staff.course.platforms import canvas, moodle
from staff.course.policy import Policy
from staff.course.private import require_private
from staff.course.rules import Grade, in_days
from staff.grading import downloads, pool
from staff.grading.grade import Store, collect, default_out, limit, prepare
from staff.grading.hand_ins import HandIn, HandIns
from staff.grading.jobs import PUBLIC
from staff.grading.session import OTHER_INPUTS, is_public
from staff.grading.submissions import fingerprint

EPILOG = """
examples:
  python -m staff feedback submissions --hw hw1
  python -m staff feedback submissions.zip --hw hw1 --book scores
FOLDER is what `staff grade` graded. OUT gets STUDENT.html for everybody; of a download of Canvas or
Moodle it also gets a zip to upload there: feedback-canvas.zip or feedback-moodle.zip. Messages are
made under the public seed, which takes about as long as grading those who lost points; a second call
uses what is there.
"""
PAGE = "staff/grading/feedback.html"


@dataclass
class Returned:
    """One student's page, and the name of the upload that it answers."""

    student: str
    page: str
    hand_in: HandIn | None = None


def main(argv: list[str]) -> int:
    """Write the pages; return 0 when everybody who handed in has one."""
    options = command.parser("feedback", __doc__.partition("\n\n")[2], EPILOG)
    add = options.add_argument
    command.add_shared(options, "folder", "--hw", "--workers", "--sets", "--roster", "--times")
    add("--grades", type=Path, metavar="DIR", help="where staff grade left them")
    add("--book", type=Path, metavar="DIR", help="the gradebook's folder: written half, late days")
    add("-o", "--out", type=Path, metavar="DIR", help="GRADES/feedback")
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.hw)
    grades = chosen.grades or default_out(chosen.folder, homework)
    out = chosen.out or grades / "feedback"
    require_private(out)
    hand_ins, _ = prepare(
        chosen.folder, homework, grades, None, chosen.roster, chosen.times, chosen.sets
    )
    records = find_records(hand_ins, grades, chosen.folder, homework)
    book = _book(chosen.book)
    told = with_public_messages(records, hand_ins, homework, grades, chosen.workers)
    pages = make_pages(told, hand_ins, homework, book)
    write(pages, out, homework, downloads.original_names(grades), hand_ins)
    return 0


def find_records(hand_ins: HandIns, grades: Path, folder: Path, homework: Homework) -> list[dict]:
    """Every upload's record.

    Raises:
        KitError: when some have none: feedback before the grades are made would lack them.
    """
    store = Store(grades) if grades.is_dir() else None
    missing = sum(store is None or store.find(one.job) is None for one in hand_ins.kept)
    if missing:
        raise KitError(
            f"{missing} of {len(hand_ins.kept)} uploads have no grade in {grades}; grade them "
            f"first: python -m staff grade {folder} --hw {homework.name}"
        )
    return collect(hand_ins, store) if store else []


def _book(folder: Path | None) -> dict[str, Grade]:
    """Student → line of the gradebook; empty without a folder."""
    if folder is None:
        return {}
    _, grades = gradebook.make(folder, policy.load(), Findings())
    return {one.person.student: one for one in grades}


# --- messages from public inputs alone ----------------------------------------------------------


def with_public_messages(
    records: list[dict], hand_ins: HandIns, homework: Homework, grades: Path, workers: int
) -> list[dict]:
    """The records with what their students may read: verdicts stay, messages are the public seed's."""
    needed = [
        one.job.ident
        for one, record in zip(hand_ins.kept, records)
        if record["status"] == "graded" and not is_public(record) and _lost(record)
    ]
    public = _under_public_seed(hand_ins, needed, homework, grades / "public", workers)
    return [_told(record, public.get(record["id"])) for record in records]


def _lost(record: dict) -> bool:
    return any(check["status"] != "passed" for check in record["checks"])


def _under_public_seed(
    hand_ins: HandIns, idents: list[str], homework: Homework, out: Path, workers: int
) -> dict[str, dict]:
    """Ident → record under the public seed; what is there from an earlier call is used."""
    if not idents:
        return {}
    store = Store(out)
    wanted = [one.job for one in hand_ins.kept if one.job.ident in idents]
    public = [replace(job, seed=PUBLIC, sets=1, for_student=True) for job in wanted]
    jobs = [fingerprint(job, homework) for job in public]
    todo = [job for job in jobs if store.find(job) is None]
    if todo:
        print(f"messages for {len(todo)} students who lost points …", flush=True)
        pool.run(todo, workers, limit(homework), store.keep)
    return {job.ident: record for job in jobs if (record := store.find(job)) is not None}


def _told(record: dict, public: dict | None) -> dict:
    """A record with the messages of another: nothing of the secret inputs is left in it."""
    if is_public(record) or record["status"] != "graded":
        return record
    messages = {check["id"]: check for check in (public or {}).get("checks", ())}
    return record | {
        "checks": [_message(c, messages.get(c["id"]), record) for c in record["checks"]]
    }


def _message(check: dict, public: dict | None, record: dict) -> dict:
    """One check as its student may read it."""
    measured = check["id"].removeprefix("run::") in record["accuracy"]
    if check["status"] == "passed" or measured or check["id"].startswith("diagnosis::"):
        return check
    if public is None or public["status"] == "passed":
        told = "" if public is None else OTHER_INPUTS
        return CheckResult.from_json(check).saying(told).as_json()
    return public | {"points": check["points"], "status": check["status"]}


# --- pages --------------------------------------------------------------------------------------


def make_pages(
    records: list[dict], hand_ins: HandIns, homework: Homework, book: dict[str, Grade]
) -> list[Returned]:
    """A page for everybody who handed in, and for everybody else of the gradebook."""
    rules = policy.load()
    pages = []
    for one, record in zip(hand_ins.kept, records):
        for student in one.students:
            text = page(student, record, homework, book.get(student), rules)
            pages.append(Returned(student, text, one))
    have = {one.student for one in pages}
    for student, grade in book.items():
        if student not in have and grade.marks.get(homework.name) is not None:
            pages.append(Returned(student, page(student, None, homework, grade, rules)))
    return pages


def page(
    student: str, record: dict | None, homework: Homework, grade: Grade | None, rules: Policy
) -> str:
    """One student's page; nothing on it comes from elsewhere."""
    reason = "" if record is not None else "Nothing was handed in for the code half."
    if record is not None and record["status"] == "refused":
        reason = f"This upload could not be graded: {record['reason']}"
    elif record is not None and record["status"] != "graded":
        reason = "The grader could not finish this upload; the staff are looking at it."
    code = section(as_result(record, homework), homework) if record and not reason else ""
    work = grade.person.works.get(homework.name) if grade else None
    return render(
        PAGE,
        homework=homework,
        who=(grade and grade.person.name) or student,
        reason=reason,
        code=code,
        notes=for_students(record["notes"]) if record else [],
        written=_written(homework, grade),
        items=[(item, points) for item, points in work.items.items() if points] if work else [],
        grade=_mark(homework, grade),
        reasons=_reasons(record, homework, grade, rules),
    )


def as_result(record: dict, homework: Homework) -> HomeworkResult:
    """A record as the report's own."""
    checks = [CheckResult.from_json(check) for check in record["checks"]]
    return HomeworkResult(
        homework.name, homework.title, record["isolation"], checks, record["seconds"]
    )


def _written(homework: Homework, grade: Grade | None) -> str:
    mark = grade.marks.get(homework.name) if grade else None
    if grade is None or mark is None or "written" in mark.open:
        return ""
    work = grade.person.works.get(homework.name, Work())
    full = mark.full - sum(p.points for p in homework.problems if p.kind in ("code", "run"))
    extra = f", {work.extra_people:g} extra" if work.extra_people else ""
    return f"{work.earned('written'):g}/{full:g}{extra}"


def _mark(homework: Homework, grade: Grade | None) -> str:
    mark = grade.marks.get(homework.name) if grade else None
    if mark is None:
        return ""
    return mark.cell if mark.open else f"{mark.points:g}/{mark.full:g}"


def _reasons(
    record: dict | None, homework: Homework, grade: Grade | None, rules: Policy
) -> list[str]:
    """Return what the gradebook did to this homework; without a gradebook, whether it came late."""
    if grade is not None:
        mine = re.compile(rf"(open: )?{re.escape(homework.name)}\b")
        return [reason for reason in grade.reasons if mine.match(reason)]
    assignment = rules.named(homework.name)
    if record is None or assignment is None or not record["submitted"]:
        return []
    days = late_days(rules.moment(record["submitted"]), assignment.due, rules.grace_minutes)
    return [f"Handed in {in_days(days)} after the due date."] if days else []


# --- what is written ----------------------------------------------------------------------------


def write(
    pages: list[Returned],
    out: Path,
    homework: Homework,
    names: dict[str, list[str]],
    hand_ins: HandIns,
) -> None:
    """Write every page, and the zip of a platform where the class came from one; say what is where.

    Args:
        names: entry of the class's folder → the names that its files had in the download.
    """
    for one in pages:
        write_text(out / f"{_file(one.student)}.html", one.page)
    print(f"{out}: {len(pages)} pages")
    if not names:
        return
    is_moodle = moodle.read_name(next(iter(names))) is not None
    if is_moodle and not hand_ins.rostered:
        print(
            "no zip for Moodle: without a roster (--roster) a team's folder cannot be told from a "
            "student's, and its page would go to somebody else"
        )
        return
    entries, left_out = platform_entries(pages, homework, names)
    path = out / f"feedback-{'moodle' if is_moodle else 'canvas'}.zip"
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, data in sorted(entries.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    print(f"{path}: {len(entries)} pages to upload")
    for student in left_out:
        print(f"note: {student} is not in the zip: it answers no upload of one student")


def _file(student: str) -> str:
    return re.sub(r"[^\w.@+-]", "_", student)


def platform_entries(
    pages: list[Returned], homework: Homework, names: dict[str, list[str]]
) -> tuple[dict[str, bytes], list[str]]:
    """Name in the platform's zip → content; and the students who cannot be reached by it.

    Moodle takes a page in the folder of the upload. Canvas finds the student and the upload by two
    numbers of the name, and may show the upload's own name: so a zip goes back as a zip of that very
    name with the page inside. A team's folder has the number of the team, and goes back to nobody.
    """
    entries: dict[str, bytes] = {}
    left_out = []
    for one in pages:
        original = _original(one, names)
        if original is None or one.hand_in is None or not one.hand_in.known:
            left_out.append(one.student)
            continue
        name, data = f"{homework.name}-feedback.html", one.page.encode()
        top = original.partition("/")[0]
        if moodle.read_name(top):
            entries[f"{moodle.feedback_folder(top)}/{name}"] = data
        elif original.lower().endswith(".zip"):
            entries[original] = _zip_of(name, data)
        else:
            entries[canvas.feedback_name(original, name)] = data
    return entries, left_out


def _original(one: Returned, names: dict[str, list[str]]) -> str | None:
    """The name in the download of the first file of a student's upload."""
    if one.hand_in is None:
        return None
    entry = one.hand_in.job.upload
    found = names.get(entry) or next(
        (those for key, those in names.items() if entry.startswith(f"{key}.")), None
    )
    return found[0] if found else None


def _zip_of(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return stream.getvalue()
