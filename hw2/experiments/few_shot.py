"""The training of homework 2: ProtoNet or MAML, tested with the weights that were its best."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common import options, plots
from common.data.images import FewShotImages, rotations
from common.experiments.training import check_first, open_run, trainer_of
from common.statistics.intervals import confidence_interval
from common.training.runs import RunFolder
from common.training.trainer import warm_up_then_cosine
from hw2.experiments.evaluation import fixed_tasks
from hw2.experiments.methods import Method, build
from hw2.experiments.settings import (
    CHOOSE_SEED,
    CHOOSING_TASKS,
    PANELS,
    REPORTED_TASKS,
    SETTINGS,
    TEST_SEED,
    TINY,
    VAL_SEED,
    Setting,
)
from hw2.experiments.tasks import Tasks, TaskSampler, shift


def setting_of(name: str, chosen: Namespace) -> Setting:
    """The setting's row of the table, with what the command line changes."""
    setting = SETTINGS[name]
    given = {key: getattr(chosen, key) for key in ("steps", "batch", "lr")}
    setting = replace(setting, **{key: value for key, value in given.items() if value is not None})
    if chosen.tiny:
        setting = replace(
            setting, steps=min(setting.steps, TINY["steps"]), way=min(setting.way, TINY["way"])
        )
    return setting


def train(name: str, data: FewShotImages, chosen: Namespace, folder: Path) -> None:
    """Train one setting, keep the weights that are best on validation, test those once."""
    setting = setting_of(name, chosen)
    device = options.device(chosen.device)
    own = asdict(SETTINGS[name])
    run = open_run("hw2", name, folder, chosen, data.source, own, **asdict(setting))
    torch.manual_seed(chosen.seed)
    rng = np.random.default_rng(chosen.seed)
    method = build(setting, device)
    characters = rotations(data.split("train"), mirrored=True)
    sampler = TaskSampler(characters, setting.way, setting.train_shot, setting.query)
    count = TINY["choosing"] if chosen.tiny else CHOOSING_TASKS
    choosing = fixed_tasks(data.split("val"), setting.shot, count, CHOOSE_SEED, device=device)
    optimizer = torch.optim.Adam(method.groups(setting.lr, setting.rate_factor))
    schedule = warm_up_then_cosine(optimizer, min(50, setting.steps // 10), setting.steps)

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        with trainer.timer("data"):
            drawn = shift(sampler.draw(setting.batch, rng), setting.shift, rng)
            tasks = drawn.ready(device)
        return method.loss(tasks)

    def evaluate() -> dict[str, float]:
        return {"val_accuracy": float(method.accuracies(choosing).mean()), **method.figures()}

    every = max(1, setting.steps // (2 if chosen.tiny else 10))
    trainer = trainer_of(
        run,
        chosen,
        method.module,
        optimizer,
        rng,
        setting.steps,
        every,
        scheduler=schedule,
        best_by="val_accuracy",
    )
    bands, picture = trainer.reference.bands, folder / "curves.png"
    trainer.draw = lambda rows: plots.curves({name: rows}, PANELS, picture, bands=bands)
    known = {"before_accuracy": 1 / setting.way} if setting.method == "maml" else {}
    check_first(trainer, chosen, known, lambda path: draw_task(sampler.draw(1, rng), path))
    rows = trainer.fit(loss_of, evaluate)
    trainer.load_best()
    found = measure(method, data, setting, chosen)
    report(run, found, method.rates(), trainer.best_step)
    if method.rates():
        draw_rates(method.rates(), setting.inner_rate, folder / "rates.png")
    trainer.draw(rows)


def draw_task(tasks: Tasks, path: Path, most: int = 12) -> Path:
    """Draw a task: the first support and query images with their labels."""
    support, labels, query, wanted = (part[0, :most] for part in tasks.ready())
    rows = [
        ("support", support.reshape(-1, 28, 28), labels.tolist()),
        ("query", query.reshape(-1, 28, 28), wanted.tolist()),
    ]
    return plots.task(rows, path)


def measure(
    method: Method, data: FewShotImages, setting: Setting, chosen: Namespace
) -> dict[str, np.ndarray]:
    """The accuracy of every task that is reported, of validation and of meta-test."""
    count = TINY["reported"] if chosen.tiny else REPORTED_TASKS
    device = options.device(chosen.device)
    return {
        part: method.accuracies(
            fixed_tasks(data.split(part), setting.shot, count, seed, device=device)
        )
        for part, seed in (("val", VAL_SEED), ("test", TEST_SEED))
    }


def report(run: RunFolder, found: dict, rates: dict[str, float], best_step: int) -> None:
    """Write result.json and say it."""
    result: dict[str, Any] = {}
    for part, values in found.items():
        result[f"{part}_accuracy"] = float(values.mean())
        result[f"{part}_interval"] = confidence_interval(values)
    result |= {
        "interval": result["test_interval"],
        "tasks": len(found["test"]),
        "best_step": best_step,
    }
    if rates:
        result["rates"] = rates
    run.finish(result)
    for part, name in (("val", "validation"), ("test", "meta-test")):
        accuracy, interval = result[f"{part}_accuracy"], result[f"{part}_interval"]
        print(f"{name} accuracy {accuracy:.4f} ± {interval:.4f} ({result['tasks']} tasks)")
    print(f"weights of step {best_step}; {run.seconds:.0f} s")


def draw_rates(rates: dict[str, float], began: float, path: Path) -> None:
    """Draw the learned inner rates, and where they began."""
    figure, axis = plots.new(height=3 + 0.1 * len(rates))
    axis.barh(list(rates), list(rates.values()), color=plots.COLOURS[0])
    axis.axvline(began, color="black", linestyle=":", label="at the beginning")
    axis.invert_yaxis()
    axis.set_xlabel("learned inner rate")
    plots.legend(figure)
    plots.save(figure, path)
