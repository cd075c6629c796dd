# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 4: an exact last layer that learns online, and the calibration of its probabilities."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def condition(
    mean: torch.Tensor,
    covariance: torch.Tensor,
    features: torch.Tensor,
    target: torch.Tensor,
    noise_variance: torch.Tensor | float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Update the belief about a last layer by one point of each task.

    (ALPaCA, Harrison et al. 2018.) The belief is w ~ N(mean, covariance), and target = features · w
    + noise. One point changes the covariance by a matrix of rank one: no matrix has to be inverted.

    Args:
        mean: [B, d], before the point.
        covariance: [B, d, d], before the point.
        features: [B, d], what the network makes of the point's input.
        target: [B].
        noise_variance: of the target, a number.

    Returns:
        mean [B, d] and covariance [B, d, d] after the point; the arguments stay as they are.
    """
    ### BEGIN SOLUTION 4a (about 5 lines): how surprising the target is, and how far to move
    shared = (covariance @ features[..., None]).squeeze(-1)
    variance = (features * shared).sum(-1, keepdim=True) + noise_variance
    gain = shared / variance
    surprise = target[..., None] - (features * mean).sum(-1, keepdim=True)
    return mean + gain * surprise, covariance - gain[..., :, None] * shared[..., None, :]
    ### END SOLUTION


def expected_calibration_error(
    probabilities: torch.Tensor, labels: torch.Tensor, bins: int = 15
) -> torch.Tensor:
    """Return the mean distance of confidence from accuracy (Guo et al. 2017).

    The confidence of a prediction is its largest probability. Bins of equal width divide [0, 1].
    Each bin is weighted by its share of the predictions; an empty one does not count. (It does not
    matter to which bin an edge belongs; confidence 1 belongs to the last bin.)

    Args:
        probabilities: [n, K], rows sum to 1.
        labels: [n], integers.
        bins: how many.

    Returns:
        A number in [0, 1].
    """
    ### BEGIN SOLUTION 4b (about 7 lines): bin by confidence, compare two means in each bin
    confidence, predicted = probabilities.max(-1)
    excess = confidence - (predicted == labels).to(confidence.dtype)
    which = (confidence * bins).long().clamp(max=bins - 1)
    # mean confidence - mean accuracy, times the share of the bin
    totals = torch.zeros(bins, dtype=excess.dtype).index_add(0, which, excess)
    return totals.abs().sum() / len(labels)
    ### END SOLUTION


def scores(probabilities: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the negative log likelihood and the Brier score, averaged over rows.

    Both are proper scores. The Brier score of a row is the squared distance between its
    probabilities and the one-hot label, summed over all K classes: 0 at best, 2 at worst.

    Args:
        probabilities: [n, K], rows sum to 1; used as they are, down to 1e-6 at least.
        labels: [n], integers.

    Returns:
        (negative log likelihood in nats, Brier score), two numbers.
    """
    ### BEGIN SOLUTION 4c (about 4 lines): what was said of the label, and of all classes
    said = probabilities.gather(-1, labels[:, None]).squeeze(-1)
    truth = F.one_hot(labels, probabilities.shape[-1])
    return -said.log().mean(), (probabilities - truth).square().sum(-1).mean()
    ### END SOLUTION


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the T > 0 for which softmax(logits / T) has the least negative log likelihood.

    T is fitted on validation data and used on test data. Use any method that finds T to three
    digits; T is between 0.01 and 100.

    Args:
        logits: [n, K].
        labels: [n], integers.

    Returns:
        T.
    """
    ### BEGIN SOLUTION 4d (about 9 lines): minimise over log T, so that T stays positive
    logits = logits.detach()
    log_temperature = torch.zeros((), dtype=logits.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(logits / log_temperature.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return log_temperature.exp().item()
    ### END SOLUTION
