"""Parts that the experiments share: the run folder, the loop, the result."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from common import plots
from common.experiments.training import check_first, open_run, trainer_of
from common.training.step_timer import StepTimer
from common.training.trainer import LossOf

TINY = {"steps": 20, "batch": 8}
VALIDATION, TEST = 1000, 2000  # seeds of fixed tasks, the same for every run


@dataclass(frozen=True)
class Settings:
    """The length and the learning rate of an experiment's training."""

    steps: int
    batch: int
    lr: float

    def changed(self, chosen: Namespace) -> Settings:
        """Return the settings with what the command line says in place."""
        steps, batch = chosen.steps or self.steps, chosen.batch or self.batch
        if chosen.tiny:
            steps, batch = min(steps, TINY["steps"]), min(batch, TINY["batch"])
        return Settings(steps, batch, chosen.lr or self.lr)


class Fit:
    """One training: everything that is learned in one module, kept in one folder.

    An experiment that compares networks trains them side by side: they share no parameter, and
    Adam treats each parameter by itself, so that their summed loss trains each as it would alone.

    Args:
        name: of the experiment.
        chosen: the command line.
        settings: the experiment's own.
        folder: of the run.
        extra: what else the configuration holds.
    """

    def __init__(
        self, name: str, chosen: Namespace, settings: Settings, folder: Path, **extra: object
    ) -> None:
        self.settings = settings.changed(chosen)
        self.folder = open_run(
            "hw4",
            name,
            folder,
            chosen,
            "generated",
            asdict(settings),
            **asdict(self.settings),
            **extra,
        )
        self.rng = np.random.default_rng(chosen.seed)
        self.chosen = chosen
        self.timer = StepTimer()  # the trainer's, as soon as there is one
        self.bands: Mapping[
            str, plots.Band
        ] = {}  # of reference runs, for pictures: known after `train`

    def train(
        self, module: nn.Module, loss_of: LossOf, evaluate: Callable[[], dict[str, float]]
    ) -> list[dict[str, float]]:
        """Train by Adam with a rate that falls to nothing; the rows of metrics."""
        optimizer = torch.optim.Adam(module.parameters(), lr=self.settings.lr)
        steps = self.settings.steps
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: 0.5 + 0.5 * math.cos(math.pi * min(step, steps) / steps)
        )
        every = max(1, steps // 20)
        trainer = trainer_of(
            self.folder, self.chosen, module, optimizer, self.rng, steps, every, scheduler=schedule
        )
        self.timer = trainer.timer
        check_first(trainer, self.chosen, least=0.05)  # of a likelihood
        rows = trainer.fit(loss_of, evaluate)
        self.bands = trainer.reference.bands
        module.eval()
        return rows

    def result(self, figures: dict) -> None:
        """Write result.json and say it."""
        self.folder.finish(figures)
        for name, value in figures.items():
            print(f"  {name}: {round_all(value)}")
        print(f"  seconds: {self.folder.seconds:.1f}")

    def picture(self, name: str = "curves.png") -> Path:
        """Return the path of a picture of this run."""
        return self.folder.path / name


def round_all(value: Any) -> Any:
    """Numbers to four digits, in whatever they stand."""
    if isinstance(value, dict):
        return {key: round_all(part) for key, part in value.items()}
    if isinstance(value, list):
        return [round_all(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
