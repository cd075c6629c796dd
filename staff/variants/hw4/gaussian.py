"""Other right ways to do Bayesian linear regression."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from staff.authoring.catalogue import variant


def _at(x, mean):
    return torch.einsum("...nd,...d->...n", x, mean)


def _of_targets(x, covariance, noise_variance):
    return x @ covariance @ x.mT + noise_variance * torch.eye(x.shape[-2]).to(x)


# --- 1a -----------------------------------------------------------------------------------------


@variant("1a")
def by_gain(x, y, prior_mean, prior_covariance, noise_variance):
    """In the space of the targets, by Kalman's gain."""
    gain = (
        prior_covariance @ x.mT @ torch.linalg.inv(_of_targets(x, prior_covariance, noise_variance))
    )
    surprise = y - _at(x, prior_mean)
    mean = prior_mean + torch.einsum("...dn,...n->...d", gain, surprise)
    return mean, prior_covariance - gain @ x @ prior_covariance


@variant("1a")
def by_solving(x, y, prior_mean, prior_covariance, noise_variance):
    """Solves instead of inverses, transposes spelled out."""
    eye = torch.eye(x.shape[-1], dtype=x.dtype)
    precision = torch.linalg.solve(prior_covariance, eye)
    after = precision + x.transpose(-1, -2).matmul(x) / noise_variance
    right = precision.matmul(prior_mean.unsqueeze(-1))
    right = right + x.transpose(-1, -2).matmul(y.unsqueeze(-1)) / noise_variance
    return torch.linalg.solve(after, right)[..., 0], torch.linalg.solve(after, eye)


@variant("1a")
def by_cholesky(x, y, prior_mean, prior_covariance, noise_variance):
    """Cholesky factors and their inverses, einsum for the sums."""
    precision = torch.cholesky_inverse(torch.linalg.cholesky(prior_covariance))
    after = precision + torch.einsum("...ni,...nj->...ij", x, x) / noise_variance
    covariance = torch.cholesky_inverse(torch.linalg.cholesky(after))
    pull = torch.einsum("...ij,...j->...i", precision, prior_mean)
    pull = pull + torch.einsum("...ni,...n->...i", x, y) / noise_variance
    return torch.einsum("...ij,...j->...i", covariance, pull), covariance


@variant("1a")
def point_by_point(x, y, prior_mean, prior_covariance, noise_variance):
    """One point after the other."""
    batch, d = x.shape[:-2], x.shape[-1]
    mean = prior_mean.expand(*batch, d).clone()
    covariance = prior_covariance.expand(*batch, d, d).clone()
    for i in range(x.shape[-2]):
        row = x[..., i, :]
        shared = (covariance @ row[..., None])[..., 0]
        variance = (row * shared).sum(-1, keepdim=True) + noise_variance
        missed = y[..., i, None] - (row * mean).sum(-1, keepdim=True)
        mean = mean + shared * missed / variance
        covariance = covariance - shared[..., :, None] * shared[..., None, :] / variance[..., None]
    return mean, covariance


@variant("1a")
def residual_first(x, y, prior_mean, prior_covariance, noise_variance):
    """The targets less what the prior foresees, as if around zero; pinv for the inverses."""
    covariance = torch.linalg.pinv(
        torch.linalg.pinv(prior_covariance) + x.mT @ x * (1 / noise_variance), hermitian=True
    )
    residual = (y - _at(x, prior_mean))[..., None]
    return prior_mean + (covariance @ (x.mT @ residual) / noise_variance).squeeze(-1), covariance


# --- 1b -----------------------------------------------------------------------------------------


@variant("1b")
def einsum_for_the_spread(x, mean, covariance, noise_variance):
    """Everything by einsum."""
    spread = torch.einsum("...md,...de,...me->...m", x, covariance, x)
    return torch.einsum("...md,...d->...m", x, mean), noise_variance + spread


@variant("1b")
def diagonal_of_the_full_matrix(x, mean, covariance, noise_variance):
    """The whole covariance of the targets, and its diagonal."""
    full = _of_targets(x, covariance, noise_variance)
    return torch.matmul(x, mean.unsqueeze(-1))[..., 0], torch.diagonal(full, dim1=-2, dim2=-1)


