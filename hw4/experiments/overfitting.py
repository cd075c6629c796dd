"""Meta-overfitting, measured: the error on new tasks against the number of training tasks."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from common import plots
from hw4.experiments.data import sinusoids
from hw4.experiments.fitting import TEST, VALIDATION, Fit, Settings
from hw4.experiments.networks import ConditionalProcess, squared_fit

SETTINGS = Settings(steps=4000, batch=16, lr=2e-3)
POINTS, CONTEXT = 20, 10
COUNTS = (4, 16, 64, 256, 1024, 4096)


def run(chosen: Namespace, folder: Path) -> None:
    """Train one network for each number of tasks, side by side."""
    fit = Fit("meta-overfitting", chosen, SETTINGS, folder)
    networks = nn.ModuleDict({str(count): ConditionalProcess(labels=0) for count in COUNTS})
    pool = sinusoids(np.random.default_rng(chosen.seed), max(COUNTS), POINTS)
    validation = sinusoids(np.random.default_rng(VALIDATION), 500, POINTS)
    rng = fit.rng

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        total = torch.zeros(())
        for count, network in zip(COUNTS, networks.values()):
            with fit.timer("data"):
                chosen_tasks = torch.from_numpy(rng.integers(count, size=fit.settings.batch))
                x, y = (part[chosen_tasks] for part in pool)
            total = total + squared_fit(_predict(network, x, y), y[:, CONTEXT:])
        return total, {}

    def evaluate() -> dict[str, float]:
        return {f"new_{n}": error(network, validation) for n, network in networks.items()}

    rows = fit.train(networks, loss_of, evaluate)
    test = sinusoids(np.random.default_rng(TEST), 1000, POINTS)
    figures: dict[str, list] = {
        "tasks": list(COUNTS),
        "training_mse": [
            error(networks[str(count)], tuple(part[:count] for part in pool)) for count in COUNTS
        ],
        "new_tasks_mse": [error(network, test) for network in networks.values()],
    }
    fit.result(figures)
    _draw(rows, figures, fit)


def _predict(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The targets of each task; there is no label."""
    return network(x, x.new_zeros(len(x), 0), y, CONTEXT)[:, CONTEXT:]


@torch.no_grad()
def error(network: nn.Module, tasks: tuple[torch.Tensor, ...]) -> float:
    """Mean squared error of the targets."""
    return F.mse_loss(_predict(network, *tasks), tasks[1][:, CONTEXT:]).item()


def _draw(rows: list[dict[str, float]], figures: dict[str, list], fit: Fit) -> None:
    """The two errors against the number of tasks, and over training."""
    figure, (left, right) = plots.new(width=5.4, panels=2)
    for name, label, line in (
        ("training_mse", "training tasks", "o-"),
        ("new_tasks_mse", "new tasks", "s--"),
    ):
        left.loglog(COUNTS, figures[name], line, color="black", label=label)
    left.set(xlabel="meta-training tasks", ylabel="mean squared error")
    left.set_xticks(COUNTS, [str(count) for count in COUNTS])
    left.tick_params(axis="x", which="minor", bottom=False)
    for index, count in enumerate(COUNTS):
        steps, values = zip(*[(row["step"], row[f"new_{count}"]) for row in rows])
        right.semilogy(steps, values, label=f"{count} tasks", **plots.style(index))
        if f"new_{count}" in fit.bands:
            plots.band(right, fit.bands[f"new_{count}"], index)
    right.set(xlabel="step", ylabel="mean squared error, validation tasks", ylim=(0.1, 20))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, fit.picture())}")
