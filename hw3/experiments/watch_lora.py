"""One tuning of the large language model by LoRA, step by step."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch

from hw3.data.tasks import opinions
from hw3.experiments.adapting import fine_tune, generate_text, share_right
from hw3.experiments.folder import open_folder
from hw3.experiments.tune_or_ask import RATES
from hw3.experiments.watching import Settings, Watch, relative_change, tune_and_watch
from hw3.models.language import Language, kit_model
from hw3.prompting import in_context_prompt

SETTINGS = Settings(steps=40, test=100)
TINY = Settings(steps=3, test=6)
MODE, EXAMPLES = "lora3", 32
WRITTEN, MOST = 20, 4  # queries to write an answer to, and its tokens at most


def run(chosen: Namespace, folder: Path) -> None:
    """Tune; choose between labels, write answers, and see what has changed in the model."""
    settings = TINY if chosen.tiny else SETTINGS
    steps = chosen.steps or settings.steps
    record = open_folder("watch-lora", chosen, folder, **asdict(settings) | {"steps": steps})
    language, rng = kit_model("large"), np.random.default_rng([chosen.seed, EXAMPLES])
    task = opinions(rng)
    examples, queries = task.draw(rng, EXAMPLES), task.draw(rng, settings.test)
    before = dict(language.model.named_parameters())

    def figures(now: Language) -> dict[str, float]:
        kept = {name.replace(".layer.", "."): p for name, p in now.model.named_parameters()}
        added = [kept.pop(name) for name in list(kept) if name not in before]
        return {
            "accuracy": share_right(now, [], queries, task.names, task.style, chosen.seed),
            "written": share_written(now, queries[:WRITTEN], task.style),
            "weights_moved": relative_change(
                kept.values(), [before[name].detach() for name in kept]
            ),
            "lora_size": torch.cat([p.detach().flatten() for p in added])
            .square()
            .mean()
            .sqrt()
            .item(),
        }

    def tune(watch: Watch) -> None:
        fine_tune(
            language,
            examples,
            MODE,
            task.style,
            steps,
            chosen.lr or RATES[MODE],
            chosen.seed,
            after_step=lambda loss, now: watch.note(partial(figures, now), loss),
        )

    tune_and_watch(record, steps, tune)


def share_written(language: Language, queries: list, style: str) -> float:
    """The share of queries to which the model writes the right answer, and no more."""
    rng = np.random.default_rng(0)
    said = [
        generate_text(language, in_context_prompt([], text, style, rng), MOST)
        for text, _ in queries
    ]
    return float(np.mean([words == answer for words, (_, answer) in zip(said, queries)]))
