"""`python -m staff new-term`: another term of the course, with nothing of the last one in it."""

from __future__ import annotations

import json
import re
import string
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import ROOT
from common.kit import seeds
from common.kit.version import kit_version
from staff import command
from staff.authoring import canary
from staff.authoring.curves import recipe, record
from staff.release import version

EXAMPLE = """example:
  python -m staff new-term --first-due 2027-01-15
All dates of staff/course.toml move by as many days as the first one. Runs to diagnose get other
letters, solutions and model answers another canary, the kit the next version, and secret
inputs end. Look at `git diff`."""
_DATE = re.compile(r"^(\s*[\w-]+\s*=\s*)(\d{4}-\d\d-\d\d)", re.M)
LETTERS = string.ascii_uppercase.replace("I", "").replace("O", "").replace("X", "")


def main(argv: list[str]) -> int:
    """Write everything that belongs to a term anew; say what is left to do."""
    options = command.parser("new-term", __doc__, EXAMPLE)
    options.add_argument(
        "--first-due", required=True, metavar="YYYY-MM-DD", help="when the first homework is due"
    )
    chosen = options.parse_args(argv)
    try:
        first = date.fromisoformat(chosen.first_due)
    except ValueError:
        raise KitError(f"--first-due {chosen.first_due}: write it as 2027-01-15") from None
    _require_committed(ROOT)
    texts = renew_term(ROOT, first, canary.new(), np.random.default_rng())
    for path, text in texts.items():
        write_text(path, text)
        print(path.relative_to(ROOT))
    if ended := seeds.end_term(ROOT):
        print(
            f"\nthe secret inputs of the last term are worth nothing now: {len(ended) - 1} records "
            f"are deleted, {ended[0].relative_to(ROOT)} is kept to grade it again"
        )
    print(
        f"\nversion {kit_version(ROOT)}; look at: git diff\nthen:\n"
        "  python -m staff answers --secret 3     inputs that nobody has seen, for every homework\n"
        "  make verify && make release"
    )
    return 0


def _require_committed(root: Path) -> None:
    asked = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=no"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode or asked.stdout.strip():
        raise KitError("new-term changes many files: commit or discard your own changes first")


def renew_term(
    root: Path, first_due: date, new_canary: str, rng: np.random.Generator
) -> dict[Path, str]:
    """Every file that belongs to a term → its new text.

    Args:
        first_due: the day on which the earliest homework is due.

    Raises:
        KitError: when course.toml has no dates, or one that cannot be moved.
    """
    course = root / "staff" / "course.toml"
    text = shift_dates(course.read_text(encoding="utf-8"), first_due)
    canaries = json.dumps([*canary.known_canaries(root), new_canary])
    texts = {course: re.sub(r"(?m)^canaries = .*$", f"canaries = {canaries}", text)}
    for path in canary.files(root):
        texts[path] = canary.with_canary(path, new_canary)
    for name in homeworks.names(root):
        if (root / name / "curves.json").is_file():
            texts |= reletter(root, name, rng, texts)
    return texts | version.with_next_version(root, "minor")


def shift_dates(course: str, first_due: date) -> str:
    """course.toml with all its dates moved by the same number of days.

    Raises:
        KitError: when it has no dates, or one of them is not found in the text.
    """
    before = dict(_values(tomllib.loads(course)))
    dates = {name: value for name, value in before.items() if isinstance(value, date)}
    due = [value for name, value in dates.items() if name.endswith((" due", " due_written"))]
    if not due:
        raise KitError("staff/course.toml has no line like: due = 2026-10-02T23:59:00")
    by = first_due - min(date(one.year, one.month, one.day) for one in due)
    moved = _DATE.sub(lambda found: f"{found[1]}{date.fromisoformat(found[2]) + by}", course)
    after = dict(_values(tomllib.loads(moved)))
    if unmoved := [name for name in dates if after[name] != dates[name] + by]:
        raise KitError(
            f"staff/course.toml: {unmoved[0]} = {dates[unmoved[0]]} was not moved; write it on a line "
            "of its own, like: due = 2026-10-02T23:59:00"
        )
    return moved


def _values(table: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All values of a table, each with the keys and numbers that lead to it."""
    if not isinstance(table, dict | list):
        yield name, table
        return
    for key, value in table.items() if isinstance(table, dict) else enumerate(table, 1):
        yield from _values(value, f"{name} {key}".strip())


def reletter(
    root: Path, name: str, rng: np.random.Generator, texts: dict[Path, str]
) -> dict[Path, str]:
    """The recorded runs of a homework under other letters: curves, recipe and model answers.

    Args:
        texts: new texts so far: those of model answers are taken from there.
    """
    path = root / name / "curves.json"
    curves = json.loads(path.read_text(encoding="utf-8"))
    old = list(curves["runs"])
    letters = dict(zip(old, rng.choice(list(LETTERS), len(old), replace=False)))
    runs = {str(letters[run]): row for run, row in curves["runs"].items()}
    curves["runs"] = {run: runs[run] for run in sorted(runs)}
    made = recipe.path_of(name, root)
    answers = root / "staff" / "writeup" / f"{name}.md"
    return {
        path: record.as_json(curves),
        made: _renamed(made.read_text(encoding="utf-8"), r'^(name = ")(\w)(")$', letters),
        answers: _renamed(texts[answers], r"^(\| )(\w)( \| [\w-]+ \| )", letters),
    }


def _renamed(text: str, pattern: str, letters: dict) -> str:
    return re.sub(pattern, lambda m: m[1] + str(letters.get(m[2], m[2])) + m[3], text, flags=re.M)
