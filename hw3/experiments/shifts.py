"""Which block to tune under which shift (Lee et al. 2023): a table of accuracies."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common import plots
from common.statistics.intervals import confidence_interval
from hw3.data import show
from hw3.data.pictures import CLASSES, KNOWN, NEW, Style, draw_classes
from hw3.experiments.folder import accuracies, begin, finish
from hw3.experiments.measuring import by_seed, columns_of, measure_all, named_cells
from hw3.experiments.tuning import Pictures, Tuning, measure
from hw3.models.loading import KIT, load, prepare


@dataclass(frozen=True)
class Settings:
    """The sizes of the experiment; the learning rates were chosen on draws of other seeds."""

    shots: int = 4  # pictures of each class to tune on
    steps: int = 60
    batch: int = 50
    test: int = 600


SEEDS = 5
SETTINGS = Settings()
TINY = Settings(shots=1, steps=6, batch=25, test=50)
RATES = {"first": 1e-2, "middle": 1e-2, "last": 3e-3, "linear": 1e-2, "full": 1e-3}
MODES = ("none", *RATES)  # "none": as it was pre-trained
SHIFTS: dict[str, dict[str, Any]] = {
    "input": {"style": Style(change="inverted")},  # dark for bright
    "feature": {"which": NEW},  # the same kinds in forms that were never seen
    "label": {"exchanged": True},  # the classes have other numbers
}
TITLES = {
    "input": "input\n(dark for bright)",
    "feature": "feature\n(new forms)",
    "label": "label\n(classes exchanged)",
}


def run(chosen: Namespace, folder: Path) -> None:
    """Tune each part under each shift, for several seeds."""
    settings = TINY if chosen.tiny else SETTINGS
    config = {"shots": settings.shots, "batch": settings.batch, "rates": RATES}
    record, seeds, steps = begin("shifts", chosen, folder, SEEDS, settings.steps, **config)
    show.write(record.path / "pictures.png")

    def measured(seed: int, name: str) -> dict[str, float]:
        shift, mode = name.split("/")
        training = task(shift, 30_000 + seed, CLASSES * settings.shots)
        model = load("kit")
        if mode != "none":
            torch.manual_seed(seed)
            Tuning(model, training, settings.batch, seed).run(mode, steps, RATES[mode])
        return {"accuracy": measure(model, task(shift, 40_000 + seed, settings.test))}

    names = [f"{shift}/{mode}" for shift in SHIFTS for mode in MODES]
    rows = measure_all(record, named_cells(seeds, names), measured, by_seed)
    finish(record, accuracies(rows))
    _draw(columns_of(rows), record.path / "curves.png")


def task(shift: str, seed: int, count: int) -> Pictures:
    """Pictures under a shift, equally many of each class."""
    labels = np.resize(np.arange(CLASSES), count)
    how = SHIFTS[shift]
    style, which = how.get("style", Style()), how.get("which", KNOWN)
    images = draw_classes(np.random.RandomState(seed), labels, which, style)
    labels = CLASSES - 1 - labels if how.get("exchanged") else labels
    return Pictures(prepare(images, KIT), torch.from_numpy(labels))


def _draw(columns: dict[str, np.ndarray], path: Path) -> None:
    """Draw the table as a picture: what is tuned against the shift."""
    figure, axis = plots.new(width=6.4, height=4.4)
    means = np.array([[columns[f"{s}/{m}"].mean() for s in SHIFTS] for m in MODES])
    axis.imshow(means, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for row, mode in enumerate(MODES):
        for column, shift in enumerate(SHIFTS):
            interval = confidence_interval(columns[f"{shift}/{mode}"])
            colour = "black" if means[row, column] > 0.6 else "white"
            axis.text(
                column,
                row,
                f"{means[row, column]:.3f} ± {interval:.3f}",
                color=colour,
                ha="center",
                va="center",
            )
    axis.set_xticks(range(len(SHIFTS)), [TITLES[shift] for shift in SHIFTS])
    axis.set_yticks(range(len(MODES)), MODES)
    axis.set(xlabel="shift", ylabel="what is tuned")
    axis.set_title("accuracy, mean over seeds ± 95 % interval", fontsize=10)
    axis.grid(False)
    print(f"picture: {plots.save(figure, path)}")
