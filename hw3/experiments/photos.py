"""The same on real photographs (optional): five classes, five photographs of each, real weights."""

from __future__ import annotations

import copy
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from common import plots
from common.statistics.intervals import confidence_interval
from common.statistics.metrics import accuracy
from hw3.data import photos
from hw3.experiments.folder import accuracies, finish, open_folder, seeds_of
from hw3.experiments.measuring import by_seed, columns_of, measure_all, named_cells
from hw3.experiments.tuning import Pictures, Tuning, measure
from hw3.models.classifier import Classifier
from hw3.models.loading import PREPARATIONS, load

WAY, SHOT = 5, 5


@dataclass(frozen=True)
class Settings:
    """The sizes of the experiment."""

    query: int = 15  # photographs of each class to test on
    seeds: int = 5  # each another task
    batch: int = 25


SETTINGS = Settings()
TINY = Settings(query=2, batch=5)
STEPS = {"linear": 100, "last": 30, "lora4": 15, "full": 15}  # few where a step is expensive
RATES = {"linear": 1e-2, "last": 1e-3, "lora4": 1e-3, "full": 3e-4}
METHODS = ("centroid", *RATES)  # "centroid": the nearest mean of frozen features, for comparison


def run(chosen: Namespace, folder: Path) -> None:
    """Tune in every mode on tasks of both sets."""
    settings = TINY if chosen.tiny else SETTINGS
    few = chosen.steps or (1 if chosen.tiny else None)
    steps = {mode: few or count for mode, count in STEPS.items()}
    pretrained = load(chosen.model, chosen.data)
    how = PREPARATIONS[chosen.model]
    each = SHOT + settings.query if chosen.tiny else photos.EACH
    sets = {name: photos.load(name, how, chosen.data, each) for name in photos.SETS}
    print(f"data: photos ({', '.join(sets)}), {how.side} pixels; weights of {chosen.model}")
    seeds = seeds_of(chosen, settings.seeds)
    record = open_folder(
        "photos",
        chosen,
        folder,
        "photos",
        seeds=len(seeds),
        model=chosen.model,
        steps=steps,
        query=settings.query,
        rates=RATES,
    )

    def measured(seed: int, name: str) -> dict[str, float]:
        data, method = name.split("/")
        training, test = sets[data].task(seed, WAY, SHOT, settings.query)
        model = copy.deepcopy(pretrained)
        if method == "centroid":
            return {"accuracy": nearest_centroid(model, training, test)}
        model.new_head(WAY)
        torch.manual_seed(seed)
        tuning = Tuning(model, training, settings.batch, seed, with_head=True)
        tuning.run(method, steps[method], RATES[method])
        return {"accuracy": measure(model, test)}

    names = [f"{data}/{method}" for data in sets for method in METHODS]
    rows = measure_all(record, named_cells(seeds, names), measured, by_seed)
    finish(record, accuracies(rows))
    _draw(columns_of(rows), list(sets), record.path / "curves.png")


@torch.no_grad()
def nearest_centroid(model: Classifier, training: Pictures, test: Pictures) -> float:
    """Accuracy when each picture gets the class whose mean feature is the nearest."""
    model.eval()
    model.head = torch.nn.Identity()  # type: ignore[assignment]  # the features are wanted
    known, asked = model(training.images), model(test.images)
    centres = torch.stack([known[training.labels == label].mean(0) for label in range(WAY)])
    return accuracy(-torch.cdist(asked, centres), test.labels)


def _draw(columns: dict[str, np.ndarray], sets: list[str], path: Path) -> None:
    """A bar for each method, for each set."""
    figure, axis = plots.new(width=6.8, height=4.2)
    width = 0.8 / len(METHODS)
    for index, method in enumerate(METHODS):
        values = [columns[f"{data}/{method}"] for data in sets]
        places = [at + width * (index - (len(METHODS) - 1) / 2) for at in range(len(sets))]
        axis.bar(
            places,
            [v.mean() for v in values],
            0.9 * width,
            label=method,
            capsize=3,
            yerr=[confidence_interval(v) for v in values],
            color=plots.COLOURS[index],
        )
    axis.set_xticks(range(len(sets)), sets)
    axis.axhline(1 / WAY, color="grey", linewidth=0.8, label="chance")
    axis.set(ylabel=f"accuracy, {WAY}-way {SHOT}-shot (95 % interval)", ylim=(0, 1.1))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
