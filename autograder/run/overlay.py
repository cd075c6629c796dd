"""One clean tree from the kit and a folder of handed-in files.

The worker runs in this tree and sees nothing else of ours: the homework's folder with the handed-in
files in place, `common/`, and the probes. No expected value and no solution is ever copied.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from common.errors import KitError
from common.homework import Homework

_SKIP = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "README.md", "writeup.md", "figures")


def overlay(homework: Homework, target: Path, submission: Path | None = None) -> Path:
    """Build the tree under `target` and return it.

    Args:
        homework: whose kit files to take.
        target: an empty folder.
        submission: a folder that holds the files to hand in, flat or under `hwN/`; None takes the
            kit's own. A file that is missing there is left out of the tree, so that every check
            says so.

    Raises:
        KitError: when the submission is no folder or holds none of the files.
    """
    source = homework.folder if submission is None else _find(homework, submission)
    shutil.copytree(homework.root / "common", target / "common", ignore=_SKIP)
    shutil.copytree(homework.folder, target / homework.name, ignore=_SKIP)
    for name in homework.files:
        destination = target / homework.name / name
        destination.unlink(missing_ok=True)
        found = source / name
        if found.is_file() and not found.is_symlink():
            destination.write_bytes(found.read_bytes())
    probes = homework.checks / "probes.py"
    (target / "probes").mkdir()
    shutil.copyfile(probes, target / "probes" / f"{homework.name}.py")
    shutil.copyfile(homework.checks.parent / "probing.py", target / "probes" / "probing.py")
    _make_readable(target)
    return target


def _make_readable(tree: Path) -> None:
    """For the user that checks run as, whatever the kit's own modes are."""
    tree.chmod(0o755)
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _find(homework: Homework, submission: Path) -> Path:
    if not submission.is_dir():
        raise KitError(f"--submission {submission} is not a folder; unpack the zip first")
    for folder in (submission / homework.name, submission):
        if any((folder / name).is_file() for name in homework.files):
            return folder
    wanted = ", ".join(homework.files)
    raise KitError(f"{submission} holds none of the files of {homework.name}: {wanted}")
