"""`require_private` refuses to write about students where a repository would take it along."""

from __future__ import annotations

import subprocess
from pathlib import Path

from common.errors import KitError

PLACE = "private"  # the folder that this repository ignores


def require_private(*paths: Path) -> None:
    """Look before anything about students is written.

    Raises:
        KitError: when a path lies in a repository that does not ignore it: the next commit of all that
            is there would publish it to everybody with a copy.
    """
    for path in paths:
        root = _repository(path.absolute())
        if root is not None and not _is_ignored(path.absolute(), root):
            raise KitError(
                f"{path} is about students and would be committed with {root}: choose a place "
                f"outside of it or below {PLACE}/, which this kit ignores, or add it to .gitignore"
            )


def _repository(path: Path) -> Path | None:
    """The repository that a path lies in."""
    return next((folder for folder in path.parents if (folder / ".git").exists()), None)


def _is_ignored(path: Path, root: Path) -> bool:
    """Whether git leaves a path alone, or one would if it were there; no where git cannot tell."""
    inside = path.relative_to(root)
    for one in (f"{inside}", f"{inside}/any"):  # a rule for folders says nothing of a missing one
        command = ["git", "-c", "safe.directory=*", "-C", str(root), "check-ignore", "-q", one]
        try:
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return True
        except OSError:
            return False
    return False
