# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
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
    ### BEGIN SOLUTION 2a (about 3 lines): sum what is present, divide by how many there are
    weights = mask.to(encoded.dtype)[..., None]
    total = torch.where(mask[..., None], encoded, 0).sum(1)
    return total / weights.sum(1).clamp(min=1)
    ### END SOLUTION


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
    ### BEGIN SOLUTION 2b (about 2 lines): standard noise, moved and stretched
    noise = torch.randn(num_samples, *mean.shape, dtype=mean.dtype, device=mean.device)
    return mean + (0.5 * log_variance).exp() * noise
    ### END SOLUTION


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
    ### BEGIN SOLUTION 2c (about 6 lines): expected log likelihood of a task, and one KL a task
    fit = log_likelihood.sum(-1).mean(0)
    ratio = (all_log_variance - context_log_variance).exp()
    squared = (all_mean - context_mean).square() / context_log_variance.exp()
    kl = 0.5 * (ratio + squared - 1 - ratio.log()).sum(-1)
    return (kl - fit).mean()
    ### END SOLUTION
