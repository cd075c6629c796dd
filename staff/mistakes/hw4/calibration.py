"""Wrong ways to learn online, and to judge probabilities."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from staff.authoring.catalogue import mistake

# --- 4a -----------------------------------------------------------------------------------------


def _parts(mean, covariance, features, target, noise_variance):
    """What the point shares with each weight, its variance, and by how much it was missed."""
    shared = torch.einsum("bij,bj->bi", covariance, features)
    variance = torch.einsum("bi,bi->b", features, shared)[:, None] + noise_variance
    missed = (target - torch.einsum("bi,bi->b", features, mean))[:, None]
    return shared, variance, missed


def _outer(one, other):
    return torch.einsum("bi,bj->bij", one, other)


@mistake("4a")
def noise_missing_in_gain(mean, covariance, features, target, noise_variance):
    """The noise is left out: every target is taken as exact.

    After one point the prediction there is the target itself, without variance.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, 0.0)
    variance = variance.clamp(min=1e-9)
    return mean + shared / variance * missed, covariance - _outer(shared / variance, shared)


@mistake("4a")
def covariance_grows(mean, covariance, features, target, noise_variance):
    """The covariance grows with every point.

    The new information is added instead of subtracted.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    return mean + shared / variance * missed, covariance + _outer(shared / variance, shared)


@mistake("4a")
def covariance_kept(mean, covariance, features, target, noise_variance):
    """The covariance stays as it was.

    The mean is right for the first point, but every later point is treated as if it were the first.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    return mean + shared / variance * missed, covariance.clone()


@mistake("4a")
def mean_kept(mean, covariance, features, target, noise_variance):
    """The mean stays as it was.

    The belief becomes more certain without learning where the weights are.
    """
    shared, variance, _ = _parts(mean, covariance, features, target, noise_variance)
    return mean.clone(), covariance - _outer(shared / variance, shared)


@mistake("4a")
def target_for_surprise(mean, covariance, features, target, noise_variance):
    """The mean moves by the target, not by its distance from what was expected.

    A target that equals the prediction should not move the mean.
    """
    shared, variance, _ = _parts(mean, covariance, features, target, noise_variance)
    gain = shared / variance
    return mean + gain * target[:, None], covariance - _outer(gain, shared)


@mistake("4a")
def surprise_reversed(mean, covariance, features, target, noise_variance):
    """The mean moves away from the target.

    The difference has the wrong sign. The covariance is right.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    return mean - shared / variance * missed, covariance - _outer(shared / variance, shared)


@mistake("4a")
def gain_without_covariance(mean, covariance, features, target, noise_variance):
    """The mean moves along the features, not along what the covariance makes of them.

    Correlated weights should move together. For the identity as covariance it is right.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    return mean + features / variance * missed, covariance - _outer(shared / variance, shared)


@mistake("4a")
def noise_squared_online(mean, covariance, features, target, noise_variance):
    """The noise variance is squared, as if it were a standard deviation.

    The argument is already a variance.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance**2)
    return mean + shared / variance * missed, covariance - _outer(shared / variance, shared)


@mistake("4a")
def variance_not_divided(mean, covariance, features, target, noise_variance):
    """What is subtracted from the covariance is not divided by the point's variance.

    The covariance can then become negative.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    return mean + shared / variance * missed, covariance - _outer(shared, shared)


@mistake("4a")
def gain_squared(mean, covariance, features, target, noise_variance):
    """The covariance loses the square of the gain.

    A factor, the point's variance, is missing; for a variance of 1 it is right.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    gain = shared / variance
    return mean + gain * missed, covariance - _outer(gain, gain)


@mistake("4a")
def precision_given_back(mean, covariance, features, target, noise_variance):
    """The second result is a precision.

    It grows with every point, and the next call uses it as a covariance.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    precision = torch.linalg.inv(covariance) + _outer(features, features) / noise_variance
    return mean + shared / variance * missed, precision


