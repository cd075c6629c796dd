"""Wrong ways to do Bayesian linear regression."""

from __future__ import annotations

import math

import torch

from staff.authoring.catalogue import mistake


def _combined(x, prior_covariance, noise_variance):
    """The covariance after the data."""
    return torch.linalg.inv(torch.linalg.inv(prior_covariance) + x.mT @ x / noise_variance)


def _centre(x, y, prior_mean, prior_covariance, noise_variance):
    """The mean after the data."""
    covariance = _combined(x, prior_covariance, noise_variance)
    pull = torch.linalg.solve(prior_covariance, prior_mean[..., None])
    return (covariance @ (pull + x.mT @ y[..., None] / noise_variance)).squeeze(-1), covariance


def _of_targets(x, prior_covariance, noise_variance):
    """The covariance of all targets of a task."""
    eye = torch.eye(x.shape[-2], dtype=x.dtype)
    return x @ prior_covariance @ x.mT + noise_variance * eye


def _density(residual, covariance, distance=1.0, volume=1.0, constant=1.0, dim=None):
    """A log density whose three parts can be weighed."""
    solved = torch.linalg.solve(covariance, residual[..., None]).squeeze(-1)
    dim = residual.shape[-1] if dim is None else dim
    return -0.5 * (
        distance * (residual * solved).sum(-1)
        + volume * torch.logdet(covariance)
        + constant * dim * math.log(2 * math.pi)
    )


def _at_mean(x, mean):
    return (x @ mean[..., None]).squeeze(-1)


# --- 1a -----------------------------------------------------------------------------------------


@mistake("1a")
def covariance_for_precision(x, y, prior_mean, prior_covariance, noise_variance):
    """The prior's covariance is used as if it were a precision.

    A wide prior then constrains the weights strongly. Without data the covariance is the inverse of
    the prior's.
    """
    covariance = torch.linalg.inv(prior_covariance + x.mT @ x / noise_variance)
    pull = prior_covariance @ prior_mean[..., None] + x.mT @ y[..., None] / noise_variance
    return (covariance @ pull).squeeze(-1), covariance


@mistake("1a")
def precision_returned(x, y, prior_mean, prior_covariance, noise_variance):
    """The second result is the posterior's precision, not its covariance.

    It grows with every point. A covariance shrinks.
    """
    mean, covariance = _centre(x, y, prior_mean, prior_covariance, noise_variance)
    return mean, torch.linalg.inv(covariance)


@mistake("1a")
def prior_mean_ignored(x, y, prior_mean, prior_covariance, noise_variance):
    """The prior's mean is not used: the weights are pulled towards zero.

    The covariance is right. Without data the mean is zero instead of the prior's.
    """
    covariance = _combined(x, prior_covariance, noise_variance)
    return (covariance @ x.mT @ y[..., None] / noise_variance).squeeze(-1), covariance


@mistake("1a")
def prior_mean_added_at_the_end(x, y, prior_mean, prior_covariance, noise_variance):
    """The prior's mean is added to a posterior mean computed for a prior around zero.

    The prior's prediction was not subtracted from the targets first, so the prior's mean counts
    fully however many data there are.
    """
    covariance = _combined(x, prior_covariance, noise_variance)
    mean = (covariance @ x.mT @ y[..., None] / noise_variance).squeeze(-1)
    return prior_mean + mean, covariance


@mistake("1a")
def noise_multiplied(x, y, prior_mean, prior_covariance, noise_variance):
    """The data are weighted by the noise's variance instead of its precision.

    The noisier the targets, the more they count. With little noise the posterior hardly leaves the
    prior.
    """
    return _centre(x, y, prior_mean, prior_covariance, 1 / noise_variance)


@mistake("1a")
def noise_squared(x, y, prior_mean, prior_covariance, noise_variance):
    """The noise's variance is squared, as if it were a standard deviation.

    The argument is a variance already. The covariance comes out too small when that is below 1.
    """
    return _centre(x, y, prior_mean, prior_covariance, noise_variance**2)


@mistake("1a")
def noise_left_out(x, y, prior_mean, prior_covariance, noise_variance):
    """The noise's variance is not used at all.

    Prior and data are added with fixed weights: the result is the same for targets that are nearly
    certain and for targets that say nothing.
    """
    return _centre(x, y, prior_mean, prior_covariance, 1.0)


