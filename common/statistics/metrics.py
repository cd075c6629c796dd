"""Figures of merit."""

from __future__ import annotations

import numpy as np
import torch


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of rows whose largest logit is at the label.

    Args:
        logits: [..., classes].
        labels: [...], integers.
    """
    return (logits.argmax(-1) == labels).cpu().double().mean().item()  # MPS has no float64


def mean_reciprocal_rank(scores: np.ndarray, wanted: np.ndarray, seen: np.ndarray) -> float:
    """Mean reciprocal rank: the mean over users of the mean 1/rank of the items they want.

    Args:
        scores: [users, items], higher is better.
        wanted: bool [users, items], the held-out items; users without one do not count.
        seen: bool [users, items], items to leave out of the ranking (those of training).

    Returns:
        The mean reciprocal rank in (0, 1]; a rank counts the items, not seen, that score higher, and
        the item itself. Among equal scores the order of the items decides.
    """
    scores = np.where(seen & ~wanted, -np.inf, scores)
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1)[None], axis=1)
    counts = wanted.sum(1)
    per_user = np.where(wanted, 1.0 / ranks, 0.0).sum(1)[counts > 0] / counts[counts > 0]
    return float(per_user.mean())
