"""Run a module of the kit in a tree that holds the solutions."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from autograder.run.overlay import overlay
from common.homework import Homework


def training_tree(homework: Homework, target: Path, files: Path) -> Path:
    """Lay files onto the kit, and add the files that trainings read and checks do not."""
    tree = overlay(homework, target, files)
    shutil.copytree(homework.stubs, tree / homework.stubs.relative_to(homework.root))
    for path in homework.folder.iterdir():
        there = tree / homework.name / path.name
        if path.is_file() and not there.exists():
            shutil.copyfile(path, there)
    shutil.copyfile(homework.root / "pyproject.toml", tree / "pyproject.toml")  # the version
    return tree


def run_module(tree: Path, module: str, argv: list[str]) -> int:
    """Run `python -m module …` with `tree` first on the path, in the current folder; return the exit code.

    Ctrl-C reaches the program too, and a request to end (SIGTERM) is passed on: it saves and ends.
    """
    code = (
        f"import sys, runpy; sys.path[0] = {str(tree)!r}; "
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, *argv])
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
    finally:
        signal.signal(signal.SIGTERM, before)
