"""Problem 3: three cures for a network that memorises its meta-training tasks."""

from __future__ import annotations

import numpy as np
import torch


def regularised_loss(
    prediction: torch.Tensor,
    target: torch.Tensor,
    noise_sd: float,
    weights: list[tuple[torch.Tensor, torch.Tensor]],
    beta: float,
) -> torch.Tensor:
    """Return the fit plus a price on what weights know: meta-regularisation (Yin et al. 2020).

    The fit is the mean over all predicted numbers of (prediction − target)² / (2 noise_sd²). The
    price is beta times KL(q(θ) ‖ N(0, 1)), where each noisy weight has its own Gaussian q, summed
    over every weight of every layer.

    Args:
        prediction, target: [B, m, 1].
        noise_sd: standard deviation of the targets' noise.
        weights: of each noisy layer (mean, log_sd), two tensors of one shape; log_sd is the natural
            logarithm of the standard deviation.
        beta: the price of one nat.

    Returns:
        A scalar to minimise.
    """
    # TODO 3a (about 6 lines): the fit, and the price of every layer
    raise NotImplementedError("hw4 3a: regularised_loss")


def random_one_hot(one_hot: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Give every task of a batch a label that says nothing about it.

    Each task's new label is drawn from all K labels with equal probability, whatever its own was.
    (It is not enough to permute the batch's own labels: some tasks would keep theirs, and labels
    that are not in the batch would never occur.)

    Args:
        one_hot: [B, K], one label a task; not changed.
        rng: the only source of randomness.

    Returns:
        [B, K], one-hot, of the same dtype.
    """
    # TODO 3b (about 3 lines): draw B labels from K
    raise NotImplementedError("hw4 3b: random_one_hot")


def augment(y: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Change each task in a way that its inputs do not show.

    This is meta-augmentation (Rajendran et al. 2020). All targets of a task are multiplied by the
    same factor, uniform in [0, 2), in the context and elsewhere. Each task has its own factor,
    which can be inferred only from the context.

    Args:
        y: [B, n, 1], all targets of each task; not changed.
        rng: the only source of randomness.

    Returns:
        [B, n, 1], of the same dtype.
    """
    # TODO 3c (about 2 lines): one factor a task
    raise NotImplementedError("hw4 3c: augment")
