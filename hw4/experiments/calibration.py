"""An exact Bayesian last layer against a point estimate, an ensemble and a temperature."""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common import plots
from hw4.calibration import condition, expected_calibration_error, fit_temperature, scores
from hw4.experiments.data import sinusoids
from hw4.experiments.fitting import TEST, VALIDATION, Fit, Settings
from hw4.experiments.networks import LastLayer
from hw4.gaussian import log_evidence, predictive

SETTINGS = Settings(steps=1500, batch=32, lr=4e-3)
POINTS = 20
MEMBERS = 4  # of the ensemble; the first one is the network of all other ways
SIZES = (1, 2, 3, 5, 10)
TARGETS = 10
NAMES = {
    "bayes": "exact last layer",
    "point": "point estimate",
    "ensemble": "ensemble of points",
    "temperature": "point, temperature",
}


def run(chosen: Namespace, folder: Path) -> None:
    """Train features and priors by the evidence; then predict for new tasks whether a y is positive."""
    fit = Fit("calibration", chosen, SETTINGS, folder, members=MEMBERS)
    members, rng = [LastLayer() for _ in range(MEMBERS)], fit.rng
    count = 50 if chosen.tiny else 1000
    validation = sinusoids(np.random.default_rng(VALIDATION), count, max(SIZES) + TARGETS)

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        total = torch.zeros(())
        for member in members:
            with fit.timer("data"):
                x, y = sinusoids(rng, fit.settings.batch, POINTS)
            prior = member.prior
            evidence = log_evidence(
                member(x),
                y.double().squeeze(-1),
                prior.mean,
                prior.covariance,
                prior.noise_variance,
            )
            total = total - evidence.mean() / POINTS
        return total, {}

    @torch.no_grad()
    def evaluate() -> dict[str, float]:
        few = tuple(part[: count // 5] for part in validation)
        answers, labels, _ = ask(members[:1], few)
        return {
            "noise": members[0].prior.log_noise.exp().item(),
            **{f"val_nll_{n}": scores(answers[n], labels)[0].item() for n in ("bayes", "point")},
        }

    rows = fit.train(nn.ModuleList(members), loss_of, evaluate)
    with torch.no_grad():
        answers, labels, _ = ask(members, validation)
    temperature = fit_temperature(answers["point"].log(), labels)
    with torch.no_grad():
        test = sinusoids(np.random.default_rng(TEST), count, max(SIZES) + TARGETS)
        answers, labels, densities = ask(members, test)
        answers["temperature"] = (answers["point"].log() / temperature).softmax(-1)
        table = {name: scores_of(answers[name], labels) for name in NAMES}
    fit.result({"fitted_temperature": float(temperature), **table, "density_nll": densities})
    metrics = ["loss", "val_nll_bayes", "val_nll_point"]
    plots.curves({"calibration": rows}, metrics, fit.picture("training.png"), bands=fit.bands)
    _draw(answers, labels, table, fit.picture())


def ask(
    members: list[LastLayer], tasks: tuple[torch.Tensor, ...]
) -> tuple[dict[str, torch.Tensor], torch.Tensor, dict[str, float]]:
    """Every way's probabilities that y is negative or positive, pooled over sizes of the context.

    Returns:
        way → probabilities [n, 2]; labels [n]; and the mean negative log density of y itself, by
        the Bayesian and by the point estimate.
    """
    x, y = tasks[0], tasks[1].double().squeeze(-1)
    answers: dict[str, list[torch.Tensor]] = {"bayes": [], "point": [], "ensemble": []}
    densities: dict[str, list[torch.Tensor]] = {"bayes": [], "point": []}
    labels = []
    beliefs = [_beliefs(member, x, y) for member in members]
    for step in range(len(SIZES)):
        targets = y[:, max(SIZES) :]
        points = []
        for index, belief in enumerate(beliefs):
            mean, variance, noise_variance = belief[step]
            points.append(_positive(mean, noise_variance))
            if index == 0:
                answers["bayes"].append(_positive(mean, variance))
                densities["bayes"].append(_density(targets, mean, variance))
                densities["point"].append(_density(targets, mean, noise_variance))
        answers["point"].append(points[0])
        answers["ensemble"].append(sum(points, torch.zeros(())) / len(points))
        labels.append((targets > 0).long().flatten())
    pooled = {name: torch.cat(parts).clamp(min=1e-12) for name, parts in answers.items()}
    lost = {name: -torch.stack(parts).mean().item() for name, parts in densities.items()}
    return pooled, torch.cat(labels), lost


def _beliefs(
    member: LastLayer, x: torch.Tensor, y: torch.Tensor
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Mean and variance of every target, for contexts that grow by one point at a time."""
    features, prior = member(x), member.prior
    tasks, dim = len(x), features.shape[-1]
    mean = prior.mean.expand(tasks, dim)
    covariance = prior.covariance.expand(tasks, dim, dim)
    found = []
    for point in range(max(SIZES)):
        mean, covariance = condition(
            mean, covariance, features[:, point], y[:, point], prior.noise_variance
        )
        if point + 1 in SIZES:
            targets = features[:, max(SIZES) :]
            found.append(
                (*predictive(targets, mean, covariance, prior.noise_variance), prior.noise_variance)
            )
    return found


def _positive(mean: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    """Probabilities [n, 2] that y < 0 and y > 0."""
    score = (mean / variance.sqrt()).flatten()
    return torch.stack([torch.special.ndtr(-score), torch.special.ndtr(score)], dim=-1)


def _density(y: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    """Log density of y, averaged."""
    return torch.distributions.Normal(mean, torch.as_tensor(variance).sqrt()).log_prob(y).mean()


def scores_of(probabilities: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """The scores of one way."""
    nll, brier = scores(probabilities, labels)
    return {
        "nll": float(nll),
        "brier": float(brier),
        "ece": float(expected_calibration_error(probabilities, labels)),
        "accuracy": (probabilities.argmax(-1) == labels).double().mean().item(),
    }


def _draw(
    answers: dict[str, torch.Tensor],
    labels: torch.Tensor,
    table: dict[str, dict[str, float]],
    path: Path,
) -> None:
    """A reliability diagram for each way: how often it is right when it says how sure it is."""
    figure, axes = plots.new(width=3.4, height=3.6, panels=len(NAMES))
    edges = torch.linspace(0.5, 1, 11, dtype=torch.float64)
    for index, (axis, (name, label)) in enumerate(zip(axes, NAMES.items())):
        confidence, said = answers[name].max(-1)
        right = (said == labels).double()
        which = torch.bucketize(confidence, edges[1:-1])
        counts = torch.bincount(which, minlength=10)
        shown = counts > 0
        sure = torch.bincount(which, confidence, minlength=10)[shown] / counts[shown]
        often = torch.bincount(which, right, minlength=10)[shown] / counts[shown]
        axis.plot([0.5, 1], [0.5, 1], color="grey", linewidth=0.8)
        axis.scatter(
            sure,
            often,
            8 + 120 * counts[shown].sqrt() / math.sqrt(len(labels)),
            color=plots.COLOURS[index],
        )
        axis.plot(sure, often, **plots.style(index))
        figures = table[name]
        axis.set(
            xlabel="confidence",
            ylabel="accuracy",
            xlim=(0.48, 1.02),
            ylim=(0.3, 1.02),
            title=f"{label}\nNLL {figures['nll']:.3f}, ECE {figures['ece']:.3f}",
        )
    print(f"picture: {plots.save(figure, path)}")
