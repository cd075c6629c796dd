"""The training loop: progress, metrics, checkpoints, and a resume that is exact to the bit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from common import interrupts
from common.errors import KitError, Stopped
from common.options.terminal import live
from common.training import runs
from common.training.reference import Reference
from common.training.runs import RunFolder
from common.training.step_timer import StepTimer

Metrics = dict[str, float]
LossOf = Callable[[], tuple[torch.Tensor, Metrics]]
DRAWING = 20  # times as long as a picture takes is trained before the next one


@dataclass
class Trainer:
    """Trains one module with one optimizer.

    Attributes:
        run: where everything is kept.
        module: whatever is learned.
        optimizer: its optimizer.
        rng: the one source of randomness for drawing batches; torch's own generator is kept too.
        steps: how many in all.
        every: steps between evaluations; each gives a row of metrics and a checkpoint.
        scheduler: of the learning rate, stepped after each step, or None.
        best_by: the metric by which the best weights are kept; "-" before the name: lower is better.
        clip: largest norm of the gradient, or None.
        timer: measures what the time goes into when it is on.
        reference: what is known of other runs of this configuration.
        before: called with the loss before the first step of a new run; it must leave everything
            as it is.
        draw: draws the run's picture from its rows: at every evaluation, unless that would take
            more than a twentieth of the time.
    """

    run: RunFolder
    module: nn.Module
    optimizer: torch.optim.Optimizer
    rng: np.random.Generator
    steps: int
    every: int
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None
    best_by: str | None = None
    clip: float | None = None
    timer: StepTimer = field(default_factory=StepTimer)
    reference: Reference = field(default_factory=Reference)
    before: Callable[[LossOf], None] | None = None
    draw: Callable[[list[Metrics]], object] | None = None
    rows: list[Metrics] = field(default_factory=list)
    step: int = 0
    best: dict[str, Any] | None = None
    _sums: dict[str, float] = field(default_factory=dict)
    _count: int = 0
    _draw_again: float = 0.0

    def fit(
        self,
        loss_of: Callable[[], tuple[torch.Tensor, Metrics]],
        evaluate: Callable[[], Metrics],
    ) -> list[Metrics]:
        """Train to the last step; go on from the checkpoint where the run folder has one.

        Args:
            loss_of: draws a batch from `rng`; the loss to minimise and figures to average.
            evaluate: figures on validation data; must not draw from `rng`.

        Returns:
            One row of metrics for every evaluation.

        Raises:
            Stopped: after Ctrl-C, with everything saved.
            KitError: when the loss is not finite, or the checkpoint does not fit.
        """
        if self.run.checkpoint_file.is_file():
            self._restore()
        elif self.before is not None:
            self.before(loss_of)
        for row in self.rows:
            self.reference.warning(
                row
            )  # what an earlier part of the run was told is not said again
        if self.reference.note and self.step < self.steps:
            print(self.reference.note)
        began, first = time.perf_counter(), self.step  # fine everywhere
        self.timer.start()
        with (
            _Display(self.steps, self.step) as display,
            interrupts.hold_back_signals() as interrupted,
        ):
            while self.step < self.steps:
                self._one_step(loss_of)
                speed = (self.step - first) / (time.perf_counter() - began)
                display.advance(self.step, speed)
                if self.step % self.every == 0 or self.step == self.steps:
                    self._evaluate(evaluate, speed)
                    display.evaluated(self.rows[-1], self.reference)
                if interrupted():
                    self._save()
                    raise Stopped(f"stopped at step {self.step} of {self.steps}")
        if self.timer.on and self.step > first:
            self.timer.stop()
            print(self.timer.table(self.step - first))
        return self.rows

    @property
    def best_step(self) -> int:
        """The step of the best weights (of the last ones when no metric was named)."""
        return self.step if self.best is None else self.best["step"]

    def load_best(self) -> None:
        """Put the best weights into the module (the last ones when no metric was named)."""
        if self.best is not None:
            self.module.load_state_dict(self.best["module"])

    def _one_step(self, loss_of: Callable[[], tuple[torch.Tensor, Metrics]]) -> None:
        self.module.train()
        with self.timer("forward"):
            loss, figures = loss_of()
            value = loss.item()
        if not math.isfinite(value):
            raise KitError(
                f"the loss is {value} at step {self.step + 1}; is the learning rate too "
                "high, or is there a logarithm of zero? The last checkpoint is kept."
            )
        with self.timer("backward"):
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
        with self.timer("optimizer"):
            if self.clip is not None:
                nn.utils.clip_grad_norm_(self.module.parameters(), self.clip)
            self.optimizer.step()
            if self.scheduler is not None:
                self.scheduler.step()
        self.step += 1
        self._count += 1
        for name, figure in {"loss": value, **figures}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(figure)

    def _evaluate(self, evaluate: Callable[[], Metrics], speed: float) -> None:
        with self.timer("evaluation"):
            self.module.eval()
            found = {
                name: float(value) for name, value in evaluate().items()
            }  # plain, for the file
        means = {name: total / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        row = {"step": self.step, **means, **found, "steps_per_second": speed}
        self.rows.append(row)
        if self.best_by is not None:
            name = self.best_by.removeprefix("-")
            value = -row[name] if self.best_by.startswith("-") else row[name]
            if self.best is None or value > self.best["value"]:
                weights = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
                self.best = {"value": value, "step": self.step, "module": weights}
        with self.timer("saving"):
            self.run.write_metrics(self.rows)
            self._save()
        with self.timer("picture"):
            self._draw_now_and_then()

    def _draw_now_and_then(self) -> None:
        began = time.monotonic()
        if self.draw is not None and began >= self._draw_again:
            self.draw(self.rows)
            ended = time.monotonic()
            self._draw_again = ended + DRAWING * (ended - began)

    def _save(self) -> None:
        generator = dict(self.rng.bit_generator.state)
        self.run.save_checkpoint(
            {
                "step": self.step,
                "config": self.run.config,
                "module": self.module.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
                "best": self.best,
                "rows": self.rows,
                "sums": self._sums,
                "count": self._count,
                "rng": generator,
                "torch_rng": torch.get_rng_state(),
            }
        )

    def _restore(self) -> None:
        path, state = self.run.checkpoint_file, self.run.load_checkpoint()
        try:
            runs.load_weights(self.module, state["module"], str(path))
            self.optimizer.load_state_dict(state["optimizer"])
            if self.scheduler is not None:
                self.scheduler.load_state_dict(state["scheduler"])
            self.rng.bit_generator.state = state["rng"]
            torch.set_rng_state(state["torch_rng"])
            self.step, self.best, self.rows = state["step"], state["best"], state["rows"]
            self._sums, self._count = state["sums"], state["count"]
        except (KeyError, ValueError, TypeError) as error:
            raise KitError(
                f"{path} does not fit this run ({error}); use the same options, or another --out"
            ) from None
        print(f"resumed at step {self.step} of {self.steps}")


def warm_up_then_cosine(
    optimizer: torch.optim.Optimizer, warmup_steps: int, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Let the learning rate rise over the first `warmup_steps` steps, then fall to 0 at the last."""

    def factor(step: int) -> float:
        rise = min(1.0, (step + 1) / (warmup_steps + 1))
        return rise * (0.5 + 0.5 * math.cos(math.pi * step / steps))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