@mistake("1a")
def least_squares(x, y, prior_mean, prior_covariance, noise_variance):
    """This is the least-squares solution: the prior is not used.

    With fewer points than weights it does not exist. With few points its variance is much too large,
    and its mean follows the noise.
    """
    precision = x.mT @ x / noise_variance + 1e-6 * torch.eye(x.shape[-1], dtype=x.dtype)
    covariance = torch.linalg.inv(precision)
    return (covariance @ x.mT @ y[..., None] / noise_variance).squeeze(-1), covariance


@mistake("1a")
def data_noise_missing_in_mean(x, y, prior_mean, prior_covariance, noise_variance):
    """The noise is in the covariance, but not in the mean.

    The targets are added to the prior's part without the weight of their noise; the covariance is
    right.
    """
    covariance = _combined(x, prior_covariance, noise_variance)
    pull = torch.linalg.solve(prior_covariance, prior_mean[..., None]) + x.mT @ y[..., None]
    return (covariance @ pull).squeeze(-1), covariance


@mistake("1a")
def standard_deviations(x, y, prior_mean, prior_covariance, noise_variance):
    """The second result holds standard deviations, on a diagonal.

    A covariance says how the weights are correlated; here every pair looks independent.
    """
    mean, covariance = _centre(x, y, prior_mean, prior_covariance, noise_variance)
    return mean, torch.diag_embed(covariance.diagonal(dim1=-2, dim2=-1).sqrt())


@mistake("1a")
def prior_diagonal_only(x, y, prior_mean, prior_covariance, noise_variance):
    """Only the diagonal of the prior's covariance is used.

    What one weight says about another is lost. For a single weight, or independent ones, this is
    right.
    """
    diagonal = torch.diag_embed(prior_covariance.diagonal(dim1=-2, dim2=-1))
    return _centre(x, y, prior_mean, diagonal, noise_variance)


@mistake("1a")
def tasks_pooled(x, y, prior_mean, prior_covariance, noise_variance):
    """The data of all tasks of a batch are pooled.

    Every task gets the posterior of all data. For a single task it is right.
    """
    flat_x, flat_y = x.reshape(-1, x.shape[-1]), y.reshape(-1)
    mean, covariance = _centre(
        flat_x,
        flat_y,
        prior_mean.reshape(-1, x.shape[-1])[0],
        prior_covariance.reshape(-1, *prior_covariance.shape[-2:])[0],
        noise_variance,
    )
    batch = x.shape[:-2]
    return mean.expand(*batch, -1), covariance.expand(*batch, -1, -1)


# --- 1b -----------------------------------------------------------------------------------------


@mistake("1b")
def noise_not_added(x, mean, covariance, noise_variance):
    """The variance is that of x·w, not that of a noisy target.

    It goes to zero if the weights are known. A new measurement is never that certain.
    """
    return _at_mean(x, mean), ((x @ covariance) * x).sum(-1)


@mistake("1b")
def only_the_noise(x, mean, covariance, noise_variance):
    """The variance is only that of the noise, as for a point estimate.

    The uncertainty of the weights is left out. Far from the data the prediction is as certain as
    near them.
    """
    centre = _at_mean(x, mean)
    return centre, torch.ones_like(centre) * noise_variance


@mistake("1b")
def standard_deviation_returned(x, mean, covariance, noise_variance):
    """The second result is a standard deviation.

    The mean is right, and so is the square of the second result.
    """
    return _at_mean(x, mean), (((x @ covariance) * x).sum(-1) + noise_variance).sqrt()


@mistake("1b")
def noise_added_as_sd(x, mean, covariance, noise_variance):
    """The noise's standard deviation is added to a variance.

    The two have different units. The variance is too large if that of the noise is below 1.
    """
    return _at_mean(x, mean), ((x @ covariance) * x).sum(-1) + noise_variance**0.5


@mistake("1b")
def full_covariance(x, mean, covariance, noise_variance):
    """The second result is the covariance of all new targets, one matrix for each task.

    Its diagonal holds the variances that are asked for.
    """
    eye = torch.eye(x.shape[-2], dtype=x.dtype)
    return _at_mean(x, mean), x @ covariance @ x.mT + noise_variance * eye


