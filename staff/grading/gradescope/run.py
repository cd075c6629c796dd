"""What Gradescope runs, as root, for each submission: `python -I run.py /autograder`.

results.json exists from the first moment, with score 0; it is rewritten whole after every check,
and once more when the worker and all it started are gone. The deadline here lies below Gradescope's,
which would throw away everything.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path

SHARE = 0.85  # of Gradescope's time limit that is ours
DEFAULT_SECONDS = 600
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
    try:
        _Grading(root, path, began).run()
    except BaseException:
        traceback.print_exc()  # Gradescope shows it to the staff alone
        _first(path, BROKEN)
    return 0


def _first(path: Path, text: str = "Grading has begun.") -> None:
    from common.files import write_text

    write_text(path, json.dumps({"score": 0.0, "output": text, "output_format": "text"}))


class _Grading:
    """One submission, from its metadata to the last write."""

    def __init__(self, root: Path, path: Path, began: float) -> None:
        from staff.grading import session

        self.root, self.path, self.began = root, path, began
        self.metadata = read_metadata(root / "submission_metadata.json")
        self.session = session.Session(_homework(root))
        self.record = session.blank(self.session.homework, self._order())
        self.record["status"] = "graded"
        self.rows: list = []
        self.lock = threading.Lock()
        self.done = False

    def _order(self):
        from staff.grading.jobs import Order

        ident = str(self.metadata.get("id", "submission"))
        created = self.metadata.get("created_at")
        return Order(
            ident, _homework(self.root), str(self.root / "submission"),
            submitted=created if isinstance(created, str) else "", for_student=True,
        )  # fmt: skip

    def run(self) -> None:
        left = SHARE * limit() - (time.monotonic() - self.began)
        timer = threading.Timer(max(1.0, left), self._too_late)
        timer.daemon = True
        timer.start()
        self._write()
        from staff.grading.gradescope.results import not_measured

        record = self.session.grade(self._order(), self._progress)
        with self.lock:
            self.done = True
        timer.cancel()
        self.session.close()  # nothing of the submission's runs any more
        self.record = record
        self._write()
        for note in not_measured(record):
            print(f"FOR THE STAFF: {note}")  # Gradescope shows this log to them alone

    def _progress(self, row) -> None:
        """After every check: what is told of secret inputs is not shown."""
        from staff.grading.session import fill

        with self.lock:
            if self.done:
                return
            self.rows.append(row)
            self.record["extra"] = 0
            fill(self.record, self.session.homework, self.rows)
            self.record["extra"] = 0  # whole problems only, at the end
            self.record["checks"] = [
                (row if row.passed else row.saying(JUDGED)).as_json() for row in self.rows
            ]
            self._write()

    def _too_late(self) -> None:
        with self.lock:
            if self.done:
                return
            self.done = True
            self.session.close()
            self._write(TOO_LONG)
            os._exit(0)

    def _write(self, note: str = "") -> None:
        from staff.grading.gradescope import results

        self.record["seconds"] = time.monotonic() - self.began
        results.write(
            self.path,
            results.render(
                self.record,
                self.session.homework,
                self.session.checks,
                self.metadata,
                note,
                float(_setting(self.root, "GRACE_MINUTES", "0")),
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
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
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
    sys.exit(main(Path(sys.argv[1])))
