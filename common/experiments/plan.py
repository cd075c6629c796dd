"""What a homework's table says of its experiments: homework.toml as training reads it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from common.errors import KitError
from common.homework import ROOT


@dataclass(frozen=True)
class Experiment:
    """One row of [[experiments]]; what is optional no problem with points asks for."""

    name: str
    command: str
    minutes: float
    optional: bool


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
        """Those that must have run before the curves can be compared."""
        return tuple(dict.fromkeys(experiment for experiment, _ in self.curves.values()))


@dataclass(frozen=True)
class Plan:
    """The experiments of a homework.

    Attributes:
        watched: metric → whether lower is better; the first is the one to look at.
    """

    homework: str
    experiments: tuple[Experiment, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    watched: dict[str, bool] | None = None

    def compared(self, experiment: str) -> list[Comparison]:
        """The comparisons that an experiment takes part in."""
        return [one for one in self.comparisons if experiment in one.experiments]

    def made_by(self, experiment: Experiment) -> tuple[str, ...]:
        """The runs that an experiment's command makes: its own, or those of a comparison."""
        for comparison in self.comparisons:
            if comparison.name == experiment.name:
                return comparison.experiments
        return (experiment.name,)


def homeworks(root: Path = ROOT) -> list[str]:
    """Those that are here, in order."""
    return sorted(path.parent.name for path in root.glob("hw[0-9]/homework.toml"))


def load(homework: str, root: Path = ROOT) -> Plan:
    """Read a homework's table.

    Raises:
        KitError: when there is no such homework, or its table cannot be read.
    """
    path = root / homework / "homework.toml"
    if not path.is_file():
        raise KitError(f"no homework {homework!r} here; there is {', '.join(homeworks(root))}")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return Plan(
            homework,
            tuple(_experiment(row) for row in table.get("experiments", ())),
            tuple(_comparison(row) for row in table.get("comparisons", ())),
            dict(_signed(name) for name in table.get("watched", ())),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise KitError(f"{homework}/homework.toml cannot be read: {error!r}") from None


def _experiment(row: dict) -> Experiment:
    optional = bool(row.get("optional", False))
    return Experiment(row["name"], row["command"], float(row["minutes"]), optional)


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
