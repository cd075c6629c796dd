"""Summaries of stories in a wording that pre-training never used, scored by ROUGE-L."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common import plots
from hw3.data import stories
from hw3.experiments.adapting import Language, fine_tune, generate_text
from hw3.experiments.drawing import against_examples
from hw3.experiments.folder import Settings, adjust, finish, open_folder, seeds_of
from hw3.experiments.measuring import measure_all, summary
from hw3.experiments.rouge import rouge_l
from hw3.models.language import kit_model
from hw3.prompting import in_context_prompt

SETTINGS = Settings(seeds=5, queries=16, steps=40)
WORDING = "the {what} is with {who} in the {place}"
COUNTS = (0, 1, 4, 16)
ROOM = 4  # so many stories, and an answer, fit into a prompt
METHODS = {"asked": "asked in context", "lora3": "LoRA, rank 3", "full": "all weights tuned"}
RATES = {"lora3": 1e-2, "full": 1e-3}
STYLE = "summary"


def run(chosen: Namespace, folder: Path) -> None:
    """Have new stories summed up by the large model: after examples, or tuned on them."""
    settings = adjust(SETTINGS, chosen)
    record = open_folder("summaries", chosen, folder, **asdict(settings))
    language = kit_model("large")

    def score(model: Language, supports: list, queries: list, seed: int) -> float:
        prompts = [
            in_context_prompt(supports, story.text, STYLE, np.random.default_rng(seed))
            for story in queries
        ]
        return float(
            np.mean(
                [
                    rouge_l(generate_text(model, prompt), story.answer)
                    for prompt, story in zip(prompts, queries)
                ]
            )
        )

    def measure(seed: int, k: int) -> dict[str, float]:
        rng = np.random.default_rng([seed, k])
        drawn = [stories.story(rng, WORDING) for _ in range(k)]
        examples = [(story.text, story.answer) for story in drawn]
        queries = [stories.story(rng, WORDING) for _ in range(settings.queries)]
        found = dict.fromkeys(METHODS, float("nan"))
        if k <= ROOM:
            found["asked"] = score(language, examples, queries, seed)
        for method in ("lora3", "full") if k else ():
            adapted = fine_tune(
                language,
                examples,
                method,
                STYLE,
                settings.steps,
                settings.rate or RATES[method],
                seed,
            )
            found[method] = score(adapted, [], queries, seed)
        return found

    seeds = seeds_of(chosen, settings.seeds)
    rows = measure_all(record, [{"seed": s, "k": k} for s in seeds for k in COUNTS], measure)
    figures = {
        label: {f"k={k:g}": pair for k, pair in summary(rows, "k", name).items()}
        for name, label in METHODS.items()
    }
    _draw(rows, record.path / "curves.png")
    finish(record, figures)


def _draw(rows: list[dict[str, Any]], path: Path) -> None:
    """ROUGE-L against the number of examples, one curve a method."""
    figure, axis = plots.new()
    against_examples(axis, rows, METHODS, COUNTS)
    axis.set(xlabel="examples of the new wording", ylabel="ROUGE-L", ylim=(0, 1.02))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
