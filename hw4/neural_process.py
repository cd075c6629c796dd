"""Problem 2: the parts of a neural process: an aggregator, a latent sample, a loss.

A task has context points (x, y), which are given, and target points, which are asked for. The
encoder turns each point into r numbers; the aggregator makes one summary of a task; the latent z is
drawn from q(z | summary), and the decoder predicts each target from z and its x.
"""

from __future__ import annotations

import torch


def aggregate(encoded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean of the encoded points that the mask marks; their order does not matter.

    Args:
        encoded: [B, n, r]; what stands where no point is present must not be used, and may be NaN.
        mask: bool [B, n], which points are present; the tasks of a batch may have different numbers
            of points.

    Returns:
        [B, r]; zeros for a task without any point.
    """
    # TODO 2a (about 3 lines): sum what is present, divide by how many there are
    raise NotImplementedError("hw4 2a: aggregate")


def sample_latent(mean: torch.Tensor, log_variance: torch.Tensor, num_samples: int) -> torch.Tensor:
    """Draw from N(mean, exp(log_variance)) so that gradients reach both (Kingma & Welling 2014).

    Every number is drawn by itself: no noise is shared by samples, tasks or dimensions.

    Args:
        mean: [B, z].
        log_variance: [B, z], natural logarithm of the variance.
        num_samples: how many to draw for each task.

    Returns:
        [num_samples, B, z].
    """
    # TODO 2b (about 2 lines): standard noise, moved and stretched
    raise NotImplementedError("hw4 2b: sample_latent")


def neural_process_loss(
    log_likelihood: torch.Tensor,
    all_mean: torch.Tensor,
    all_log_variance: torch.Tensor,
    context_mean: torch.Tensor,
    context_log_variance: torch.Tensor,
) -> torch.Tensor:
    """Return the negative bound of a neural process, averaged over tasks (Garnelo et al. 2018).

    The bound of one task is E_z[sum over targets of log p(y | x, z)] − KL(q(z|C,T) ‖ q(z|C)), with
    z drawn from q(z|C,T), which has seen context and targets. Both q are Gaussians with independent
    dimensions; gradients reach both.

    Args:
        log_likelihood: [S, B, m], of each target point, for S draws of z.
        all_mean, all_log_variance: [B, z], of q(z|C,T).
        context_mean, context_log_variance: [B, z], of q(z|C).

    Returns:
        A scalar to minimise.
    """
    # TODO 2c (about 6 lines): expected log likelihood of a task, and one KL a task
    raise NotImplementedError("hw4 2c: neural_process_loss")
