"""`python -m staff constraints`: write down the versions of packages that are installed here."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from common.errors import KitError
from common.files import write_text
from common.homework import ROOT
from common.kit.constraints import NAME, installed_version, load
from staff import command

HEAD = """# The versions that this release was tried with; set-up, Gradescope and CI take them.
# Made by: python -m staff constraints
"""
EXAMPLE = """example:
  make setup CONSTRAINTS=          the newest that requirements.txt allows, in a new .venv
  python -m staff constraints      what is installed here, into constraints.txt
  make verify"""
SYSTEM = ("platform", "os_name", "implementation")  # in markers that speak of a system
BUILD_TOOLS = ("setuptools", "pip", "wheel")


def main(argv: list[str]) -> int:
    """Write constraints.txt; say what changed."""
    command.parser("constraints", __doc__, EXAMPLE).parse_args(argv)
    before, now = load(ROOT), versions(ROOT)
    write_text(ROOT / NAME, HEAD + "".join(f"{name}=={now[name]}\n" for name in sorted(now)))
    changed = [
        f"{name} {before.get(name, 'new')} → {version}"
        for name, version in now.items()
        if before.get(name) != version
    ]
    print(f"{NAME}: {', '.join(changed) or 'nothing changed'}")
    return 0


def versions(root: Path) -> dict[str, str]:
    """Return package → version for requirements.txt and all that it needs on every system.

    Raises:
        KitError: when one of them is not installed.
    """
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if line and not line.startswith("#")]
    found: dict[str, str] = {}
    while asked:
        wanted = Requirement(asked.pop())
        name = canonicalize_name(wanted.name)
        if not _everywhere(wanted) or name in BUILD_TOOLS or name in found:
            continue
        version = installed_version(name)
        if version is None:
            raise KitError(f"{name} is not installed: make setup CONSTRAINTS=")
        found[name] = version
        asked += importlib.metadata.requires(name) or []
    return found


def _everywhere(wanted: Requirement) -> bool:
    """Whether a package is needed whatever the system: no CUDA, no extra."""
    return wanted.marker is None or (
        not any(word in str(wanted.marker) for word in SYSTEM)
        and wanted.marker.evaluate({"extra": ""})
    )
