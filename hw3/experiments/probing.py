"""Linear probing, full tuning, and one after the other, in and out of distribution (LP-FT)."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from common import plots
from common.statistics.intervals import confidence_interval
from hw3.data.pictures import CLASSES, INSIDE, KNOWN, OUTSIDE, Style, draw_classes
from hw3.experiments.folder import accuracies, begin, finish, interval
from hw3.experiments.measuring import by_seed, columns_of, measure_all, named_cells
from hw3.experiments.tuning import Pictures, Tuning, measure
from hw3.finetune import lp_ft
from hw3.models.loading import KIT, load, prepare


@dataclass(frozen=True)
class Settings:
    """The sizes of the experiment.

    Each rate is the one of 1e-4, 3e-4, 1e-3 and 3e-3 (of the probe: 3e-3, 1e-2 and 3e-2) with which its
    method is best out of distribution over the draws of seeds 500 to 504, which are never
    reported. So every method is seen at its best. The best rate of full tuning and of LP-FT is the same.
    BatchNorm moves wherever everything is tuned, as `freeze` says.
    """

    shots: int = 4  # pictures of each class to tune on
    probe_steps: int = 100
    steps: int = 100
    batch: int = 50
    test: int = 300
    probe_rate: float = 1e-2
    rate: float = 3e-4


SEEDS = 10
SETTINGS = Settings()
TINY = Settings(shots=1, probe_steps=6, steps=4, batch=25, test=50)
TESTS = {"in": INSIDE, "out": OUTSIDE}
HEAD = 0.3  # spread of a new head: random, as in the paper, and large enough to be felt
METHODS = {"linear": "probe only", "full": "everything at once", "lp-ft": "probe, then everything"}


def run(chosen: Namespace, folder: Path) -> None:
    """Tune on one kind of pictures; test on that kind and on another."""
    settings = TINY if chosen.tiny else SETTINGS
    rate = chosen.lr or settings.rate
    config = {
        "shots": settings.shots,
        "probe_steps": settings.probe_steps,
        "batch": settings.batch,
        "rates": [settings.probe_rate, rate],
    }
    record, seeds, steps = begin("probe-then-tune", chosen, folder, SEEDS, settings.steps, **config)
    phases = {
        "linear": (settings.probe_steps, 0),
        "full": (0, steps),
        "lp-ft": (settings.probe_steps, steps),
    }

    def measured(seed: int, name: str) -> dict[str, float]:
        torch.manual_seed(seed)
        model = load("kit")
        model.new_head(CLASSES)
        torch.nn.init.normal_(model.head.weight, std=HEAD)
        training = task(INSIDE, 80_000 + seed, CLASSES * settings.shots)
        tuning = Tuning(model, training, settings.batch, seed)
        lp_ft(tuning.run, *phases[name], settings.probe_rate, rate)
        return {
            test: measure(model, task(style, 90_000 + seed, settings.test))
            for test, style in TESTS.items()
        }

    rows = measure_all(record, named_cells(seeds, list(METHODS)), measured, by_seed)
    columns = columns_of(rows)
    gain = columns["lp-ft/out"] - columns["full/out"]  # paired: the same pictures
    finish(record, {**accuracies(rows), "gain_outside": interval(gain)})
    _draw(columns, record.path / "curves.png")


def task(style: Style, seed: int, count: int) -> Pictures:
    """Pictures of all classes in the forms of pre-training, of one style."""
    labels = np.resize(np.arange(CLASSES), count)
    images = draw_classes(np.random.RandomState(seed), labels, KNOWN, style)
    return Pictures(prepare(images, KIT), torch.from_numpy(labels))


def _draw(columns: dict[str, np.ndarray], path: Path) -> None:
    """A bar for each method, in distribution (left) and out of it (right)."""
    figure, axis = plots.new(width=6.4, height=4.2)
    for index, (method, label) in enumerate(METHODS.items()):
        values = [columns[f"{method}/{name}"] for name in TESTS]
        places = [at + 0.27 * (index - 1) for at in range(len(TESTS))]
        bars = axis.bar(
            places,
            [v.mean() for v in values],
            0.25,
            label=label,
            capsize=3,
            yerr=[confidence_interval(v) for v in values],
            color=plots.COLOURS[index],
        )
        axis.bar_label(bars, [f"{v.mean():.3f}" for v in values], padding=3, fontsize=9)
    axis.set_xticks(range(len(TESTS)), ["in distribution", "out of distribution"])
    axis.set(ylabel="accuracy, mean over seeds (95 % interval)", ylim=(0, 1.1))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
