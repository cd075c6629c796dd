"""A trainer that knows the experiment it serves."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
import torch
from torch import nn

from common.experiments import reference_band
from common.training.runs import RunFolder
from common.training.step_timer import StepTimer
from common.training.trainer import Trainer


def trainer_of(
    run: RunFolder,
    chosen: Namespace,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    rng: np.random.Generator,
    steps: int,
    every: int,
    **more: Any,
) -> Trainer:
    """Make the trainer of an experiment: with its reference bands, and a timer where it is asked for.

    Args:
        chosen: the command line.
        more: the other attributes of a `Trainer`.
    """
    return Trainer(
        run, module, optimizer, rng, steps, every, timer=StepTimer(chosen.profile),
        reference=reference_band.of_run(run), **more,
    )  # fmt: skip
