# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 1: Bayesian linear regression, exactly.

The model of one task: weights w ~ N(m, S), targets y = X w + noise, noise ~ N(0, v). Every function
takes any number of leading task dimensions `...`, written first; the prior may have them or not.
"""

from __future__ import annotations

import math

import torch


def posterior(
    x: torch.Tensor,
    y: torch.Tensor,
    prior_mean: torch.Tensor,
    prior_covariance: torch.Tensor,
    noise_variance: torch.Tensor | float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the posterior of a task's weights: p(w | X, y) = N(mean, covariance).

    Args:
        x: [..., n, d]; n may be 0.
        y: [..., n].
        prior_mean: [..., d].
        prior_covariance: [..., d, d].
        noise_variance: v, a number.

    Returns:
        mean [..., d] and covariance [..., d, d].
    """
    ### BEGIN SOLUTION 1a (about 4 lines): what prior and data know about w adds up
    precision = torch.linalg.inv(prior_covariance)
    covariance = torch.linalg.inv(precision + x.mT @ x / noise_variance)
    pull = precision @ prior_mean[..., None] + x.mT @ y[..., None] / noise_variance
    return (covariance @ pull).squeeze(-1), covariance
    ### END SOLUTION


def predictive(
    x: torch.Tensor,
    mean: torch.Tensor,
    covariance: torch.Tensor,
    noise_variance: torch.Tensor | float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the distribution of a new, noisy target at each input, for w ~ N(mean, covariance).

    Args:
        x: [..., m, d], the inputs to predict at.
        mean: [..., d].
        covariance: [..., d, d], positive definite.
        noise_variance: v, a number.

    Returns:
        mean [..., m] and variance [..., m] of y, each target by itself.
    """
    ### BEGIN SOLUTION 1b (about 3 lines): mean and variance of x·w plus noise
    centre = (x @ mean[..., None]).squeeze(-1)
    spread = ((x @ covariance) * x).sum(-1)
    return centre, spread + noise_variance
    ### END SOLUTION


def log_evidence(
    x: torch.Tensor,
    y: torch.Tensor,
    prior_mean: torch.Tensor,
    prior_covariance: torch.Tensor,
    noise_variance: torch.Tensor | float,
) -> torch.Tensor:
    """Return log p(y | X) with the weights integrated out: how well a prior predicts a whole task.

    Gradients reach the prior and the noise, which are meta-learned.

    Args:
        x: [..., n, d].
        y: [..., n].
        prior_mean: [..., d].
        prior_covariance: [..., d, d].
        noise_variance: v, a number.

    Returns:
        [...], one number a task, natural logarithm.
    """
    ### BEGIN SOLUTION 1c (about 6 lines): y is Gaussian too; its log density
    residual = y - (x @ prior_mean[..., None]).squeeze(-1)
    noise = noise_variance * torch.eye(x.shape[-2], dtype=x.dtype, device=x.device)
    factor = torch.linalg.cholesky(x @ prior_covariance @ x.mT + noise)
    white = torch.linalg.solve_triangular(factor, residual[..., None], upper=False)
    volume = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return -0.5 * white.square().sum((-2, -1)) - volume - 0.5 * len(noise) * math.log(2 * math.pi)
    ### END SOLUTION


def early_stopping_prior(x: torch.Tensor, lr: float, steps: int) -> torch.Tensor:
    """Return the covariance Q of the prior that early stopping implies.

    See Grant et al. (2018), section 3. Gradient descent on ½‖y − X w‖² that starts at w0 and stops
    after `steps` steps of size `lr` ends where ½‖y − X w‖² + ½ (w − w0)ᵀ Q⁻¹ (w − w0) is least: the
    MAP estimate under the prior N(w0, Q) and noise of variance 1. Q depends on neither y nor w0.

    Args:
        x: [n, d]; there may be fewer rows than columns.
        lr: below 1 / (largest eigenvalue of XᵀX).
        steps: at least 1.

    Returns:
        Q [d, d]. In directions that X does not see take the limit, which is finite.
    """
    ### BEGIN SOLUTION 1d (about 4 lines): how much each eigendirection of XᵀX has moved
    values, vectors = torch.linalg.eigh(x.mT @ x)
    left = 1 - lr * values  # of the distance to the least-squares solution, after one step
    variances = lr * sum(left**-step for step in range(1, steps + 1))
    return vectors @ torch.diag(variances) @ vectors.mT
    ### END SOLUTION


def gaussian_kl(
    mean: torch.Tensor,
    covariance: torch.Tensor,
    other_mean: torch.Tensor,
    other_covariance: torch.Tensor,
) -> torch.Tensor:
    """Return KL(N(mean, covariance) ‖ N(other_mean, other_covariance)), in nats.

    Args:
        mean, other_mean: [..., d].
        covariance, other_covariance: [..., d, d].

    Returns:
        [...].
    """
    ### BEGIN SOLUTION 1e (about 5 lines): spread, distance, dimension, and both volumes
    difference = (other_mean - mean)[..., None]
    inside = torch.linalg.solve(other_covariance, covariance)
    spread = inside.diagonal(dim1=-2, dim2=-1).sum(-1)
    distance = (difference * torch.linalg.solve(other_covariance, difference)).sum((-2, -1))
    volumes = torch.logdet(other_covariance) - torch.logdet(covariance)
    return 0.5 * (spread + distance - mean.shape[-1] + volumes)
    ### END SOLUTION


def evidence_bound(
    x: torch.Tensor,
    y: torch.Tensor,
    mean: torch.Tensor,
    covariance: torch.Tensor,
    noise_variance: torch.Tensor | float,
    kl: torch.Tensor,
) -> torch.Tensor:
    """The evidence lower bound of q(w) = N(mean, covariance): E_q[log p(y | X, w)] − KL(q ‖ prior).

    The expectation is exact, not sampled.

    Args:
        x: [..., n, d].
        y: [..., n].
        mean: [..., d].
        covariance: [..., d, d].
        noise_variance: v, a number.
        kl: [...], KL of q to the prior, already computed.

    Returns:
        [...], one number a task; never above `log_evidence`.
    """
    ### BEGIN SOLUTION 1f (about 5 lines): what a log density is on average under q
    error = y - (x @ mean[..., None]).squeeze(-1)
    squared = error.square() + ((x @ covariance) * x).sum(-1)
    noise_variance = torch.as_tensor(noise_variance, dtype=x.dtype)
    fit = -0.5 * (squared / noise_variance + (2 * math.pi * noise_variance).log())
    return fit.sum(-1) - kl
    ### END SOLUTION
