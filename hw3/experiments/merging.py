"""Two tasks in one model: what LoRA has changed for each is added, averaged, or merged (problem X2)."""

from __future__ import annotations

import contextlib
import copy
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common import plots
from common.statistics.intervals import confidence_interval
from hw3.data import reviews
from hw3.data.tasks import Task, opinions
from hw3.data.vocabulary import LABELS, TOPICS
from hw3.experiments.adapting import fine_tune, share_right
from hw3.experiments.folder import Settings, adjust, finish, open_folder, seeds_of
from hw3.experiments.measuring import measure_all
from hw3.extras import merge_task_vectors
from hw3.lora import LoRALinear, merge
from hw3.models.language import Language, kit_model

SETTINGS = Settings(seeds=5, queries=100, steps=60, rate=1e-2)
EXAMPLES = 64  # of each task
MODE = "lora3"
KEEP = 0.2  # of each task's numbers, as in the paper
PAIRS = {"other words": "another task", "exchanged": "the same task, labels exchanged"}
WAYS = {
    "own": "each task's own",
    "added": "added",
    "averaged": "averaged",
    "merged": "merged (TIES)",
}


def pair(rng: np.random.Generator) -> tuple[Task, dict[str, Task]]:
    """Return a task of opinions, and of each kind of pair the task that it is merged with."""
    first = opinions(rng)
    names = [name for name in LABELS if name not in first.names]
    topics = rng.permutation(len(TOPICS))[:2]

    def about(rng: np.random.Generator, label: int) -> str:
        return reviews.draw(rng, int(topics[label]), int(rng.integers(1, 6))).text

    other = Task([names[index] for index in rng.permutation(len(names))[:2]], about)
    return first, {"other words": other, "exchanged": Task(first.names[::-1], first.text)}


def run(chosen: Namespace, folder: Path) -> None:
    """Tune the large model on two tasks by LoRA, put both changes into one, and ask for both."""
    settings = adjust(SETTINGS, chosen)
    record = open_folder("merging", chosen, folder, **asdict(settings), keep=KEEP)
    language = kit_model("large")

    def change(task: Task, seed: int) -> torch.Tensor:
        examples = task.draw(np.random.default_rng([seed, 1]), EXAMPLES)
        found = fine_tune(language, examples, MODE, task.style, settings.steps, settings.rate, seed)
        return task_vector(found.model)

    def measure(seed: int) -> dict[str, float]:
        first, seconds = pair(np.random.default_rng(seed))
        one, found = change(first, seed), {}
        for kind, second in seconds.items():
            vectors = torch.stack([one, change(second, seed)])
            for way, parts in ways(vectors).items():
                right = [
                    _accuracy(language, task, part, seed, settings.queries)
                    for task, part in zip((first, second), parts)
                ]
                found[f"{kind}/{way}"] = float(np.mean(right))
            found |= {f"{kind}/{name}": value for name, value in relation(vectors).items()}
        return found

    rows = measure_all(record, [{"seed": s} for s in seeds_of(chosen, settings.seeds)], measure)
    columns = [name for name in rows[0] if "/" in name]
    finish(record, {name: _mean_and_interval(rows, name) for name in columns})
    _draw(rows, record.path / "curves.png")


def ways(vectors: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    """Return the change that each of the two tasks is asked with, by the way to make it.

    "merged" is there once problem X2 is filled in.
    """
    found = {"own": list(vectors), "added": [vectors.sum(0)] * 2, "averaged": [vectors.mean(0)] * 2}
    with contextlib.suppress(NotImplementedError):
        found["merged"] = [merge_task_vectors(vectors, KEEP)[0]] * 2
    return found


def relation(vectors: torch.Tensor) -> dict[str, float]:
    """Return the cosine of two task vectors, and their interference once problem X2 is filled in."""
    found = {"cosine": float(torch.cosine_similarity(vectors[0], vectors[1], dim=0))}
    with contextlib.suppress(NotImplementedError):
        found["interference"] = float(merge_task_vectors(vectors, KEEP)[1])
    return found


def task_vector(model: nn.Module) -> torch.Tensor:
    """Return LoRA's change of all wrapped weights as one vector: B·A of each layer, not A or B."""
    wrapped = [module for module in model.modules() if isinstance(module, LoRALinear)]
    with torch.no_grad():
        changes = [
            merge(one).get_parameter("weight") - one.layer.get_parameter("weight")
            for one in wrapped
        ]
    return torch.cat([change.flatten() for change in changes])


def move_by(model: nn.Module, vector: torch.Tensor) -> nn.Module:
    """Return a copy of the pre-trained model whose linear layers are moved by a task vector."""
    found = copy.deepcopy(model)
    layers = [module for module in found.modules() if isinstance(module, nn.Linear)]
    parts = vector.split([layer.weight.numel() for layer in layers])
    with torch.no_grad():
        for layer, part in zip(layers, parts, strict=True):
            layer.weight += part.view_as(layer.weight)
    return found


def _accuracy(language: Language, task: Task, vector: torch.Tensor, seed: int, count: int) -> float:
    """Return the accuracy of the moved model on new texts of a task."""
    queries = task.draw(np.random.default_rng([seed, 2]), count)
    changed = Language(move_by(language.model, vector), language.tokenizer, language.source)
    return share_right(changed, [], queries, task.names, task.style, seed)


def _mean_and_interval(rows: list, name: str) -> tuple[float, float]:
    values = [row[name] for row in rows]
    return float(np.mean(values)), confidence_interval(values)


def _draw(rows: list, path: Path) -> None:
    """Draw a bar for each way, in groups by the pair of tasks."""
    figure, axis = plots.new(width=6.4, height=4.2)
    there = [way for way in WAYS if f"exchanged/{way}" in rows[0]]
    for index, way in enumerate(there):
        values = [_mean_and_interval(rows, f"{kind}/{way}") for kind in PAIRS]
        places = [at + 0.2 * (index - 1.5) for at in range(len(PAIRS))]
        axis.bar(
            places,
            [mean for mean, _ in values],
            0.18,
            yerr=[half for _, half in values],
            capsize=3,
            label=WAYS[way],
            color=plots.COLOURS[index],
        )
    axis.axhline(0.5, color="grey", linewidth=0.8, linestyle=":", label="chance")
    axis.set_xticks(range(len(PAIRS)), PAIRS.values())
    axis.set(ylabel="accuracy, mean of both tasks (95 % interval)", ylim=(0, 1.1))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