@mistake("1b")
def spread_of_independent_weights(x, mean, covariance, noise_variance):
    """Only the variances of the weights are used, not their correlations.

    Weights that compensate for each other then look uncertain although their sum is not.
    """
    variances = covariance.diagonal(dim1=-2, dim2=-1)
    spread = (x.square() @ variances[..., None]).squeeze(-1)
    return _at_mean(x, mean), spread + noise_variance


@mistake("1b")
def covariance_not_quadratic(x, mean, covariance, noise_variance):
    """The covariance is multiplied by the inputs once, not twice.

    Doubling an input should make its spread four times as large; here it doubles. Variances can
    even be negative.
    """
    return _at_mean(x, mean), (x @ covariance).sum(-1) + noise_variance


@mistake("1b")
def inverse_covariance_used(x, mean, covariance, noise_variance):
    """The inverse of the covariance gives the prediction its variance.

    The less is known about the weights, the more certain is the prediction.
    """
    precision = torch.linalg.pinv(covariance)
    return _at_mean(x, mean), ((x @ precision) * x).sum(-1) + noise_variance


@mistake("1b")
def noise_subtracted(x, mean, covariance, noise_variance):
    """The noise is subtracted from the variance.

    If the weights are known for certain, the variance is negative.
    """
    return _at_mean(x, mean), ((x @ covariance) * x).sum(-1) - noise_variance


# --- 1c -----------------------------------------------------------------------------------------


@mistake("1c")
def log_determinant_missing(x, y, prior_mean, prior_covariance, noise_variance):
    """The volume term (the log of a determinant) is missing.

    A prior that can explain anything is then never worse than one that predicts the task, and
    learning makes the covariance grow without bound.
    """
    return _density(
        y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, noise_variance), volume=0.0
    )


@mistake("1c")
def log_determinant_not_halved(x, y, prior_mean, prior_covariance, noise_variance):
    """The volume term counts twice.

    The log of the determinant is subtracted, not that of its root: learned priors become too
    narrow.
    """
    return _density(
        y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, noise_variance), volume=2.0
    )


@mistake("1c")
def log_determinant_sign(x, y, prior_mean, prior_covariance, noise_variance):
    """The volume term has the wrong sign.

    A wider prior is rewarded for its width, as well as for the distance it forgives.
    """
    return _density(
        y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, noise_variance), volume=-1.0
    )


@mistake("1c")
def constant_missing(x, y, prior_mean, prior_covariance, noise_variance):
    """The constant with 2π is missing.

    It does not matter when a prior is learned, but the bound cannot equal this evidence: it differs
    by the same amount for every target.
    """
    return _density(
        y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, noise_variance), constant=0.0
    )


@mistake("1c")
def constant_once(x, y, prior_mean, prior_covariance, noise_variance):
    """The constant with 2π counts once, whatever the number of targets.

    For a task of a single target it is right.
    """
    return _density(
        y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, noise_variance), dim=1
    )


@mistake("1c")
def dimension_of_weights(x, y, prior_mean, prior_covariance, noise_variance):
    """The constant counts the weights, not the targets.

    It is a density of the targets. With as many targets as weights it is right.
    """
    return _density(
        y - _at_mean(x, prior_mean),
        _of_targets(x, prior_covariance, noise_variance),
        dim=x.shape[-1],
    )


@mistake("1c")
def distance_not_halved(x, y, prior_mean, prior_covariance, noise_variance):
    """The distance counts twice.

    Learned noise and covariance come out too large by a factor of two.
    """
    return _density(
        y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, noise_variance), distance=2.0
    )


@mistake("1c")
def noise_missing_in_evidence(x, y, prior_mean, prior_covariance, noise_variance):
    """The noise is not in the covariance of the targets.

    Only the spread that comes from the weights is there, which is singular as soon as there are
    more targets than weights.
    """
    return _density(
        y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, 1e-4 * noise_variance)
    )


@mistake("1c")
def targets_independent(x, y, prior_mean, prior_covariance, noise_variance):
    """The targets of a task are treated as independent.

    Each has the right variance, but they share the weights and are correlated. For a single target
    it is right.
    """
    variance = _of_targets(x, prior_covariance, noise_variance).diagonal(dim1=-2, dim2=-1)
    squared = (y - _at_mean(x, prior_mean)).square()
    return -0.5 * (squared / variance + (2 * math.pi * variance).log()).sum(-1)