@mistake("4a")
def belief_in_place(mean, covariance, features, target, noise_variance):
    """The old belief is overwritten.

    The results are right, but the caller's earlier belief is lost.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    mean += shared / variance * missed
    covariance -= _outer(shared / variance, shared)
    return mean, covariance


@mistake("4a")
def belief_of_the_batch(mean, covariance, features, target, noise_variance):
    """All tasks share one belief.

    The changes of all tasks in the batch are averaged. For a single task it is right.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    moved = (shared / variance * missed).mean(0, keepdim=True)
    less = _outer(shared / variance, shared).mean(0, keepdim=True)
    return mean + moved, covariance - less


@mistake("4a")
def diagonal_updated(mean, covariance, features, target, noise_variance):
    """Only the variances change, not the correlations of the weights.

    After one point some weights should compensate for each other.
    """
    shared, variance, missed = _parts(mean, covariance, features, target, noise_variance)
    less = torch.diag_embed((shared / variance) * shared)
    return mean + shared / variance * missed, covariance - less


# --- 4b -----------------------------------------------------------------------------------------


def _binned(value, right, confidence, bins, weigh=None, low=0.0):
    """The sum over bins of a weight times the distance of two means."""
    which = ((value - low) / (1 - low) * bins).long().clamp(0, bins - 1)
    total = confidence.new_zeros(())
    for index in range(bins):
        inside = which == index
        if inside.any():
            share = inside.double().mean() if weigh is None else weigh(inside)
            total = total + share * (confidence[inside].mean() - right[inside].mean()).abs()
    return total


def _told(probabilities, labels):
    confidence, said = probabilities.max(-1)
    return confidence, (said == labels).to(probabilities.dtype)


@mistake("4b")
def bins_by_label_probability(probabilities, labels, bins=15):
    """The bins go by the probability of the label, not by the confidence.

    The label is not known when the prediction is made: wrong predictions always fall into low bins.
    """
    confidence, right = _told(probabilities, labels)
    at_label = probabilities.gather(1, labels[:, None])[:, 0]
    return _binned(at_label, right, at_label, bins)


@mistake("4b")
def bins_by_label(probabilities, labels, bins=15):
    """The predictions are grouped by their label, not by their confidence.

    Each class then has one confidence and one accuracy; within a class, overconfidence and
    underconfidence cancel.
    """
    confidence, right = _told(probabilities, labels)
    total = confidence.new_zeros(())
    for label in labels.unique():
        inside = labels == label
        share = inside.double().mean()
        total = total + share * (confidence[inside].mean() - right[inside].mean()).abs()
    return total


@mistake("4b")
def bins_not_weighed(probabilities, labels, bins=15):
    """Every bin has the same weight, however many predictions it has.

    A bin of one prediction counts as much as one of a thousand.
    """
    confidence, right = _told(probabilities, labels)
    return _binned(confidence, right, confidence, bins, weigh=lambda inside: 1 / bins)


@mistake("4b")
def bins_unweighed_filled(probabilities, labels, bins=15):
    """All bins that are not empty have the same weight.

    The mean is taken over them, whatever their share of the predictions.
    """
    confidence, right = _told(probabilities, labels)
    which = (confidence * bins).long().clamp(max=bins - 1)
    filled = len(which.unique())
    return _binned(confidence, right, confidence, bins, weigh=lambda inside: 1 / filled)


@mistake("4b")
def largest_gap(probabilities, labels, bins=15):
    """The largest gap of all bins is returned, not their mean.

    That is the maximum calibration error, another measure.
    """
    confidence, right = _told(probabilities, labels)
    which = (confidence * bins).long().clamp(max=bins - 1)
    gaps = [
        (confidence[which == b].mean() - right[which == b].mean()).abs() for b in which.unique()
    ]
    return torch.stack(gaps).max()


@mistake("4b")
def signed_gaps(probabilities, labels, bins=15):
    """Overconfident and underconfident bins cancel.

    Without absolute values the sum is the mean confidence minus the accuracy, for any bins.
    """
    confidence, right = _told(probabilities, labels)
    return (confidence.mean() - right.mean()).abs()


