"""constraints.txt: the versions of packages that a release was tried with."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

NAME = "constraints.txt"
_LINE = re.compile(r"([\w.-]+)==(\S+)")


def load(root: Path) -> dict[str, str]:
    """Return package → version; empty in a tree without the file."""
    path = root / NAME
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {found[1]: found[2] for line in lines if (found := _LINE.fullmatch(line.strip()))}


def differences(root: Path) -> list[str]:
    """Return what is installed here in another version, as "torch 2.9.0 (2.14.1)"."""
    found = []
    for name, version in load(root).items():
        here = installed_version(name)
        if here is not None and here != version:
            found.append(f"{name} {here} ({version})")
    return found


def installed_version(name: str) -> str | None:
    """Return the version of a package without its build, such as +cpu; None when it is missing."""
    try:
        return importlib.metadata.version(name).partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None