@mistake("1c")
def likelihood_at_the_mean(x, y, prior_mean, prior_covariance, noise_variance):
    """This is the likelihood at the prior's mean: nothing is integrated.

    The prior's covariance is not used, and gets no gradient.
    """
    squared = (y - _at_mean(x, prior_mean)).square()
    noise_variance = torch.as_tensor(noise_variance, dtype=x.dtype)
    value = -0.5 * (squared / noise_variance + (2 * math.pi * noise_variance).log()).sum(-1)
    return value + 0.0 * prior_covariance.sum()


@mistake("1c")
def prior_mean_not_subtracted(x, y, prior_mean, prior_covariance, noise_variance):
    """The targets are compared with zero, not with the prior's prediction.

    The prior's mean is not used, and is not learned.
    """
    return _density(y, _of_targets(x, prior_covariance, noise_variance)) + 0.0 * prior_mean.sum()


@mistake("1c")
def evidence_averaged(x, y, prior_mean, prior_covariance, noise_variance):
    """The evidence is divided by the number of targets.

    That is a mean per point, not the log probability of the whole task.
    """
    value = _density(y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, noise_variance))
    return value / y.shape[-1]


@mistake("1c")
def evidence_of_batch(x, y, prior_mean, prior_covariance, noise_variance):
    """One number for the whole batch instead of one a task.

    The mean over tasks was taken inside. For a single task it is right.
    """
    value = _density(y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, noise_variance))
    return value.mean()


@mistake("1c")
def noise_detached(x, y, prior_mean, prior_covariance, noise_variance):
    """The noise gets no gradient.

    Its value was taken out of the graph as a plain number. The evidence is right, but the noise
    keeps its initial value.
    """
    return _density(
        y - _at_mean(x, prior_mean), _of_targets(x, prior_covariance, float(noise_variance))
    )


@mistake("1c")
def inputs_detached(x, y, prior_mean, prior_covariance, noise_variance):
    """The inputs get no gradient.

    The evidence is right and a prior is learned, but a network that makes the inputs is not
    trained.
    """
    value = _density(
        y - _at_mean(x.detach(), prior_mean),
        _of_targets(x.detach(), prior_covariance, noise_variance),
    )
    return value + 0.0 * x.sum()


# --- 1d -----------------------------------------------------------------------------------------


def _spectral(x, of):
    """A matrix with the eigenvectors of XᵀX and other eigenvalues."""
    values, vectors = torch.linalg.eigh(x.mT @ x)
    return vectors @ torch.diag(of(values)) @ vectors.mT


def _seen(values):
    """Eigenvalues that are surely not zero."""
    return values.clamp(min=1e-12)


@mistake("1d")
def implied_precision(x, lr, steps):
    """The implied prior's precision is returned, not its covariance.

    More steps should allow the weights to move farther. This gets smaller with every step.
    """
    return _spectral(x, lambda v: 1 / (lr * sum((1 - lr * v) ** -k for k in range(1, steps + 1))))


@mistake("1d")
def share_moved(x, lr, steps):
    """The eigenvalues are the shares of the way that descent has gone, not variances.

    They lie between 0 and 1 whatever the scale of X. A variance is proportional to one over the
    eigenvalue.
    """
    return _spectral(x, lambda v: 1 - (1 - lr * v) ** steps)


@mistake("1d")
def share_left(x, lr, steps):
    """The eigenvalues are the shares of the error that are left after the descent.

    They decrease with every step, whereas a longer descent means a weaker prior.
    """
    return _spectral(x, lambda v: (1 - lr * v) ** steps)


@mistake("1d")
def rate_times_steps(x, lr, steps):
    """The prior is taken to be the same in every direction: rate times steps.

    That is the limit for small steps, and right only in directions without data. In directions with
    much data this variance is too small.
    """
    return lr * steps * torch.eye(x.shape[-1], dtype=x.dtype)


@mistake("1d")
def one_step_only(x, lr, steps):
    """The number of steps is not used: this is the prior of a single step.

    It is right for one step, and too tight for more.
    """
    return _spectral(x, lambda v: lr / (1 - lr * v))


@mistake("1d")
def sum_one_short(x, lr, steps):
    """One step is forgotten.

    The prior is that of a descent with another number of steps, one less or one that starts later.
    """
    return _spectral(x, lambda v: lr * sum((1 - lr * v) ** -k for k in range(steps)))


