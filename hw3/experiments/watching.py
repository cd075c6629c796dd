"""One tuning that is watched: a row of figures every few steps, and their curves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from common import plots
from common.training.runs import RunFolder
from hw3.experiments.folder import finish

ROWS = 20  # of metrics.csv, when there are so many steps
Figures = Callable[[], dict[str, float]]


@dataclass(frozen=True)
class Settings:
    """The sizes of one watched tuning; its rates are those of its experiment."""

    steps: int
    test: int  # pictures or queries, drawn once


class Watch:
    """Keeps the loss of every step, and every few steps a row of metrics.csv.

    Args:
        record: of the run.
        steps: there will be.
    """

    def __init__(self, record: RunFolder, steps: int) -> None:
        self.record, self.every = record, max(1, steps // ROWS)
        self.losses: list[float] = []
        self.rows: list[dict[str, float]] = []

    def note(self, figures: Figures, loss: float) -> None:
        """Note a step's loss, and measure when a row is due."""
        self.losses.append(loss)
        if len(self.losses) % self.every:
            return
        since = self.losses[-self.every :]
        self.rows.append({"step": len(self.losses), "loss": sum(since) / len(since), **figures()})
        self.record.write_metrics(self.rows)


def tune_and_watch(record: RunFolder, steps: int, tune: Callable[[Watch], None]) -> None:
    """Tune once, and leave rows, curves and result.

    It takes seconds: a run that stopped after its last step only gets its result, any other
    begins anew.

    Args:
        tune: does all steps, and tells the watch after each.
    """
    watch = Watch(record, steps)
    if record.checkpoint_file.is_file():
        watch.rows = record.load_checkpoint()["rows"]
        print(f"tuned before: {len(watch.rows)} rows")
    else:
        tune(watch)
        record.save_checkpoint({"rows": watch.rows, "config": record.config})
    finish(record, {name: value for name, value in watch.rows[-1].items() if name != "step"})
    _draw(watch.rows, record.path / "curves.png")


def relative_change(now: Iterable[torch.Tensor], before: Iterable[torch.Tensor]) -> float:
    """Return the distance that numbers have gone, as a share of their size before."""
    pairs = [(new.detach(), old) for new, old in zip(now, before, strict=True)]
    way = sum((new - old).square().sum() for new, old in pairs)
    size = sum(old.square().sum() for _, old in pairs)
    return float(torch.as_tensor(way / size).sqrt())


def _draw(rows: list[dict[str, float]], path: Path) -> None:
    metrics = [name for name in rows[0] if name != "step"]
    print(f"picture: {plots.curves({'tuning': rows}, metrics, path)}")
