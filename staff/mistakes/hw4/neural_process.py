"""Wrong ways to aggregate, to sample, and to judge a neural process."""

from __future__ import annotations

import torch

from staff.authoring.catalogue import mistake

# --- 2a -----------------------------------------------------------------------------------------


def _kept(encoded, present):
    """The encoded points, zeros where there is none."""
    return torch.where(present[..., None], encoded, torch.zeros_like(encoded))


@mistake("2a")
def sum_for_mean(encoded, mask):
    """The encoded points are summed, not averaged.

    The summary grows with the number of points: a decoder trained on 10 points sees larger numbers
    at 20.
    """
    return _kept(encoded, mask).sum(1)


@mistake("2a")
def mask_ignored(encoded, mask):
    """Empty places are averaged with the rest.

    Whatever is there changes the summary of tasks with fewer points.
    """
    return encoded.mean(1)


@mistake("2a")
def divided_by_all_places(encoded, mask):
    """The sum is divided by the number of places, not of points.

    A task with half as many points has a summary half as large.
    """
    return _kept(encoded, mask).mean(1)


@mistake("2a")
def nan_without_points(encoded, mask):
    """A task without any point gives 0/0.

    The other tasks are right. The summary of such a task should be zeros.
    """
    return _kept(encoded, mask).sum(1) / mask.sum(1, keepdim=True)


@mistake("2a")
def one_too_many(encoded, mask):
    """The number of points is raised by one, so that it is never zero.

    The mean of few points is then too small: with a single point, half of it.
    """
    return _kept(encoded, mask).sum(1) / (mask.sum(1, keepdim=True) + 1)


@mistake("2a")
def largest_for_mean(encoded, mask):
    """The largest value of each coordinate is taken, not the mean.

    It does not depend on the order either, but only one point of each coordinate gets a gradient.
    """
    low = torch.where(mask[..., None], encoded, torch.full_like(encoded, -1e9)).max(1).values
    return torch.where(mask.any(1, keepdim=True), low, torch.zeros_like(low))


@mistake("2a")
def count_of_the_batch(encoded, mask):
    """Every task is divided by the batch's mean number of points.

    It is right if all tasks have the same number of points.
    """
    return _kept(encoded, mask).sum(1) / mask.to(encoded.dtype).sum(1).mean()


@mistake("2a")
def over_the_tasks(encoded, mask):
    """The mean is taken over all points of the batch.

    Every task gets the same summary, so information leaks between tasks.
    """
    total = _kept(encoded, mask).sum((0, 1)) / mask.sum()
    return total.expand(len(encoded), -1)


@mistake("2a")
def last_point(encoded, mask):
    """The summary is the last point.

    The others do not count, and their order matters.
    """
    places = torch.arange(mask.shape[1]).expand_as(mask)
    last = torch.where(mask, places, torch.full_like(places, -1)).max(1).values
    found = encoded[torch.arange(len(encoded)), last.clamp(min=0)]
    return torch.where((last >= 0)[:, None], found, torch.zeros_like(found))


@mistake("2a")
def aggregate_detached(encoded, mask):
    """The summary has no gradient.

    It changes no value, but the encoder learns nothing.
    """
    counts = mask.sum(1, keepdim=True).clamp(min=1)
    return (_kept(encoded, mask).sum(1) / counts).detach() + 0 * encoded.sum((1,))


@mistake("2a")
def zeroed_in_place(encoded, mask):
    """Empty places are set to zero in the caller's tensor.

    The summary is right, but the argument is changed.
    """
    with torch.no_grad():
        encoded[~mask] = 0
    return encoded.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


@mistake("2a")
def coordinates_averaged(encoded, mask):
    """The mean runs over the coordinates of a point as well.

    A summary of r numbers becomes r times the same one.
    """
    counts = mask.sum(1, keepdim=True).clamp(min=1)
    return (
        (_kept(encoded, mask).sum(1) / counts).mean(-1, keepdim=True).expand(-1, encoded.shape[-1])
    )


@mistake("2a")
def product_with_the_mask(encoded, mask):
    """Empty places are multiplied by zero.

    This removes every number but NaN and infinity: 0 times NaN is NaN. If one of them is in an
    empty place, the whole summary is NaN.
    """
    weights = mask.to(encoded.dtype)
    return (encoded * weights[..., None]).sum(1) / weights.sum(1).clamp(min=1)[:, None]


# --- 2b -----------------------------------------------------------------------------------------


@mistake("2b")
def one_noise_for_the_batch(mean, log_variance, num_samples):
    """One noise sample is shared by all tasks of the batch.

    Each draw looks right by itself, but the draws of different tasks are correlated.
    """
    noise = torch.randn(num_samples, 1, mean.shape[-1], dtype=mean.dtype)
    return mean + (log_variance / 2).exp() * noise