@mistake("4b")
def squared_gaps(probabilities, labels, bins=15):
    """The gaps are squared.

    Always certain about a fair coin then gives an error of a quarter.
    """
    confidence, right = _told(probabilities, labels)
    which = (confidence * bins).long().clamp(max=bins - 1)
    total = confidence.new_zeros(())
    for b in which.unique():
        inside = which == b
        gap = confidence[inside].mean() - right[inside].mean()
        total = total + inside.double().mean() * gap.square()
    return total


@mistake("4b")
def gap_a_prediction(probabilities, labels, bins=15):
    """Each prediction is compared with whether it was right, without any bins.

    A prediction of .7 that is right seven times in ten is calibrated, but each by itself is off.
    """
    confidence, right = _told(probabilities, labels)
    return (confidence - right).abs().mean()


@mistake("4b")
def certain_left_out(probabilities, labels, bins=15):
    """Predictions of confidence 1 fall out of the last bin.

    Always certain about a fair coin then gives no error at all.
    """
    confidence, right = _told(probabilities, labels)
    which = (confidence * bins).long()
    total = confidence.new_zeros(())
    for b in range(bins):
        inside = which == b
        if inside.any():
            gap = (confidence[inside].mean() - right[inside].mean()).abs()
            total = total + inside.double().mean() * gap
    return total


@mistake("4b")
def bins_from_chance(probabilities, labels, bins=15):
    """The bins divide the range from chance to 1, not from 0 to 1.

    They are narrower than asked for, so other predictions are averaged together.
    """
    confidence, right = _told(probabilities, labels)
    return _binned(confidence, right, confidence, bins, low=1 / probabilities.shape[1])


@mistake("4b")
def bins_of_equal_size(probabilities, labels, bins=15):
    """The bins hold equally many predictions, instead of being equally wide.

    That is another measure of calibration (the adaptive one).
    """
    confidence, right = _told(probabilities, labels)
    order = confidence.argsort()
    total = confidence.new_zeros(())
    for part in order.tensor_split(bins):
        if len(part):
            gap = (confidence[part].mean() - right[part].mean()).abs()
            total = total + len(part) / len(order) * gap
    return total


@mistake("4b")
def middle_of_the_bin(probabilities, labels, bins=15):
    """The middle of a bin stands in for the mean confidence of its predictions.

    Confidences pile up near 1: there the middle of the last bin is far from their mean.
    """
    confidence, right = _told(probabilities, labels)
    middle = ((confidence * bins).floor().clamp(max=bins - 1) + 0.5) / bins
    return _binned(confidence, right, middle, bins)


@mistake("4b")
def first_class_confidence(probabilities, labels, bins=15):
    """The confidence is the probability of the last class, not the largest one.

    For two classes that is a measure too (of one class); for more it says little.
    """
    confidence = probabilities[:, -1]
    right = (probabilities.argmax(-1) == labels).to(probabilities.dtype)
    return _binned(confidence, right, confidence, bins)


@mistake("4b")
def fifteen_always(probabilities, labels, bins=15):
    """The number of bins is always 15.

    The argument is not used.
    """
    confidence, right = _told(probabilities, labels)
    return _binned(confidence, right, confidence, 15)


@mistake("4b")
def softmax_of_probabilities(probabilities, labels, bins=15):
    """The probabilities are taken for logits.

    A softmax of probabilities is nearly uniform: every prediction looks uncertain.
    """
    confidence, right = _told(probabilities.softmax(-1), labels)
    return _binned(confidence, right, confidence, bins)


# --- 4c -----------------------------------------------------------------------------------------


def _both(probabilities, labels):
    """Negative log likelihood and Brier score of each row."""
    rows = torch.arange(len(labels))
    truth = torch.zeros_like(probabilities)
    truth[rows, labels] = 1
    return -probabilities[rows, labels].log(), (probabilities - truth) ** 2


@mistake("4c")
def scores_summed(probabilities, labels):
    """Both scores are sums over rows, not means.

    They grow with the number of predictions.
    """
    nll, brier = _both(probabilities, labels)
    return nll.sum(), brier.sum()