class _Display:
    """A line for each evaluation; below it, on a terminal, a bar."""

    def __init__(self, steps: int, done: int) -> None:
        self.steps = steps
        self.bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[speed]:.3g} steps/s"),
            TimeRemainingColumn(),
        )
        self.bar.disable = not live()
        self.row = self.bar.add_task("train", total=steps, completed=done, speed=0.0)

    def __enter__(self) -> _Display:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def advance(self, step: int, speed: float) -> None:
        """Move the bar on, after every step."""
        self.bar.update(self.row, completed=step, speed=speed)

    def evaluated(self, row: Metrics, reference: Reference) -> None:
        """Print an evaluation: its figures, the reference beside one, and a warning."""
        beside = reference.beside(row)
        words = [f"step {row['step']}/{self.steps}"]
        for name, value in row.items():
            if name not in ("step", "steps_per_second"):
                words.append(f"{name} {value:.4g}")
                words += [f"({beside[name]})"] if name in beside else []
        self._say(f"{'  '.join(words)}  {row['steps_per_second']:.3g} steps/s")
        if warning := reference.warning(row):
            self._say(warning)

    def _say(self, line: str) -> None:
        if self.bar.disable:
            print(line, flush=True)
        else:
            self.bar.console.print(line, markup=False, highlight=False)
