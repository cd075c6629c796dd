"""What `submit` says and what the course grader says, check by check, over the catalogue.

    python -m tests.agreement hw1              every mistake and every right way of a homework
    python -m tests.agreement hw1 --every 5    one of five

The files of an entry are packed as `submit` does it and judged from what was packed; the zip is then
graded as the course grader does it. Every check must have the same status in both.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from autograder import submit
from autograder.report.record import HomeworkResult
from autograder.run.base import Worker
from autograder.run.overlay import files_to_judge
from common import homework as homeworks
from common.homework import Homework
from common.options.command_line import Parser
from staff.authoring.catalogue import Entry, entries, submission
from staff.gate.shared_worker import start_shared_worker
from staff.grading.jobs import PUBLIC, Job
from staff.grading.session import Session


def catalogue(name: str, every: int = 1) -> list[Entry]:
    """Every so many of a homework's mistakes, and of its right ways."""
    return [*entries(name, "mistake")[::every], *entries(name, "variant")[::every]]


def pack(homework: Homework, folder: Path, path: Path) -> dict[str, bytes]:
    """Write the zip of `submit`, as far as it is code; what it packed."""
    code = {file.name: file.path.read_bytes() for file in files_to_judge(homework, folder)}
    manifest, contents = submit.collect(homework, {}, {}, code)
    submit.write_zip(path, contents, manifest | {"signed": True})
    return code


def graded(path: Path, homework: Homework, session: Session) -> dict:
    """The course grader's record of a zip or folder, on the public inputs."""
    return session.grade(Job("a", homework.name, str(path), seed=PUBLIC))


def differences(result: HomeworkResult, record: dict) -> list[str]:
    """The checks that have not the same status in both."""
    here = {row.id: row.status for row in result.checks}
    there = {row["id"]: row["status"] for row in record["checks"] if row["id"] in here}
    return [
        f"{check}: {status} by submit, {there.get(check, 'absent')} by the course grader"
        for check, status in here.items()
        if there.get(check) != status
    ]


def compare(entry: Entry, worker: Worker, session: Session) -> tuple[HomeworkResult, list[str]]:
    """The verdict of `submit` on an entry, and where the course grader's differs."""
    homework = homeworks.load(entry.homework)
    with tempfile.TemporaryDirectory() as place:
        (files := Path(place, "files")).mkdir()
        code = pack(homework, submission(entry, files), Path(place, "a.zip"))
        result = submit.judge_packed(homework, code, worker, "shared")
        return result, differences(result, graded(Path(place, "a.zip"), homework, session))


def main() -> int:
    """Compare all that is asked for; 1 when a check differs."""
    parser = Parser(prog="python -m tests.agreement", description=__doc__)
    parser.add_argument("homework", nargs="*", help="none means all")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one of so many")
    chosen = parser.parse_args()
    total = wrong = 0
    for name in chosen.homework or homeworks.names():
        with start_shared_worker(homeworks.load(name).preload) as worker:
            session = Session(name, "shared", worker)
            for entry in catalogue(name, chosen.every):
                _, found = compare(entry, worker, session)
                total, wrong = total + 1, wrong + bool(found)
                print(f"{name} {entry.slug}: {'; '.join(found) or 'the same'}", flush=True)
    print(f"{total} entries, {wrong} with a check that differs")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
