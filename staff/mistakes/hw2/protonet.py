"""Wrong ways to make prototypes, to measure distances, and to judge a batch of tasks."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from hw2.experiments.tasks import accuracy
from staff.authoring.catalogue import mistake

# --- 1a -----------------------------------------------------------------------------------------


@mistake("1a")
def no_gradient(features, labels, way):
    """The prototypes are computed without gradients.

    Their values are right, but nothing flows back to the support features. Training still works a
    little, through the queries alone.
    """
    with torch.no_grad():
        return torch.stack([features[labels == n].mean(0) for n in range(way)])


@mistake("1a")
def detached_prototypes(features, labels, way):
    """The prototypes are detached from the features.

    The gradient stops before it reaches the support features. You can still ask for one, but it is
    zero.
    """
    centres = torch.stack([features[labels == n].mean(0) for n in range(way)])
    return centres.detach() + 0 * features.sum()


@mistake("1a")
def rebuilt_from_numbers(features, labels, way):
    """A new tensor is made from the numbers of the prototypes.

    A tensor that is made from a list has no graph. It changes no value, but no gradient can flow.
    """
    return torch.tensor([features[labels == n].mean(0).tolist() for n in range(way)])


@mistake("1a")
def class_by_class(features, labels, way):
    """The labels are not used: the code assumes that the features come class by class.

    With support images in another order a prototype mixes classes. It is right only for data that
    happen to be sorted.
    """
    return features.view(way, -1, features.shape[1]).mean(1)


@mistake("1a")
def row_by_row(features, labels, way):
    """The labels are not used: each row of N features is assumed to have the classes in order.

    A prototype mixes the classes that are N places apart. With one support image of each class it
    is right if these happen to be in order.
    """
    return features.view(-1, way, features.shape[1]).mean(0)


@mistake("1a")
def sums(features, labels, way):
    """The features of a class are added up, not averaged.

    A prototype is K times too long, and moves away from its class as K grows. With one support
    image of each class nothing is wrong.
    """
    return torch.stack([features[labels == n].sum(0) for n in range(way)])


@mistake("1a")
def divided_by_all(features, labels, way):
    """The sum of a class is divided by the number of all support images.

    Every prototype is N times too short: the average includes images of other classes.
    """
    hot = F.one_hot(labels, way).to(features.dtype)
    return hot.T @ features / len(features)


@mistake("1a")
def medians(features, labels, way):
    """The median of each feature is taken instead of the mean.

    With one or two symmetric support images the two are close; with three they differ. The gradient
    reaches one support image of each class and feature only.
    """
    return torch.stack([features[labels == n].median(0).values for n in range(way)])


@mistake("1a")
def first_example(features, labels, way):
    """Only the first support image of each class is used.

    The other K - 1 support images have no influence: they get no gradient, and more shots do not
    help.
    """
    return torch.stack([features[labels == n][0] for n in range(way)])


@mistake("1a")
def averaged_over_features(features, labels, way):
    """The average runs over the axis of the features.

    What is left of a class is one number for each image, not one vector for the class.
    """
    means = torch.stack([features[labels == n].mean(1) for n in range(way)])
    return means.mean(1, keepdim=True).expand(-1, features.shape[1])


@mistake("1a")
def order_of_appearance(features, labels, way):
    """The rows are in the order in which classes first appear, not in the order of their labels.

    Each row is the mean of one class, but row n is not that of class n. With sorted support images
    nothing is wrong.
    """
    seen = list(dict.fromkeys(labels.tolist()))
    return torch.stack([features[labels == n].mean(0) for n in seen])


@mistake("1a")
def unit_length(features, labels, way):
    """The prototypes are scaled to length one.

    Their direction is right but their length is lost, so distances to them change.
    """
    return F.normalize(torch.stack([features[labels == n].mean(0) for n in range(way)]), dim=-1)


@mistake("1a")
def one_too_many(features, labels, way):
    """The sum of a class is divided by one more than its number of images.

    Every prototype is too close to the origin, most of all with one support image of each class.
    """
    return torch.stack(
        [features[labels == n].sum(0) / ((labels == n).sum() + 1) for n in range(way)]
    )


@mistake("1a")
def features_changed(features, labels, way):
    """The features of the caller are changed on the way.

    The prototypes are right, but the support features are no longer those of the network: the
    support accuracy is computed from other numbers.
    """
    centres = torch.stack([features[labels == n].mean(0) for n in range(way)])
    features.data.sub_(features.data.mean(0))
    return centres


# --- 1b -----------------------------------------------------------------------------------------


@mistake("1b")
def positive_distance(features, prototypes):
    """The distance itself is the logit: the farthest class wins.

    A query that lies on a prototype gets its smallest logit there. Training pushes the queries away
    from their own class.
    """
    return (features[:, None] - prototypes).pow(2).sum(-1)


@mistake("1b")
def not_squared(features, prototypes):
    """The distance is not squared.

    The same class wins, so accuracies look right, but the probabilities and the loss differ, and
    the gradient breaks where a query meets a prototype. The handout asks for the squared distance.
    """
    return -torch.cdist(features[None], prototypes[None])[0]


@mistake("1b")
def averaged_squares(features, prototypes):
    """The squares are averaged over the features, not added up.

    All logits are too small by the number of features: the predictions are the same, but much less
    confident.
    """
    return -(features[:, None] - prototypes).pow(2).mean(-1)


@mistake("1b")
def scalar_product(features, prototypes):
    """The scalar product with each prototype is the logit.

    A linear layer classifies in this way; a long prototype wins against a near one.
    """
    return features @ prototypes.T


@mistake("1b")
def cosine(features, prototypes):
    """The cosine of the angle to each prototype is the logit.

    The lengths of the features do not count, and no logit is larger than one.
    """
    return F.cosine_similarity(features[:, None], prototypes[None], dim=-1)


@mistake("1b")
def city_block(features, prototypes):
    """Absolute differences are added up in place of squares.

    That is another distance, whose gradient is the same however far a query is.
    """
    return -(features[:, None] - prototypes).abs().sum(-1)


@mistake("1b")
def softmax_already(features, prototypes):
    """Probabilities are returned where logits are asked for.

    The cross-entropy applies a second softmax: the loss cannot come near zero, and its gradient
    vanishes.
    """
    return (-(features[:, None] - prototypes).pow(2).sum(-1)).softmax(-1)


@mistake("1b")
def log_probabilities_over_queries(features, prototypes):
    """The logits are normalised over the queries, not left as they are.

    The logits of one query then depend on the other queries; for each class, their exponentials sum
    to one over the queries.
    """
    return (-(features[:, None] - prototypes).pow(2).sum(-1)).log_softmax(0)


@mistake("1b")
def transposed(features, prototypes):
    """The axes of queries and classes are exchanged.

    Row n holds the logits of all queries for class n. With as many queries as classes there is no
    error, but the loss is wrong.
    """
    return -(prototypes[:, None] - features).pow(2).sum(-1)


@mistake("1b")
def prototypes_fixed(features, prototypes):
    """The prototypes are detached before they are compared.

    That changes no value; but nothing flows back to the support images, so they do not train the
    encoder.
    """
    return -(features[:, None] - prototypes.detach()).pow(2).sum(-1)


@mistake("1b")
def queries_fixed(features, prototypes):
    """The query features are detached before they are compared.

    It changes no value; only the support images train the encoder.
    """
    return -(features.detach()[:, None] - prototypes).pow(2).sum(-1)


@mistake("1b")
def half_the_product(features, prototypes):
    """The product term of the expanded square is counted once instead of twice.

    The result is not a distance: it is not zero for a query that lies on a prototype.
    """
    return -(features.pow(2).sum(1, True) - features @ prototypes.T + prototypes.pow(2).sum(1))


# --- 1c -----------------------------------------------------------------------------------------


def _encode(network, tasks):
    """Features of the support and of the query images, [T, n, D] each."""
    parts = []
    for images in (tasks.support_images, tasks.query_images):
        parts.append(network(images.flatten(0, 1)).unflatten(0, images.shape[:2]))
    return parts


def _judge(network, tasks, way, adjust=lambda support, query: (support, query)):
    """For every task (support logits, query logits, support labels, query labels)."""
    support, query = _encode(network, tasks)
    rows = []
    for s, q, labels, targets in zip(support, query, tasks.support_labels, tasks.query_labels):
        s, q = adjust(s, q)
        centres = prototypes(s, labels, way)  # noqa: F821
        rows.append((prototype_logits(s, centres), prototype_logits(q, centres), labels, targets))  # noqa: F821
    return rows


def _accuracies(rows):
    """Mean accuracies on support and query images."""
    support = torch.stack([accuracy(s, labels) for s, _, labels, _ in rows]).mean()
    return support, torch.stack([accuracy(q, targets) for _, q, _, targets in rows]).mean()


@mistake("1c")
def support_loss(network, tasks, way):
    """The loss is that of the support images.

    They are classified by prototypes that were made from them, which is easy: the loss falls fast,
    but the query accuracy stays low.
    """
    rows = _judge(network, tasks, way)
    loss = torch.stack([F.cross_entropy(s, labels) for s, _, labels, _ in rows]).mean()
    return loss, *_accuracies(rows)


@mistake("1c")
def summed_over_tasks(network, tasks, way):
    """The losses of the tasks are added up, not averaged.

    The loss and its gradient grow with the number of tasks in a batch. With one task nothing is
    wrong.
    """
    rows = _judge(network, tasks, way)
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).sum()
    return loss, *_accuracies(rows)


@mistake("1c")
def summed_over_queries(network, tasks, way):
    """The losses of the query images are added up, not averaged.

    The loss and its gradient grow with the number of query images.
    """
    rows = _judge(network, tasks, way)
    losses = [F.cross_entropy(q, targets, reduction="sum") for _, q, _, targets in rows]
    return torch.stack(losses).mean(), *_accuracies(rows)


@mistake("1c")
def last_task_only(network, tasks, way):
    """Only the last task's loss is returned.

    The loop over tasks forgets the earlier ones. The loss is right for a batch of one, and noisy
    otherwise.
    """
    rows = _judge(network, tasks, way)
    _, q, _, targets = rows[-1]
    return F.cross_entropy(q, targets), *_accuracies(rows)


@mistake("1c")
def support_not_trained(network, tasks, way):
    """The support images are encoded without gradients.

    The loss is right, but the encoder is trained by the query images alone.
    """
    rows = _judge(network, tasks, way, lambda s, q: (s.detach(), q))
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    return loss, *_accuracies(rows)


@mistake("1c")
def query_not_trained(network, tasks, way):
    """The query images are encoded without gradients.

    The loss is right, but the encoder is trained by the support images alone.
    """
    rows = _judge(network, tasks, way, lambda s, q: (s, q.detach()))
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    return loss, *_accuracies(rows)


@mistake("1c")
def loss_from_numbers(network, tasks, way):
    """The loss is cut off from the encoder.

    The value is right, but a tensor that is detached or made of numbers has no graph, and the
    encoder never changes.
    """
    rows = _judge(network, tasks, way)
    losses = [F.cross_entropy(q, targets).item() for _, q, _, targets in rows]
    return torch.tensor(losses, requires_grad=True).mean(), *_accuracies(rows)


@mistake("1c")
def softmax_twice(network, tasks, way):
    """There is a softmax before the cross-entropy, which applies its own.

    The loss cannot fall below a bound well above zero, and training is slow.
    """
    rows = _judge(network, tasks, way)
    losses = [F.cross_entropy(q.softmax(-1), targets) for _, q, _, targets in rows]
    return torch.stack(losses).mean(), *_accuracies(rows)


@mistake("1c")
def one_set_of_prototypes(network, tasks, way):
    """All tasks of the batch share one set of prototypes.

    Class 0 of one task has nothing to do with class 0 of another, yet their features are averaged
    together. With one task nothing is wrong.
    """
    support, query = _encode(network, tasks)
    centres = prototypes(support.flatten(0, 1), tasks.support_labels.flatten(), way)  # noqa: F821
    rows = [
        (prototype_logits(s, centres), prototype_logits(q, centres), labels, targets)  # noqa: F821
        for s, q, labels, targets in zip(support, query, tasks.support_labels, tasks.query_labels)
    ]
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    return loss, *_accuracies(rows)


@mistake("1c")
def queries_in_prototypes(network, tasks, way):
    """The query images are part of the prototypes that classify them.

    The labels of the queries are used before they are predicted: the query accuracy is too good,
    and cannot be repeated on images without labels.
    """
    support, query = _encode(network, tasks)
    rows = []
    for s, q, labels, targets in zip(support, query, tasks.support_labels, tasks.query_labels):
        centres = prototypes(torch.cat([s, q]), torch.cat([labels, targets]), way)  # noqa: F821
        rows.append((prototype_logits(s, centres), prototype_logits(q, centres), labels, targets))  # noqa: F821
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    return loss, *_accuracies(rows)


@mistake("1c")
def queries_judge_themselves(network, tasks, way):
    """The query images make the prototypes.

    They are then classified by prototypes that were made from them and their labels, which is easy.
    The loss does not use the support images.
    """
    support, query = _encode(network, tasks)
    rows = []
    for s, q, labels, targets in zip(support, query, tasks.support_labels, tasks.query_labels):
        centres = prototypes(q, targets, way)  # noqa: F821
        rows.append((prototype_logits(s, centres), prototype_logits(q, centres), labels, targets))  # noqa: F821
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    return loss, *_accuracies(rows)


@mistake("1c")
def roles_exchanged(network, tasks, way):
    """The query images make the prototypes, and the support images are classified.

    The two sets have changed places. With as many queries as supports it even trains.
    """
    swapped = type(tasks)(*tasks[2:], *tasks[:2])
    rows = _judge(network, swapped, way)
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    return loss, *reversed(_accuracies(rows))


@mistake("1c")
def accuracies_exchanged(network, tasks, way):
    """The query accuracy is returned where the support accuracy belongs.

    The loss is right. The curve that is called support is the lower one, which should make you
    suspicious.
    """
    rows = _judge(network, tasks, way)
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    support, query = _accuracies(rows)
    return loss, query, support


@mistake("1c")
def query_accuracy_twice(network, tasks, way):
    """Both accuracies are those of the query images.

    The support images are never classified, and the two curves are equal.
    """
    rows = _judge(network, tasks, way)
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    _, query = _accuracies(rows)
    return loss, query, query


@mistake("1c")
def loss_of_both_sets(network, tasks, way):
    """The losses of support and query images are added.

    The support images are classified by prototypes made from themselves; that term teaches little
    and hides the query loss.
    """
    rows = _judge(network, tasks, way)
    losses = [F.cross_entropy(s, labels) + F.cross_entropy(q, t) for s, q, labels, t in rows]
    return torch.stack(losses).mean(), *_accuracies(rows)


@mistake("1c")
def channels_as_images(network, tasks, way):
    """The axis of the channels is joined with those of tasks and images.

    The network then gets images without a channel axis, one for each channel. With one channel, and
    a network that flattens its input, you see no difference.
    """
    images = torch.cat([tasks.support_images, tasks.query_images], dim=1)
    encoded = network(images.flatten(0, 2)).unflatten(0, images.shape[:2])
    losses, rows, size = [], [], tasks.support_images.shape[1]
    for features, labels, targets in zip(encoded, tasks.support_labels, tasks.query_labels):
        centres = prototypes(features[:size], labels, way)  # noqa: F821
        logits = prototype_logits(features, centres)  # noqa: F821
        support, query = logits.split([size, len(targets)])
        losses.append(F.cross_entropy(query, targets))
        rows.append((support, query, labels, targets))
    return torch.stack(losses).mean(), *_accuracies(rows)


@mistake("1c")
def evaluation_mode(network, tasks, way):
    """The network is left in evaluation mode.

    The first call looks right. From then on batch normalisation no longer updates its statistics,
    because the caller's network has changed its mode.
    """
    network.eval()
    rows = _judge(network, tasks, way)
    loss = torch.stack([F.cross_entropy(q, targets) for _, q, _, targets in rows]).mean()
    return loss, *_accuracies(rows)
