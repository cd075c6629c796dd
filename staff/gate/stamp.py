"""Stamps of trees that passed the gate: a release of the same tree need not wait for it again."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from common.kit import constraints
from staff.gate import verify as gate

STAMPS = Path("dist", "gate.json")  # homework → the tree that passed
TOPS = ("autograder", "common", "staff")


def require(homework: Homework, say: Callable[[str], None]) -> None:
    """Put a homework through the gate, unless this very tree has passed.

    Args:
        say: told what is going on.

    Raises:
        KitError: when something blocks the release.
    """
    if has_passed(homework):
        return
    seen = tree(homework)
    verdict = gate.verify(homework, gate.SECRET_SEEDS, say)
    if not verdict.passed:
        raise KitError(
            f"{homework.name} does not pass the gate: {verdict.faults[0]} "
            f"(all of it: python -m staff verify {homework.name})"
        )
    put(homework, seen)


def has_passed(homework: Homework) -> bool:
    """Return whether the gate let this homework through as it lies here."""
    return _stamps(homework.root).get(homework.name) == tree(homework)


def put(homework: Homework, seen: str) -> None:
    """Note that a homework has passed with all secret seeds.

    Args:
        seen: `tree` from before the gate began.
    """
    stamps = _stamps(homework.root) | {homework.name: seen}
    (homework.root / STAMPS).parent.mkdir(exist_ok=True)
    write_text(homework.root / STAMPS, json.dumps(stamps, indent=1, sort_keys=True) + "\n")


def tree(homework: Homework) -> str:
    """Return a checksum of all files that the gate's verdict on a homework can depend on."""
    digest = hashlib.sha256()
    for path in _files(homework):
        content = hashlib.sha256((homework.root / path).read_bytes()).hexdigest()
        digest.update(f"{path} {content}\n".encode())
    return digest.hexdigest()


def _files(homework: Homework) -> Iterator[str]:
    """Files that git knows or would add, without other homeworks' and the staff's pages."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=homework.root, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise KitError("the gate stamps a git checkout; this folder is none")
    others = {*homeworks.names(homework.root)} - {homework.name}
    for name in sorted({*listed.stdout.split("\0")} - {""}):
        path = Path(name)
        inside = path.parts[0] in (*TOPS, homework.name) or name == constraints.NAME
        page = path.parent == Path("staff") and path.suffix == ".md"
        foreign = others & {*path.parts, path.stem}
        if inside and not page and not foreign and (homework.root / path).is_file():
            yield name


def _stamps(root: Path) -> dict[str, str]:
    try:
        return json.loads((root / STAMPS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
