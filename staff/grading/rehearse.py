"""`python -m staff rehearse`: a made-up class goes the whole way, from uploads to grades and feedback.

Forty students hand in solutions, mistakes, attacks and broken zips, some of them clumsily: twice, under
an odd name, as another kind of archive, as a bare file, with a bracket too few. Every command that a course uses is run on
them, and shown as one types it. What each upload must earn is known, and compared.
"""

from __future__ import annotations

import ast
import csv
import io
import random
import shutil
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import ROOT, Homework, Problem
from staff import command
from staff.authoring.stubs import copy_solutions
from staff.course import gradebook, policy
from staff.course.platforms import canvas
from staff.course.roster import owner_of
from staff.course.scores import ITEM
from staff.grading import feedback, grade, synthetic_class
from staff.grading.compare import load
from staff.grading.synthetic_class import Made

EPILOG = """
examples:
  python -m staff rehearse                    homework 1, from a folder of uploads
  python -m staff rehearse --from canvas      from Canvas's download, feedback back as its zip
  python -m staff rehearse --hw hw0 --from moodle --students 20
DIR gets the uploads, the gradebook's folder (scores/) and everything that the commands write.
exit codes: 0 every upload earned what it must, 1 one did not
"""
FIRST = ("Ada", "Bob", "Chen", "Dana", "Emil", "Fatima", "Grace", "Hugo", "Ines", "Jun")
LAST = ("Lovelace", "Moreau", "Wei", "O'Brien", "Müller", "van der Berg", "Hopper", "Ng")


@dataclass
class Student:
    """One made-up student: ids on the platforms, what was handed in, and what it must earn."""

    ident: str
    name: str
    number: int
    uploads: list[tuple[str, bytes]] = field(default_factory=list)  # the last one counts
    made: Made | None = None

    @property
    def last_first(self) -> str:
        first, _, last = self.name.partition(" ")
        return f"{last}, {first}"


def main(argv: list[str]) -> int:
    """Rehearse a homework; return 1 when an upload did not earn what it must."""
    options = command.parser("rehearse", __doc__.partition("\n\n")[2], EPILOG)
    add = options.add_argument
    command.add_shared(options, "--workers")
    add("--hw", default="hw1", metavar="hwN", help="the homework (hw1)")
    add("--students", type=int, default=40, metavar="N", help="how many (40)")
    add(
        "--from",
        dest="platform",
        choices=("folder", "canvas", "moodle"),
        default="folder",
        help="the platform that the uploads look like a download of (folder)",
    )
    add("-o", "--out", type=Path, metavar="DIR", help="dist/rehearsal-hwN-PLATFORM")
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.hw)
    if policy.load().named(homework.name) is None:
        raise KitError(f"course.toml has no assignment {homework.name}")
    if chosen.students < len(CLUMSY):
        raise KitError(f"--students {chosen.students}: at least {len(CLUMSY)}, one a slip")
    out = chosen.out or ROOT / "dist" / f"rehearsal-{homework.name}-{chosen.platform}"
    shutil.rmtree(out, ignore_errors=True)
    print(f"making a class of {chosen.students} …", flush=True)
    class_ = make_class(homework, chosen.students, out / "made")
    uploads = lay_out(class_, out, chosen.platform, homework)
    write_scores(class_, homework, out / "scores")
    return _run_all(class_, uploads, out, homework, chosen.workers)


