"""Measure the figures of the handouts again with the solutions, and list those that moved.

remeasure.toml has every number of the handouts: those that a run gives, with the command of the run,
and those that are given (settings, published figures), with the reason.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.data import source
from common.errors import KitError
from staff import command
from staff.authoring.compare import solved_kit

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_suffix(".toml")
CHEAP = 3  # CPU minutes of a run that is made without being named
NUMBER = re.compile(
    r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d*\.\d+)|(?<![\w.])\d+(?= ?(?:%|minutes|seconds|ms\b|CPU))"
)
EXAMPLES = f"""
examples:
  python -m staff remeasure                       all runs of at most {CHEAP} CPU minutes
  python -m staff remeasure hw3                   those of one homework
  python -m staff remeasure hw3/shifts hw2/maml   these runs, whatever they take
  python -m staff remeasure --list hw3            every number of a handout, with its command
exit code: 0 all stand where the handout says, 1 some moved or have no command,
2 one cannot be measured
"""


@dataclass(frozen=True)
class Figure:
    """One figure of a handout.

    Attributes:
        said: the words of the handout.
        path: of it in what the run leaves, its parts between slashes.
        low, high: where one more run belongs.
    """

    said: str
    path: str
    low: float
    high: float


@dataclass(frozen=True)
class Run:
    """What gives figures of one handout.

    Attributes:
        name: homework/run.
        command: what follows `python -m`; hwN.train, common.compare, or the command that a `code`
            stands for.
        minutes: CPU minutes that it takes.
        needs: the folder of a data set that must be on disk.
        code: Python that prints the figures as JSON, in place of the command.
    """

    name: str
    command: str
    minutes: float
    figures: tuple[Figure, ...]
    needs: str = ""
    code: str = ""

    @property
    def homework(self) -> str:
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Given:
    """Numbers of a handout that no run gives, and where they come from."""

    homework: str
    why: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """All numbers of the handouts."""

    runs: tuple[Run, ...]
    given: tuple[Given, ...]

    def said(self, homework: str) -> list[str]:
        """Return the words around every number of a homework's handout."""
        runs = [
            figure.said for run in self.runs if run.homework == homework for figure in run.figures
        ]
        return runs + [said for one in self.given if one.homework == homework for said in one.said]


def main(argv: list[str]) -> int:
    """List or measure what was asked for; return 1 when a figure moved or has no command."""
    options = command.parser("remeasure", __doc__ or "", EXAMPLES)
    options.add_argument(
        "asked", nargs="*", metavar="hwN[/run]", help="homeworks or runs; none means all"
    )
    options.add_argument("--list", action="store_true", help="list the numbers, measure nothing")
    options.add_argument("--all", action="store_true", help="long runs, too")
    chosen = options.parse_args(argv)
    table = load()
    runs = choose(table.runs, chosen.asked)
    if chosen.list:
        return show(table, runs, whole=not chosen.asked)
    named = [run for run in runs if chosen.all or run.minutes <= CHEAP or run.name in chosen.asked]
    return measure_each(named, [run for run in runs if run not in named])


def load() -> Table:
    """Return the table of TABLE."""
    read = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    runs = [
        Run(**{**run, "figures": tuple(Figure(**figure) for figure in run["figures"])})
        for run in read["run"]
    ]
    given = [Given(one["homework"], one["why"], tuple(one["said"])) for one in read["given"]]
    return Table(tuple(runs), tuple(given))


def choose(runs: Iterable[Run], asked: list[str]) -> list[Run]:
    """Return the runs of the homeworks, and the runs, that were asked for.

    Raises:
        KitError: when there is none of what was asked for.
    """
    runs = list(runs)
    known = {name for run in runs for name in (run.homework, run.name)}
    for name in asked:
        if name not in known:
            raise KitError(f"no figure of {name}; choose one of {', '.join(sorted(known))}")
    return [run for run in runs if not asked or run.homework in asked or run.name in asked]


