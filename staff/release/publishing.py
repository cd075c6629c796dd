"""The students' repository: each release is one commit that is exactly the kit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from common.errors import KitError

FACTS = "course.toml"  # the one file that opening a homework changes: it names those that are open


def publish(kit: Path, repository: Path, message: str) -> bool:
    """Make a commit that is exactly the kit; students pull it over their own work.

    The repository is the staff's: nobody else writes to it, and it holds no history of ours.

    Returns:
        Whether anything had changed.

    Raises:
        KitError: when it holds changes that are not committed, a file is not what the same version
            already brought out, or git refuses.
    """
    if not (repository / ".git").exists():
        if repository.exists() and any(repository.iterdir()):
            raise KitError(f"--git {repository} is neither empty nor a repository; name another")
        repository.mkdir(parents=True, exist_ok=True)
        _git(repository, "init", "--quiet", "--initial-branch=main")
    if _git(repository, "status", "--porcelain"):
        raise KitError(f"--git {repository} holds changes of its own; commit or discard them")
    for name in filter(None, _git(repository, "ls-files", "-z").split("\0")):
        (repository / name).unlink()
    shutil.copytree(kit, repository, dirs_exist_ok=True)
    _git(repository, "add", "--all", "--force")
    if not _git(repository, "status", "--porcelain"):
        return False
    if changed := _corrected(repository, message.partition(",")[0]):
        _git(repository, "reset", "--quiet", "--hard")
        raise KitError(
            f"{repository} has this version with another {changed}; a correction needs a "
            "version of its own: python -m staff next-version"
        )
    _git(repository, "commit", "--quiet", "--message", message)
    return True


def _corrected(repository: Path, version: str) -> str:
    """Return a file of a version that is out and would change; "" where homeworks are opened alone."""
    out = _git(repository, "log", "--all", "--format=%s").splitlines()
    if not any(subject.partition(",")[0] == version for subject in out):
        return ""
    listed = _git(repository, "diff", "--cached", "--name-only", "-z", "--diff-filter=a").split(
        "\0"
    )
    return next((name for name in listed if name and name != FACTS), "")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise KitError(f"git {arguments[0]} in {folder}: {done.stderr.strip()}")
    return done.stdout
