"""Other right ways to price weights, to randomise labels, and to augment tasks."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from staff.authoring.catalogue import variant

# --- 3a -----------------------------------------------------------------------------------------


@variant("3a")
def price_by_distributions(prediction, target, noise_sd, weights, beta):
    """torch's own KL and mean squared error."""
    price = sum(
        kl_divergence(Normal(mean, log_sd.exp()), Normal(0.0, 1.0)).sum()
        for mean, log_sd in weights
    )
    return F.mse_loss(prediction, target) / (2 * noise_sd**2) + beta * price


@variant("3a")
def flat_weights(prediction, target, noise_sd, weights, beta):
    """All weights of all layers in one vector."""
    mean = torch.cat([layer[0].flatten() for layer in weights])
    log_sd = torch.cat([layer[1].reshape(-1) for layer in weights])
    price = 0.5 * (torch.exp(log_sd) ** 2 + mean**2 - 1 - 2 * log_sd)
    fit = torch.mean(((prediction - target) / noise_sd) ** 2) * 0.5
    return fit + beta * torch.sum(price)


@variant("3a")
def likelihood_without_constant(prediction, target, noise_sd, weights, beta):
    """The log likelihood of a Gaussian, its constant taken off again."""
    noise = Normal(prediction, noise_sd)
    fit = (noise.log_prob(prediction.detach()) - noise.log_prob(target)).mean()
    away = Normal(0.0, noise_sd).log_prob(target - prediction) - Normal(0.0, noise_sd).log_prob(
        torch.zeros_like(target)
    )
    price = 0
    for mean, log_sd in weights:
        variance = (2 * log_sd).exp()
        price = price + 0.5 * torch.sum(variance - torch.log(variance) + mean.pow(2) - 1)
    return -away.mean() + beta * price + 0 * fit


@variant("3a")
def parts_in_a_list(prediction, target, noise_sd, weights, beta):
    """Terms collected in a list; the noise as a tensor."""
    variance = torch.tensor(noise_sd, dtype=prediction.dtype).square()
    terms = [(target - prediction).pow(2).mean() / variance / 2]
    for index in range(len(weights)):
        mean, log_sd = weights[index]
        terms.append(beta * (0.5 * mean.pow(2) + 0.5 * log_sd.exp().pow(2) - log_sd - 0.5).sum())
    return torch.stack(terms).sum()


@variant("3a")
def expm1_for_the_spread(prediction, target, noise_sd, weights, beta):
    """expm1, and the size of a layer counted apart."""
    error = (prediction - target).flatten()
    fit = error @ error / (error.numel() * 2 * noise_sd**2)
    price = torch.zeros(())
    for mean, log_sd in weights:
        price = price + (torch.expm1(2 * log_sd) - 2 * log_sd + mean * mean).sum() / 2
    return fit + price * beta


# --- 3b -----------------------------------------------------------------------------------------


@variant("3b")
def functional_one_hot(one_hot, rng):
    """F.one_hot of drawn integers."""
    drawn = rng.integers(0, one_hot.size(1), size=one_hot.size(0))
    return F.one_hot(torch.tensor(drawn), num_classes=one_hot.size(1)).to(one_hot.dtype)


@variant("3b")
def by_choice(one_hot, rng):
    """rng.choice, and ones written into zeros."""
    labels = rng.choice(one_hot.shape[1], size=len(one_hot), replace=True)
    result = torch.zeros_like(one_hot)
    result[torch.arange(len(one_hot)), torch.as_tensor(labels)] = 1
    return result


@variant("3b")
def label_by_label(one_hot, rng):
    """A loop over the tasks."""
    rows = []
    for _ in range(one_hot.shape[0]):
        row = [0.0] * one_hot.shape[1]
        row[int(rng.integers(one_hot.shape[1]))] = 1.0
        rows.append(row)
    return torch.tensor(rows, dtype=one_hot.dtype)


@variant("3b")
def largest_of_random_numbers(one_hot, rng):
    """The place of the largest of K random numbers."""
    noise = rng.random(size=tuple(one_hot.shape))
    drawn = torch.from_numpy(noise.argmax(axis=1))
    return torch.zeros_like(one_hot).scatter_(1, drawn[:, None], 1)


@variant("3b")
def torch_generator_seeded(one_hot, rng):
    """A torch generator, seeded by the one that was given."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    drawn = torch.randint(one_hot.shape[1], (len(one_hot),), generator=generator)
    return torch.eye(one_hot.shape[1])[drawn].type_as(one_hot)


@variant("3b")
def multinomial(one_hot, rng):
    """One throw of a die with K sides a task."""
    sides = np.full(one_hot.shape[1], 1 / one_hot.shape[1])
    return torch.from_numpy(rng.multinomial(1, sides, size=len(one_hot))).to(one_hot)


# --- 3c -----------------------------------------------------------------------------------------


@variant("3c")
def twice_random(y, rng):
    """Twice a random number, by views."""
    factors = torch.as_tensor(2 * rng.random(y.shape[0]), dtype=y.dtype)
    return y * factors.view(-1, 1, 1)


@variant("3c")
def augmented_task_by_task(y, rng):
    """A loop over the tasks."""
    return torch.stack([task * float(rng.uniform(0.0, 2.0)) for task in y])


@variant("3c")
def in_a_copy(y, rng):
    """A copy, multiplied in place."""
    result = y.clone()
    result *= torch.tensor(rng.uniform(high=2, size=(len(y), 1, 1))).to(result.dtype)
    return result


@variant("3c")
def by_einsum(y, rng):
    """Einsum with float32 factors from the generator."""
    factors = torch.from_numpy(2 * rng.random(len(y), dtype=np.float32))
    return torch.einsum("bnk,b->bnk", y, factors.to(y.dtype))


@variant("3c")
def torch_uniform_seeded(y, rng):
    """A torch generator, seeded by the one that was given."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    return y * torch.empty(len(y), 1, 1, dtype=y.dtype).uniform_(0, 2, generator=generator)
