"""Questions about a student's own runs, from their metrics."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.explain.question import Question, choices

STEP_COLUMNS = ("step", "epoch")
LEFT_OUT = ("seconds", "steps_per_second", "learning_rate", "lr")
LARGEST = 2**22  # bytes of metrics that are read


@dataclass(frozen=True)
class Run:
    """A run's name, what it was trained on, the column of its steps, and its rows."""

    name: str
    data: str
    column: str
    rows: list[dict[str, float]]


def find(*roots: Path) -> list[Run]:
    """The whole runs in folders such as `runs/hw2` (by train) or `runs` of a submission."""
    paths = [path for root in roots if root.is_dir() for path in sorted(root.iterdir())]
    return [
        run for path in paths if path.is_dir() and ".old" not in path.name if (run := _read(path))
    ]


def _read(folder: Path) -> Run | None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        metrics = folder / "metrics.csv"
        if config.get("tiny") or metrics.stat().st_size > LARGEST:
            return None
        with metrics.open(encoding="utf-8", newline="") as stream:
            rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, csv.Error):
        return None
    column = next((name for name in STEP_COLUMNS if rows and name in rows[0]), None)
    if column is None or len(rows) < 4:
        return None
    return Run(folder.name, str(config.get("data", ""))[:40], column, rows)


def questions(runs: list[Run], draw: random.Random) -> Iterator[Question]:
    """Ask for a figure at the time of another one, and for the step at which a figure was best."""
    for run in draw.sample(runs, len(runs)):
        columns = [name for name in run.rows[0] if name not in (*STEP_COLUMNS, *LEFT_OUT)]
        for name in draw.sample(columns, len(columns)):
            for seen in (one for one in columns if one != name):
                if (found := _at_a_step(run, seen, name, draw)) is not None:
                    yield found
                    break


def _at_a_step(run: Run, seen: str, asked: str, draw: random.Random) -> Question | None:
    """Two figures of one row: one is told, the other asked for."""
    rows = [row for row in run.rows if math.isfinite(row[seen]) and math.isfinite(row[asked])]
    if len(rows) < 4:
        return None
    row = draw.choice(rows)
    answer = f"{row[asked]:.2g}"
    far = sorted((f"{one[asked]:.2g}" for one in rows), key=lambda one: draw.random())
    offered = choices(answer, [one for one in far if not _near(float(one), row[asked])], draw)
    if len(offered) < 3:
        return None
    return Question(
        "run",
        run.name,
        f"In your run {run.name} on {run.data}, at {run.column} {row[run.column]:g}, {seen} was "
        f"{row[seen]:.3g}. What was {asked}?",
        answer,
        offered,
        "explains why one is higher than the other, and how both changed in training",
    )


def _near(one: float, other: float) -> bool:
    """Whether nobody could be expected to tell two figures apart."""
    return abs(one - other) < 0.05 * max(abs(one), abs(other))
