"""The version of the kit."""

from __future__ import annotations

import tomllib
from pathlib import Path

from common.homework import ROOT


def kit_version(root: Path = ROOT) -> str:
    """Return the version in pyproject.toml; empty in a tree without it."""
    try:
        with (root / "pyproject.toml").open("rb") as stream:
            return tomllib.load(stream)["project"]["version"]
    except FileNotFoundError:
        return ""
