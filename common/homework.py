"""homework.toml → Homework and its Problems: the one source of points, files and limits."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from common.errors import KitError
from common.kit import course

ROOT = Path(__file__).resolve().parents[1]  # of the kit
NAME = re.compile(r"hw\d+")
KINDS = ("code", "plot", "written", "run", "extra")
PUBLIC_SEED = 0  # whose recorded inputs and answers the students' kit holds


@dataclass(frozen=True)
class Problem:
    """One problem: `kind` says who grades it (code and extra by checks, run by the course grader,
    plot and written by people, unless `graded_by` names a program)."""

    id: str
    title: str
    points: float
    kind: str
    hole: str | None = None  # "mann.py:MANN.forward" where code is to be written
    graded_by: str | None = None  # "diagnosis": recorded curves, judged by the course grader
    points_by_checks: float | None = None  # of extra credit that people grade, too; None is all

    @property
    def by_checks(self) -> float:
        """The points that checks can give; people give the others."""
        return self.points if self.points_by_checks is None else self.points_by_checks

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"problem {self.id} has kind {self.kind!r}")

    @property
    def checked(self) -> bool:
        return self.kind in ("code", "extra")

    @property
    def file(self) -> str | None:
        """The file of its hole."""
        return self.hole.split(":")[0] if self.hole else None


@dataclass(frozen=True)
class Experiment:
    """One run, or group of runs, that a homework asks for.

    Attributes:
        minutes: on two CPU cores.
        optional: no problem with points asks for it.
        hand_in: `submit` packs its run.
        points: what the run earns on fresh tasks, and `least`: the accuracy for it, by data source.
    """

    name: str
    command: str
    minutes: float
    optional: bool = False
    hand_in: bool = False
    points: float = 0
    least: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Curves that are compared, and whose order can be predicted.

    Attributes:
        name: as `--experiment` knows it.
        metric: what is compared: its value at the last evaluation, or its mean.
        lower: whether the lowest curve wins.
        curves: a curve's name → (its experiment, its column in metrics.csv).
        mean_over: where a row is a repetition and no step: the mean counts, over the rows that have
            these values in these columns; None: the last row counts.
    """

    name: str
    metric: str
    lower: bool
    curves: dict[str, tuple[str, str]]
    mean_over: dict[str, float] | None = None

    @property
    def experiments(self) -> tuple[str, ...]:
        """Return the experiments that must have run before the curves can be compared."""
        return tuple(dict.fromkeys(experiment for experiment, _ in self.curves.values()))


@dataclass(frozen=True)
class Homework:
    """A homework's table.

    Attributes:
        files: what is handed in.
        preload: imported once, before the worker forks.
        time_limit: seconds for one check.
        hint_level: the most that is told: 1 what differed, 2 the idea, 3 causes.
        hints_open: from when on level 3 is told, where a release left it out until then.
        watched: metrics with a reference band → whether lower is better; the first is the one to
            look at.
        made_by: a file of a report → the command that makes it.
        dropped: problems that the course leaves out: they have no points, no checks and no rows.
        yours: names that the kit assigns in a file to hand in, and that students may change.
    """

    name: str
    title: str
    files: tuple[str, ...]
    preload: tuple[str, ...] = ()
    time_limit: float = 10
    hint_level: int = 3
    hints_open: str = ""
    problems: tuple[Problem, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    watched: dict[str, bool] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)
    root: Path = ROOT
    dropped: tuple[Problem, ...] = ()
    yours: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return self.root / self.name

    @property
    def checks(self) -> Path:
        return self.root / "autograder" / "checks" / self.name

    def hints(self, asked: int | None) -> int:
        """The hint level in force: what is asked for, as far as this kit tells it."""
        return self.hint_level if asked is None else min(asked, self.hint_level)

    @property
    def stubs(self) -> Path:
        """The files to hand in as the kit gives them, whatever is written into them by now."""
        return self.checks / "stubs"

    @property
    def number(self) -> int:
        return _number(self.name)

    @property
    def diagnosis(self) -> Problem | None:
        """The problem about recorded curves, where there is one."""
        return next((p for p in self.problems if p.graded_by == "diagnosis"), None)

    @property
    def measured(self) -> tuple[Experiment, ...]:
        """The experiments whose runs are handed in and earn points on fresh tasks."""
        return tuple(one for one in self.experiments if one.hand_in and one.points)

    def due(self, now: datetime | None = None) -> str:
        """Say when it is due, in one line; "" where no course says so, or it is long past."""
        deadline = course.deadline(self.name, self.root)
        return deadline.told(now or datetime.now(UTC)) if deadline else ""

    def problem(self, ident: str) -> Problem:
        """The problem of this id.

        Raises:
            KitError: when there is none.
        """
        for problem in self.problems:
            if problem.id == ident:
                return problem
        if ident in (problem.id for problem in self.dropped):
            raise KitError(f"{self.name} {ident} is left out this term")
        known = ", ".join(p.id for p in self.problems if p.checked)
        raise KitError(f"{self.name} has no problem {ident!r}; it has {known}")

    def compared(self, experiment: str) -> list[Comparison]:
        """The comparisons that an experiment takes part in."""
        return [one for one in self.comparisons if experiment in one.experiments]

    def runs_of(self, experiment: Experiment) -> tuple[str, ...]:
        """The runs that an experiment's command makes: its own, or those of a comparison."""
        for comparison in self.comparisons:
            if comparison.name == experiment.name:
                return comparison.experiments
        return (experiment.name,)

    @property
    def asked_for(self) -> frozenset[str]:
        """The names of all runs that the experiments of the table make."""
        return frozenset(name for one in self.experiments for name in self.runs_of(one))

    def command_for(self, made: str) -> str:
        """Return the command that makes a run, or a file of a report, whatever its seed."""
        made = re.sub(r"-seed-?\d+", "", made)
        commands = {one.name: one.command for one in self.experiments} | self.made_by
        return commands.get(made, "train it, or correct its name in writeup.md")


