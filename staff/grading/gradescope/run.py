"""What Gradescope runs, as root, for each submission: `python -I run.py /autograder`.

results.json exists from the first moment, with score 0; it is rewritten whole after every check,
and once more when the worker and all it started are gone. The deadline here lies below Gradescope's,
which would throw away everything. It is kept by a process that does nothing else: no thread that
hangs can make it miss the moment.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

SHARE = 0.85  # of Gradescope's time limit that is ours
DEFAULT_SECONDS = 600
LARGEST_METADATA = 2**24  # bytes
GRADE = "grade"  # asks for the process that grades
_PR_SET_CHILD_SUBREAPER = 36
JUDGED = "failed; the reasons are shown when grading is finished"
BROKEN = (
    "The grader itself failed; this says nothing about your work. The staff see why, and will run "
    "it again."
)
TOO_LONG = "Grading took too long and was stopped; what was judged until then counts."


def main(root: Path) -> int:
    """Grade `root/submission` into `root/results/results.json`; always 0."""
    began = time.monotonic()
    path = root / "results" / "results.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)  # the harness reads it as root; nobody else has a part in it
    _first(path)
    _adopt_orphans()
    grading = subprocess.Popen([sys.executable, "-I", __file__, str(root), GRADE])
    try:
        code = grading.wait(max(1.0, SHARE * limit() - (time.monotonic() - began)))
    except subprocess.TimeoutExpired:
        _end(grading)
        _say(path, TOO_LONG)
    else:
        _end(grading)
        if code != 0:
            _first(path, BROKEN)
    return 0


def grade(root: Path) -> int:
    """The process that grades: 0 when results.json is as it must be."""
    try:
        _Grading(root, root / "results" / "results.json").run()
    except BaseException:
        traceback.print_exc()  # Gradescope shows it to the staff alone
        return 1
    return 0


def _adopt_orphans() -> None:
    """Become the parent of all that the grading process leaves behind, to end it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _end(grading: subprocess.Popen) -> None:
    """Kill the grading process and, generation after generation, all that it started."""
    grading.kill()
    grading.wait()
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    while own.is_file() and (left := own.read_text().split()):
        for child in map(int, left):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _say(path: Path, note: str) -> None:
    """Put a note under the title of the results that are there."""
    from common.files import write_text

    result = json.loads(path.read_text(encoding="utf-8"))
    title, _, rest = result["output"].partition("\n")
    result["output"] = "\n".join(filter(None, (title, note, rest)))
    write_text(path, json.dumps(result, allow_nan=False))


def _first(path: Path, text: str = "Grading has begun.") -> None:
    from common.files import write_text

    write_text(path, json.dumps({"score": 0.0, "output": text, "output_format": "text"}))


class _Grading:
    """One submission, from its metadata to the last write."""

    def __init__(self, root: Path, path: Path) -> None:
        from staff.grading import session

        self.root, self.path, self.began = root, path, time.monotonic()
        self.metadata = read_metadata(root / "submission_metadata.json")
        self.session = session.Session(_homework(root))
        self.record = session.blank(self.session.homework, self._order())
        self.record["status"] = "graded"
        self.rows: list = []
        self.lock = threading.Lock()

    def _order(self):
        from staff.grading.jobs import Order

        ident = str(self.metadata.get("id", "submission"))
        created = self.metadata.get("created_at")
        return Order(
            ident, _homework(self.root), str(self.root / "submission"),
            submitted=created if isinstance(created, str) else "", for_student=True,
        )  # fmt: skip

    def run(self) -> None:
        self._write()
        from staff.grading.gradescope.results import not_measured

        record = self.session.grade(self._order(), self._progress)
        self.session.close()  # nothing of the submission's runs any more
        self.record = record
        self._write()
        for note in not_measured(record):
            print(f"FOR THE STAFF: {note}")  # Gradescope shows this log to them alone

    def _progress(self, row) -> None:
        """After every check: what is told of secret inputs is not shown."""
        from staff.grading.session import fill

        with self.lock:
            self.rows.append(row)
            self.record["extra"] = 0
            fill(self.record, self.session.homework, self.rows)
            self.record["extra"] = 0  # whole problems only, at the end
            self.record["checks"] = [
                (row if row.passed else row.saying(JUDGED)).as_json() for row in self.rows
            ]
            self._write()

    def _write(self) -> None:
        from staff.grading.gradescope import results

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


def limit() -> float:
    """Gradescope's time limit in seconds."""
    try:
        return max(10.0, float(os.environ.get("TIMEOUT_SECONDS", DEFAULT_SECONDS)))
    except ValueError:
        return DEFAULT_SECONDS


def read_metadata(path: Path) -> dict:
    """submission_metadata.json; an empty dictionary when it is missing or damaged."""
    from common.files import untrusted

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


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    os.environ.setdefault("KIT_OFFLINE", "1")
    sys.exit((grade if sys.argv[2:] == [GRADE] else main)(Path(sys.argv[1])))
