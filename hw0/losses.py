"""Problem 3: what each task is trained on, and both together."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: F401

Net = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def ranking_loss(positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
    """Return the smooth share of pairs in the wrong order (after Rendle et al. 2009).

    Let p+ be the logit of an item that a user watched, and p- that of an item drawn at random. The
    loss is the mean of 1 - sigmoid(p+ - p-). (BPR takes the logarithm of the sigmoid; here we do
    not.)

    Args:
        positive: p+, [B].
        negative: p-, [B]; entry b belongs to the same user as positive[b].

    Returns:
        A scalar in (0, 1).
    """
    # TODO 3a (about 1 line): compare entry by entry, then average
    raise NotImplementedError("hw0 3a: ranking_loss")


def rating_loss(predicted: torch.Tensor, ratings: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of the stars.

    Args:
        predicted: [B].
        ratings: [B], 1 to 5.

    Returns:
        A scalar.
    """
    # TODO 3b (about 1 line): how far off, squared, on average
    raise NotImplementedError("hw0 3b: rating_loss")


def joint_loss(
    net: Net,
    users: torch.Tensor,
    items: torch.Tensor,
    ratings: torch.Tensor,
    negatives: torch.Tensor,
    weights: tuple[float, float],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the weighted sum of both tasks' losses on a batch of watched and rated items.

    The ranking compares the watch logit of items[b] with that of negatives[b], both for users[b].
    Only items[b] has stars.

    Args:
        net: net(users, items) gives watch logits [B] and ratings [B], as `MultiTaskNet` does.
        users: ids, int64 [B].
        items: ids of watched items, int64 [B].
        ratings: their stars, float32 [B].
        negatives: ids of items drawn at random, int64 [B].
        weights: of the ranking loss and of the rating loss.

    Returns:
        Three scalars: the weighted sum, the ranking loss and the rating loss (both unweighted).
    """
    # TODO 3c (about 5 lines): ask the net twice, use ranking_loss and rating_loss
    raise NotImplementedError("hw0 3c: joint_loss")