def _run_all(
    class_: list[Student], uploads: Path, out: Path, homework: Homework, workers: int
) -> int:
    """Every command of the way, shown as it is typed."""
    name, scores, grades = homework.name, out / "scores", out / "grades"
    roster = ["--roster", scores / "roster.csv", "--times", out / "times.csv"]
    common = ["--hw", name, "--workers", workers, *roster]
    _show(grade.main, "grade", uploads, *common, "--out", grades)
    for one, path in _strangers(class_, uploads):
        right = path.with_name(f"{one.ident}.zip")
        print(f"\n# to decide: {path.name} is {one.ident}'s\n$ mv {path} {right}")
        path.rename(right)
        _show(grade.main, "grade", uploads, *common, "--out", grades, "--only", one.ident)
    shutil.copyfile(grades / grade.TABLE, scores / f"{name}-code.csv")
    print(f"\n$ cp {grades / grade.TABLE} {scores / f'{name}-code.csv'}")
    _show(
        gradebook.main,
        "gradebook",
        scores,
        "--canvas",
        out / "canvas-export.csv",
        "--moodle",
        "--worksheet",
        f"{name}={out / 'moodle-worksheet.csv'}",
        "--pages",
        out / "pages",
        "--statistics",
    )
    _show(feedback.main, "feedback", uploads, *common, "--grades", grades, "--book", scores)
    return _judge(class_, grades, homework)


def _strangers(class_: list[Student], uploads: Path) -> list[tuple[Student, Path]]:
    """Uploads under a name that the roster lacks; platforms know their own students."""
    if not uploads.is_dir():
        return []
    found = ((one, uploads / f"{one.ident}x.zip") for one in class_)
    return [(one, path) for one, path in found if path.is_file()]


def _show(run: Callable[[list[str]], int], name: str, *options: object) -> int:
    argv = [str(one) for one in options]
    print(f"\n$ python -m staff {name} {' '.join(argv)}", flush=True)
    return run(argv)


def _judge(class_: list[Student], grades: Path, homework: Homework) -> int:
    """Compare every record with what its upload must earn; return 1 when one differs."""
    rows = csv.DictReader(io.StringIO((grades / grade.TABLE).read_text(encoding="utf-8")))
    by_upload = load(grades)
    records = {row["student"]: by_upload.get(row["submission"]) for row in rows}
    wrong = []
    known = [one for one in class_ if one.made is not None]
    for one in known:
        record = records.get(one.ident)
        assert one.made is not None
        told = one.made.complaint(record, homework) if record else "has no record"
        if told:
            wrong.append(f"{one.ident}: {told}")
    print(f"\n{len(known) - len(wrong)} of {len(known)} uploads earned what they must")
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


# --- the class ----------------------------------------------------------------------------------