@mistake("2b")
def one_noise_for_all_samples(mean, log_variance, num_samples):
    """All draws of a task are the same.

    One noise was drawn and repeated, so several samples say no more than one.
    """
    noise = torch.randn_like(mean).expand(num_samples, *mean.shape)
    return mean + (log_variance / 2).exp() * noise


@mistake("2b")
def one_noise_for_all_dimensions(mean, log_variance, num_samples):
    """All dimensions of a draw have the same noise.

    The latent then lies on a line.
    """
    noise = torch.randn(num_samples, len(mean), 1, dtype=mean.dtype)
    return mean + (log_variance / 2).exp() * noise


@mistake("2b")
def log_variance_cut_off(mean, log_variance, num_samples):
    """The log variance is kept between two bounds.

    Outside them the standard deviation of the draws is wrong, and the log variance gets no
    gradient: it never comes back.
    """
    log_variance = log_variance.clamp(-5, 5)
    noise = torch.randn(num_samples, *mean.shape, dtype=mean.dtype)
    return mean + (0.5 * log_variance).exp() * noise


@mistake("2b")
def variance_for_sd(mean, log_variance, num_samples):
    """The noise is multiplied by the variance, not by the standard deviation.

    The exponential is there, but the root is missing.
    """
    noise = torch.randn(num_samples, *mean.shape, dtype=mean.dtype)
    return mean + log_variance.exp() * noise


@mistake("2b")
def log_variance_as_sd(mean, log_variance, num_samples):
    """The noise is multiplied by the logarithm itself.

    It can be negative, and is zero for a variance of one.
    """
    noise = torch.randn(num_samples, *mean.shape, dtype=mean.dtype)
    return mean + log_variance * noise


@mistake("2b")
def quarter_power(mean, log_variance, num_samples):
    """The root is taken twice.

    The noise is multiplied by the root of the standard deviation, which is right only for a
    variance of one.
    """
    noise = torch.randn(num_samples, *mean.shape, dtype=mean.dtype)
    return mean + (log_variance / 4).exp() * noise


@mistake("2b")
def sample_without_gradient(mean, log_variance, num_samples):
    """The draws have no gradient.

    They come from a sampler that does not let gradients through, so the encoder learns nothing from
    them.
    """
    return torch.distributions.Normal(mean, (log_variance / 2).exp()).sample((num_samples,))


@mistake("2b")
def uniform_noise(mean, log_variance, num_samples):
    """The noise is not Gaussian.

    Mean and variance are right, but the shape is not: uniform noise, for example, never goes beyond
    1.73 standard deviations.
    """
    noise = (torch.rand(num_samples, *mean.shape, dtype=mean.dtype) - 0.5) * 12**0.5
    return mean + (log_variance / 2).exp() * noise


@mistake("2b")
def mean_returned(mean, log_variance, num_samples):
    """The mean is returned in place of draws.

    Nothing is random: the latent is just one more layer of the network.
    """
    return mean.expand(num_samples, *mean.shape) + 0 * log_variance


@mistake("2b")
def fixed_noise(mean, log_variance, num_samples):
    """The noise is the same at every call.

    A generator with a fixed seed is made inside the function, or a seed is set there.
    """
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(num_samples, *mean.shape, generator=generator, dtype=mean.dtype)
    return mean + (log_variance / 2).exp() * noise


@mistake("2b")
def spread_detached_in_draw(mean, log_variance, num_samples):
    """The standard deviation gets no gradient.

    The draws are right, but the encoder cannot learn how certain to be.
    """
    noise = torch.randn(num_samples, *mean.shape, dtype=mean.dtype)
    return mean + (log_variance.detach() / 2).exp() * noise + 0 * log_variance


@mistake("2b")
def mean_scaled_too(mean, log_variance, num_samples):
    """The mean is multiplied together with the noise.

    The draws are centred on a multiple of the mean. For a variance of one it is right.
    """
    noise = torch.randn(num_samples, *mean.shape, dtype=mean.dtype)
    return (log_variance / 2).exp() * (mean + noise)


@mistake("2b")
def positive_noise(mean, log_variance, num_samples):
    """The noise has no negative numbers.

    All draws lie on one side of the mean.
    """
    noise = torch.randn(num_samples, *mean.shape, dtype=mean.dtype).abs()
    return mean + (log_variance / 2).exp() * noise


# --- 2c -----------------------------------------------------------------------------------------


def _divergence(mean, log_variance, other_mean, other_log_variance):
    """By torch's own distributions, one number a dimension."""
    one = torch.distributions.Normal(mean, (log_variance / 2).exp())
    two = torch.distributions.Normal(other_mean, (other_log_variance / 2).exp())
    return torch.distributions.kl_divergence(one, two)


