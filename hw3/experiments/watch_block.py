"""One tuning of the middle block under the feature shift, step by step."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from hw3.data.pictures import CLASSES
from hw3.experiments import shifts
from hw3.experiments.folder import open_folder
from hw3.experiments.tuning import Tuning, measure
from hw3.experiments.watching import Settings, Watch, relative_change, tune_and_watch
from hw3.models.loading import load

SETTINGS = Settings(steps=60, test=300)
TINY = Settings(steps=4, test=25)
SHIFT, MODE, MIDDLE = "feature", "middle", 2  # of four blocks, counted from 0


def run(chosen: Namespace, folder: Path) -> None:
    """Tune; measure new pictures, and which parts of the network have changed."""
    settings = TINY if chosen.tiny else SETTINGS
    steps = chosen.steps or settings.steps
    record = open_folder("watch-block", chosen, folder, **asdict(settings) | {"steps": steps})
    training = shifts.task(SHIFT, 130_000 + chosen.seed, CLASSES * shifts.SETTINGS.shots)
    test = shifts.task(SHIFT, 140_000 + chosen.seed, settings.test)
    model = load("kit")
    middle = list(model.blocks[MIDDLE].parameters())
    inside = {id(parameter) for parameter in middle}
    others = [parameter for parameter in model.parameters() if id(parameter) not in inside]
    statistics = [
        buffer
        for index, block in enumerate(model.blocks)
        for name, buffer in block.named_buffers()
        if index != MIDDLE and name.endswith(("running_mean", "running_var"))
    ]
    parts: dict[str, Sequence[torch.Tensor]] = {
        "middle_moved": middle,
        "others_moved": others,
        "statistics_moved": statistics,
    }
    before = {name: [t.detach().clone() for t in part] for name, part in parts.items()}

    def figures() -> dict[str, float]:
        shares = {name: relative_change(part, before[name]) for name, part in parts.items()}
        return {"accuracy": measure(model, test), **shares}

    def tune(watch: Watch) -> None:
        torch.manual_seed(chosen.seed)
        batch = shifts.SETTINGS.batch
        tuning = Tuning(
            model, training, batch, chosen.seed, after_step=partial(watch.note, figures)
        )
        tuning.run(MODE, steps, shifts.RATES[MODE])

    tune_and_watch(record, steps, tune)