def make_class(homework: Homework, count: int, work: Path) -> list[Student]:
    """Students with uploads of all kinds; the last of them are the clumsy ones."""
    work.mkdir(parents=True)
    (work / "zips").mkdir()
    made = synthetic_class.make(work / "zips", homework, count - len(CLUMSY))
    class_ = []
    for number in range(count):
        first = FIRST[number % len(FIRST)]
        last = LAST[number // len(FIRST) % len(LAST)]
        class_.append(Student(f"s{number:03d}", f"{first} {last}", 9001 + number))
    for one, known in zip(class_, made):
        one.made = known
        one.uploads = [("", (work / "zips" / f"{known.ident}.zip").read_bytes())]
    solved = work / "solved"
    solved.mkdir()
    copy_solutions(homework.root, homework.name, solved)
    for one, (slip, earns) in zip(class_[len(made) :], CLUMSY):
        one.uploads = slip(one, solved, homework)
        one.made = _expected(one, earns, homework)
    return class_


def _expected(one: Student, earns: str, homework: Homework) -> Made | None:
    """Return what a clumsy upload must earn; None where that is left open."""
    if earns == BUT_ONE:
        return Made(one.ident, "attack", _last_function(homework).id, "a bracket too few")
    return Made(one.ident, "solution") if earns == ALL else None


def _last_function(homework: Homework) -> Problem:
    """The last problem whose hole is a function, and no method."""
    code = [p for p in homework.problems if p.kind == "code" and p.hole and "." not in _name(p)]
    return code[-1]


def _name(problem: Problem) -> str:
    """The name of its hole: `mann_loss`, `MANN.forward`."""
    return (problem.hole or "").partition(":")[2]


def _zip(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _files(solved: Path, homework: Homework) -> dict[str, bytes]:
    return {name: (solved / name).read_bytes() for name in homework.files}


def _twice(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    """An empty first try, and a second that a browser numbered."""
    stub = {name: (homework.folder / name).read_bytes() for name in homework.files}
    return [
        (f"{one.ident}.zip", _zip(stub)),
        (f"{one.ident} (1).zip", _zip(_files(solved, homework))),
    ]


def _by_name(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    """Name the zip by the student's name, its accents as separate characters, as one system writes
    them.
    """
    name = unicodedata.normalize("NFD", one.name)
    return [(f"{name}.zip", _zip(_files(solved, homework)))]


def _last_first(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    return [(f"{one.last_first}.zip", _zip(_files(solved, homework)))]


def _capitals(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    return [(f"{one.ident.upper()}.ZIP", _zip(_files(solved, homework)))]


def _tar(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in _files(solved, homework).items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return [(f"{one.ident}.tar.gz", stream.getvalue())]


def _zip_in_zip(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    return [(f"{one.ident}.zip", _zip({"hw.zip": _zip(_files(solved, homework))}))]


def _rar(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    return [(f"{one.ident}.rar", b"Rar!\x1a\x07\x01\x00")]


def _bare(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    name = homework.files[0]
    return [(f"{one.ident}.py", _files(solved, homework)[name])]


def _stranger(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    """A name that is close to the roster's, and is not in it."""
    return [(f"{one.ident}x.zip", _zip(_files(solved, homework)))]


def _nothing(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    return []


def _bracket(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    """A bracket too few in one function, so that its file is no Python."""
    files, problem = _files(solved, homework), _last_function(homework)
    assert problem.file is not None
    text = files[problem.file].decode()
    (hole,) = (
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name == _name(problem)
    )
    lines = text.split("\n")
    lines.insert(hole.body[-1].lineno - 1, "    x = (")
    files[problem.file] = "\n".join(lines).encode()
    return [(f"{one.ident}.zip", _zip(files))]


def _renamed(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    """A file that a browser numbered, inside the zip."""
    files, name = _files(solved, homework), homework.files[0]
    files[f"{Path(name).stem} (1).py"] = files.pop(name)
    return [(f"{one.ident}.zip", _zip(files))]


def _helper(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    """A module of the student's own, imported by a file to hand in."""
    files, name = _files(solved, homework), homework.files[0]
    files["my_helpers.py"] = b"LOUD = True\n"
    future = b"from __future__ import annotations\n"
    own = f"from {homework.name} import my_helpers\n".encode()
    files[name] = files[name].replace(future, future + own, 1)
    return [(f"{one.ident}.zip", _zip(files))]


def _given_changed(one: Student, solved: Path, homework: Homework) -> list[tuple[str, bytes]]:
    """Code that is given, changed; it is put back."""
    was = b"super().__init__()"
    files = {
        name: data.replace(was, was + b"\n        self.mine = 1")
        for name, data in _files(solved, homework).items()
    }
    return [(f"{one.ident}.zip", _zip(files))]


ALL, BUT_ONE, ANY = "all", "all but one hole", "whatever it is"  # what a slip may earn
CLUMSY = (
    (_twice, ALL),
    (_by_name, ALL),
    (_last_first, ALL),
    (_capitals, ALL),
    (_zip_in_zip, ALL),
    (_tar, ALL),
    (_rar, ANY),
    (_bare, ANY),
    (_stranger, ALL),
    (_nothing, ANY),
    (_bracket, BUT_ONE),
    (_renamed, ALL),
    (_helper, ALL),
    (_given_changed, ALL),
)


# --- what the platforms give --------------------------------------------------------------------


def lay_out(class_: list[Student], out: Path, platform: str, homework: Homework) -> Path:
    """Write the uploads as a platform gives them, with its exports; what `staff grade` is to read."""
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "canvas-export.csv", canvas_export(class_))
    write_text(out / "moodle-worksheet.csv", moodle_worksheet(class_, homework))
    write_text(out / "times.csv", _times(class_, homework))
    if platform == "folder":
        folder = out / "uploads"
        folder.mkdir()
        for one in class_:
            for name, data in one.uploads:
                (folder / (name or f"{one.ident}.zip")).write_bytes(data)
        return folder
    path = out / f"{platform}-submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in class_:
            for name, data in one.uploads[-1:]:  # platforms give the latest attempt
                archive.writestr(_platform_name(one, name or "hw.zip", platform), data)
    return path


def _platform_name(one: Student, name: str, platform: str) -> str:
    if platform == "moodle":
        return f"{one.name}_{one.number}_assignsubmission_file/{name}"
    return f"{owner_of(one.last_first)}_{one.number}_{one.number + 60_000}_{name}"


def canvas_export(class_: list[Student]) -> str:
    """A gradebook export as Canvas writes it."""
    return _csv(
        [*canvas.HEAD, "HW1 (4757)"],
        [canvas.POINTS_POSSIBLE, "", "", "", "", ""],
        *([one.last_first, one.number, one.ident, one.ident, "A", ""] for one in class_),
    )


def moodle_worksheet(class_: list[Student], homework: Homework) -> str:
    """A grading worksheet as Moodle writes it; its maximum leaves room for extra credit."""
    assignment = policy.load().named(homework.name)
    most = assignment.points + assignment.extra if assignment else 0.0
    head = [
        "Identifier",
        "Full name",
        "ID number",
        "Email address",
        "Status",
        "Grade",
        "Maximum grade",
        "Grade can be changed",
        "Last modified (submission)",
        "Last modified (grade)",
        "Feedback comments",
    ]
    rows = (
        [
            f"Participant {one.number}",
            one.name,
            one.ident,
            f"{one.ident}@school.edu",
            "",
            "-",
            f"{most:.2f}",
            "Yes",
            "-",
            "-",
            "",
        ]
        for one in class_
    )
    return _csv(head, *rows)


def _times(class_: list[Student], homework: Homework) -> str:
    """Most in time, some within the grace or late, a few too late."""
    due = next(one.due for one in policy.load().assignments if one.name == homework.name)
    draw = random.Random(1)
    rows = []
    for number, one in enumerate(class_):
        days = (0, 0, 0, 0.005, 1, 3)[number % 6]
        moment = due - timedelta(hours=draw.randrange(1, 20)) if not days else due
        rows.append([one.ident, (moment + timedelta(days=days)).isoformat()])
    return _csv(["student", "submitted"], *rows)


def write_scores(class_: list[Student], homework: Homework, folder: Path) -> None:
    """The gradebook's folder, but for the code half: roster, written half, exceptions."""
    (assignment,) = (one for one in policy.load().assignments if one.name == homework.name)
    most, draw = assignment.most("written"), random.Random(2)
    roster = ([one.ident, one.name, f"{one.ident}@school.edu", one.number] for one in class_)
    write_text(folder / "roster.csv", _csv(["student", "name", "email", "canvas_id"], *roster))
    written = []
    for one in class_:
        lost = draw.randrange(0, max(2, int(most / 2)))
        written.append([one.ident, f"{most - lost:g}", f"{-lost:g}", ""])
    write_text(
        folder / f"{homework.name}-written.csv",
        _csv(["student", "score", f"{ITEM}claims without evidence", f"{ITEM}axes"], *written),
    )
    names = [one.ident for one in class_]
    write_text(
        folder / "extensions.csv",
        _csv(["student", "assignment", "days", "reason"], [names[5], homework.name, 3, "ill"]),
    )
    write_text(
        folder / "excused.csv",
        _csv(["student", "assignment", "reason"], [names[-1], homework.name, "joined late"]),
    )


def _csv(*rows: list) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
