"""Measure cheap figures of the handouts again with the solutions, and list those that moved."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.errors import KitError
from staff import command

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_suffix(".toml")
EXAMPLES = """
examples:
  python -m staff remeasure                       every figure of the table
  python -m staff remeasure hw3                   those of one homework
  python -m staff remeasure hw3/shifts hw4/prior  those of some experiments
exit code: 0 all stand where the handout says, 1 some moved, 2 it cannot be measured
"""


@dataclass(frozen=True)
class Figure:
    """One figure of a handout.

    Attributes:
        path: of it in result.json, its parts between slashes.
        said: the words of the handout.
        low, high: where one more run belongs.
    """

    homework: str
    experiment: str
    path: str
    said: str
    low: float
    high: float

    @property
    def run(self) -> str:
        """Return its name: homework/experiment."""
        return f"{self.homework}/{self.experiment}"


def main(argv: list[str]) -> int:
    """Measure what was asked for; 1 when a figure moved."""
    options = command.parser("remeasure", __doc__ or "", EXAMPLES)
    options.add_argument("asked", nargs="*", metavar="hwN[/experiment]", help="none means all")
    figures = choose(load(), options.parse_args(argv).asked)
    moved = 0
    for run in dict.fromkeys(figure.run for figure in figures):
        own = [figure for figure in figures if figure.run == run]
        print(f"{run}: training", flush=True)
        result = measure(own[0].homework, own[0].experiment)
        moved += report(own, result)
    print(f"{moved} of {len(figures)} figures moved")
    return 1 if moved else 0


def load() -> list[Figure]:
    """Return the table."""
    return [Figure(**one) for one in tomllib.loads(TABLE.read_text(encoding="utf-8"))["figure"]]


def choose(figures: Iterable[Figure], asked: list[str]) -> list[Figure]:
    """Return the figures of the homeworks and experiments that were asked for.

    Raises:
        KitError: when there is none of what was asked for.
    """
    figures = list(figures)
    known = {name for figure in figures for name in (figure.homework, figure.run)}
    for name in asked:
        if name not in known:
            raise KitError(f"no figure of {name}; there is {', '.join(sorted(known))}")
    return [f for f in figures if not asked or f.homework in asked or f.run in asked]


def measure(homework: str, experiment: str) -> dict:
    """Train once with the solutions; return result.json.

    Raises:
        KitError: when the training fails.
    """
    with tempfile.TemporaryDirectory(prefix="remeasure-") as folder:
        out = Path(folder) / experiment
        done = subprocess.run(
            [sys.executable, "-m", "staff", "train", homework, "--experiment", experiment,
             "--out", str(out)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise KitError(f"{homework}/{experiment} cannot be trained: {' '.join(last)}")
        return json.loads((out / "result.json").read_text(encoding="utf-8"))


def report(figures: list[Figure], result: dict) -> int:
    """Print what the handout says and what was found; return how many moved."""
    moved = 0
    for figure in figures:
        value = lookup(result, figure.path)
        outside = not figure.low <= value <= figure.high
        moved += outside
        mark = "MOVED" if outside else "stands"
        print(f"  {mark}: {figure.path} is {value:.4g}; {figure.homework}/README.md: {figure.said}")
    return moved


def lookup(result: object, path: str) -> float:
    """Return the number at a path, whose parts may themselves hold slashes.

    Raises:
        KitError: when there is no such number.
    """
    if isinstance(result, list):
        result = {str(place): value for place, value in enumerate(result)}
    if isinstance(result, dict):
        if isinstance(result.get(path), int | float):
            return float(result[path])
        for name in sorted(result, key=len, reverse=True):
            if path.startswith(f"{name}/"):
                return lookup(result[name], path.removeprefix(f"{name}/"))
    raise KitError(f"result.json has no number at {path}; correct {TABLE.name}")
