"""Homework 4's answer to the common problem: a Bayesian last layer over meta-learned features."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from common import options
from common.compare import method
from common.data.images import rotations
from common.networks.convolutional import Conv4
from common.training.trainer import warm_up_then_cosine
from hw4.experiments.networks import Prior
from hw4.gaussian import log_evidence, posterior, predictive

STEPS, BATCH, RATE, QUERIES = 500, 8, 2e-3, 3
FEATURES: dict[str, Any] = {"filters": 32, "outputs": 32, "running": True}
GRID = 81  # points of an integral over one Gaussian, from -5 to 5 standard deviations


def bayes(problem: method.Problem) -> method.Method:
    """Train features, prior and noise by the evidence; a new task is an exact posterior.

    Every class has its own regression, of 1 for its images and 0 for the others', under one prior.
    """
    way, rng = problem.way, np.random.default_rng(problem.seed)
    network, training = Conv4(**FEATURES), rotations(problem.training)
    prior = Prior(FEATURES["outputs"], noise=0.3, spread=FEATURES["outputs"] ** -0.5)
    optimizer = torch.optim.Adam([*network.parameters(), *prior.parameters()], lr=RATE)
    schedule = warm_up_then_cosine(optimizer, STEPS // 20, STEPS)
    targets = torch.eye(way, dtype=torch.float64).repeat_interleave(1 + QUERIES, 1)  # [N, points]
    for _ in problem.steps(STEPS):
        images = torch.from_numpy(_draw(training, way, rng)).float() / 255
        x = network(images.flatten(0, 1)[:, None]).double().unflatten(0, (BATCH, 1, -1))
        evidence = log_evidence(
            x.expand(-1, way, -1, -1),
            targets.expand(BATCH, -1, -1),
            prior.mean,
            prior.covariance,
            prior.noise_variance,
        )
        optimizer.zero_grad()
        (-evidence.mean() / targets.shape[1]).backward()
        optimizer.step()
        schedule.step()
    network.eval()

    @torch.no_grad()
    def answer(support: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
        x, noise = network(support).double().expand(way, -1, -1), prior.noise_variance
        belief = posterior(x, torch.eye(way).double(), prior.mean, prior.covariance, noise)
        mean, variance = predictive(network(query).double().expand(way, -1, -1), *belief, noise)
        return largest(mean.mT, variance.mT.sqrt())

    return method.Method((network, prior), answer)


def _draw(training: np.ndarray, way: int, rng: np.random.Generator) -> np.ndarray:
    """Images of BATCH tasks, class after class, uint8 [BATCH, N (1 + QUERIES), 28, 28]."""
    tasks = []
    for _ in range(BATCH):
        classes = rng.choice(len(training), way, replace=False)
        for name in classes:
            tasks.append(training[name, rng.permutation(training.shape[1])[: 1 + QUERIES]])
    return np.stack(tasks).reshape(BATCH, -1, *training.shape[2:])


def largest(mean: torch.Tensor, sd: torch.Tensor) -> torch.Tensor:
    """The probability of each of N independent Gaussians to be the largest.

    Args:
        mean, sd: [Q, N].

    Returns:
        [Q, N]; rows sum to 1.
    """
    z = torch.linspace(-5, 5, GRID, dtype=mean.dtype)
    weight = torch.softmax(-0.5 * z.square(), 0)
    value = mean[..., None] + sd[..., None] * z  # [Q, N, grid]: what one of them is
    others = (value[:, :, None] - mean[:, None, :, None]) / sd[:, None, :, None]
    below = torch.special.ndtr(others)  # [Q, one, other, grid]
    own = torch.eye(mean.shape[-1], dtype=torch.bool)[None, :, :, None]
    chance = (below.masked_fill(own, 1.0).prod(2) * weight).sum(-1)
    return chance / chance.sum(-1, keepdim=True)


if __name__ == "__main__":
    options.run_main(lambda: method.main({"bayes": bayes}))