@mistake("1d")
def powers_the_wrong_way(x, lr, steps):
    """The share left is raised to positive powers where it belongs in the denominator.

    The result is how far the weights move for a unit of gradient, not the variance of a prior with
    the same effect.
    """
    return _spectral(x, lambda v: lr * sum((1 - lr * v) ** k for k in range(steps)))


@mistake("1d")
def divided_by_zero(x, lr, steps):
    """Directions that X does not see give 0/0.

    With fewer points than weights some eigenvalues are zero, and Q has numbers that are not finite,
    or very wrong. Everywhere else it is right.
    """
    values, vectors = torch.linalg.eigh(x.mT @ x)
    values = torch.where(values.abs() < 1e-9, torch.zeros_like(values), values)
    left = (1 - lr * values) ** steps
    variances = (1 - left) / (values * left)
    return vectors @ torch.diag(variances) @ vectors.mT


@mistake("1d")
def nothing_where_nothing_is_seen(x, lr, steps):
    """Directions that X does not see get a variance of zero.

    A formula that divides by the eigenvalue was patched with zero, but it has a limit there, and
    the limit is not zero.
    """

    def variances(v):
        share = (1 - lr * v) ** steps
        return torch.where(v < 1e-9, torch.zeros_like(v), (1 - share) / (_seen(v) * share))

    return _spectral(x, variances)


@mistake("1d")
def eigenvalues_only(x, lr, steps):
    """The variances are on a diagonal, in the order of the eigenvalues.

    They belong to the directions of the eigenvectors, not to the axes of w. For inputs that are not
    correlated, or one weight, this can look right.
    """
    values = torch.linalg.eigvalsh(x.mT @ x)
    return torch.diag(lr * sum((1 - lr * values) ** -k for k in range(1, steps + 1)))


@mistake("1d")
def gradient_averaged(x, lr, steps):
    """The loss is a mean over points, not half the sum.

    The curvature is then smaller by the number of points, and the prior is that of a shorter
    descent.
    """
    return _spectral(
        x, lambda v: lr * sum((1 - lr * v / len(x)) ** -k for k in range(1, steps + 1))
    )


@mistake("1d")
def gradient_doubled(x, lr, steps):
    """The loss lacks its factor one half.

    Every step is then twice as long: the prior is that of twice the rate.
    """
    return _spectral(x, lambda v: 2 * lr * sum((1 - 2 * lr * v) ** -k for k in range(1, steps + 1)))


@mistake("1d")
def eigenvectors_transposed(x, lr, steps):
    """Rows of the matrix of eigenvectors are used instead of its columns.

    The variances are right, but belong to other directions.
    """
    values, vectors = torch.linalg.eigh(x.mT @ x)
    variances = lr * sum((1 - lr * values) ** -k for k in range(1, steps + 1))
    return vectors.mT @ torch.diag(variances) @ vectors


# --- 1e -----------------------------------------------------------------------------------------


def _kl(mean, covariance, other_mean, other_covariance, half=0.5, volume=1.0, dim=1.0, mix=1.0):
    """The parts of a KL, which can be weighed."""
    away = (other_mean - mean)[..., None]
    inside = torch.linalg.solve(other_covariance, covariance)
    return half * (
        mix * inside.diagonal(dim1=-2, dim2=-1).sum(-1)
        + (away * torch.linalg.solve(other_covariance, away)).sum((-2, -1))
        - dim * mean.shape[-1]
        + volume * (torch.logdet(other_covariance) - torch.logdet(covariance))
    )


@mistake("1e")
def kl_the_wrong_way_round(mean, covariance, other_mean, other_covariance):
    """The KL is the wrong way round.

    The expectation is under the second Gaussian instead of the first. The two directions
    usually differ when the covariances do.
    """
    other_mean, other_covariance = other_mean + 0 * mean, other_covariance + 0 * covariance
    return _kl(other_mean, other_covariance, mean, covariance)


@mistake("1e")
def half_missing(mean, covariance, other_mean, other_covariance):
    """The factor one half is missing.

    Everything is twice as large as integration gives.
    """
    return _kl(mean, covariance, other_mean, other_covariance, half=1.0)


@mistake("1e")
def volumes_exchanged(mean, covariance, other_mean, other_covariance):
    """The two volumes are exchanged: their difference has the wrong sign.

    The KL of different Gaussians can then be negative, which no KL is.
    """
    return _kl(mean, covariance, other_mean, other_covariance, volume=-1.0)


