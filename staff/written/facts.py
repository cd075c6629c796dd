"""Numbers of a student's runs, each with its address: `rate-0.4/test_accuracy`, `prior/noise`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.files import untrusted
from common.report.references import intervals_beside
from common.statistics.intervals import confidence_interval

_SEED = re.compile(r"-seed-?(\d+)$")
LARGEST = 4 * 2**20  # bytes of a JSON file that is read
_STEP_COLUMNS = ("step", "epoch")  # columns that say when


@dataclass(frozen=True)
class Fact:
    """One number of a run.

    Attributes:
        address: run and key, `maml/test_accuracy`.
        half: half of its interval, where the run states one.
        when: step or epoch of a row of metrics.csv; none for what stands at the end.
        tiny: whether it is of a `--tiny` run.
    """

    address: str
    value: float
    half: float | None = None
    when: float | None = None
    tiny: bool = False

    @property
    def run(self) -> str:
        return self.address.partition("/")[0]


def read(runs: Path) -> list[Fact]:
    """Every number of the runs in a folder, with means over seeds; empty when there is none."""
    facts: list[Fact] = []
    for path in sorted(runs.iterdir()) if runs.is_dir() else ():
        if path.is_dir():
            facts += _of_run(path)
        elif path.suffix == ".json":
            facts += _numbers(path.name, _content(path), tiny=False)
    return facts + _over_seeds(facts)


def options(folders: Iterable[Path]) -> frozenset[float]:
    """Every number among the options of the runs in these folders, and in the runs' names."""
    found: set[float] = set()
    for runs in folders:
        for path in runs.iterdir() if runs.is_dir() else ():
            found |= {f.value for f in _numbers("", _content(path / "config.json"), tiny=False)}
            found |= {float(number) for number in re.findall(r"\d+\.\d+", path.name)}
    return frozenset(found)


def name_of(folder: Path) -> str:
    """The name of a run's folder without its seed."""
    return _SEED.sub("", folder.name)


def _of_run(folder: Path) -> Iterator[Fact]:
    config = _content(folder / "config.json")
    if not isinstance(config, dict):
        config = {}
    tiny, name = config.get("tiny") is True, name_of(folder)
    found = list(_numbers(name, _content(folder / "result.json"), tiny))
    yield from found
    yield from _corrected(found, config.get("way"))
    try:
        rows = list(untrusted.numbers_of(untrusted.read(folder / "metrics.csv", LARGEST)))
    except untrusted.Unreadable:
        return
    yield from _curves(name, rows, tiny)


def _curves(name: str, rows: list[dict[str, float]], tiny: bool) -> Iterator[Fact]:
    """Every number of metrics.csv, and the last, largest and smallest of each column."""
    for column in rows[0] if rows else ():
        values = [row[column] for row in rows if math.isfinite(row.get(column, math.nan))]
        if column in _STEP_COLUMNS or not values:
            continue
        for word, value in (("last", values[-1]), ("max", max(values)), ("min", min(values))):
            yield Fact(f"{name}/{word}/{column}", value, tiny=tiny)
        for row in rows:
            for step in _STEP_COLUMNS:
                if step in row and math.isfinite(row.get(column, math.nan)):
                    yield Fact(f"{name}/{column}", row[column], when=row[step], tiny=tiny)


def _content(path: Path) -> Any:
    """The value of a JSON file; None for one that cannot be read."""
    try:
        return untrusted.json_of(untrusted.read(path, LARGEST))
    except untrusted.Unreadable:
        return None


def _numbers(address: str, value: Any, tiny: bool, half: float | None = None) -> Iterator[Fact]:
    """The numbers inside a value of a JSON file; a pair in a list is a mean and its interval."""
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from _numbers(f"{address}/{key}", inside, tiny, _half_of(key, value))
    elif isinstance(value, list):
        if len(value) == 2 and all(_is_number(one) for one in value):
            yield from _numbers(address, value[0], tiny, float(value[1]))
        else:
            for place, inside in enumerate(value):
                yield from _numbers(f"{address}/{place}", inside, tiny)
    elif _is_number(value) and math.isfinite(value):
        yield Fact(address, float(value), half, tiny=tiny)


def _half_of(key: str, beside: dict) -> float | None:
    """Half of the interval that stands beside a number: `test_interval`, or `interval`."""
    for name in intervals_beside(key):
        if _is_number(beside.get(name)):
            return float(beside[name])
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _corrected(facts: list[Fact], way: Any) -> Iterator[Fact]:
    """Accuracies on the scale whose 0 is chance: (a - 1/N) / (1 - 1/N)."""
    if not _is_number(way) or way < 2:
        return
    span = 1 - 1 / way
    for fact in facts:
        if fact.address.endswith("test_accuracy"):
            half = None if fact.half is None else fact.half / span
            yield Fact(f"{fact.run}/scale", (fact.value - 1 / way) / span, half, tiny=fact.tiny)


def _over_seeds(facts: list[Fact]) -> list[Fact]:
    """The mean over the seeds of what stands at one address in several runs."""
    together: dict[str, list[float]] = {}
    for fact in facts:
        if fact.when is None and not fact.tiny:
            together.setdefault(fact.address, []).append(fact.value)
    return [
        Fact(address, math.fsum(values) / len(values), confidence_interval(values))
        for address, values in together.items()
        if len(values) > 1
    ]
