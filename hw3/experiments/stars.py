"""Warm-up: how many stars does a review give? Tuned on a few reviews of each."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common import plots
from hw3.data.tasks import stars
from hw3.experiments.adapting import fine_tune, share_right
from hw3.experiments.drawing import against_examples
from hw3.experiments.folder import Settings, adjust, finish, open_folder, seeds_of
from hw3.experiments.measuring import measure_all, summary
from hw3.models.language import kit_model

SETTINGS = Settings(seeds=5, queries=300, steps=80, rate=1e-3)
COUNTS = (1, 8, 128)  # reviews of each number of stars


def run(chosen: Namespace, folder: Path) -> None:
    """Tune all weights of the large model on k reviews of each number of stars."""
    settings = adjust(SETTINGS, chosen)
    record = open_folder("stars", chosen, folder, **asdict(settings))
    language, task = kit_model("large"), stars()

    def measure(seed: int, k: int) -> dict[str, float]:
        rng = np.random.default_rng([seed, k])
        examples = task.draw(rng, k * len(task.names))
        queries = task.draw(rng, settings.queries)
        adapted = fine_tune(
            language, examples, "full", task.style, settings.steps, settings.rate, seed
        )
        return {
            "before": share_right(language, [], queries, task.names, task.style, seed),
            "training": share_right(adapted, [], examples, task.names, task.style, seed),
            "accuracy": share_right(adapted, [], queries, task.names, task.style, seed),
        }

    counts = COUNTS[:2] if chosen.tiny else COUNTS
    seeds = seeds_of(chosen, settings.seeds)
    rows = measure_all(record, [{"seed": s, "k": k} for s in seeds for k in counts], measure)
    figures = {
        name: {f"k={k:g}": pair for k, pair in summary(rows, "k", name).items()}
        for name in ("before", "training", "accuracy")
    }
    _draw(rows, counts, record.path / "curves.png")
    finish(record, figures)


def _draw(rows: list[dict[str, Any]], counts: tuple[int, ...], path: Path) -> None:
    """Accuracy on new reviews and on those of training, against k."""
    figure, axis = plots.new()
    labels = {"accuracy": "new reviews", "training": "reviews of training"}
    against_examples(axis, rows, labels, counts)
    axis.axhline(0.2, color="grey", linewidth=0.8, linestyle=":", label="chance")
    axis.set(xlabel="reviews of each number of stars", ylabel="accuracy", ylim=(0, 1.02))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