@variant("1b")
def target_by_target(x, mean, covariance, noise_variance):
    """A loop over the inputs."""
    centres, variances = [], []
    for i in range(x.shape[-2]):
        row = x[..., i, :]
        centres.append((row * mean).sum(-1))
        variances.append(((covariance @ row[..., None])[..., 0] * row).sum(-1) + noise_variance)
    return torch.stack(centres, -1), torch.stack(variances, -1)


@variant("1b")
def outer_products(x, mean, covariance, noise_variance):
    """The spread as a sum over pairs of weights."""
    pairs = x[..., :, None] * x[..., None, :]
    spread = (pairs * covariance[..., None, :, :]).sum((-1, -2))
    return (x * mean[..., None, :]).sum(-1), spread + noise_variance


@variant("1b")
def list_returned(x, mean, covariance, noise_variance):
    """Batched products by matmul on flattened tasks; a list instead of a tuple."""
    batch, (m, d) = x.shape[:-2], x.shape[-2:]
    rows = x.reshape(-1, m, d)
    centre = torch.bmm(rows, mean.reshape(-1, d, 1)).reshape(*batch, m)
    shared = torch.bmm(rows, covariance.reshape(-1, d, d))
    return [centre, (shared * rows).sum(2).reshape(*batch, m) + noise_variance]


# --- 1c -----------------------------------------------------------------------------------------


@variant("1c")
def by_torch_distributions(x, y, prior_mean, prior_covariance, noise_variance):
    """The Gaussian of the targets, by torch.distributions."""
    covariance = _of_targets(x, prior_covariance, noise_variance)
    return MultivariateNormal(_at(x, prior_mean), covariance).log_prob(y)


@variant("1c")
def by_inverse_and_slogdet(x, y, prior_mean, prior_covariance, noise_variance):
    """Inverse and slogdet."""
    covariance = _of_targets(x, prior_covariance, noise_variance)
    residual = (y - _at(x, prior_mean)).unsqueeze(-1)
    distance = (residual.mT @ torch.linalg.inv(covariance) @ residual)[..., 0, 0]
    volume = torch.linalg.slogdet(covariance).logabsdet
    return -(distance + volume + y.size(-1) * np.log(2 * np.pi)) / 2


@variant("1c")
def by_the_chain_rule(x, y, prior_mean, prior_covariance, noise_variance):
    """Each target given those before it, one after the other."""
    batch, d = x.shape[:-2], x.shape[-1]
    mean, covariance = prior_mean.expand(*batch, d), prior_covariance.expand(*batch, d, d)
    total = 0
    for i in range(x.shape[-2]):
        row = x[..., i, :]
        shared = (covariance @ row[..., None])[..., 0]
        variance = (row * shared).sum(-1) + noise_variance
        missed = y[..., i] - (row * mean).sum(-1)
        total = total + Normal(torch.zeros_like(missed), variance.sqrt()).log_prob(missed)
        mean = mean + shared * (missed / variance)[..., None]
        outer = shared[..., :, None] * shared[..., None, :]
        covariance = covariance - outer / variance[..., None, None]
    return total


@variant("1c")
def in_weight_space(x, y, prior_mean, prior_covariance, noise_variance):
    """By the determinant lemma: matrices of the size of the weights only."""
    n, d = x.shape[-2:]
    noise_variance = torch.as_tensor(noise_variance, dtype=x.dtype)
    inner = torch.eye(d, dtype=x.dtype) + prior_covariance @ x.mT @ x / noise_variance
    residual = (y - _at(x, prior_mean))[..., None]
    pushed = x.mT @ residual
    solved = torch.linalg.solve(inner, prior_covariance @ pushed)
    distance = residual.square().sum((-1, -2)) / noise_variance
    distance = distance - (pushed * solved).sum((-1, -2)) / noise_variance**2
    volume = torch.logdet(inner) + n * torch.log(noise_variance)
    return -0.5 * (distance + volume + n * math.log(2 * math.pi))


@variant("1c")
def cholesky_solve_with_jitter(x, y, prior_mean, prior_covariance, noise_variance):
    """Cholesky with a little on the diagonal."""
    covariance = _of_targets(x, prior_covariance, noise_variance + 1e-8)
    factor = torch.linalg.cholesky(covariance)
    residual = (y - _at(x, prior_mean)).unsqueeze(-1)
    solved = torch.cholesky_solve(residual, factor)
    volume = 2 * torch.log(torch.diagonal(factor, dim1=-1, dim2=-2)).sum(dim=-1)
    constant = y.shape[-1] * math.log(2 * math.pi)
    return -0.5 * ((residual * solved).squeeze(-1).sum(-1) + volume + constant)


