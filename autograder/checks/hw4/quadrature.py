"""Integrals over one or two weights as sums over a fine grid: a second opinion without formulas.

For smooth densities that fit on the grid such a sum is exact to many digits.
"""

from __future__ import annotations

import numpy as np


class Grid:
    """A grid over the weights w, [G, d] with d of 1 or 2.

    Args:
        centre: [d], its middle.
        reach: [d], how far it goes to either side.
        steps: points along each side.
    """

    def __init__(self, centre, reach, steps: int = 301) -> None:
        axes = [np.linspace(c - r, c + r, steps) for c, r in zip(centre, reach)]
        self.w = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes))

    def gaussian(self, mean, covariance) -> np.ndarray:
        """Logarithms of N(mean, covariance) on the grid, as shares that sum to 1: [G]."""
        away = self.w - mean
        return normalised(-0.5 * (away * np.linalg.solve(covariance, away.T).T).sum(-1))

    def log_likelihood(self, x, y, noise_variance) -> np.ndarray:
        """log p(y | x, w) at every w: [G]."""
        return sum(log_normal(one, self.w @ row, noise_variance) for row, one in zip(x, y))

    def moments(self, log_shares):
        """Mean [d] and covariance [d, d]."""
        shares = np.exp(log_shares)
        mean = shares @ self.w
        return mean, ((self.w - mean) * shares[:, None]).T @ (self.w - mean)


def log_normal(value, mean, variance):
    """Log density of one Gaussian number."""
    return -((value - mean) ** 2) / (2 * variance) - np.log(np.sqrt(2 * np.pi * variance))


def log_sum(logarithms) -> float:
    """The logarithm of a sum of exponentials."""
    top = logarithms.max()
    return float(top + np.log(np.exp(logarithms - top).sum()))


def normalised(logarithms) -> np.ndarray:
    """Shares that sum to 1, as logarithms."""
    return logarithms - log_sum(logarithms)


def divergence(log_shares, other) -> float:
    """How many nats are lost, on average over the first, by believing the second."""
    return float((np.exp(log_shares) * (log_shares - other)).sum())
