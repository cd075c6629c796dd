"""The training of homework 1: a network with memory, tested with the weights that were its best."""

from __future__ import annotations

import math
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common import options, plots
from common.data.images import FewShotImages, rotations
from common.experiments.training import check_first, open_run, trainer_of
from common.statistics.intervals import confidence_interval
from common.training.runs import RunFolder
from common.training.trainer import warm_up_then_cosine
from hw1.experiments.settings import PANELS, SETTINGS, TEST_TASKS, TINY_TASKS, VAL_TASKS
from hw1.experiments.tasks import Draw, Tasks, drawer, query_accuracy
from hw1.mann import MANN, mann_loss


def train(name: str, data: FewShotImages, chosen: Namespace, folder: Path) -> None:
    """Train one setting, keep the weights that are best on validation, test those once."""
    setting = SETTINGS[name]
    device = options.device(chosen.device)
    hidden_dim = chosen.hidden or setting.hidden_dim
    settings = {
        "steps": chosen.steps,
        "batch": chosen.batch,
        "lr": chosen.lr,
        **asdict(setting),
        "hidden_dim": hidden_dim,
    }
    run = open_run("hw1", name, folder, chosen, data.source, **settings)
    torch.manual_seed(chosen.seed)
    network = build(setting.model, setting.way, setting.shot, hidden_dim).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=chosen.lr)
    schedule = warm_up_then_cosine(optimizer, min(100, chosen.steps // 10), chosen.steps)
    rng = np.random.default_rng(chosen.seed)
    training = rotations(data.split("train"))
    validation = Tasks(data.split("val"), setting, TINY_TASKS if chosen.tiny else VAL_TASKS, device)
    draw = drawer(training, setting, chosen.batch, rng, device)

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        with trainer.timer("data"):
            images, labels = draw()
        logits = network(images, labels)
        with torch.no_grad():
            figures = {"train_accuracy": query_accuracy(logits, labels).mean().item()}
        return mann_loss(logits, labels), figures

    def evaluate() -> dict[str, float]:
        return {"val_accuracy": validation.accuracies(network).mean()}

    every = max(1, chosen.steps // 20)
    trainer = trainer_of(
        run,
        chosen,
        network,
        optimizer,
        rng,
        chosen.steps,
        every,
        scheduler=schedule,
        best_by="val_accuracy",
    )
    bands, picture = trainer.reference.bands, folder / "curves.png"
    trainer.draw = lambda rows: plots.curves({name: rows}, PANELS, picture, bands=bands)
    check_first(
        trainer, chosen, {"loss": math.log(setting.way)}, lambda path: draw_task(draw, path)
    )
    rows = trainer.fit(loss_of, evaluate)
    trainer.load_best()
    test = Tasks(data.split("test"), setting, TINY_TASKS if chosen.tiny else TEST_TASKS, device)
    report(run, test.accuracies(network), trainer.best_step)
    trainer.draw(rows)


def build(model: str, way: int, shot: int, hidden_dim: int) -> nn.Module:
    """A network for N-way K-shot tasks."""
    if model == "transformer":
        from hw1.transformer import TransformerMANN  # an extra: its file may be empty

        return TransformerMANN(way, shot + 1, hidden_dim)
    return MANN(way, shot + 1, hidden_dim)


def draw_task(draw: Draw, path: Path) -> Path:
    """Draw the first task of a batch: each sample's images over the labels that go with them."""
    images, labels = (part[0].cpu() for part in draw())
    names = ["support"] * (len(images) - 1) + ["query"]
    rows = zip(names, images.reshape(*images.shape[:2], 28, 28), labels.argmax(-1).tolist())
    return plots.task(list(rows), path)


def report(run: RunFolder, accuracies: np.ndarray, best_step: int) -> None:
    """Write result.json and say it."""
    result = {
        "test_accuracy": float(accuracies.mean()),
        "interval": confidence_interval(accuracies),
        "tasks": len(accuracies),
        "best_step": best_step,
    }
    run.finish(result)
    print(
        f"meta-test accuracy {result['test_accuracy']:.3f} ± {result['interval']:.3f} "
        f"({len(accuracies)} tasks, weights of step {best_step}, {run.seconds:.0f} s)"
    )