@mistake("1e")
def volumes_missing(mean, covariance, other_mean, other_covariance):
    """The volumes (the logs of determinants) are missing.

    For two Gaussians with the same volume it is right; otherwise a q that is much too narrow has no
    cost.
    """
    return _kl(mean, covariance, other_mean, other_covariance, volume=0.0)


@mistake("1e")
def dimension_missing(mean, covariance, other_mean, other_covariance):
    """The number of dimensions is not subtracted.

    The KL of a Gaussian to itself is half its dimension instead of zero.
    """
    return _kl(mean, covariance, other_mean, other_covariance, dim=0.0)


@mistake("1e")
def dimension_of_the_batch(mean, covariance, other_mean, other_covariance):
    """The number that is subtracted is the length of the first axis, not the dimension.

    For a single Gaussian the two are the same; in a batch the first axis counts tasks.
    """
    away = (other_mean - mean)[..., None]
    inside = torch.linalg.solve(other_covariance, covariance)
    return 0.5 * (
        inside.diagonal(dim1=-2, dim2=-1).sum(-1)
        + (away * torch.linalg.solve(other_covariance, away)).sum((-2, -1))
        - len(mean)
        + torch.logdet(other_covariance)
        - torch.logdet(covariance)
    )


@mistake("1e")
def distance_by_own_precision(mean, covariance, other_mean, other_covariance):
    """The distance of the means is weighted by the first Gaussian's precision.

    It should measure how surprising the first mean is under the second Gaussian.
    """
    away = (other_mean - mean)[..., None]
    inside = torch.linalg.solve(other_covariance, covariance)
    return 0.5 * (
        inside.diagonal(dim1=-2, dim2=-1).sum(-1)
        + (away * torch.linalg.solve(covariance, away)).sum((-2, -1))
        - mean.shape[-1]
        + torch.logdet(other_covariance)
        - torch.logdet(covariance)
    )


@mistake("1e")
def distance_missing(mean, covariance, other_mean, other_covariance):
    """The distance of the means does not count.

    Two Gaussians of the same shape count as equal wherever they are.
    """
    return _kl(mean, covariance, mean, other_covariance + 0 * other_mean.sum())


@mistake("1e")
def determinants_not_logged(mean, covariance, other_mean, other_covariance):
    """The determinants are subtracted, not their logarithms.

    A volume counts by its logarithm: a KL is measured in nats.
    """
    away = (other_mean - mean)[..., None]
    inside = torch.linalg.solve(other_covariance, covariance)
    return 0.5 * (
        inside.diagonal(dim1=-2, dim2=-1).sum(-1)
        + (away * torch.linalg.solve(other_covariance, away)).sum((-2, -1))
        - mean.shape[-1]
        + torch.linalg.det(other_covariance)
        - torch.linalg.det(covariance)
    )


@mistake("1e")
def diagonals_only(mean, covariance, other_mean, other_covariance):
    """Only the diagonals of the covariances are used.

    For independent dimensions it is right; here the weights are correlated.
    """
    one = torch.diag_embed(covariance.diagonal(dim1=-2, dim2=-1))
    two = torch.diag_embed(other_covariance.diagonal(dim1=-2, dim2=-1))
    return _kl(mean, one, other_mean, two)


@mistake("1e")
def trace_over_the_batch(mean, covariance, other_mean, other_covariance):
    """The KLs of all tasks are averaged into one number.

    You need one number for each task. For a single pair it is right.
    """
    return _kl(mean, covariance, other_mean, other_covariance).mean()


@mistake("1e")
def other_detached(mean, covariance, other_mean, other_covariance):
    """The second Gaussian gets no gradient.

    The value is right, but a prior in its place would not be learned.
    """
    return _kl(mean, covariance, other_mean.detach(), other_covariance.detach())


@mistake("1e")
def elementwise_ratio(mean, covariance, other_mean, other_covariance):
    """One covariance is divided by the other element by element.

    To divide by a matrix, solve a system or use an inverse. For a single dimension it is right.
    """
    ratio = (covariance / other_covariance).diagonal(dim1=-2, dim2=-1).sum(-1)
    return _kl(mean, covariance, other_mean, other_covariance, mix=0.0) + 0.5 * ratio


# --- 1f -----------------------------------------------------------------------------------------


