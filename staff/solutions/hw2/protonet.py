# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 1: prototypical networks (Snell et al. 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from hw2.experiments.tasks import Tasks, accuracy


def prototypes(features: torch.Tensor, labels: torch.Tensor, way: int) -> torch.Tensor:
    """Return one point for every class of a task: the mean of its support features.

    Args:
        features: [N·K, D], in any order.
        labels: [N·K], int64, 0 to N - 1, each K times; labels[i] is the class of features[i].
        way: N.

    Returns:
        [N, D]; row n belongs to class n. Gradients flow back to the features.
    """
    ### BEGIN SOLUTION 1a (about 2 lines): average the features of each class, class after class
    return torch.stack([features[labels == name].mean(dim=0) for name in range(way)])
    ### END SOLUTION


def prototype_logits(features: torch.Tensor, prototypes: torch.Tensor) -> torch.Tensor:
    """Return negative squared Euclidean distances: the closer a prototype, the larger its logit.

    Args:
        features: [n, D], of the n query images (N·Q of a whole task).
        prototypes: [N, D].

    Returns:
        Logits [n, N].
    """
    ### BEGIN SOLUTION 1b (about 1 line): every query against every prototype
    return -(features[:, None] - prototypes).square().sum(dim=-1)
    ### END SOLUTION


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
    ### BEGIN SOLUTION 1c (about 12 lines): encode, then task by task prototypes, logits, loss
    images = torch.cat([tasks.support_images, tasks.query_images], dim=1)
    encoded = network(images.flatten(0, 1)).unflatten(0, images.shape[:2])
    size = tasks.support_images.shape[1]
    losses, rights = [], []
    for features, labels, targets in zip(encoded, tasks.support_labels, tasks.query_labels):
        centres = prototypes(features[:size], labels, way)
        logits = prototype_logits(features, centres).split([size, len(targets)])
        losses.append(F.cross_entropy(logits[1], targets))
        rights.append([accuracy(logits[0], labels), accuracy(logits[1], targets)])
    support, query = torch.tensor(rights).mean(dim=0)
    return torch.stack(losses).mean(), support, query
    ### END SOLUTION
