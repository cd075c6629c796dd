"""A table of measurements, several seeds each, kept as they are made: a stopped run goes on."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from common.errors import Stopped
from common.files import write_text
from common.metrics import confidence_interval
from common.runs import RunFolder, read_checkpoint

Figures = dict[str, float]


class Table:
    """The cells of one experiment, in one run folder.

    Args:
        name: of the experiment.
        chosen: the command line.
        folder: of the run.
        seeds: how many; `--seeds` says otherwise, `--tiny` takes two.
        config: what else the run is made of.
    """

    def __init__(
        self, name: str, chosen: Namespace, folder: Path, seeds: int = 5, **config
    ) -> None:
        count = chosen.seeds or (2 if chosen.tiny else seeds)
        self.seeds = [100 * chosen.seed + index for index in range(count)]
        config = {"homework": "hw3", "experiment": name, "seed": chosen.seed,
                  "tiny": chosen.tiny, "seeds": count, **config}  # fmt: skip
        self.run = RunFolder(folder, config, chosen.resume)
        self.cells: dict[str, Figures] = {}
        if self.run.checkpoint_file.is_file():
            self.cells = read_checkpoint(self.run.checkpoint_file)["cells"]
        self.began = time.monotonic()

    def fill(
        self, names: Sequence[str], measure: Callable[[int, str], Figures]
    ) -> dict[str, np.ndarray]:
        """Measure what is not there yet, seed after seed.

        Args:
            names: of the cells.
            measure: (seed, name) → figures of the cell; depends on nothing else.

        Returns:
            "cell" or "cell/figure" → values, one a seed. (A cell's only figure has no name: "".)

        Raises:
            Stopped: after Ctrl-C; what was measured is kept.
        """
        live = sys.stdout.isatty()
        columns = (TextColumn("cell"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(),
                   TextColumn("{task.description}"))  # fmt: skip
        with Progress(*columns, disable=not live) as bar:
            row = bar.add_task("", total=len(self.seeds) * len(names))
            try:
                for seed in self.seeds:
                    for name in names:
                        bar.update(row, description=f"seed {seed}, {name}")
                        if f"{seed} {name}" not in self.cells:
                            self._keep(f"{seed} {name}", measure(seed, name))
                        bar.advance(row)
                    if not live:
                        done = self.seeds.index(seed) + 1
                        print(f"seed {seed}: {done} of {len(self.seeds)} done", flush=True)
                    self._write(names, seed)
            except KeyboardInterrupt:
                raise Stopped(f"stopped with {len(self.cells)} cells measured") from None
        rows = [self._row(names, seed) for seed in self.seeds]
        return {key: np.array([row[key] for row in rows]) for key in rows[0]}

    def result(self, columns: dict[str, np.ndarray], **others) -> None:
        """Write result.json: mean and 95 % interval of every column, and whatever else; say it."""
        figures = {
            key: {"mean": round(float(v.mean()), 4), "interval": round(confidence_interval(v), 4)}
            for key, v in columns.items()
        }
        for key, figure in figures.items():
            print(f"  {key}: {figure['mean']:.3f} ± {figure['interval']:.3f}")
        seconds = round(time.monotonic() - self.began, 1)
        result = {"accuracy": figures, **others, "seconds": seconds}
        write_text(self.run.path / "result.json", json.dumps(result, indent=2) + "\n")

    def _keep(self, key: str, figures: Figures) -> None:
        self.cells[key] = {name: float(value) for name, value in figures.items()}
        self.run.save_checkpoint({"config": self.run.config, "cells": self.cells})

    def _row(self, names: Sequence[str], seed: int) -> Figures:
        return {
            f"{name}/{figure}".removesuffix("/"): value
            for name in names
            for figure, value in self.cells[f"{seed} {name}"].items()
        }

    def _write(self, names: Sequence[str], last: int) -> None:
        """metrics.csv: one row for every seed so far."""
        done = self.seeds[: self.seeds.index(last) + 1]
        self.run.write_metrics([{"step": seed, **self._row(names, seed)} for seed in done])
