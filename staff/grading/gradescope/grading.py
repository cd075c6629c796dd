"""One submission on Gradescope, from its metadata to the last write of results.json."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from autograder.report.record import CheckResult
from common.files import untrusted
from staff.grading import session
from staff.grading.gradescope import results
from staff.grading.jobs import Job

LARGEST_METADATA = 2**24  # bytes
JUDGED = "failed; the reasons are shown when grading is finished"


class Grading:
    """One submission, from its metadata to the last write."""

    def __init__(self, root: Path, path: Path) -> None:
        self.root, self.path, self.began = root, path, time.monotonic()
        self.metadata = read_metadata(root / "submission_metadata.json")
        self.session = session.Session(_homework(root))
        self.record = session.blank_record(self.session.homework, self._job())
        self.record["status"] = "graded"
        self.rows: list[CheckResult] = []
        self.lock = threading.Lock()

    def _job(self) -> Job:
        ident = str(self.metadata.get("id", "submission"))
        created = self.metadata.get("created_at")
        return Job(
            ident,
            _homework(self.root),
            str(self.root / "submission"),
            submitted=created if isinstance(created, str) else "",
            for_student=True,
            sets=int(_setting(self.root, "SETS", "1")),
        )

    def run(self) -> None:
        self._write()
        record = self.session.grade(self._job(), self._progress)
        self.session.close()  # nothing of the submission's runs any more
        self.record = record
        self._write()
        for note in results.not_measured(record):
            print(f"FOR THE STAFF: {note}")  # Gradescope shows this log to them alone

    def _progress(self, row: CheckResult) -> None:
        """Note the state after every check; what is told of secret inputs is not shown."""
        with self.lock:
            self.rows.append(row)
            self.record["extra"] = 0
            session.fill(self.record, self.session.homework, self.rows)
            self.record["extra"] = 0  # whole problems only, at the end
            self.record["checks"] = [
                (row if row.passed else row.saying(JUDGED)).as_json() for row in self.rows
            ]
            self._write()

    def _write(self) -> None:
        self.record["seconds"] = time.monotonic() - self.began
        results.write(
            self.path,
            results.render(
                self.record,
                self.session.homework,
                self.session.checks,
                self.metadata,
                grace_minutes=float(_setting(self.root, "GRACE_MINUTES", "0")),
            ),
        )


def read_metadata(path: Path) -> dict:
    """submission_metadata.json; an empty dictionary when it is missing or damaged."""
    try:
        found = untrusted.json_of(untrusted.read(path, LARGEST_METADATA))
    except untrusted.Unreadable:
        return {}
    return found if isinstance(found, dict) else {}


def _homework(root: Path) -> str:
    name = _setting(root, "HOMEWORK", "")
    if not name:
        raise ValueError("settings.sh names no homework")
    return name


def _setting(root: Path, key: str, default: str) -> str:
    """A value of settings.sh."""
    for line in (root / "source" / "settings.sh").read_text().splitlines():
        if line.startswith(f"{key}="):
            return line.removeprefix(f"{key}=")
    return default
