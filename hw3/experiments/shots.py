"""Accuracy against the number of examples, for several ways to tune: new classes, a new head."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from common import plots
from common.statistics.intervals import confidence_interval
from hw3.data.pictures import draw
from hw3.experiments.folder import accuracies, begin, finish
from hw3.experiments.measuring import by_seed, columns_of, measure_all, named_cells
from hw3.experiments.tuning import Pictures, Tuning, measure
from hw3.models.loading import KIT, load, prepare

CLASSES = 10  # of the sixteen pairs of forms, drawn anew for every seed
LEFT, RIGHT = 2, 4  # kinds of the emblems: crossed and open, one and the same class in pre-training


@dataclass(frozen=True)
class Settings:
    """The sizes of the experiment; the learning rates were chosen on draws of other seeds."""

    shots: tuple[int, ...] = (1, 8, 64)  # pictures of each class to tune on
    steps: int = 60
    batch: int = 40
    test: int = 400


SEEDS = 5
SETTINGS = Settings()
TINY = Settings(shots=(1, 8), steps=4, batch=10, test=40)
RATES = {"linear": 1e-2, "bias": 1e-2, "lora3": 1e-2, "last": 3e-3, "full": 1e-3}


def run(chosen: Namespace, folder: Path) -> None:
    """Tune in every mode with every number of examples, for several seeds."""
    settings = TINY if chosen.tiny else SETTINGS
    config = {"shots": list(settings.shots), "batch": settings.batch, "rates": RATES}
    record, seeds, steps = begin("shots", chosen, folder, SEEDS, settings.steps, **config)

    def measured(seed: int, name: str) -> dict[str, float]:
        shots, mode = name.split("/")
        training, test = tasks(seed, int(shots), settings.test)
        model = load("kit")
        model.new_head(CLASSES)
        torch.manual_seed(seed)
        tuning = Tuning(model, training, settings.batch, seed, with_head=True)
        tuning.run(mode, steps, RATES[mode])
        return {"accuracy": measure(model, test)}

    names = [f"{k}/{mode}" for k in settings.shots for mode in RATES]
    rows = measure_all(record, named_cells(seeds, names), measured, by_seed)
    finish(record, {**accuracies(rows), "tuned": {mode: share(mode) for mode in RATES}})
    _draw(columns_of(rows), settings.shots, record.path / "curves.png")


def tasks(seed: int, shots: int, test: int) -> tuple[Pictures, Pictures]:
    """Pictures to tune on and pictures to test on, of classes that belong to the seed."""
    pairs = np.random.RandomState(50_000 + seed).permutation(16)[:CLASSES]
    forms = np.stack([4 * LEFT + pairs // 4, 4 * RIGHT + pairs % 4], axis=1)

    def some(count: int, source: int) -> Pictures:
        labels = np.resize(np.arange(CLASSES), count)
        images = draw(np.random.RandomState(source + seed), forms[labels])
        return Pictures(prepare(images, KIT), torch.from_numpy(labels))

    return some(CLASSES * shots, 60_000), some(test, 70_000)


def share(mode: str) -> dict[str, float]:
    """Count the parameters that a mode trains beside the new head, and their share of the network's."""
    model = load("kit", random=True)
    model.new_head(CLASSES)
    head = sum(p.numel() for p in model.head.parameters())
    whole = sum(p.numel() for p in model.parameters()) - head
    nothing = Pictures(torch.empty(0, 3, 32, 32), torch.empty(0, dtype=torch.long))
    Tuning(model, nothing, 1, 0, with_head=True).run(mode, 0, 0.0)
    tuned = sum(p.numel() for p in model.parameters() if p.requires_grad) - head
    return {"parameters": tuned, "share": round(tuned / whole, 4)}


def _draw(columns: dict[str, np.ndarray], shots: tuple[int, ...], path: Path) -> None:
    """One curve a mode, with intervals; the points stand side by side."""
    figure, axis = plots.new(width=6.4, height=4.4)
    for index, mode in enumerate(RATES):
        values = [columns[f"{k}/{mode}"] for k in shots]
        places = [k * 1.06 ** (index - len(RATES) // 2) for k in shots]
        axis.errorbar(
            places,
            [v.mean() for v in values],
            capsize=3,
            marker="o",
            markersize=4,
            yerr=[confidence_interval(v) for v in values],
            label=mode,
            **plots.style(index),
        )
    axis.set(
        xlabel="examples of each class",
        xscale="log",
        ylim=(0, 1),
        ylabel=f"accuracy, {CLASSES} new classes (95 % interval)",
    )
    axis.set_xticks(shots, [str(k) for k in shots])
    axis.minorticks_off()
    axis.axhline(1 / CLASSES, color="grey", linewidth=0.8, label="chance")
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
