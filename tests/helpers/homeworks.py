"""Modules of the solutions, and commands of the kit as they are typed, without network or data."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.run.overlay import overlay
from common import homework as homeworks

ROOT = homeworks.ROOT
OFFLINE = {key: value for key, value in os.environ.items() if key != "KIT_DATA"} | {
    "KIT_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
}


def solution(hw: str, name: str) -> ModuleType:
    """A module of a homework's solutions, imported by itself."""
    path = ROOT / "staff" / "solutions" / hw / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"solution_{hw}_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def solved_package(hw: str, tree: Path) -> Iterator[None]:
    """Let `import hwN` find the homework with the solutions in place; made in `tree`."""

    def forget() -> None:
        for name in [name for name in sys.modules if name.split(".")[0] == hw]:
            del sys.modules[name]

    overlay(homeworks.load(hw), tree, ROOT / "staff" / "solutions" / hw)
    forget()
    sys.path.insert(0, str(tree))
    try:
        yield
    finally:
        sys.path.remove(str(tree))
        forget()


def run_module(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """`python -m` these words in the kit's root; what it printed and its exit code."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=ROOT,
        env=OFFLINE,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
