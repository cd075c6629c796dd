"""Other right ways to make prototypes, to measure distances, and to judge a batch of tasks."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from staff.authoring.catalogue import variant


@variant("1a")
def one_hot_product(features, labels, way):
    """A matrix product with one-hot labels."""
    hot = F.one_hot(labels, way).to(features.dtype)
    return hot.T @ features / hot.sum(0)[:, None]


@variant("1a")
def sorted_and_reshaped(features, labels, way):
    """Sort by label, then average over an axis."""
    order = torch.argsort(labels)
    return features[order].reshape(way, -1, features.shape[1]).mean(dim=1)


@variant("1a")
def filled_in_place(features, labels, way):
    """A tensor of zeros, filled class by class."""
    centres = torch.zeros(way, features.shape[1], dtype=features.dtype)
    for n in range(way):
        centres[n] = torch.mean(features[labels == n], 0)
    return centres


@variant("1a")
def index_add(features, labels, way):
    """Sums by index_add, counts by bincount."""
    sums = features.new_zeros(way, features.size(1)).index_add(0, labels, features)
    return sums / torch.bincount(labels, minlength=way).unsqueeze(1)


@variant("1a")
def einsum_with_weights(features, labels, way):
    """Weights [N, N·K] and einsum, in float64."""
    weights = (labels[None, :] == torch.arange(way)[:, None]).double()
    weights = weights / weights.sum(1, keepdim=True)
    return torch.einsum("nk,kd->nd", weights, features.double())


@variant("1a")
def loop_over_images(features, labels, way):
    """One image at a time, in lists."""
    groups = [[] for _ in range(way)]
    for i in range(features.shape[0]):
        groups[int(labels[i])].append(features[i])
    return torch.stack([sum(group) / len(group) for group in groups])


@variant("1a")
def numpy_indices(features, labels, way):
    """Indices found by numpy."""
    where = [np.flatnonzero(labels.numpy() == n) for n in range(way)]
    return torch.stack([features[torch.as_tensor(w)].mean(0) for w in where])


@variant("1b")
def cdist_squared(features, prototypes):
    """cdist, squared."""
    return -(torch.cdist(features, prototypes) ** 2)


@variant("1b")
def cdist_exact(features, prototypes):
    """cdist without the matrix product."""
    mode = "donot_use_mm_for_euclid_dist"
    return -torch.cdist(features, prototypes, compute_mode=mode).pow(2)


@variant("1b")
def expanded_square(features, prototypes):
    """The square, multiplied out."""
    a = (features**2).sum(1).unsqueeze(1)
    b = (prototypes**2).sum(1).unsqueeze(0)
    return 2 * features @ prototypes.t() - a - b


@variant("1b")
def expand_and_pow(features, prototypes):
    """Both expanded to three axes."""
    n, m, d = features.size(0), prototypes.size(0), features.size(1)
    x = features.unsqueeze(1).expand(n, m, d)
    y = prototypes.unsqueeze(0).expand(n, m, d)
    return -torch.pow(x - y, 2).sum(2)


@variant("1b")
def row_by_row(features, prototypes):
    """A loop over the queries."""
    return torch.stack([-((prototypes - query) ** 2).sum(dim=1) for query in features])


@variant("1b")
def column_by_column(features, prototypes):
    """A loop over the classes."""
    return torch.stack([-((features - c) * (features - c)).sum(-1) for c in prototypes], dim=1)


@variant("1b")
def squared_norm(features, prototypes):
    """The norm, squared."""
    gap = torch.linalg.norm(features[:, None, :] - prototypes[None, :, :], dim=-1)
    return torch.neg(gap * gap)


def _right(logits, labels):
    return (logits.argmax(1) == labels).float().mean().item()


@variant("1c")
def loop_and_floats(network, tasks, way):
    """The network is called twice for each task; accuracies as floats."""
    losses, support, query = [], [], []
    for i in range(tasks.support_images.shape[0]):
        s = network(tasks.support_images[i])
        q = network(tasks.query_images[i])
        centres = prototypes(s, tasks.support_labels[i], way)  # noqa: F821
        logits = prototype_logits(q, centres)  # noqa: F821
        losses.append(F.cross_entropy(logits, tasks.query_labels[i]))
        query.append(_right(logits, tasks.query_labels[i]))
        support.append(_right(prototype_logits(s, centres), tasks.support_labels[i]))  # noqa: F821
    return torch.stack(losses).mean(), np.mean(support), np.mean(query)


@variant("1c")
def one_cross_entropy(network, tasks, way):
    """One cross-entropy over all tasks, which are equally large."""
    s = network(tasks.support_images.flatten(0, 1)).view(*tasks.support_images.shape[:2], -1)
    q = network(tasks.query_images.flatten(0, 1)).view(*tasks.query_images.shape[:2], -1)
    centres = [prototypes(f, y, way) for f, y in zip(s, tasks.support_labels)]  # noqa: F821
    logits = torch.cat([prototype_logits(f, c) for f, c in zip(q, centres)])  # noqa: F821
    own = torch.cat([prototype_logits(f, c) for f, c in zip(s, centres)])  # noqa: F821
    query_labels, labels = tasks.query_labels.reshape(-1), tasks.support_labels.reshape(-1)
    loss = nn.CrossEntropyLoss()(logits, query_labels)
    return (loss, _right(own, labels), _right(logits, query_labels))


@variant("1c")
def without_the_helpers(network, tasks, way):
    """Everything at once, without calling 1a and 1b."""
    T, n = tasks.support_labels.shape
    s = network(tasks.support_images.reshape(T * n, *tasks.support_images.shape[2:])).view(T, n, -1)
    m = tasks.query_labels.shape[1]
    q = network(tasks.query_images.reshape(T * m, *tasks.query_images.shape[2:])).view(T, m, -1)
    hot = F.one_hot(tasks.support_labels, way).to(s.dtype)
    centres = torch.einsum("tin,tid->tnd", hot, s) / hot.sum(1)[:, :, None]
    logits = -((q[:, :, None] - centres[:, None]) ** 2).sum(-1)
    own = -((s[:, :, None] - centres[:, None]) ** 2).sum(-1)
    loss = F.cross_entropy(logits.transpose(1, 2), tasks.query_labels)
    support = (own.argmax(-1) == tasks.support_labels).float().mean()
    return loss, support, (logits.argmax(-1) == tasks.query_labels).float().mean()


@variant("1c")
def log_softmax_and_gather(network, tasks, way):
    """The cross-entropy by hand, a running total, a list as the result."""
    total, right = 0.0, torch.zeros(2)
    for support, labels, query, targets in zip(*tasks):
        features = network(torch.cat([support, query], 0))
        s, q = features[: len(labels)], features[len(labels) :]
        centres = prototypes(s, labels, way)  # noqa: F821
        scores = prototype_logits(q, centres).log_softmax(1)  # noqa: F821
        total = total - scores.gather(1, targets[:, None]).mean()
        right[0] += (prototype_logits(s, centres).argmax(1) == labels).float().mean()  # noqa: F821
        right[1] += (scores.argmax(1) == targets).float().mean()
    count = len(tasks.support_labels)
    return [total / count, right[0] / count, right[1] / count]


@variant("1c")
def query_first(network, tasks, way):
    """Queries are encoded first; metrics as numpy scalars; prints."""
    queries = network(tasks.query_images.flatten(0, 1)).chunk(len(tasks.query_images))
    supports = network(tasks.support_images.flatten(0, 1)).chunk(len(tasks.support_images))
    losses, figures = [], []
    for q, s, y, t in zip(queries, supports, tasks.support_labels, tasks.query_labels):
        c = prototypes(s, y, way)  # noqa: F821
        z = prototype_logits(q, c)  # noqa: F821
        losses.append(F.nll_loss(F.log_softmax(z, -1), t))
        figures.append([_right(prototype_logits(s, c), y), _right(z, t)])  # noqa: F821
    support, query = np.array(figures).mean(0)
    print("loss", [float(loss) for loss in losses])
    return sum(losses) / len(losses), support, query
