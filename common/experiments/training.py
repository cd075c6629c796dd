"""The run folder and the trainer of an experiment."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from common.errors import KitError
from common.experiments import reference_band
from common.experiments.groups import AlreadyFinished, Rehearsed
from common.files import write_text
from common.training.rehearsal import ENOUGH, rehearse
from common.training.runs import RunFolder
from common.training.state import FINISHED, OTHER, as_options, state_of
from common.training.step_timer import StepTimer
from common.training.trainer import LossOf, Trainer

CHECK = "check"  # check.txt and check.png: of a rehearsal
LONG = 500  # steps: a training that is worth a rehearsal


def open_run(
    homework: str,
    name: str,
    folder: Path,
    chosen: Namespace,
    data: str,
    own: Mapping[str, Any] | None = None,
    **settings: Any,
) -> RunFolder:
    """Open the folder of a run, and say which it is.

    Args:
        name: of the experiment.
        chosen: the command line; options that make another run are written down.
        data: the source that is used.
        own: what the experiment has of itself: an option that says the same makes no other run.
        settings: what else the run is made of.

    Raises:
        AlreadyFinished: with --resume, when there is nothing left to do.
        KitError: when the folder holds the run that is asked for, and this is not that run.
    """
    config = {
        "homework": homework,
        "experiment": name,
        "data": data,
        "seed": chosen.seed,
        "tiny": chosen.tiny,
        **settings,
    }
    changed = {key: value for key, value in chosen.changed.items() if (own or {}).get(key) != value}
    if changed:
        config["options"] = {key: _plain(value) for key, value in changed.items()}
    lesser: str = "--tiny" if chosen.tiny else as_options(changed)
    if lesser and not chosen.resume and not chosen.check and state_of(folder).kind == FINISHED:
        raise KitError(
            f"{folder} holds a finished run without {lesser}; keep this one apart: --out DIR"
        )
    there = state_of(folder, data=data if chosen.data else None)
    if chosen.resume and not lesser and there.kind == OTHER:
        print(f"{folder} holds another run, {there.why}; this one begins anew")
    run = RunFolder(folder, config, chosen.resume and (bool(lesser) or there.kind != OTHER))
    if chosen.resume and run.finished:
        raise AlreadyFinished
    print(f"{name}: {folder}")
    if lesser and not chosen.check and folder.name == f"{name}-seed{chosen.seed}":
        print(
            f"note: {lesser} makes this another run than the one asked for, and it does not count "
            "as that one"
        )
    return run


def check_first(
    trainer: Trainer,
    chosen: Namespace,
    known: dict[str, float] | None = None,
    draw_task: Callable[[Path], object] | None = None,
    least: float = ENOUGH,
) -> None:
    """Rehearse before the first step: with --check, and by itself before the first long run.

    Args:
        known: "loss" or a figure → its value for a network that knows nothing.
        draw_task: draws one task with its labels into a file.
        least: the part of the loss that training on one batch must take away.
    """
    folder = trainer.run.path
    first = not any(folder.parent.glob(f"*/{CHECK}.txt"))
    long = trainer.steps >= LONG and not chosen.tiny and not chosen.no_check
    if not chosen.check and not (first and long):
        return

    def before(loss_of: LossOf) -> None:
        print("rehearsal, before the training:", flush=True)
        found = rehearse(trainer.module, trainer.optimizer, trainer.rng, loss_of, known, least)
        lines = found.lines()
        if draw_task is not None:
            kept = dict(trainer.rng.bit_generator.state)
            lines.append(f"a task with its labels: {draw_task(folder / f'{CHECK}.png')}")
            trainer.rng.bit_generator.state = kept
        print("\n".join(f"  {line}" for line in lines), flush=True)
        write_text(folder / f"{CHECK}.txt", "\n".join(lines) + "\n")
        if chosen.check:
            raise Rehearsed

    trainer.before = before


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else str(value)


def trainer_of(
    run: RunFolder,
    chosen: Namespace,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    rng: np.random.Generator,
    steps: int,
    every: int,
    **more: Any,
) -> Trainer:
    """Make the trainer of an experiment: with its reference bands, and a timer where it is asked for.

    Args:
        chosen: the command line.
        more: the other attributes of a `Trainer`.
    """
    return Trainer(
        run,
        module,
        optimizer,
        rng,
        steps,
        every,
        timer=StepTimer(chosen.profile),
        reference=reference_band.of_run(run),
        **more,
    )
