"""Reference bands: shown beside a training's figures, with a warning when the run leaves its band.

`hwN/bands.json` holds, for an experiment and a data source, the settings of the reference runs and
for each metric the interval at every evaluation in which one more honest run is expected.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.experiments import prediction
from common.homework import ROOT
from common.training.reference import Reference
from common.training.runs import RunFolder

FILE = "bands.json"
NOT_SETTINGS = ("seed",)  # what may differ between a run and its reference


@dataclass(frozen=True)
class Band:
    """The band of one metric: at step `steps[i]` one more run belongs between `low[i]` and `high[i]`."""

    steps: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    lower_is_better: bool
    seeds: int

    def at(self, step: int) -> tuple[float, float] | None:
        """The interval at a step; None where reference runs were not evaluated."""
        if step not in self.steps:
            return None
        index = self.steps.index(step)
        return self.low[index], self.high[index]

    def worse_by(self, step: int, value: float) -> float:
        """Return the distance of a value beyond the worse side, in widths of the band; 0 inside."""
        interval = self.at(step)
        if interval is None:
            return 0.0
        low, high = interval
        beyond = value - high if self.lower_is_better else low - value
        return max(0.0, beyond / (high - low))


class ReferenceBands(Reference):
    """The bands of one run, and whether the run has left one.

    Args:
        bands: by metric, the one to look at first.
        note: why there are none, in one line; None when nothing is to be said.
    """

    bands: dict[str, Band]

    def __init__(self, bands: dict[str, Band] | None = None, note: str | None = None) -> None:
        self.bands, self.note = bands or {}, note
        self._outside: dict[str, int] = {}
        self._warned = False

    def beside(self, row: dict[str, float]) -> dict[str, str]:
        """Return the text beside the first metric that has a band: `reference 0.58 to 0.66`."""
        for metric, band in self.bands.items():
            interval = band.at(int(row["step"])) if metric in row else None
            if interval is not None:
                return {metric: "reference {:.3g} to {:.3g}".format(*interval)}
        return {}

    def warning(self, row: dict[str, float]) -> str | None:
        """One line, once: when a metric is worse than its band twice running, or far worse."""
        step = int(row["step"])
        for metric, band in self.bands.items():
            worse = band.worse_by(step, row[metric]) if metric in row else 0.0
            self._outside[metric] = self._outside.get(metric, 0) + 1 if worse else 0
            interval = band.at(step)
            if not self._warned and interval and (worse > 1 or self._outside[metric] == 2):
                self._warned = True
                low, high = interval
                return (
                    f"note: {metric} is {row[metric]:.3g} at step {step}; by {band.seeds} reference "
                    f"runs, {low:.3g} to {high:.3g} is expected: is something wrong?"
                )
        return None


def of_run(run: RunFolder, root: Path = ROOT) -> ReferenceBands:
    """The bands of a run: none where there is no reference, with a note where one is due.

    The bands of experiments that are compared open after a prediction: who has seen them cannot
    predict any more.
    """
    config = run.config
    homework, experiment = str(config.get("homework")), str(config.get("experiment"))
    reference = read(homework, root).get(experiment, {}).get(config["data"])
    if reference is None:
        return ReferenceBands()
    if changed := differences(config, reference["settings"]):
        name, own, its = changed[0]
        return ReferenceBands(
            note=f"no reference band: {name} is {own!r} here, and {its!r} in its runs"
        )
    for comparison in homeworks.load(homework, root).compared(experiment):
        if prediction.read(run.path.parent, comparison) is None:
            return ReferenceBands(note="the reference band opens after a prediction: --predict")
    try:
        return ReferenceBands(
            {
                metric: Band(
                    tuple(reference["steps"]),
                    tuple(band["low"]),
                    tuple(band["high"]),
                    band["better"] == "lower",
                    len(reference["seeds"]),
                )
                for metric, band in reference["metrics"].items()
            }
        )
    except (KeyError, TypeError) as error:
        raise KitError(f"{homework}/{FILE} is damaged: {error!r}; take it from the kit") from None


def read(homework: str | None, root: Path = ROOT) -> dict:
    """bands.json: experiment → data source → seeds, settings, steps, metrics; {} without one.

    Raises:
        KitError: when it cannot be read.
    """
    path = root / str(homework) / FILE
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise KitError(f"{homework}/{FILE} is damaged: {error}; take it from the kit") from None


def differences(config: dict, settings: dict) -> list[tuple[str, object, object]]:
    """(name, own value, other value) of every setting that differs, but for the seed."""
    names = [name for name in dict.fromkeys([*settings, *config]) if name not in NOT_SETTINGS]
    return [
        (name, config.get(name), settings.get(name))
        for name in names
        if config.get(name) != settings.get(name)
    ]