def _fit(x, y, mean, covariance, noise_variance, spread=1.0, constant=1.0):
    """The expected log likelihood of each target, in parts that can be weighed."""
    noise_variance = torch.as_tensor(noise_variance, dtype=x.dtype)
    squared = (y - _at_mean(x, mean)).square() + spread * ((x @ covariance) * x).sum(-1)
    return -0.5 * (squared / noise_variance + constant * (2 * math.pi * noise_variance).log())


@mistake("1f")
def kl_added(x, y, mean, covariance, noise_variance, kl):
    """The KL is added instead of subtracted.

    The result can be above the log evidence, and is not a lower bound.
    """
    return _fit(x, y, mean, covariance, noise_variance).sum(-1) + kl


@mistake("1f")
def kl_left_out(x, y, mean, covariance, noise_variance, kl):
    """The KL is left out: only the expected log likelihood remains.

    Its maximum is a q without variance at the least-squares solution.
    """
    return _fit(x, y, mean, covariance, noise_variance).sum(-1) + 0 * kl


@mistake("1f")
def likelihood_at_the_mean_of_q(x, y, mean, covariance, noise_variance, kl):
    """This is the log likelihood at q's mean, not its average under q.

    The variance of the weights has a cost, which is missing here.
    """
    return _fit(x, y, mean, covariance, noise_variance, spread=0.0).sum(-1) - kl


@mistake("1f")
def spread_rewarded(x, y, mean, covariance, noise_variance, kl):
    """The variance of the weights raises the expected log likelihood.

    Its sign is wrong: with more variance the errors are larger, not smaller.
    """
    return _fit(x, y, mean, covariance, noise_variance, spread=-1.0).sum(-1) - kl


@mistake("1f")
def density_of_the_predictive(x, y, mean, covariance, noise_variance, kl):
    """This is the log of the averaged likelihood, not the average of the log.

    Each target's predictive density was used. By Jensen's inequality it is larger than the bound's
    term.
    """
    variance = ((x @ covariance) * x).sum(-1) + noise_variance
    squared = (y - _at_mean(x, mean)).square()
    return -0.5 * (squared / variance + (2 * math.pi * variance).log()).sum(-1) - kl


@mistake("1f")
def bound_without_constant(x, y, mean, covariance, noise_variance, kl):
    """The log of the noise's normalising constant is missing.

    The bound then does not equal the evidence, and learned noise would be wrong.
    """
    return _fit(x, y, mean, covariance, noise_variance, constant=0.0).sum(-1) - kl


@mistake("1f")
def bound_averaged_over_points(x, y, mean, covariance, noise_variance, kl):
    """The likelihood is averaged over a task's points, the KL is not.

    The prior then counts too much, and more so with more points.
    """
    return _fit(x, y, mean, covariance, noise_variance).mean(-1) - kl


@mistake("1f")
def kl_taken_off_each_point(x, y, mean, covariance, noise_variance, kl):
    """The KL is subtracted once for each point.

    A task has one q, so it counts once. For a single point it is right.
    """
    return (_fit(x, y, mean, covariance, noise_variance) - kl[..., None]).sum(-1)


@mistake("1f")
def sampled_once(x, y, mean, covariance, noise_variance, kl):
    """The expectation is replaced by one draw of the weights.

    It is right on average, but different at every call; the expectation should be exact.
    """
    root = torch.linalg.cholesky(covariance)
    w = mean + (root @ torch.randn_like(mean)[..., None]).squeeze(-1)
    return _fit(x, y, w, covariance, noise_variance, spread=0.0).sum(-1) - kl


@mistake("1f")
def noise_as_sd_in_bound(x, y, mean, covariance, noise_variance, kl):
    """The noise's variance is squared, as if it were a standard deviation.

    The argument is a variance already.
    """
    return _fit(x, y, mean, covariance, noise_variance**2).sum(-1) - kl


@mistake("1f")
def bound_of_the_batch(x, y, mean, covariance, noise_variance, kl):
    """One number for the whole batch instead of one a task.

    The mean over tasks was taken inside. For a single task it is right.
    """
    return (_fit(x, y, mean, covariance, noise_variance).sum(-1) - kl).mean()


@mistake("1f")
def spread_detached(x, y, mean, covariance, noise_variance, kl):
    """The covariance of q gets no gradient from the likelihood.

    The value is right, but learning would make q as wide as the prior.
    """
    return _fit(x, y, mean, covariance.detach(), noise_variance).sum(-1) - kl
