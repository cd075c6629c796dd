"""Wrong ways to add up gradients."""

from __future__ import annotations

from staff.authoring.catalogue import mistake


def _counts(parts):
    """Tokens to be predicted in each part."""
    return [int((labels[:, 1:] >= 0).sum()) for _, labels in parts]


def _weighted(model, parts, optimizer, mean_loss, weights, skip=True):
    """One step on the weighted sum of the micro-batches' means."""
    optimizer.zero_grad()
    total = 0.0
    for (tokens, labels), weight, count in zip(parts, weights, _counts(parts)):
        if skip and count == 0:
            continue
        loss = mean_loss(model(tokens), labels) * weight
        loss.backward()
        total += float(loss)
    optimizer.step()
    return total


@mistake("4e")
def mean_of_means(model, micro_batches, optimizer, mean_loss):
    """Every micro-batch has the same weight.

    A token in a micro-batch with few tokens counts more than one in a micro-batch with many.
    """
    used = sum(count > 0 for count in _counts(micro_batches))
    return _weighted(model, micro_batches, optimizer, mean_loss, [1 / used] * len(micro_batches))


@mistake("4e")
def sum_of_graphs(model, micro_batches, optimizer, mean_loss):
    """The losses of the micro-batches are added as tensors.

    Their sum keeps the graphs of all micro-batches, of which only one should be in memory at a
    time. Its value is right; look at its requires_grad.
    """
    counts, total = _counts(micro_batches), 0.0
    optimizer.zero_grad()
    for (tokens, labels), count in zip(micro_batches, counts):
        if count:
            loss = mean_loss(model(tokens), labels) * (count / sum(counts))
            loss.backward()
            total = total + loss
    optimizer.step()
    return total


@mistake("4e")
def sum_of_means(model, micro_batches, optimizer, mean_loss):
    """The micro-batches' means are added without weights.

    The step grows with the number of micro-batches.
    """
    return _weighted(model, micro_batches, optimizer, mean_loss, [1.0] * len(micro_batches))


@mistake("4e")
def weighed_by_rows(model, micro_batches, optimizer, mean_loss):
    """Parts are weighted by their numbers of rows.

    This is right only if every row has the same number of tokens to be predicted.
    """
    rows = [len(tokens) for tokens, _ in micro_batches]
    return _weighted(model, micro_batches, optimizer, mean_loss, [n / sum(rows) for n in rows])


@mistake("4e")
def weighed_by_all_tokens(model, micro_batches, optimizer, mean_loss):
    """Parts are weighted by all their tokens, prompts and padding included.

    A micro-batch with long prompts counts more, though nothing in them is predicted.
    """
    sizes = [tokens.numel() for tokens, _ in micro_batches]
    return _weighted(model, micro_batches, optimizer, mean_loss, [n / sum(sizes) for n in sizes])


@mistake("4e")
def first_tokens_counted(model, micro_batches, optimizer, mean_loss):
    """Labels of first tokens are counted, though those are never predicted.

    The weights are slightly wrong if such a label is not masked.
    """
    counts = [int((labels >= 0).sum()) for _, labels in micro_batches]
    return _weighted(model, micro_batches, optimizer, mean_loss, [n / sum(counts) for n in counts])


@mistake("4e")
def step_for_each_part(model, micro_batches, optimizer, mean_loss):
    """The optimizer steps after every micro-batch.

    The later micro-batches see other weights: that is training on small batches.
    """
    counts, total = _counts(micro_batches), 0.0
    for (tokens, labels), count in zip(micro_batches, counts):
        if count:
            optimizer.zero_grad()
            loss = mean_loss(model(tokens), labels) * (count / sum(counts))
            loss.backward()
            optimizer.step()
            total += float(loss)
    return total


@mistake("4e")
def zeroed_for_each_part(model, micro_batches, optimizer, mean_loss):
    """The gradients are set to zero before every micro-batch.

    Only the last micro-batch is left when the optimizer steps.
    """
    counts, total = _counts(micro_batches), 0.0
    for (tokens, labels), count in zip(micro_batches, counts):
        if count:
            optimizer.zero_grad()
            loss = mean_loss(model(tokens), labels) * (count / sum(counts))
            loss.backward()
            total += float(loss)
    optimizer.step()
    return total


@mistake("4e")
def never_zeroed(model, micro_batches, optimizer, mean_loss):
    """The gradients are added to those of an earlier batch.

    What an earlier batch left in `.grad` is part of every step after the first.
    """
    counts, total = _counts(micro_batches), 0.0
    for (tokens, labels), count in zip(micro_batches, counts):
        if count:
            loss = mean_loss(model(tokens), labels) * (count / sum(counts))
            loss.backward()
            total += float(loss)
    optimizer.step()
    return total


@mistake("4e")
def no_step(model, micro_batches, optimizer, mean_loss):
    """The optimizer never steps.

    The gradients are right, but nothing is learned.
    """
    counts, total = _counts(micro_batches), 0.0
    optimizer.zero_grad()
    for (tokens, labels), count in zip(micro_batches, counts):
        if count:
            loss = mean_loss(model(tokens), labels) * (count / sum(counts))
            loss.backward()
            total += float(loss)
    return total


@mistake("4e")
def one_backward_for_all(model, micro_batches, optimizer, mean_loss):
    """The losses are added up, and one backward pass is made at the end.

    The step is right; all graphs were in memory at once, and nothing was saved.
    """
    counts = _counts(micro_batches)
    optimizer.zero_grad()
    losses = [
        mean_loss(model(tokens), labels) * (count / sum(counts))
        for (tokens, labels), count in zip(micro_batches, counts)
        if count
    ]
    total = sum(losses)
    total.backward()
    optimizer.step()
    return float(total)


@mistake("4e")
def nan_of_an_empty_part(model, micro_batches, optimizer, mean_loss):
    """A micro-batch without targets has weight zero, but is added all the same.

    Zero times 0/0 is nan, and so are the weights after the step.
    """
    counts = _counts(micro_batches)
    weights = [n / sum(counts) for n in counts]
    return _weighted(model, micro_batches, optimizer, mean_loss, weights, skip=False)


@mistake("4e")
def gradients_averaged_once_more(model, micro_batches, optimizer, mean_loss):
    """After weighing by tokens, everything is divided by the number of micro-batches.

    The step is too small by this factor.
    """
    counts = _counts(micro_batches)
    weights = [n / sum(counts) / len(micro_batches) for n in counts]
    return _weighted(model, micro_batches, optimizer, mean_loss, weights)


@mistake("4e")
def last_loss_given_back(model, micro_batches, optimizer, mean_loss):
    """The loss of the last micro-batch is returned.

    The step is right, but the curve shows only one micro-batch of each batch.
    """
    counts = _counts(micro_batches)
    optimizer.zero_grad()
    for (tokens, labels), count in zip(micro_batches, counts):
        if count:
            last = mean_loss(model(tokens), labels)
            (last * (count / sum(counts))).backward()
    optimizer.step()
    return float(last)