@mistake("4c")
def probabilities_cut_off_at_a_hundredth(probabilities, labels):
    """Probabilities below a bound are raised to it before the logarithm.

    A confident wrong prediction then costs no more than the bound. The score should punish such
    predictions, and no longer does.
    """
    _, brier = _both(probabilities, labels)
    said = probabilities.gather(-1, labels[:, None]).clamp(min=1e-2)
    return -said.log().mean(), brier.sum(-1).mean()


@mistake("4c")
def likelihood_sign(probabilities, labels):
    """The log likelihood is not negated.

    It is never above zero, and better when higher.
    """
    nll, brier = _both(probabilities, labels)
    return -nll.mean(), brier.sum(1).mean()


@mistake("4c")
def cross_entropy_of_probabilities(probabilities, labels):
    """The probabilities are taken for logits.

    A cross-entropy that expects logits applies a softmax of its own.
    """
    _, brier = _both(probabilities, labels)
    return F.cross_entropy(probabilities, labels), brier.sum(1).mean()


@mistake("4c")
def brier_averaged_over_classes(probabilities, labels):
    """The Brier score is averaged over the classes.

    It is smaller by the number of classes than the sum that is asked for.
    """
    nll, brier = _both(probabilities, labels)
    return nll.mean(), brier.mean()


@mistake("4c")
def brier_of_label_only(probabilities, labels):
    """The Brier score looks at the label's probability alone.

    How the rest is distributed over the other classes does not count. For two classes it is half.
    """
    nll, _ = _both(probabilities, labels)
    at_label = probabilities.gather(1, labels[:, None])
    return nll.mean(), (1 - at_label).square().mean()


@mistake("4c")
def brier_root(probabilities, labels):
    """The Brier score is a distance, not a squared distance.

    A root was taken. It is no longer a proper score.
    """
    nll, brier = _both(probabilities, labels)
    return nll.mean(), brier.sum(1).sqrt().mean()


@mistake("4c")
def brier_absolute(probabilities, labels):
    """The Brier score has absolute differences in place of squares.

    This score is best for a forecaster who gives 1 to the likeliest class, whatever the belief is.
    """
    nll, brier = _both(probabilities, labels)
    return nll.mean(), brier.sqrt().sum(1).mean()


@mistake("4c")
def largest_for_label(probabilities, labels):
    """The likelihood is that of the predicted class, not of the label.

    A confident wrong network then has a perfect score.
    """
    _, brier = _both(probabilities, labels)
    return -probabilities.max(1).values.log().mean(), brier.sum(1).mean()


@mistake("4c")
def log_of_mean(probabilities, labels):
    """The logarithm of the mean likelihood, not the mean of the logarithms.

    One confident wrong prediction should cost a lot; here it hardly counts.
    """
    nll, brier = _both(probabilities, labels)
    return -(-nll).exp().mean().log(), brier.sum(1).mean()


@mistake("4c")
def log_to_base_two(probabilities, labels):
    """The likelihood is in bits, not in nats.

    Everything is 1.44 times as large.
    """
    nll, brier = _both(probabilities, labels)
    return nll.mean() / 0.6931471805599453, brier.sum(1).mean()


@mistake("4c")
def scores_exchanged(probabilities, labels):
    """The two scores come in the wrong order.

    The negative log likelihood comes first.
    """
    nll, brier = _both(probabilities, labels)
    return brier.sum(1).mean(), nll.mean()


@mistake("4c")
def entropy_for_likelihood(probabilities, labels):
    """The first score is the entropy of the predictions.

    It does not look at the labels at all.
    """
    _, brier = _both(probabilities, labels)
    return -(probabilities * probabilities.log()).sum(1).mean(), brier.sum(1).mean()


@mistake("4c")
def all_classes_in_likelihood(probabilities, labels):
    """Every class is part of the likelihood, the others by their complement.

    That is the binary cross-entropy of K separate questions.
    """
    nll, brier = _both(probabilities, labels)
    truth = F.one_hot(labels, probabilities.shape[1]).to(probabilities.dtype)
    each = F.binary_cross_entropy(probabilities, truth, reduction="none")
    return each.sum(1).mean(), brier.sum(1).mean()


# --- 4d -----------------------------------------------------------------------------------------


