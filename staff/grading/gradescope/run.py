"""The program that Gradescope runs, as root, for each submission: `python -I run.py /autograder`.

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
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the kit, under `python -I`
from common.files import write_text

SHARE = 0.85  # of Gradescope's time limit that is ours
DEFAULT_SECONDS = 600
GRADE = "grade"  # asks for the process that grades
_PR_SET_CHILD_SUBREAPER = 36
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
    """Grade, as a process of its own; return 0 when results.json is as it must be."""
    try:
        from staff.grading.gradescope import grading  # the deadline's process needs none of it

        grading.Grading(root, root / "results" / "results.json").run()
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
    result = json.loads(path.read_text(encoding="utf-8"))
    title, _, rest = result["output"].partition("\n")
    result["output"] = "\n".join(filter(None, (title, note, rest)))
    write_text(path, json.dumps(result, allow_nan=False))


def _first(path: Path, text: str = "Grading has begun.") -> None:
    write_text(path, json.dumps({"score": 0.0, "output": text, "output_format": "text"}))


def limit() -> float:
    """Gradescope's time limit in seconds."""
    try:
        return max(10.0, float(os.environ.get("TIMEOUT_SECONDS", DEFAULT_SECONDS)))
    except ValueError:
        return DEFAULT_SECONDS


if __name__ == "__main__":
    os.environ.setdefault("KIT_OFFLINE", "1")
    sys.exit((grade if sys.argv[2:] == [GRADE] else main)(Path(sys.argv[1])))