@mistake("2c")
def process_kl_reversed(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The KL is the wrong way round.

    The expectation is under q(z|C), from which nothing is drawn. The two directions usually
    differ when the variances do.
    """
    kl = _divergence(context_mean, context_log_variance, all_mean, all_log_variance).sum(-1)
    return (kl - log_likelihood.sum(-1).mean(0)).mean()


@mistake("2c")
def process_kl_to_standard(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The KL is taken to N(0, 1), not to q(z|C).

    That is the loss of a variational autoencoder: q(z|C), which is all there is at test time, is
    never trained.
    """
    zero = 0 * context_mean + 0 * context_log_variance
    kl = _divergence(all_mean, all_log_variance, zero, zero).sum(-1)
    return (kl - log_likelihood.sum(-1).mean(0)).mean()


@mistake("2c")
def process_kl_subtracted(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The KL has the wrong sign.

    The loss falls without bound as the two distributions move apart.
    """
    kl = _divergence(all_mean, all_log_variance, context_mean, context_log_variance).sum(-1)
    return (-kl - log_likelihood.sum(-1).mean(0)).mean()


@mistake("2c")
def bound_maximised_downwards(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The bound itself is returned, not its negative.

    The caller minimises the result, so training makes the predictions worse.
    """
    kl = _divergence(all_mean, all_log_variance, context_mean, context_log_variance).sum(-1)
    return (log_likelihood.sum(-1).mean(0) - kl).mean()


@mistake("2c")
def targets_averaged(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The targets of a task are averaged, while its KL is not.

    The KL then counts too much by a factor, the number of targets, and the latent is not used.
    """
    kl = _divergence(all_mean, all_log_variance, context_mean, context_log_variance).sum(-1)
    return (kl - log_likelihood.mean(-1).mean(0)).mean()


@mistake("2c")
def kl_averaged_over_dimensions(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The KL is averaged over the dimensions of z.

    The KL of independent dimensions adds up. For a latent of one number it is right.
    """
    kl = _divergence(all_mean, all_log_variance, context_mean, context_log_variance).mean(-1)
    return (kl - log_likelihood.sum(-1).mean(0)).mean()


@mistake("2c")
def draws_summed(log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance):
    """The draws of z are summed, not averaged.

    They stand for one expectation. With a single draw it is right.
    """
    kl = _divergence(all_mean, all_log_variance, context_mean, context_log_variance).sum(-1)
    return (kl - log_likelihood.sum(-1).sum(0)).mean()


@mistake("2c")
def tasks_summed(log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance):
    """The tasks of the batch are summed, not averaged.

    The loss, and every step, grows with the batch. For a single task it is right.
    """
    kl = _divergence(all_mean, all_log_variance, context_mean, context_log_variance).sum(-1)
    return (kl - log_likelihood.sum(-1).mean(0)).sum()


@mistake("2c")
def kl_summed_over_tasks(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The KLs of all tasks are summed, the likelihoods averaged.

    Each task then pays for the whole batch. For a single task it is right.
    """
    kl = _divergence(all_mean, all_log_variance, context_mean, context_log_variance).sum()
    return kl - log_likelihood.sum(-1).mean()


@mistake("2c")
def process_half_missing(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The KL counts twice: its factor one half is missing.

    Everything else is right.
    """
    kl = 2 * _divergence(all_mean, all_log_variance, context_mean, context_log_variance).sum(-1)
    return (kl - log_likelihood.sum(-1).mean(0)).mean()


@mistake("2c")
def log_variance_as_log_sd(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The log variances are read as logs of standard deviations.

    The KL is then not that of the distribution that z is drawn from.
    """
    kl = _divergence(all_mean, 2 * all_log_variance, context_mean, 2 * context_log_variance).sum(-1)
    return (kl - log_likelihood.sum(-1).mean(0)).mean()


@mistake("2c")
def context_detached(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """q(z|C) gets no gradient.

    The loss is right, but the distribution that is used at test time is never trained towards the
    one that was drawn from.
    """
    kl = _divergence(
        all_mean, all_log_variance, context_mean.detach(), context_log_variance.detach()
    ).sum(-1)
    return (kl - log_likelihood.sum(-1).mean(0)).mean()


@mistake("2c")
def likelihood_only(log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance):
    """The KL is left out.

    z is drawn from a distribution that has seen the targets, and nothing limits what it reveals.
    """
    nothing = (all_mean + all_log_variance + context_mean + context_log_variance).sum()
    return -log_likelihood.sum(-1).mean() + 0 * nothing


@mistake("2c")
def log_mean_of_draws(
    log_likelihood, all_mean, all_log_variance, context_mean, context_log_variance
):
    """The likelihoods of the draws are averaged before the logarithm.

    That is not the expectation of the log likelihood. With one draw it is right.
    """
    kl = _divergence(all_mean, all_log_variance, context_mean, context_log_variance).sum(-1)
    total = log_likelihood.sum(-1)
    fit = total.logsumexp(0) - torch.tensor(float(len(total))).log()
    return (kl - fit).mean()