def show(table: Table, runs: list[Run], whole: bool) -> int:
    """Print the figures of runs with their commands; return 1 when a handout has a number without one.

    Args:
        whole: print what is given as well.
    """
    for run in runs:
        print(f"{run.name}: python -m {run.command} ({run.minutes:g} CPU min)")
        for figure in run.figures:
            print(f"  {_one_line(figure.said)}: {figure.path}")
    homeworks = dict.fromkeys(run.homework for run in runs)
    for one in table.given if whole else ():
        print(f"{one.homework}, {one.why}: {'; '.join(map(_one_line, one.said))}")
    missing = {name: without_command(_handout(name), table.said(name)) for name in homeworks}
    for name, numbers in missing.items():
        for number in numbers:
            print(f"NO COMMAND: {name}/README.md: {number}")
    return 1 if any(missing.values()) else 0


def without_command(handout: str, said: Iterable[str]) -> list[str]:
    """Return the numbers of a handout that stand in none of these words, with what is around them.

    Numbers are those with a decimal point or a thousands comma, and whole ones of minutes, seconds
    and per cents. What stands in code blocks, formulas and sources are settings.
    """
    text = handout.partition("\n## Sources")[0]
    text = re.sub(r"(?ms)^```.*?^```$|\$\$.*?\$\$|\$[^$\n]+\$", " ", text)
    text = _one_line(text)
    spans = [found.span() for one in said for found in re.finditer(re.escape(_one_line(one)), text)]
    return [
        text[max(0, number.start() - 30) : number.end() + 20]
        for number in NUMBER.finditer(text)
        if not any(low <= number.start() and number.end() <= high for low, high in spans)
    ]


def measure_each(runs: list[Run], left: list[Run]) -> int:
    """Measure runs and tell what moved and what was left out; return 1 when a figure moved."""
    print(f"about {sum(run.minutes for run in runs):.0f} CPU minutes", flush=True)
    moved = known = 0
    for run in runs:
        if run.needs and not any(folder.is_dir() for folder in source.folders(run.needs, None)):
            print(f"{run.name}: NOT MEASURED, {run.needs} is not on disk (KIT_DATA)")
            continue
        print(f"{run.name}: python -m {run.command}", flush=True)
        moved += report(run, measure(run))
        known += len(run.figures)
    if left:
        print(f"not measured (longer; --all, or name them): {', '.join(run.name for run in left)}")
    print(f"{moved} of {known} figures moved")
    return 1 if moved else 0


def measure(run: Run) -> dict:
    """Do what gives the figures, once, with the solutions; return what it found.

    Raises:
        KitError: when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="remeasure-") as folder:
        out = Path(folder) / "out"
        if run.code:
            return json.loads(_output(run, [sys.executable, "-c", run.code], solved_kit(ROOT, out)))
        module, *options = run.command.split()
        compared = module == "common.compare"
        asked = ["compare"] if compared else ["train", module.partition(".")[0]]
        _output(run, [sys.executable, "-m", "staff", *asked, *options, "--out", str(out)], ROOT)
        file = out / ("compare.json" if compared else "result.json")
        return json.loads(file.read_text(encoding="utf-8"))


def _output(run: Run, argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise KitError(f"{run.name} cannot be measured: {' '.join(last)}")
    return done.stdout


def report(run: Run, result: dict) -> int:
    """Print what the handout says and what was found; return how many moved."""
    moved = 0
    for figure in run.figures:
        value = lookup(result, figure.path)
        outside = not figure.low <= value <= figure.high
        moved += outside
        mark = "MOVED" if outside else "stands"
        said = _one_line(figure.said)
        print(f"  {mark}: {figure.path} is {value:.4g}; {run.homework}/README.md: {said}")
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
    raise KitError(f"there is no number at {path}; correct {TABLE.name}")


def _handout(homework: str) -> str:
    return (ROOT / homework / "README.md").read_text(encoding="utf-8")


def _one_line(text: str) -> str:
    return " ".join(text.split())