# --- 1d -----------------------------------------------------------------------------------------


def _shares(x, rate, steps):
    values, vectors = torch.linalg.eigh(x.T @ x)
    return values, vectors, (1 - rate * values) ** steps


@variant("1d")
def ratio_with_the_limit(x, lr, steps):
    """A closed form, with its limit where the eigenvalue is (nearly) zero."""
    values, vectors, left = _shares(x, lr, steps)
    seen = values > 1e-10 * values.max()
    safe = torch.where(seen, values, torch.ones_like(values))
    variances = torch.where(seen, (1 - left) / (safe * left), torch.full_like(values, lr * steps))
    return (vectors * variances) @ vectors.T


@variant("1d")
def sum_of_matrix_powers(x, lr, steps):
    """A sum of powers of a matrix, without eigenvectors."""
    back = torch.linalg.inv(torch.eye(x.shape[1], dtype=x.dtype) - lr * x.mT @ x)
    power, total = torch.eye(x.shape[1], dtype=x.dtype), 0
    for _ in range(steps):
        power = power @ back
        total = total + power
    return lr * total


@variant("1d")
def by_recursion(x, lr, steps):
    """From the prior of k steps to that of k + 1."""
    eye = torch.eye(x.shape[1], dtype=x.dtype)
    forward = eye - lr * x.mT @ x
    covariance = torch.zeros_like(eye)
    for _ in range(steps):
        covariance = torch.linalg.solve(forward, covariance + lr * eye)
    return covariance


@variant("1d")
def by_singular_values(x, lr, steps):
    """Singular values of X instead of eigenvalues of XᵀX; expm1 for small ones."""
    _, singular, rows = torch.linalg.svd(x, full_matrices=True)
    values = torch.zeros(x.shape[1], dtype=x.dtype)
    values[: len(singular)] = singular**2
    grown = torch.expm1(-steps * torch.log1p(-lr * values))
    tiny = values < 1e-12
    variances = torch.where(tiny, lr * steps, grown / torch.where(tiny, 1.0, values))
    return rows.mT @ torch.diag_embed(variances) @ rows


@variant("1d")
def numpy_and_a_floor(x, lr, steps):
    """numpy's eigenvectors, eigenvalues kept away from zero by a floor that does no harm."""
    values, vectors = np.linalg.eigh((x.T @ x).numpy())
    values = np.maximum(values, 1e-7)
    left = (1 - lr * values) ** steps
    return torch.from_numpy(vectors @ np.diag((1 / left - 1) / values) @ vectors.T)


# --- 1e -----------------------------------------------------------------------------------------


@variant("1e")
def kl_by_torch_distributions(mean, covariance, other_mean, other_covariance):
    """torch's own KL."""
    one = MultivariateNormal(mean, covariance)
    return kl_divergence(one, MultivariateNormal(other_mean, other_covariance))


@variant("1e")
def kl_by_inverse(mean, covariance, other_mean, other_covariance):
    """One inverse, and the log of a ratio of determinants."""
    precision = torch.linalg.inv(other_covariance)
    spread = torch.einsum("...ij,...ji->...", precision, covariance)
    away = mean - other_mean
    distance = torch.einsum("...i,...ij,...j->...", away, precision, away)
    ratio = torch.linalg.det(covariance) / torch.linalg.det(other_covariance)
    return (spread + distance - mean.shape[-1] - ratio.log()) / 2


@variant("1e")
def kl_by_cholesky(mean, covariance, other_mean, other_covariance):
    """Cholesky factors of both."""
    own, other = torch.linalg.cholesky(covariance), torch.linalg.cholesky(other_covariance)
    own, other = torch.broadcast_tensors(own, other)
    stretched = torch.linalg.solve_triangular(other, own, upper=False)
    away = torch.linalg.solve_triangular(other, (mean - other_mean)[..., None], upper=False)
    volumes = other.diagonal(dim1=-2, dim2=-1).log() - own.diagonal(dim1=-2, dim2=-1).log()
    parts = stretched.square().sum((-1, -2)) + away.square().sum((-1, -2)) - mean.size(-1)
    return 0.5 * parts + volumes.sum(-1)


