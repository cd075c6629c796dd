"""Optional: a real language model, tuned on real bAbI questions and real reviews."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common import plots
from common.statistics.intervals import confidence_interval
from hw3.data import babi, clothing
from hw3.data.tasks import Pair
from hw3.experiments.adapting import fine_tune, generate_text, tuned_share
from hw3.experiments.folder import Settings, adjust, finish, open_folder, seeds_of
from hw3.experiments.measuring import measure_all
from hw3.models.hub import NAMES, hub_model
from hw3.models.stories import story_model
from hw3.prompting import in_context_prompt

SETTINGS = Settings(seeds=3, queries=150, steps=150)
BABI = (1, 6)  # where is someone; yes or no
EXAMPLES = 900
METHODS = {"before": "not tuned", "lora4": "LoRA, rank 4", "full": "all weights tuned"}
RATES = {"lora4": 1e-2, "full": 1e-3}
REVIEW_WORDS = 50  # of a real review, the first ones
ROWS = 16  # examples of a step


def run(chosen: Namespace, folder: Path) -> None:
    """Tune the model on each task, by LoRA and whole; the share of answers that are right."""
    language = story_model(chosen.data) if chosen.model not in NAMES else hub_model(chosen.model)
    data = f"bAbI and clothing reviews; {language.source}"
    settings = adjust(SETTINGS, chosen)
    record = open_folder("real-language", chosen, folder, data, **asdict(settings))
    print(f"data: {data}")
    tasks = {f"qa{number}": number for number in BABI} | {"reviews": 0}

    def measure(seed: int, task: int) -> dict[str, float]:
        training, queries = examples(task, settings.queries, seed, chosen.data)
        style = "question" if task else "plain"
        found = {}
        for method in METHODS:
            adapted = language
            if method != "before":
                adapted = fine_tune(
                    language,
                    training,
                    method,
                    style,
                    settings.steps,
                    settings.rate or RATES[method],
                    seed,
                    ROWS,
                )
            right = [
                generate_text(
                    adapted, in_context_prompt([], text, style, np.random.default_rng(0)), 6
                )
                == answer
                for text, answer in queries
            ]
            found[method] = float(np.mean(right))
        answers = [answer for _, answer in queries]
        found["most_common"] = max(answers.count(a) for a in set(answers)) / len(answers)
        return found

    seeds = seeds_of(chosen, settings.seeds)
    cells = [{"seed": seed, "task": task} for task in tasks.values() for seed in seeds]
    rows = measure_all(record, cells, measure)
    figures: dict[str, Any] = {}
    for name, task in tasks.items():
        own = [row for row in rows if row["task"] == task]
        figures[name] = {
            method: (
                float(np.mean([row[method] for row in own])),
                confidence_interval([row[method] for row in own]),
            )
            for method in [*METHODS, "most_common"]
        }
    figures["share of the parameters, lora4"] = tuned_share(language.model, "lora4")
    _draw(figures, tasks, record.path / "curves.png")
    finish(record, figures)


def examples(task: int, count: int, seed: int, data: str | None) -> tuple[list[Pair], list[Pair]]:
    """Training and test pairs: of a bAbI task by its number, of reviews for 0.

    Reviews of one or two stars are "bad", of five "good", as many of each; test reviews are none of
    those of training.
    """
    rng = np.random.default_rng(seed)
    if task:
        training, test = (babi.read(task, part, data) for part in ("train", "test"))
        kept = rng.permutation(len(test))[:count]
        known, asked = training[:EXAMPLES], [test[i] for i in kept]
        return [(text, answer) for text, answer in known], [
            (text, answer) for text, answer in asked
        ]
    reviews = clothing.read(data)
    pairs: list[Pair] = []
    for name, wanted in (("bad", (1, 2)), ("good", (5,))):
        own = [" ".join(text.split()[:REVIEW_WORDS]) for text, stars in reviews if stars in wanted]
        some = rng.permutation(len(own))[: (EXAMPLES + count) // 2]
        pairs += [(own[index], name) for index in some]
    mixed = [pairs[index] for index in rng.permutation(len(pairs))]
    return mixed[count:], mixed[:count]


def _draw(figures: dict, tasks: dict[str, int], path: Path) -> None:
    """Bars of the share of right answers, a group a task."""
    figure, axis = plots.new()
    for index, (method, label) in enumerate(METHODS.items()):
        means, errors = zip(*[figures[name][method] for name in tasks])
        places = np.arange(len(tasks)) + 0.27 * (index - 1)
        axis.bar(
            places, means, 0.25, yerr=errors, capsize=3, label=label, color=plots.COLOURS[index]
        )
    for place, name in enumerate(tasks):
        axis.hlines(figures[name]["most_common"][0], place - 0.42, place + 0.42, "grey", ":")
    axis.set_xticks(range(len(tasks)), [*tasks])
    axis.set(ylabel="share of answers that are right", ylim=(0, 1.02))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
