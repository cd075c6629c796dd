"""Parts that the experiments share: seeds, settings, run folder, result."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from common.experiments.training import open_run
from common.statistics.intervals import confidence_interval
from common.training.runs import RunFolder
from hw3.experiments.measuring import Row, columns_of


@dataclass(frozen=True)
class Settings:
    """How much an experiment with language measures.

    Attributes:
        seeds: repetitions.
        tasks: in each repetition.
        queries: asked of each task.
        steps, rate: of fine-tuning, where there is any.
    """

    seeds: int
    tasks: int = 1
    queries: int = 100
    steps: int = 0
    rate: float = 0.0


def adjust(settings: Settings, chosen: Namespace) -> Settings:
    """Return the settings, changed by the command line's steps, rate and size."""
    if chosen.steps:
        settings = replace(settings, steps=chosen.steps)
    if chosen.lr:
        settings = replace(settings, rate=chosen.lr)
    if chosen.tiny:
        settings = replace(
            settings, tasks=1, queries=min(settings.queries, 6), steps=min(settings.steps, 3)
        )
    return replace(settings, seeds=len(seeds_of(chosen, settings.seeds)))


def seeds_of(chosen: Namespace, usual: int) -> list[int]:
    """The seeds of the repetitions; another `--seed` has none of them.

    Args:
        usual: how many; `--seeds` says otherwise, `--tiny` takes two at most.
    """
    count = chosen.seeds or (min(usual, 2) if chosen.tiny else usual)
    return [100 * chosen.seed + index for index in range(count)]


def open_folder(
    name: str, chosen: Namespace, folder: Path, data: str = "generated", **config: Any
) -> RunFolder:
    """The run folder of an experiment.

    Args:
        config: what else the run is made of.
    """
    return open_run("hw3", name, folder, chosen, data, **config)


def begin(
    name: str, chosen: Namespace, folder: Path, usual: int, steps: int, **config: Any
) -> tuple[RunFolder, list[int], int]:
    """The run folder of an experiment with pictures, its seeds, and the steps of tuning.

    Args:
        usual: how many seeds; see `seeds_of`.
        steps: the experiment's own; `--steps` says otherwise.
        config: what else the run is made of.
    """
    seeds, steps = seeds_of(chosen, usual), chosen.steps or steps
    record = open_folder(name, chosen, folder, seeds=len(seeds), steps=steps, **config)
    return record, seeds, steps


def interval(values: np.ndarray) -> dict[str, float]:
    """Mean, and half the width of its 95 % interval."""
    mean, half = float(np.mean(values)), confidence_interval(values)
    return {"mean": round(mean, 4), "interval": round(half, 4)}


def accuracies(rows: Sequence[Row]) -> dict:
    """Return the entry of result.json for named cells: their means over the seeds."""
    return {"accuracy": {name: interval(values) for name, values in columns_of(rows).items()}}


def finish(record: RunFolder, figures: dict) -> None:
    """Write result.json and say it; pairs are a mean and half its 95 % interval."""
    record.finish(figures)
    for line in _lines(figures):
        print(f"  {line}")
    print(f"  seconds: {record.seconds:.1f}")


def _lines(figures: dict) -> Iterator[str]:
    """One line a figure, its path before it."""
    for name, value in figures.items():
        if isinstance(value, dict) and set(value) == {"mean", "interval"}:
            value = [value["mean"], value["interval"]]
        if isinstance(value, dict):
            yield from (f"{name}, {line}" for line in _lines(value))
        elif isinstance(value, list | tuple):
            yield f"{name}: {value[0]:.3f}" + (f" ± {value[1]:.3f}" if value[1] == value[1] else "")
        else:
            yield f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}"
