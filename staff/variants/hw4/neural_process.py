"""Other right ways to aggregate, to sample, and to judge a neural process."""

from __future__ import annotations

import math

import torch
from torch.distributions import Independent, Normal, kl_divergence

from staff.authoring.catalogue import variant

# --- 2a -----------------------------------------------------------------------------------------


@variant("2a")
def task_by_task(encoded, mask):
    """A loop over the tasks."""
    rows = []
    for points, there in zip(encoded, mask):
        rows.append(points[there].mean(0) if there.any() else points.new_zeros(points.shape[-1]))
    return torch.stack(rows)


@variant("2a")
def masked_fill_and_max(encoded, mask):
    """masked_fill, and at least one in the denominator."""
    kept = encoded.masked_fill(~mask.unsqueeze(-1), 0.0)
    counts = mask.sum(dim=1, keepdim=True)
    return kept.sum(dim=1) / torch.maximum(counts, torch.ones_like(counts))


@variant("2a")
def weights_that_sum_to_one(encoded, mask):
    """Zeros in the empty places, weights of one over the count, and a matrix product."""
    weights = mask.to(encoded.dtype)
    weights = weights / weights.sum(1, keepdim=True).clamp_min(1.0)
    points = torch.where(mask.unsqueeze(-1), encoded, torch.zeros_like(encoded))
    return torch.bmm(weights.unsqueeze(1), points).squeeze(1)


@variant("2a")
def nan_mean(encoded, mask):
    """nanmean, and zeros where nothing was."""
    marked = torch.where(mask[..., None], encoded, float("nan"))
    return torch.where(mask.any(1)[:, None], marked.nanmean(1), torch.zeros_like(encoded[:, 0]))


@variant("2a")
def filled_with_zeros(encoded, mask):
    """Zeros in the empty places, a sum by einsum; a tiny number in the denominator."""
    weights = mask.float()
    points = encoded.masked_fill(~mask[..., None], 0)
    return torch.einsum("bnr,bn->br", points, weights) / (weights.sum(1)[:, None] + 1e-9)


@variant("2a")
def scattered(encoded, mask):
    """The present points, added to their tasks by index_add."""
    task, place = mask.nonzero(as_tuple=True)
    total = torch.zeros_like(encoded[:, 0]).index_add(0, task, encoded[task, place])
    counts = torch.bincount(task, minlength=len(encoded)).clamp(min=1)
    return total / counts[:, None]


# --- 2b -----------------------------------------------------------------------------------------


@variant("2b")
def rsample(mean, log_variance, num_samples):
    """torch's own reparameterised sample."""
    return Normal(mean, torch.exp(0.5 * log_variance)).rsample((num_samples,))


@variant("2b")
def root_of_the_variance(mean, log_variance, num_samples):
    """The root of the variance; noise like a tensor that was expanded."""
    centre = mean.expand(num_samples, *mean.shape)
    return centre + log_variance.exp().sqrt() * torch.randn_like(centre)


@variant("2b")
def stacked_draws(mean, log_variance, num_samples):
    """One draw after the other."""
    sd = torch.exp(log_variance / 2)
    return torch.stack([mean + sd * torch.randn_like(mean) for _ in range(num_samples)])


@variant("2b")
def torch_normal_for_the_noise(mean, log_variance, num_samples):
    """The noise by torch.normal."""
    size = (num_samples, mean.shape[0], mean.shape[1])
    noise = torch.normal(torch.zeros(size, dtype=mean.dtype), 1.0)
    return torch.addcmul(mean.unsqueeze(0), noise, (0.5 * log_variance).exp().unsqueeze(0))


@variant("2b")
def noise_in_place(mean, log_variance, num_samples):
    """An empty tensor filled by normal_, and another layout transposed back."""
    noise = torch.empty(mean.shape[0], mean.shape[1], num_samples, dtype=mean.dtype).normal_()
    drawn = mean[..., None] + noise * log_variance.mul(0.5).exp()[..., None]
    return drawn.permute(2, 0, 1)


# --- 2c -----------------------------------------------------------------------------------------


@variant("2c")
def process_by_distributions(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """torch's own KL of two independent Gaussians."""
    q = Independent(Normal(all_mean, (0.5 * all_log_variance).exp()), 1)
    p = Independent(Normal(context_mean, (0.5 * context_log_variance).exp()), 1)
    bound = log_likelihood.mean(dim=0).sum(dim=-1) - kl_divergence(q, p)
    return -bound.mean()


@variant("2c")
def log_variances_apart(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """Written out, the terms apart."""
    volumes = context_log_variance - all_log_variance
    spread = torch.exp(all_log_variance) + (all_mean - context_mean) ** 2
    kl = 0.5 * torch.sum(volumes + spread / torch.exp(context_log_variance) - 1.0, dim=1)
    expected = torch.sum(torch.mean(log_likelihood, dim=0), dim=1)
    return torch.mean(kl) - torch.mean(expected)


@variant("2c")
def task_after_task(log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance):
    """A loop over the tasks."""
    total = 0.0
    for b in range(all_mean.shape[0]):
        q = Normal(all_mean[b], all_log_variance[b].exp() ** 0.5)
        p = Normal(context_mean[b], context_log_variance[b].exp() ** 0.5)
        total = total + kl_divergence(q, p).sum()
        total = total - log_likelihood[:, b].sum() / log_likelihood.shape[0]
    return total / all_mean.shape[0]


@variant("2c")
def by_log_sds(log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance):
    """Standard deviations and their logarithms."""
    one, two = all_log_variance / 2, context_log_variance / 2
    precision = torch.exp(-2 * two)
    kl = two - one + 0.5 * precision * (torch.exp(2 * one) + (all_mean - context_mean).pow(2)) - 0.5
    samples, batch, _ = log_likelihood.shape
    return (kl.sum() - log_likelihood.sum() / samples) / batch


@variant("2c")
def cross_entropy_less_entropy(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The KL as a cross-entropy less an entropy; the result of shape [1]."""
    away = (all_mean - context_mean).square() + all_log_variance.exp()
    cross = 0.5 * (context_log_variance + away * (-context_log_variance).exp())
    entropy = 0.5 * (all_log_variance + 1)
    constant = 0.5 * math.log(2 * math.pi)
    kl = ((cross + constant) - (entropy + constant)).sum(-1, keepdim=True)
    return (kl - log_likelihood.mean(0).sum(-1, keepdim=True)).mean(0)