def _best(loss, low=-5.0, high=5.0, count=4001):
    """The temperature on a fine grid for which a loss is least."""
    temperatures = torch.linspace(low, high, count, dtype=torch.float64).exp()
    return min(temperatures.tolist(), key=lambda t: float(loss(t)))


@mistake("4d")
def inverse_temperature(logits, labels):
    """One over the temperature is returned.

    The logits were multiplied in the fit; the caller divides by what is returned.
    """
    return _best(lambda t: F.cross_entropy(logits * t, labels), count=601)


@mistake("4d")
def temperature_one(logits, labels):
    """The temperature stays at 1, where it started.

    No step of the optimizer reaches the returned number.
    """
    return 1.0


@mistake("4d")
def worst_temperature(logits, labels):
    """The likelihood is made as small as possible.

    The objective has the wrong sign, and the search runs to its limit.
    """
    return _best(lambda t: -F.cross_entropy(logits / t, labels), count=601)


@mistake("4d")
def log_temperature_returned(logits, labels):
    """The logarithm of the temperature is returned.

    It is negative if the logits are underconfident.
    """
    best = _best(lambda t: F.cross_entropy(logits / t, labels), count=601)
    return float(torch.tensor(best).log())


@mistake("4d")
def few_steps(logits, labels):
    """The search is stopped after a few small steps.

    It has not converged: another hundred steps would change the temperature.
    """
    temperature = torch.ones((), dtype=logits.dtype, requires_grad=True)
    optimizer = torch.optim.SGD([temperature], lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(logits / temperature, labels).backward()
        optimizer.step()
    return temperature.item()


@mistake("4d")
def coarse_grid(logits, labels):
    """The temperature is searched on a coarse grid.

    The best of a few round numbers is not the best number to three digits.
    """
    return min(
        (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 10.0, 20.0),
        key=lambda t: F.cross_entropy(logits / t, labels).item(),
    )


@mistake("4d")
def confidence_matched(logits, labels):
    """The temperature makes the mean confidence equal to the accuracy.

    If all predictions are equally confident, the result is the same; in general the likelihood has
    its maximum elsewhere.
    """
    right = (logits.argmax(-1) == labels).double().mean()
    return _best(
        lambda t: ((logits.double() / t).softmax(-1).max(-1).values.mean() - right).abs(),
        count=2001,
    )


@mistake("4d")
def brier_minimised(logits, labels):
    """The temperature minimises the Brier score, not the negative log likelihood.

    Both are proper, but they weight errors differently.
    """
    truth = F.one_hot(labels, logits.shape[1])
    return _best(
        lambda t: ((logits.double() / t).softmax(-1) - truth).square().sum(1).mean(), count=2001
    )


@mistake("4d")
def double_softmax(logits, labels):
    """A softmax is applied before the cross-entropy, which applies its own.

    Probabilities are used in place of logits, and the best temperature is another one.
    """
    return _best(lambda t: F.cross_entropy((logits / t).softmax(-1), labels), count=601)


@mistake("4d")
def labels_predicted(logits, labels):
    """The temperature is fitted to the predictions, not to the labels.

    Its own predictions are always right, so more confidence is always better: the temperature falls
    towards zero.
    """
    return _best(lambda t: F.cross_entropy(logits / t, logits.argmax(-1)), count=601)


@mistake("4d")
def root_of_temperature(logits, labels):
    """The square root of the temperature is returned.

    It was squared in the fit to keep it positive, and the square forgotten afterwards.
    """
    return _best(lambda t: F.cross_entropy(logits / t, labels), count=601) ** 0.5


@mistake("4d")
def never_below_one(logits, labels):
    """The temperature is never below 1.

    Underconfident logits need a temperature below 1.
    """
    return _best(lambda t: F.cross_entropy(logits / t, labels), low=0.0, count=2501)


@mistake("4d")
def logits_overwritten(logits, labels):
    """The caller's logits are divided by the temperature.

    The temperature is right, but the caller divides once more.
    """
    best = _best(lambda t: F.cross_entropy(logits / t, labels))
    logits /= best
    return best
