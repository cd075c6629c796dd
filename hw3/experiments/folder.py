"""What the experiments with language share: settings, run folder, result."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from common.files import write_text
from common.runs import RunFolder


@dataclass(frozen=True)
class Settings:
    """How much an experiment measures.

    Attributes:
        seeds: repetitions; the first has the seed of the command line.
        tasks: in each repetition.
        queries: asked of each task.
        steps, rate: of fine-tuning, where there is any.
    """

    seeds: int
    tasks: int = 1
    queries: int = 100
    steps: int = 0
    rate: float = 0.0


def open_folder(
    name: str, chosen: Namespace, settings: Settings, folder: Path, data: str = "generated"
) -> tuple[RunFolder, Settings]:
    """The run folder of an experiment, and its settings with what the command line says."""
    if chosen.steps:
        settings = replace(settings, steps=chosen.steps)
    if chosen.lr:
        settings = replace(settings, rate=chosen.lr)
    if chosen.tiny:
        settings = replace(
            settings, seeds=min(settings.seeds, 2), tasks=1, queries=min(settings.queries, 6),
            steps=min(settings.steps, 3),
        )  # fmt: skip
    if chosen.seeds:
        settings = replace(settings, seeds=chosen.seeds)
    config = {"homework": "hw3", "experiment": name, "data": data, "seed": chosen.seed,
              "tiny": chosen.tiny, **asdict(settings)}  # fmt: skip
    return RunFolder(folder, config, chosen.resume), settings


def finish(record: RunFolder, figures: dict) -> None:
    """Write result.json and say it; pairs are a mean and half its 95 % interval."""
    write_text(record.path / "result.json", json.dumps(figures, indent=2) + "\n")
    for name, value in figures.items():
        print(f"  {name}: {_said(value)}")


def _said(value) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key} {_said(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return f"{value[0]:.3f} ± {value[1]:.3f}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
