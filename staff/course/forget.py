"""`python -m staff forget FOLDER --before DATE`: delete what is kept of students and has had its time."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from datetime import date, datetime
from pathlib import Path

from autograder.run.clearing import clear
from common.errors import KitError
from common.homework import ROOT
from staff import command
from staff.course.private import PLACE

SHOWN = 20
OURS = re.compile(r"(grade|grading|checks|check|nested|similarity|written)-[a-z0-9_]{8}")
EPILOG = """
examples:
  python -m staff forget --before 2026-09-01                  what it would delete below private/
  python -m staff forget private ../uploads --before 2026-09-01 --yes    delete it
Deleted is every file below FOLDER (private/) that was last changed before DATE, then every folder that
is empty; and what gradings that were killed before DATE left in the folder for temporary files. Nothing
is deleted without --yes or a typed yes. What is kept of a student, where and how long: staff/PRIVACY.md
"""


def main(argv: list[str]) -> int:
    """List what is old, and delete it when told so; return 0 when nothing old is left."""
    options = command.parser("forget", "Delete what is kept of students.", EPILOG)
    add = options.add_argument
    add("folder", type=Path, nargs="*", default=[Path(PLACE)], help=f"where to look ({PLACE})")
    add("--before", required=True, type=_date, metavar="DATE", help="a day, as in 2026-09-01")
    add("--yes", action="store_true", help="delete without asking")
    chosen = options.parse_args(argv)
    for folder in chosen.folder:
        _require_harmless(folder)
    old = [path for folder in chosen.folder for path in old_files(folder, chosen.before)]
    temporary = left_behind(Path(tempfile.gettempdir()), chosen.before)
    if not old and not temporary:
        print(f"nothing was last changed before {chosen.before:%Y-%m-%d}")
        return 0
    _tell(old, temporary)
    if not chosen.yes and not _agreed():
        print("nothing was deleted; add --yes to delete all this")
        return 1
    wrong = [*_delete(old, chosen.folder), *_clear(temporary)]
    for told in wrong:
        print(f"could not delete {told}", file=sys.stderr)
    print(f"{len(old) + len(temporary) - len(wrong)} deleted")
    return 1 if wrong else 0


def _date(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-09-01") from None
    return datetime.combine(day, datetime.min.time()).astimezone()


def _require_harmless(folder: Path) -> None:
    """Raise KitError for a folder that holds more than what is kept of students."""
    if not folder.is_dir():
        raise KitError(f"{folder} is not a folder; name the one that holds uploads or grades")
    place = folder.resolve()
    if place == Path.home() or place in (ROOT, *ROOT.parents) or (place / ".git").exists():
        raise KitError(f"{folder} holds more than what is kept of students; name a folder in it")
    if ROOT in place.parents and place.relative_to(ROOT).parts[0] != PLACE:
        raise KitError(f"{folder} belongs to the kit; below it only {PLACE}/ is about students")


def old_files(folder: Path, before: datetime) -> list[Path]:
    """Files below a folder that were last changed before a moment; links are not followed."""
    found = []
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        found += [Path(place, name) for name in (*files, *links)]
    return sorted(path for path in found if path.lstat().st_mtime < before.timestamp())


def left_behind(temporary: Path, before: datetime) -> list[Path]:
    """This user's folders of gradings that were killed before a moment."""
    user = os.getuid() if hasattr(os, "getuid") else None
    found = []
    for path in temporary.iterdir():
        if OURS.fullmatch(path.name) and not path.is_symlink() and path.is_dir():
            status = path.lstat()
            if status.st_mtime < before.timestamp() and user in (None, status.st_uid):
                found.append(path)
    return sorted(found)


def _tell(old: list[Path], temporary: list[Path]) -> None:
    for path in (*old, *temporary)[:SHOWN]:
        print(f"  {path}")
    if len(old) + len(temporary) > SHOWN:
        counts = Counter(str(path.parent) for path in old)
        print(f"  … {len(old) + len(temporary)} in all:")
        for place, count in sorted(counts.items()):
            print(f"  {place}: {count} files")


def _agreed() -> bool:
    return sys.stdin.isatty() and input("delete all this? (yes) ").strip().lower() == "yes"


def _delete(old: list[Path], folders: list[Path]) -> list[str]:
    """Delete files, then the folders that are empty now; what could not be deleted."""
    wrong = []
    for path in old:
        try:
            path.unlink()
        except OSError as error:
            wrong.append(f"{path}: {error.strerror}")
    for folder in folders:
        for place, _, _ in os.walk(folder, topdown=False):
            if Path(place) != folder and not os.listdir(place):
                os.rmdir(place)
    return wrong


def _clear(temporary: list[Path]) -> list[str]:
    for path in temporary:
        clear(str(path))
    return [f"{path}: not empty" for path in temporary if path.exists()]
