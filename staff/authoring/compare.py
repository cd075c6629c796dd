"""`python -m staff compare`: one problem, five answers, with the solutions in every hole."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from common import homework as homeworks
from staff.authoring.stubs import copy_solutions
from staff.authoring.with_solutions import run_module


def main(argv: list[str]) -> int:
    """Run `python -m common.compare …` in a kit that holds the solutions; the exit code."""
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        tree = solved_kit(homeworks.ROOT, Path(folder))
        return run_module(tree, "common.compare", argv)


def solved_kit(root: Path, target: Path) -> Path:
    """The students' folders with the solutions in place, under `target`."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("common", *homeworks.names(root)):
        shutil.copytree(root / name, target / name, ignore=skip)
        copy_solutions(root, name, target / name)
    shutil.copyfile(root / "pyproject.toml", target / "pyproject.toml")  # the version
    return target
