"""Wrong ways to price weights, to randomise labels, and to augment tasks."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from staff.authoring.catalogue import mistake

# --- 3a -----------------------------------------------------------------------------------------


def _fit(prediction, target, noise_sd):
    """The fit alone."""
    return F.mse_loss(prediction, target) / (2 * noise_sd * noise_sd)


def _nats(mean, log_sd):
    """What each weight costs, by torch's own distributions."""
    own = torch.distributions.Normal(mean, log_sd.exp())
    return torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, 1.0))


def _total(weights, price=_nats):
    return sum(price(mean, log_sd).sum() for mean, log_sd in weights)


@mistake("3a")
def beta_on_the_fit(prediction, target, noise_sd, weights, beta):
    """Beta multiplies the fit instead of the price.

    With a small beta the weights then become noise. For beta = 1 it is right.
    """
    return beta * _fit(prediction, target, noise_sd) + _total(weights)


@mistake("3a")
def beta_on_both(prediction, target, noise_sd, weights, beta):
    """Beta multiplies the whole loss.

    Only the size of the steps changes. Compared with the fit, the price counts as with beta = 1.
    """
    return beta * (_fit(prediction, target, noise_sd) + _total(weights))


@mistake("3a")
def beta_shares(prediction, target, noise_sd, weights, beta):
    """The fit is weighted by one minus beta.

    The fit should count fully, whatever the price.
    """
    return (1 - beta) * _fit(prediction, target, noise_sd) + beta * _total(weights)


@mistake("3a")
def beta_ignored(prediction, target, noise_sd, weights, beta):
    """Beta is not used.

    The price is as for beta = 1, and no setting changes it.
    """
    return _fit(prediction, target, noise_sd) + _total(weights)


@mistake("3a")
def weight_kl_reversed(prediction, target, noise_sd, weights, beta):
    """The KL of a weight is the wrong way round.

    The expectation is under the standard Gaussian. Narrow weights then cost much more, and wide
    ones less.
    """

    def price(mean, log_sd):
        own = torch.distributions.Normal(mean, log_sd.exp())
        return torch.distributions.kl_divergence(torch.distributions.Normal(0.0, 1.0), own)

    return _fit(prediction, target, noise_sd) + beta * _total(weights, price)


@mistake("3a")
def weight_half_missing(prediction, target, noise_sd, weights, beta):
    """The KL of every weight is twice what it should be: the factor one half is missing.

    It is the same as twice the beta, so training does not look wrong.
    """
    return _fit(prediction, target, noise_sd) + 2 * beta * _total(weights)


@mistake("3a")
def log_sd_as_log_variance(prediction, target, noise_sd, weights, beta):
    """The log standard deviations are read as log variances.

    The price is then that of weights that are wider or narrower than those that are drawn.
    """
    return _fit(prediction, target, noise_sd) + beta * _total(
        weights, lambda mean, log_sd: _nats(mean, log_sd / 2)
    )


@mistake("3a")
def log_of_spread_missing(prediction, target, noise_sd, weights, beta):
    """The price lacks the logarithm of the standard deviation.

    Then no noise at all is cheapest, and nothing keeps the weights from becoming certain.
    """
    return _fit(prediction, target, noise_sd) + beta * _total(
        weights, lambda mean, log_sd: _nats(mean, log_sd) + log_sd
    )


@mistake("3a")
def weight_decay(prediction, target, noise_sd, weights, beta):
    """Only the means of the weights are priced: that is weight decay.

    The standard deviation gets no gradient from the price, and the network learns to remove the
    noise.
    """
    nothing = sum(log_sd.sum() for _, log_sd in weights) * 0
    squares = sum(mean.square().sum() for mean, _ in weights)
    return _fit(prediction, target, noise_sd) + beta * 0.5 * squares + nothing


@mistake("3a")
def price_averaged(prediction, target, noise_sd, weights, beta):
    """The price of a layer is the mean over its weights.

    A network can memorise more with more weights, so each weight must cost. For a single weight it
    is right.
    """
    price = sum(_nats(mean, log_sd).mean() for mean, log_sd in weights)
    return _fit(prediction, target, noise_sd) + beta * price


@mistake("3a")
def last_layer_priced(prediction, target, noise_sd, weights, beta):
    """Only one layer pays.

    The price of the others is overwritten in the loop: they can memorise for free.
    """
    for mean, log_sd in weights:
        price = _nats(mean, log_sd).sum()
    return _fit(prediction, target, noise_sd) + beta * price


