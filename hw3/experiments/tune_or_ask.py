"""LoRA, full tuning and asking, with the same examples."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common import plots
from hw3.data.tasks import opinions, whereabouts
from hw3.experiments.adapting import fine_tune, share_right, tuned_share
from hw3.experiments.drawing import against_examples
from hw3.experiments.folder import Settings, adjust, finish, open_folder, seeds_of
from hw3.experiments.measuring import measure_all, summary
from hw3.models.language import kit_model

SETTINGS = Settings(seeds=6, queries=200, steps=60)
COUNTS = (1, 4, 8, 64)
ROOM = 8  # so many examples of both tasks fit into a prompt
TASKS = {"opinions": opinions, "whereabouts": whereabouts}
METHODS = {"asked": "asked in context", "lora3": "LoRA, rank 3", "full": "all weights tuned"}
RATES = {"lora3": 1e-2, "full": 1e-3}


def run(chosen: Namespace, folder: Path) -> None:
    """Adapt the large model to new tasks in three ways, with the same examples."""
    settings = adjust(SETTINGS, chosen)
    record = open_folder("tune-or-ask", chosen, folder, **asdict(settings))
    language = kit_model("large")

    def measure(seed: int, k: int) -> dict[str, float]:
        found = {}
        for name, draw in TASKS.items():
            rng = np.random.default_rng([seed, k])
            task = draw(rng)
            examples, queries = task.draw(rng, k), task.draw(rng, settings.queries)
            for method in METHODS:
                adapted, supports = language, examples
                if method != "asked":
                    adapted = fine_tune(
                        language,
                        examples,
                        method,
                        task.style,
                        settings.steps,
                        settings.rate or RATES[method],
                        seed,
                    )
                    supports = []
                elif k > ROOM:
                    found[f"{name}_{method}"] = float("nan")
                    continue
                found[f"{name}_{method}"] = share_right(
                    adapted, supports, queries, task.names, task.style, seed
                )
        return found

    seeds = seeds_of(chosen, settings.seeds)
    rows = measure_all(record, [{"seed": s, "k": k} for s in seeds for k in COUNTS], measure)
    figures: dict[str, dict[str, Any]] = {
        f"{name}, {METHODS[method]}": {
            f"k={k:g}": pair for k, pair in summary(rows, "k", f"{name}_{method}").items()
        }
        for name in TASKS
        for method in METHODS
    }
    figures["share of the parameters"] = {
        mode: tuned_share(language.model, mode) for mode in ("lora3", "full")
    }
    _draw(rows, record.path / "curves.png")
    finish(record, figures)


def _draw(rows: list[dict[str, Any]], path: Path) -> None:
    """One panel a task, one curve a method."""
    figure, axes = plots.new(width=5.6, panels=len(TASKS))
    for axis, task in zip(axes, TASKS):
        labels = {f"{task}_{method}": label for method, label in METHODS.items()}
        against_examples(axis, rows, labels, COUNTS)
        axis.axhline(0.5, color="grey", linewidth=0.8, linestyle=":", label="chance")
        axis.set(xlabel="examples", ylabel="accuracy", title=task, ylim=(0.2, 1.1))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
