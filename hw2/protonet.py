"""Problem 1: prototypical networks (Snell et al. 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: F401
from torch import nn

from hw2.experiments.tasks import Tasks, accuracy  # noqa: F401


def prototypes(features: torch.Tensor, labels: torch.Tensor, way: int) -> torch.Tensor:
    """Return one point for every class of a task: the mean of its support features.

    Args:
        features: [N·K, D], in any order.
        labels: [N·K], int64, 0 to N - 1, each K times; labels[i] is the class of features[i].
        way: N.

    Returns:
        [N, D]; row n belongs to class n. Gradients flow back to the features.
    """
    # TODO 1a (about 2 lines): average the features of each class, class after class
    raise NotImplementedError("hw2 1a: prototypes")


def prototype_logits(features: torch.Tensor, prototypes: torch.Tensor) -> torch.Tensor:
    """Return negative squared Euclidean distances: the closer a prototype, the larger its logit.

    Args:
        features: [n, D], of the n query images (N·Q of a whole task).
        prototypes: [N, D].

    Returns:
        Logits [n, N].
    """
    # TODO 1b (about 1 line): every query against every prototype
    raise NotImplementedError("hw2 1b: prototype_logits")


def protonet_loss(
    network: nn.Module, tasks: Tasks, way: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the query loss, averaged over tasks; prototypes come from the support images.

    Each task has its own prototypes, and the cross-entropy of its own query images. Encode all
    images of all tasks in one call of the network: that is fastest.

    Args:
        network: images [B, ...] → features [B, D].
        tasks: a batch; see `Tasks`.
        way: N.

    Returns:
        The mean loss over tasks, the mean accuracy on the support images, and that on the query
        images, as three scalars; the two accuracies as tensors or floats.
    """
    # TODO 1c (about 12 lines): encode, then task by task prototypes, logits, loss
    raise NotImplementedError("hw2 1c: protonet_loss")
