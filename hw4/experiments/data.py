"""Tasks that are made, not loaded: each is drawn from a distribution whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import torch

NOISE = 0.1  # standard deviation of a sinusoid's and a Gaussian process's targets
LABELS, KNOWN = 20, 16  # amplitudes with a label; how many of them meta-training uses
LENGTH = 1.0  # length scale of the Gaussian process


class LinearTasks:
    """Parabolas w0 + w1 t + w2 t² with w ~ N(mean, covariance): the prior to be recovered."""

    mean = torch.tensor([1.0, -0.5, 0.3], dtype=torch.float64)
    covariance = torch.tensor(
        [[0.40, 0.20, -0.10], [0.20, 0.50, 0.05], [-0.10, 0.05, 0.15]], dtype=torch.float64
    )
    noise_variance = 0.3**2

    def draw(self, rng: np.random.Generator, tasks: int, points: int):
        """x [tasks, points, 3] (the features of t) and y [tasks, points], in float64."""
        t = torch.from_numpy(rng.uniform(-2, 2, size=(tasks, points)))
        root = torch.linalg.cholesky(self.covariance)
        weights = self.mean + torch.from_numpy(rng.normal(size=(tasks, 3))) @ root.mT
        noise = math.sqrt(self.noise_variance) * torch.from_numpy(rng.normal(size=t.shape))
        x = parabola(t)
        return x, (x * weights[:, None]).sum(-1) + noise


def parabola(t: torch.Tensor) -> torch.Tensor:
    """The features 1, t, t² of every number: [...] → [..., 3]."""
    return torch.stack([torch.ones_like(t), t, t.square()], dim=-1)


def sinusoids(rng: np.random.Generator, tasks: int, points: int):
    """y = A sin(x − p) + noise, A in [0.1, 5], p in [0, π]; x and y [tasks, points, 1]."""
    amplitude = rng.uniform(0.1, 5.0, size=(tasks, 1, 1))
    phase = rng.uniform(0, np.pi, size=(tasks, 1, 1))
    x = rng.uniform(-5, 5, size=(tasks, points, 1))
    return _tensors(x, amplitude * np.sin(x - phase) + NOISE * rng.normal(size=x.shape))


def labelled_sinusoids(rng: np.random.Generator, tasks: int, points: int, new: bool):
    """y = A sin x + noise, with a one-hot label of the task (Yin et al. 2020).

    Meta-training tasks have one of 16 amplitudes, and the label says which: it gives A away. New
    tasks have any amplitude, and a label that means nothing.

    Args:
        new: whether to draw new tasks.

    Returns:
        x [tasks, points, 1], label [tasks, 20], y [tasks, points, 1].
    """
    if new:
        label = rng.integers(LABELS, size=tasks)
        amplitude = rng.uniform(0.1, 4.0, size=tasks)
    else:
        label = rng.integers(KNOWN, size=tasks)
        amplitude = np.linspace(0.1, 4.0, LABELS)[label]
    x = rng.uniform(-5, 5, size=(tasks, points, 1))
    y = amplitude[:, None, None] * np.sin(x) + NOISE * rng.normal(size=x.shape)
    return _tensors(x, np.eye(LABELS)[label], y)


def gaussian_process(rng: np.random.Generator, tasks: int, points: int):
    """Noisy functions of a Gaussian process at x in [-2, 2]; x and y [tasks, points, 1]."""
    x = rng.uniform(-2, 2, size=(tasks, points, 1))
    covariance = _kernel(x, x) + NOISE**2 * np.eye(points)
    y = np.linalg.cholesky(covariance) @ rng.normal(size=(tasks, points, 1))
    return _tensors(x, y)


def gaussian_process_posterior(x, y, targets):
    """Return the exact posterior predictive of noisy targets, all of a task together.

    Args:
        x, y: the context, [tasks, n, 1].
        targets: where to predict, [tasks, m, 1].

    Returns:
        mean [tasks, m] and covariance [tasks, m, m], float64.
    """
    x, y, targets = (part.double().numpy() for part in (x, y, targets))
    inside = _kernel(x, x) + NOISE**2 * np.eye(x.shape[1])
    between = _kernel(targets, x)
    share = np.linalg.solve(inside, np.swapaxes(between, 1, 2)).swapaxes(1, 2)
    own = _kernel(targets, targets) + NOISE**2 * np.eye(targets.shape[1])
    covariance = own - share @ np.swapaxes(between, 1, 2)
    return torch.from_numpy((share @ y)[..., 0]), torch.from_numpy(covariance)


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * ((a - np.swapaxes(b, 1, 2)) / LENGTH) ** 2)


def _tensors(*arrays: np.ndarray) -> tuple[torch.Tensor, ...]:
    return tuple(torch.from_numpy(array.astype(np.float32)) for array in arrays)