@variant("1e")
def kl_from_the_product(mean, covariance, other_mean, other_covariance):
    """Trace and determinant of one product."""
    product = torch.linalg.inv(other_covariance) @ covariance
    spread = torch.diagonal(product, dim1=-2, dim2=-1).sum(-1)
    sign, logarithm = torch.linalg.slogdet(product)
    away = (mean - other_mean).unsqueeze(-1)
    distance = (away.mT @ torch.linalg.inv(other_covariance) @ away).squeeze(-1).squeeze(-1)
    return 0.5 * spread - 0.5 * logarithm + 0.5 * distance - 0.5 * product.shape[-1]


@variant("1e")
def cross_entropy_minus_entropy(mean, covariance, other_mean, other_covariance):
    """The cross-entropy of the two less the first one's entropy."""
    dim = mean.shape[-1]
    precision = torch.linalg.inv(other_covariance)
    away = (mean - other_mean)[..., None]
    second = covariance + away @ away.mT
    cross = 0.5 * (
        dim * math.log(2 * math.pi)
        + torch.logdet(other_covariance)
        + (precision * second).sum((-1, -2))
    )
    entropy = 0.5 * (dim * (1 + math.log(2 * math.pi)) + torch.logdet(covariance))
    return cross - entropy


# --- 1f -----------------------------------------------------------------------------------------


@variant("1f")
def second_moment(x, y, mean, covariance, noise_variance, kl):
    """The expectation by the second moment of the weights."""
    noise_variance = torch.as_tensor(noise_variance, dtype=x.dtype)
    moment = covariance + mean[..., :, None] * mean[..., None, :]
    squared = y.square().sum(-1) - 2 * (y * _at(x, mean)).sum(-1)
    squared = squared + torch.einsum("...ni,...ij,...nj->...", x, moment, x)
    n = y.shape[-1]
    return -squared / (2 * noise_variance) - n / 2 * torch.log(2 * torch.pi * noise_variance) - kl


@variant("1f")
def normal_plus_correction(x, y, mean, covariance, noise_variance, kl):
    """The log likelihood at the mean, less what the spread costs."""
    noise_variance = torch.as_tensor(noise_variance, dtype=x.dtype)
    sd = noise_variance.sqrt().expand(y.shape)
    at_mean = Independent(Normal(_at(x, mean), sd), 1).log_prob(y)
    cost = torch.einsum("...ni,...ij,...nj->...n", x, covariance, x).sum(-1) / noise_variance / 2
    return at_mean - cost - kl


@variant("1f")
def trace_of_the_gram_matrix(x, y, mean, covariance, noise_variance, kl):
    """What the spread costs as the trace of a product."""
    n = y.shape[-1]
    residual = y - torch.matmul(x, mean.unsqueeze(-1)).squeeze(-1)
    cost = torch.diagonal(x.mT @ x @ covariance, dim1=-2, dim2=-1).sum(-1)
    fit = -(residual.pow(2).sum(-1) + cost) / (2 * noise_variance)
    if not isinstance(noise_variance, torch.Tensor):
        return fit - n * 0.5 * math.log(2 * math.pi * noise_variance) - kl
    return fit - n * 0.5 * (math.log(2 * math.pi) + noise_variance.log()) - kl


@variant("1f")
def points_in_a_loop(x, y, mean, covariance, noise_variance, kl):
    """A loop over the points."""
    noise_variance = torch.as_tensor(noise_variance, dtype=x.dtype)
    total = -kl
    for i in range(x.shape[-2]):
        row = x[..., i, :]
        spread = (row * (covariance @ row[..., None])[..., 0]).sum(-1)
        missed = (y[..., i] - (row * mean).sum(-1)) ** 2
        total = total - 0.5 * (2 * math.pi * noise_variance).log()
        total = total - 0.5 * (missed + spread) / noise_variance
    return total


@variant("1f")
def cholesky_of_q(x, y, mean, covariance, noise_variance, kl):
    """The spread by the Cholesky factor of q."""
    noise_variance = torch.as_tensor(noise_variance, dtype=x.dtype)
    spread = (x @ torch.linalg.cholesky(covariance)).square().sum(-1)
    squared = (y - _at(x, mean)).square() + spread
    log_density = -0.5 * math.log(2 * math.pi) - 0.5 * noise_variance.log()
    return (log_density - 0.5 * squared / noise_variance).sum(dim=-1) - kl
