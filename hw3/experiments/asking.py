"""In-context learning: accuracy against the number of examples in the prompt, at two sizes."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common import plots
from common.statistics.intervals import confidence_interval
from hw3.data.tasks import opinions
from hw3.experiments.adapting import share_right
from hw3.experiments.drawing import against_examples
from hw3.experiments.folder import Settings, adjust, finish, open_folder, seeds_of
from hw3.experiments.measuring import measure_all, summary
from hw3.models.language import kit_model

SETTINGS = Settings(seeds=5, tasks=10, queries=20)
COUNTS = (0, 1, 4, 16)
SHOWN = {
    "small_plain": "small model",
    "large_plain": "large model",
    "large_question": "large, question and answer",
    "large_summary": "large, summary cue",
    "large_own": "large, my own style",
}


def run(chosen: Namespace, folder: Path) -> None:
    """Ask both models about new tasks, with more and more examples, in all styles."""
    settings = adjust(SETTINGS, chosen)
    record = open_folder("in-context", chosen, folder, **asdict(settings))
    models = {size: kit_model(size) for size in ("small", "large")}

    def measure(seed: int, k: int) -> dict[str, float]:
        rng = np.random.default_rng([seed, k])
        found: dict[str, list[float]] = {name: [] for name in SHOWN}
        for number in range(settings.tasks):
            task = opinions(rng)
            supports, queries = task.draw(rng, k), task.draw(rng, settings.queries)
            for name in SHOWN:
                size, style = name.split("_")
                found[name].append(
                    share_right(models[size], supports, queries, task.names, style, number)
                )
        return {name: float(np.mean(values)) for name, values in found.items()}

    seeds = seeds_of(chosen, settings.seeds)
    rows = measure_all(record, [{"seed": s, "k": k} for s in seeds for k in COUNTS], measure)
    figures = {
        label: {f"k={k:g}": pair for k, pair in summary(rows, "k", name).items()}
        for name, label in SHOWN.items()
    }
    _draw(rows, record.path / "curves.png")
    finish(record, figures)


def _draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Left: the two sizes; right: the styles, with every example there is room for."""
    figure, axes = plots.new(width=5.6, panels=2)
    sizes = {name: SHOWN[name] for name in ("small_plain", "large_plain")}
    against_examples(axes[0], rows, sizes, COUNTS)
    axes[0].set(xlabel="examples in the prompt", ylabel="accuracy", title="two sizes, plain style")
    most = [row for row in rows if row["k"] == COUNTS[-1]]
    names = [name for name in SHOWN if name.startswith("large")]
    for place, name in enumerate(names):
        values = [row[name] for row in most]
        axes[1].errorbar(
            place,
            np.mean(values),
            confidence_interval(values),
            marker="s",
            capsize=3,
            color=plots.COLOURS[1],  # of the large model on the left
        )
    axes[1].set_xticks(range(len(names)), ["plain", "question", "summary", "own"])
    axes[1].set(xlabel="style", title=f"large model, {COUNTS[-1]} examples")
    for axis in axes:
        axis.axhline(0.5, color="grey", linewidth=0.8, linestyle=":", label="chance")
        axis.set_ylim(0.35, 1.02)
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