def names(root: Path = ROOT) -> list[str]:
    """The homeworks that are here, by number."""
    found = (path.parent.name for path in root.glob("hw*/homework.toml"))
    return sorted(filter(NAME.fullmatch, found), key=_number)


def name_of(word: str) -> str:
    """The name of a homework as `load` takes it, from what fingers type: `HW1`, `hw1/`, `1`."""
    plain = word.strip().replace("\\", "/").rstrip("/").lower().removeprefix("./")
    return f"hw{int(plain)}" if plain.isdecimal() else plain


def load(name: str, root: Path = ROOT, drop: Iterable[str] | None = None) -> Homework:
    """Read a homework's table.

    Args:
        drop: the problems that are left out, such as "hw1.X"; None asks the course's own file.

    Raises:
        KitError: for an unknown homework or a table that cannot be read.
    """
    if name not in names(root):
        known = ", ".join(names(root)) or "none"
        raise KitError(f"no homework {name!r} here; choose one of {known}")
    try:
        table = _parsed((root / name / "homework.toml").read_text(encoding="utf-8"))
        homework = _homework(name, table, root)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise KitError(f"{name}/homework.toml cannot be read: {error}") from None
    drop = course.dropped_problems(root) if drop is None else drop
    for one in drop:
        if one.split(".")[0] not in names(root):
            raise KitError(f'course.toml drops "{one}"; there is {", ".join(names(root))}')
    own = {one.removeprefix(f"{name}.") for one in drop if one.startswith(f"{name}.")}
    return _without(homework, own) if own else homework


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> dict:
    """The table that a text holds: one process asks for the same many times."""
    return tomllib.loads(text)


def _without(homework: Homework, dropped: set[str]) -> Homework:
    """The homework without some of its problems: their points, and files that only they need."""
    known = {problem.id for problem in homework.problems}
    for ident in sorted(dropped - known):
        raise KitError(
            f'course.toml drops "{homework.name}.{ident}"; {homework.name} has '
            f"{', '.join(sorted(known))}"
        )
    kept = tuple(one for one in homework.problems if one.id not in dropped)
    left_out = tuple(one for one in homework.problems if one.id in dropped)
    needless = {one.file for one in left_out} - {one.file for one in kept}
    runs_count = any(one.kind == "run" for one in kept)
    return replace(
        homework,
        problems=kept,
        dropped=left_out,
        files=tuple(name for name in homework.files if name not in needless),
        experiments=tuple(
            one if runs_count else replace(one, points=0, hand_in=False)
            for one in homework.experiments
        ),
    )


def _homework(name: str, table: dict, root: Path) -> Homework:
    return Homework(
        name=name,
        title=table["title"],
        files=tuple(table["files"]),
        preload=tuple(table.get("preload", ())),
        time_limit=float(table.get("time_limit", 10)),
        hint_level=int(table.get("hint_level", 3)),
        hints_open=str(table.get("hints_open", "")),
        problems=tuple(Problem(**row) for row in table["problems"]),
        experiments=tuple(Experiment(**row) for row in table.get("experiments", ())),
        comparisons=tuple(_comparison(row) for row in table.get("comparisons", ())),
        watched=dict(_signed(metric) for metric in table.get("watched", ())),
        made_by=dict(table.get("made_by", {})),
        yours=tuple(table.get("yours", ())),
        root=root,
    )


def _comparison(row: dict) -> Comparison:
    metric, lower = _signed(row["metric"])
    if "columns" in row:
        curves = {curve: (row["name"], column) for curve, column in row["columns"].items()}
    else:
        curves = {name: (name, metric) for name in row["experiments"]}
    return Comparison(row["name"], metric, lower, curves, row.get("mean_over"))


def _signed(name: str) -> tuple[str, bool]:
    """A metric's name, and whether a "-" before it says that lower is better."""
    return name.removeprefix("-"), name.startswith("-")


def _number(name: str) -> int:
    return int(name.removeprefix("hw"))
