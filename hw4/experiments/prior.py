"""Meta-learn the prior of Bayesian linear regression by the evidence of many small tasks."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import torch

from common import plots
from hw4.experiments.data import LinearTasks, parabola
from hw4.experiments.fitting import TEST, Fit, Settings
from hw4.experiments.networks import Prior
from hw4.gaussian import (
    early_stopping_prior,
    evidence_bound,
    gaussian_kl,
    log_evidence,
    posterior,
    predictive,
)

SETTINGS = Settings(steps=300, batch=2000, lr=0.05)  # the batch is all there is
POINTS = 5
Belief = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # mean, covariance, variance of the noise


def run(chosen: Namespace, folder: Path) -> None:
    """Learn prior and noise; compare with the prior that drew the tasks."""
    fit = Fit("prior", chosen, SETTINGS, folder, points=POINTS)
    tasks = LinearTasks()
    x, y = tasks.draw(np.random.default_rng(chosen.seed), fit.settings.batch, POINTS)
    new_x, new_y = tasks.draw(np.random.default_rng(TEST), 1000, POINTS)
    prior = Prior(3)

    def belief() -> Belief:
        return prior.mean, prior.covariance, prior.noise_variance

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        return -log_evidence(x, y, *belief()).mean(), {}

    @torch.no_grad()
    def evaluate() -> dict[str, float]:
        return {
            "kl": gaussian_kl(tasks.mean, tasks.covariance, *belief()[:2]).item(),
            "noise": prior.log_noise.exp().item(),
        }

    rows = fit.train(prior, loss_of, evaluate)
    with torch.no_grad():
        true = (tasks.mean, tasks.covariance, tasks.noise_variance)
        fit.result(
            {
                "kl_true_learned": rows[-1]["kl"],
                "noise": rows[-1]["noise"],
                "new_tasks_log_evidence": log_evidence(new_x, new_y, *belief()).mean().item(),
                "new_tasks_log_evidence_true_prior": log_evidence(new_x, new_y, *true)
                .mean()
                .item(),
                "bound_gap_at_posterior": _bound_gap(new_x, new_y, belief()),
                "early_stopping_difference": _stopping_difference(new_x[0], new_y[0], prior.mean),
            }
        )
        _draw(rows, prior, tasks, (new_x[0], new_y[0]), fit)


def _bound_gap(x: torch.Tensor, y: torch.Tensor, belief: Belief) -> float:
    """Return the largest distance of the bound at the exact posterior from the log evidence."""
    mean, covariance, noise = belief
    q = posterior(x, y, *belief)
    bound = evidence_bound(x, y, *q, noise, gaussian_kl(*q, mean, covariance))
    return (bound - log_evidence(x, y, *belief)).abs().max().item()


def _stopping_difference(
    x: torch.Tensor, y: torch.Tensor, start: torch.Tensor, steps: int = 10
) -> float:
    """Between gradient descent stopped after some steps and the MAP estimate it should be."""
    rate = 0.5 / torch.linalg.eigvalsh(x.mT @ x).max().item()
    weights = start.clone()
    for _ in range(steps):
        weights = weights + rate * (x.mT @ (y - x @ weights))
    estimate, _ = posterior(x, y, start, early_stopping_prior(x, rate, steps), 1.0)
    return (estimate - weights).abs().max().item()


def _draw(
    rows: list[dict[str, float]],
    prior: Prior,
    tasks: LinearTasks,
    task: tuple[torch.Tensor, torch.Tensor],
    fit: Fit,
) -> None:
    """The KL over training, functions from the learned prior, and a task under two priors."""
    figure, (left, middle, right) = plots.new(width=4.6, panels=3)
    left.semilogy([row["step"] for row in rows], [row["kl"] for row in rows], **plots.style(0))
    left.axhline(0.01, color="grey", linewidth=0.8, label="0.01 nats")
    if "kl" in fit.bands:
        plots.band(left, fit.bands["kl"])
    left.set(xlabel="step", ylabel="KL(true prior ‖ learned prior), nats")
    t = torch.linspace(-2, 2, 101, dtype=torch.float64)
    learned = torch.distributions.MultivariateNormal(prior.mean, prior.covariance)
    for weights in learned.sample((12,)):
        middle.plot(t, parabola(t) @ weights, color=plots.COLOURS[0], alpha=0.5, linewidth=0.9)
    _band(middle, t, tasks.mean, tasks.covariance, 0.0, 6, "true prior, ±2 sd")
    middle.set(xlabel="t", ylabel="y", title="functions from the learned prior")
    x, y = task[0][:2], task[1][:2]
    wide = 100 * torch.eye(3, dtype=torch.float64)
    flat = posterior(x, y, torch.zeros(3, dtype=torch.float64), wide, prior.noise_variance)
    own = posterior(x, y, prior.mean, prior.covariance, prior.noise_variance)
    _band(right, t, *flat, prior.noise_variance, 1, "flat prior, y")
    _band(right, t, *own, prior.noise_variance, 0, "learned prior, y")
    _band(right, t, *own, 0.0, 2, "learned prior, w·x")
    right.plot(task[0][:, 1], task[1], "o", color="white", markeredgecolor="black", label="later")
    right.plot(x[:, 1], y, "o", color="black", label="seen")
    low, high = task[1].min().item() - 4, task[1].max().item() + 4
    right.set(xlabel="t", ylabel="y", title="a new task after two points, ±2 sd", ylim=(low, high))
    plots.legend(figure)
    print(f"picture: {plots.save(figure, fit.picture())}")


def _band(
    axis: plots.Axes,
    t: torch.Tensor,
    mean: torch.Tensor,
    covariance: torch.Tensor,
    noise_variance: torch.Tensor | float,
    colour: int,
    label: str,
) -> None:
    centre, variance = predictive(parabola(t), mean, covariance, noise_variance)
    spread = 2 * variance.sqrt()
    axis.plot(t, centre, label=label, **plots.style(colour))
    axis.fill_between(t, centre - spread, centre + spread, color=plots.COLOURS[colour], alpha=0.15)
