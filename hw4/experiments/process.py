"""A neural process on functions of a Gaussian process, whose exact posterior is known."""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch

from common import plots
from hw4.experiments.data import gaussian_process, gaussian_process_posterior
from hw4.experiments.fitting import TEST, VALIDATION, Fit, Settings
from hw4.experiments.networks import NeuralProcess
from hw4.neural_process import neural_process_loss, sample_latent

SETTINGS = Settings(steps=6000, batch=16, lr=3e-3)
POINTS, MOST = 40, 20  # of a training task; at most this many are context
TARGETS = 20  # of a test task
CONTEXT = 10  # of a validation task
SIZES = (1, 2, 3, 5, 10, 15, 20)
DRAWS = 64


def run(chosen: Namespace, folder: Path) -> None:
    """Train; measure the gap to the exact posterior for every size of the context."""
    fit = Fit("neural-process", chosen, SETTINGS, folder)
    network, rng = NeuralProcess(), fit.rng
    count = 20 if chosen.tiny else 300
    validation = gaussian_process(np.random.default_rng(VALIDATION), count // 5, CONTEXT + TARGETS)

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        with fit.timer("data"):
            x, y = gaussian_process(rng, fit.settings.batch, POINTS)
        sizes = torch.from_numpy(rng.integers(1, MOST + 1, size=(len(x), 1)))
        everything = torch.ones(x.shape[:2], dtype=torch.bool)
        all_points = network.latent(x, y, everything)
        context = network.latent(x, y, torch.arange(POINTS) < sizes)
        likelihood = network.decode(sample_latent(*all_points, 1), x).log_prob(y.squeeze(-1))
        loss = neural_process_loss(likelihood, *all_points, *context) / POINTS
        return loss, {"log_likelihood": likelihood.mean().item()}

    def evaluate() -> dict[str, float]:
        gap = gaps(network, validation, CONTEXT)["joint"]
        return {"val_gap": gap, "val_spread": spread(network, validation, CONTEXT)}

    rows = fit.train(network, loss_of, evaluate)
    x, y = gaussian_process(np.random.default_rng(TEST), count, max(SIZES) + TARGETS)
    found = [gaps(network, (x, y), size) for size in SIZES]
    figures = {name: [gap[name] for gap in found] for name in found[0]}
    fit.result({"context": list(SIZES), **{f"gap_{name}": v for name, v in figures.items()}})
    picture = fit.picture("training.png")
    plots.curves({"neural process": rows}, ["loss", "val_gap"], picture, bands=fit.bands)
    _draw(network, (x, y), figures, fit.picture())


@torch.no_grad()
def gaps(
    network: NeuralProcess, tasks: tuple[torch.Tensor, torch.Tensor], size: int
) -> dict[str, float]:
    """Return the neural process's loss above the exact posterior's, in nats for each target.

    Returns:
        joint: of the log density of all targets of a task together, divided by their number; each:
        of every target by itself; mean: root mean square distance of the two predictive means (no nats).
    """
    x, y = tasks
    context, targets = (x[:, :size], y[:, :size]), (x[:, -TARGETS:], y[:, -TARGETS:].squeeze(-1))
    mean, covariance = gaussian_process_posterior(*context, targets[0])
    exact = torch.distributions.MultivariateNormal(mean, covariance)
    variance = covariance.diagonal(dim1=-2, dim2=-1)
    exact_each = torch.distributions.Normal(mean, variance.sqrt())
    present = torch.ones(len(x), size, dtype=torch.bool)
    z = sample_latent(*network.latent(*context, present), DRAWS)
    predicted = network.decode(z, targets[0])
    likelihood = predicted.log_prob(targets[1]).double()
    joint = likelihood.sum(-1).logsumexp(0) - math.log(DRAWS)
    each = likelihood.logsumexp(0) - math.log(DRAWS)
    return {
        "joint": ((exact.log_prob(targets[1].double()) - joint).mean() / TARGETS).item(),
        "each": (exact_each.log_prob(targets[1].double()) - each).mean().item(),
        "mean": (predicted.mean.mean(0) - mean).square().mean().sqrt().item(),
    }


@torch.no_grad()
def spread(network: NeuralProcess, tasks: tuple[torch.Tensor, torch.Tensor], size: int) -> float:
    """The mean standard deviation of q(z | context)."""
    context = tasks[0][:, :size], tasks[1][:, :size]
    present = torch.ones(context[0].shape[:2], dtype=torch.bool)
    _, log_variance = network.latent(*context, present)
    return (log_variance / 2).exp().mean().item()


@torch.no_grad()
def _draw(
    network: NeuralProcess,
    tasks: tuple[torch.Tensor, torch.Tensor],
    figures: dict[str, list[float]],
    path: Path,
) -> None:
    """The gap against the size of the context, and one task with two contexts."""
    figure, axes = plots.new(width=4.6, panels=3)
    names = {"joint": "all targets together", "each": "each target by itself"}
    for index, (name, label) in enumerate(names.items()):
        axes[0].plot(SIZES, figures[name], marker="o", label=label, **plots.style(index))
    axes[0].set(
        xlabel="context points",
        ylabel="log density lost, nats per target",
        xscale="log",
        ylim=(0, None),
    )
    axes[0].set_xticks(SIZES, [str(size) for size in SIZES])
    grid = torch.linspace(-2, 2, 101)[None, :, None]
    for axis, size in zip(axes[1:], (3, 20)):
        x, y = tasks[0][:1, :size], tasks[1][:1, :size]
        mean, covariance = gaussian_process_posterior(x, y, grid)
        spread = 2 * covariance[0].diagonal().sqrt()
        line = grid[0, :, 0]
        axis.plot(line, mean[0], label="exact posterior, ±2 sd", **plots.style(6))
        axis.fill_between(line, mean[0] - spread, mean[0] + spread, color="grey", alpha=0.25)
        z = sample_latent(*network.latent(x, y, torch.ones(1, size, dtype=torch.bool)), 12)
        for index, draw in enumerate(network.decode(z, grid).mean[:, 0]):
            axis.plot(
                line,
                draw,
                color=plots.COLOURS[5],
                linewidth=0.8,
                alpha=0.7,
                label=None if index else "draws of the neural process",
            )
        axis.plot(x[0], y[0], "o", color="black")
        axis.set(xlabel="x", ylabel="y", title=f"{size} context points")
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
