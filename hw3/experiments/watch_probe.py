"""One tuning by LP-FT, step by step: half of the steps are the probe's."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from hw3.data.pictures import CLASSES
from hw3.experiments import probing
from hw3.experiments.folder import open_folder
from hw3.experiments.tuning import Tuning, measure
from hw3.experiments.watching import Settings, Watch, relative_change, tune_and_watch
from hw3.finetune import lp_ft
from hw3.models.loading import load

SETTINGS = Settings(steps=80, test=200)
TINY = Settings(steps=4, test=25)
RATE = 1e-3  # of tuning: larger than the experiment's, so that what a mistake does is seen


def run(chosen: Namespace, folder: Path) -> None:
    """Tune; measure both kinds of new pictures, and how far head and blocks have changed."""
    settings = TINY if chosen.tiny else SETTINGS
    steps = chosen.steps or settings.steps
    record = open_folder("watch-probe", chosen, folder, **asdict(settings) | {"steps": steps})
    usual, seed = probing.SETTINGS, chosen.seed
    training = probing.task(probing.TESTS["in"], 180_000 + seed, CLASSES * usual.shots)
    tests = {
        f"{name}_accuracy": probing.task(style, 190_000 + seed, settings.test)
        for name, style in probing.TESTS.items()
    }
    torch.manual_seed(seed)
    model = load("kit")
    model.new_head(CLASSES)
    torch.nn.init.normal_(model.head.weight, std=probing.HEAD)
    parts = {"head_moved": model.head, "blocks_moved": model.blocks}
    before = {name: [p.detach().clone() for p in part.parameters()] for name, part in parts.items()}

    def figures() -> dict[str, float]:
        found = {name: measure(model, test) for name, test in tests.items()}
        return found | {
            n: relative_change(part.parameters(), before[n]) for n, part in parts.items()
        }

    def tune(watch: Watch) -> None:
        tuning = Tuning(model, training, usual.batch, seed, after_step=partial(watch.note, figures))
        probe = steps // 2
        lp_ft(tuning.run, probe, steps - probe, usual.probe_rate, RATE)

    tune_and_watch(record, steps, tune)