@mistake("3a")
def price_rewarded(prediction, target, noise_sd, weights, beta):
    """The price is subtracted instead of added.

    The loss falls without bound as the weights move away from N(0, 1).
    """
    return _fit(prediction, target, noise_sd) - beta * _total(weights)


@mistake("3a")
def errors_summed(prediction, target, noise_sd, weights, beta):
    """The squared errors are summed, not averaged.

    The fit grows with the batch, so the price counts less and less.
    """
    error = F.mse_loss(prediction, target, reduction="sum")
    return error / (2 * noise_sd**2) + beta * _total(weights)


@mistake("3a")
def noise_not_squared(prediction, target, noise_sd, weights, beta):
    """The squared errors are divided by the standard deviation, not by the variance.

    For a noise of 1 it is right.
    """
    return F.mse_loss(prediction, target) / (2 * noise_sd) + beta * _total(weights)


@mistake("3a")
def two_missing_in_fit(prediction, target, noise_sd, weights, beta):
    """The fit lacks its factor one half.

    Errors then count twice as much as a Gaussian likelihood says.
    """
    return F.mse_loss(prediction, target) / noise_sd**2 + beta * _total(weights)


@mistake("3a")
def price_detached(prediction, target, noise_sd, weights, beta):
    """The price has no gradient.

    It is added to the loss as a plain number: the loss looks right, but nothing is regularised.
    """
    return _fit(prediction, target, noise_sd) + beta * _total(weights).item() + 0 * _total(weights)


# --- 3b -----------------------------------------------------------------------------------------


def _rows(one_hot, drawn):
    return F.one_hot(torch.as_tensor(drawn), one_hot.shape[1]).to(one_hot.dtype)


@mistake("3b")
def labels_kept(one_hot, rng):
    """The labels are returned unchanged.

    What was drawn is not returned.
    """
    rng.permutation(len(one_hot))
    return one_hot.clone()


@mistake("3b")
def labels_dealt_out_anew(one_hot, rng):
    """The labels of the batch are permuted.

    Some tasks get their own label back, more often in small batches; labels that no task of the
    batch has never occur.
    """
    return one_hot[torch.from_numpy(rng.permutation(len(one_hot)))]


@mistake("3b")
def columns_permuted(one_hot, rng):
    """The labels are renamed, not redrawn.

    Columns were permuted: tasks with the same amplitude still share a label, which distinguishes
    them from the others in the batch.
    """
    return one_hot[:, torch.from_numpy(rng.permutation(one_hot.shape[1]))]


@mistake("3b")
def one_label_for_the_batch(one_hot, rng):
    """All tasks of a batch get the same label.

    One label was drawn and used for all.
    """
    return _rows(one_hot, np.full(len(one_hot), rng.integers(one_hot.shape[1])))


@mistake("3b")
def labels_in_place(one_hot, rng):
    """The new labels are written into the caller's tensor.

    The result is right, but the caller's own labels are lost.
    """
    one_hot.copy_(_rows(one_hot, rng.integers(one_hot.shape[1], size=len(one_hot))))
    return one_hot


@mistake("3b")
def own_label_avoided(one_hot, rng):
    """A task never gets its own label.

    The new label then still says something about the task. Every label should be equally likely.
    """
    count, labels = one_hot.shape
    step = 1 + rng.integers(labels - 1, size=count)
    return _rows(one_hot, (one_hot.argmax(1).numpy() + step) % labels)


@mistake("3b")
def last_label_never(one_hot, rng):
    """The last label is never drawn.

    The range of the draw ends one too early.
    """
    return _rows(one_hot, rng.integers(one_hot.shape[1] - 1, size=len(one_hot)))


@mistake("3b")
def labels_up_to_the_size_of_the_batch(one_hot, rng):
    """If a batch has fewer tasks than labels, only the first labels are drawn.

    There are as many of them as tasks. The later labels never occur; if the batch has more tasks
    than labels, nothing is wrong.
    """
    count, labels = one_hot.shape
    return _rows(one_hot, rng.integers(min(count, labels), size=count))


@mistake("3b")
def labels_all_different(one_hot, rng):
    """If a batch has fewer tasks than labels, no two tasks get the same one.

    The draws are made without replacement: a task's label then says which labels the others do not
    have.
    """
    count, labels = one_hot.shape
    return _rows(one_hot, rng.choice(labels, count, replace=count > labels))


@mistake("3b")
def labels_of_the_batch(one_hot, rng):
    """Only labels that are in the batch are drawn.

    Each task copies the label of a random task: frequent labels occur more often, others never.
    """
    return one_hot[torch.from_numpy(rng.integers(len(one_hot), size=len(one_hot)))]


@mistake("3b")
def soft_labels(one_hot, rng):
    """The new labels are not one-hot.

    A network that gets other inputs in training than at test time learns something else.
    """
    return torch.from_numpy(rng.uniform(size=tuple(one_hot.shape))).to(one_hot)


@mistake("3b")
def labels_zeroed(one_hot, rng):
    """The labels are zeros.

    Without any label there is nothing to memorise, but at test time the network gets a label, and
    has never seen one.
    """
    return torch.zeros_like(one_hot)


@mistake("3b")
def labels_from_global_generator(one_hot, rng):
    """The labels come from another generator than the one that was given.

    A run cannot be repeated, nor resumed.
    """
    return _rows(one_hot, np.random.randint(one_hot.shape[1], size=len(one_hot)))


@mistake("3b")
def labels_in_single_precision(one_hot, rng):
    """The labels are float32, whatever dtype they came in.

    Together with inputs of another dtype they raise an error, or change the dtype of all that
    follows.
    """
    return _rows(one_hot, rng.integers(one_hot.shape[1], size=len(one_hot))).float()


@mistake("3b")
def labels_as_integers(one_hot, rng):
    """The labels are numbers, not one-hot rows.

    The network takes K inputs for a label.
    """
    return torch.from_numpy(rng.integers(one_hot.shape[1], size=len(one_hot)))


# --- 3c -----------------------------------------------------------------------------------------


def _factors(rng, *size):
    return torch.from_numpy(2 * rng.random(size)).float()


@mistake("3c")
def factor_a_point(y, rng):
    """Every point has a factor of its own.

    The context then says nothing about the targets: the new task is only noise.
    """
    return y * _factors(rng, *y.shape)


@mistake("3c")
def factor_a_batch(y, rng):
    """All tasks of a batch share one factor.

    It is right for one task, but the tasks of a batch do not become more varied.
    """
    return y * _factors(rng, 1, 1, 1)


@mistake("3c")
def context_only(y, rng):
    """Only the first half of the points is multiplied.

    Context and targets then belong to different tasks.
    """
    result = y.clone()
    half = y.shape[1] // 2
    result[:, :half] = y[:, :half] * _factors(rng, len(y), 1, 1)
    return result


@mistake("3c")
def offset_for_factor(y, rng):
    """Something is added to the targets instead of multiplied.

    The label still gives the amplitude away, and the network can still memorise it.
    """
    return y + _factors(rng, len(y), 1, 1)


@mistake("3c")
def targets_in_place(y, rng):
    """The caller's targets are changed.

    The result is right, but the caller's own targets are lost.
    """
    y.mul_(_factors(rng, len(y), 1, 1))
    return y


@mistake("3c")
def factor_up_to_one(y, rng):
    """The factors lie between 0 and 1.

    Every augmented task is smaller than the one it was made from.
    """
    return y * _factors(rng, len(y), 1, 1) / 2


@mistake("3c")
def factor_of_both_signs(y, rng):
    """The factors lie between -1 and 1.

    Half of the tasks are turned upside down, which no new task is.
    """
    return y * (_factors(rng, len(y), 1, 1) - 1)


@mistake("3c")
def factor_around_one(y, rng):
    """The factors are Gaussian around 1.

    Most lie near 1, where the label still gives the amplitude away, and some outside [0, 2).
    """
    return y * torch.from_numpy(1 + 0.3 * rng.normal(size=(len(y), 1, 1))).float()


@mistake("3c")
def targets_kept(y, rng):
    """The targets are returned unchanged.

    What was drawn is not used.
    """
    _factors(rng, len(y), 1, 1)
    return y.clone()


@mistake("3c")
def whole_factors(y, rng):
    """The factors are the whole numbers 0 and 1.

    They were drawn as integers: tasks are either unchanged or all zeros.
    """
    return y * torch.from_numpy(rng.integers(0, 2, size=(len(y), 1, 1))).float()


@mistake("3c")
def factors_from_torch(y, rng):
    """The factors come from another generator than the one that was given, such as torch's own.

    The caller's generator does not determine the factors.
    """
    return y * 2 * torch.rand(len(y), 1, 1)


@mistake("3c")
def factors_doubled_precision(y, rng):
    """The result is in float64, while the targets came in float32.

    The network's weights are float32.
    """
    return y * torch.from_numpy(2 * rng.random((len(y), 1, 1)))


@mistake("3c")
def shape_lost(y, rng):
    """The result has lost the last axis.

    A loss that subtracts it from predictions with that axis compares every point with every other.
    """
    return (y * _factors(rng, len(y), 1, 1)).squeeze(-1)
