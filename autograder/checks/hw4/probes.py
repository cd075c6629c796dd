"""Probes of homework 4: run beside the student's code, know no expected value."""

import numpy as np
import torch
from probes.probing import Unexpected, gradients, number, several, tensor

# --- 1: Gaussians -------------------------------------------------------------------------------


def _belief(value):
    mean, covariance = several(value, 2, "(mean, covariance)")
    return {
        "mean": tensor(mean, "the mean"),
        "covariance": tensor(covariance, "the covariance"),
    }


def posterior(hw, x, y, prior_mean, prior_covariance, noise_variance):
    """The posterior of a batch of tasks, or of one."""
    return _belief(hw.gaussian.posterior(x, y, prior_mean, prior_covariance, noise_variance))


def posterior_in_two(hw, x, y, prior_mean, prior_covariance, noise_variance, cut):
    """The posterior after some points is the prior of the rest."""
    first = hw.gaussian.posterior(
        x[..., :cut, :], y[..., :cut], prior_mean, prior_covariance, noise_variance
    )
    return _belief(hw.gaussian.posterior(x[..., cut:, :], y[..., cut:], *first, noise_variance))


def predictive(hw, x, mean, covariance, noise_variance):
    """Mean and variance of new targets."""
    centre, variance = several(
        hw.gaussian.predictive(x, mean, covariance, noise_variance), 2, "(mean, variance)"
    )
    return {"mean": tensor(centre, "the mean"), "variance": tensor(variance, "the variance")}


def log_evidence(hw, x, y, prior_mean, prior_covariance, noise_variance):
    """The log evidence of each task."""
    value = hw.gaussian.log_evidence(x, y, prior_mean, prior_covariance, noise_variance)
    return tensor(value, "the log evidence")


def _weighted(value, weights, inputs, name):
    """A weighted sum of the value, and its gradient by each named input."""
    value = tensor(value, name)
    if value.shape != weights.shape:
        raise Unexpected(
            f"{name} should have shape {list(weights.shape)}, one number a task; it has "
            f"{list(value.shape)}"
        )
    found = gradients((value * weights).sum(), list(inputs.values()), name)
    return {"value": value.detach(), **dict(zip(inputs, found))}


def _watched(**inputs):
    return {name: value.requires_grad_(True) for name, value in inputs.items()}


def evidence_gradients(hw, x, y, prior_mean, factor, noise_variance, weights):
    """The evidence and its gradients; the prior's covariance is factor · factorᵀ."""
    inputs = _watched(x=x, prior_mean=prior_mean, factor=factor, noise_variance=noise_variance)
    value = hw.gaussian.log_evidence(x, y, prior_mean, factor @ factor.mT, noise_variance)
    return _weighted(value, weights, inputs, "the log evidence")


def early_stopping_prior(hw, x, lr, steps):
    """The covariance of the implied prior."""
    return tensor(hw.gaussian.early_stopping_prior(x, lr, steps), "the covariance")


def gaussian_kl(hw, mean, covariance, other_mean, other_covariance):
    """KL of each pair."""
    value = hw.gaussian.gaussian_kl(mean, covariance, other_mean, other_covariance)
    return tensor(value, "the KL")


def kl_gradients(hw, mean, factor, other_mean, other_factor, weights):
    """The KL and its gradients; the covariances are factor · factorᵀ."""
    inputs = _watched(mean=mean, factor=factor, other_mean=other_mean, other_factor=other_factor)
    value = hw.gaussian.gaussian_kl(
        mean, factor @ factor.mT, other_mean, other_factor @ other_factor.mT
    )
    return _weighted(value, weights, inputs, "the KL")


def evidence_bound(hw, x, y, mean, covariance, noise_variance, kl):
    """The bound of each task."""
    value = hw.gaussian.evidence_bound(x, y, mean, covariance, noise_variance, kl)
    return tensor(value, "the bound")


def bound_gradients(hw, x, y, mean, factor, noise_variance, kl, weights):
    """The bound and its gradients; the covariance of q is factor · factorᵀ."""
    inputs = _watched(mean=mean, factor=factor, noise_variance=noise_variance, kl=kl)
    value = hw.gaussian.evidence_bound(x, y, mean, factor @ factor.mT, noise_variance, kl)
    return _weighted(value, weights, inputs, "the bound")


# --- 2: neural processes ------------------------------------------------------------------------


def aggregate(hw, encoded, mask):
    """The summary of each task."""
    return tensor(hw.neural_process.aggregate(encoded, mask), "the summary")


def aggregate_gradient(hw, encoded, mask, weights):
    """The gradient of a weighted sum of the summaries."""
    inputs = _watched(encoded=encoded)
    value = hw.neural_process.aggregate(encoded, mask)
    return _weighted(value, weights, inputs, "the summary")


def sample_latent(hw, mean, log_variance, weights, seed):
    """Some draws, their gradients, and the next draws from torch's generator."""
    inputs = _watched(mean=mean, log_variance=log_variance)
    samples = len(weights)
    torch.manual_seed(seed)
    drawn = hw.neural_process.sample_latent(mean, log_variance, samples)
    found = _weighted(drawn, weights, inputs, "the draws")
    with torch.no_grad():
        after = hw.neural_process.sample_latent(mean, log_variance, samples)
    return {**found, "next": tensor(after, "the draws")}


def latent_statistics(hw, mean, log_variance, samples, seed):
    """What many draws look like, once the mean is taken off and the spread divided out."""
    torch.manual_seed(seed)
    drawn = tensor(hw.neural_process.sample_latent(mean, log_variance, samples), "the draws")
    if drawn.shape != (samples, *mean.shape):
        raise Unexpected(
            f"the draws should have shape {[samples, *mean.shape]}; they have {list(drawn.shape)}"
        )
    noise = ((drawn - mean).double() / log_variance.double().exp().sqrt()).flatten(1)
    centred = noise - noise.mean(0)
    spread = noise.std(0, correction=0).clamp(min=1e-9)
    unit = centred / spread
    correlation = unit.T @ unit / samples
    task = torch.arange(mean.numel()) // mean.shape[1]
    pairs = torch.ones_like(correlation).triu(1).bool()
    same_task = task[:, None] == task
    return {
        "mean": noise.mean(0),
        "sd": spread,
        "between_tasks": correlation[pairs & ~same_task],
        "between_dimensions": correlation[pairs & same_task],
        "between_draws": (unit[1:] * unit[:-1]).mean(0),
        "within_one_sd": (noise.abs() < 1).double().mean(0),
    }


def neural_process_loss(hw, log_likelihood, means, log_variances):
    """The loss; means and log variances are (all, context), each [2, B, z]."""
    return _process_loss(hw, log_likelihood, means, log_variances).reshape(())


def _process_loss(hw, log_likelihood, means, log_variances):
    value = hw.neural_process.neural_process_loss(
        log_likelihood, means[0], log_variances[0], means[1], log_variances[1]
    )
    value = tensor(value, "the loss")
    if value.numel() != 1:
        raise Unexpected(f"the loss should be one number; it has shape {list(value.shape)}")
    return value.reshape(())


def process_gradients(hw, log_likelihood, means, log_variances):
    """The loss and its gradients."""
    inputs = _watched(log_likelihood=log_likelihood, means=means, log_variances=log_variances)
    value = _process_loss(hw, log_likelihood, means, log_variances)
    return _weighted(value, torch.ones(()), inputs, "the loss")


# --- 3: memorisation ----------------------------------------------------------------------------


def regularised_loss(hw, prediction, target, noise_sd, means, log_sds, beta):
    """The loss and its gradients by the predictions and by what the layers are."""
    inputs = {"prediction": prediction}
    for index, (mean, log_sd) in enumerate(zip(means, log_sds)):
        inputs |= {f"mean {index}": mean, f"log_sd {index}": log_sd}
    _watched(**inputs)
    weights = list(zip(means, log_sds))
    count = len(weights)
    value = hw.memorisation.regularised_loss(prediction, target, noise_sd, weights, beta)
    value = tensor(value, "the loss")
    if len(weights) != count:
        raise Unexpected("the function changed the caller's list of weights")
    if value.numel() != 1:
        raise Unexpected(f"the loss should be one number; it has shape {list(value.shape)}")
    return _weighted(value.reshape(()), torch.ones(()), inputs, "the loss")


def random_one_hot(hw, one_hot, seed):
    """New labels, and the next ones from the same generator."""
    rng = np.random.default_rng(seed)
    drawn = tensor(hw.memorisation.random_one_hot(one_hot, rng), "the labels")
    after = hw.memorisation.random_one_hot(one_hot.clone(), rng)
    return {"value": drawn, "next": tensor(after, "the labels")}


def labels_often(hw, one_hot, seed, times):
    """New labels of many batches, [times, B, K]."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(times):
        drawn = tensor(hw.memorisation.random_one_hot(one_hot.clone(), rng), "the labels")
        if drawn.shape != one_hot.shape:
            raise Unexpected(
                f"the labels should have shape {list(one_hot.shape)}; they have {list(drawn.shape)}"
            )
        found.append(drawn)
    return torch.stack(found)


def augment(hw, y, seed):
    """Augmented targets, and the next ones from the same generator."""
    rng = np.random.default_rng(seed)
    drawn = tensor(hw.memorisation.augment(y, rng), "the targets")
    after = hw.memorisation.augment(y.clone(), rng)
    return {"value": drawn, "next": tensor(after, "the targets")}


def augment_factors(hw, y, seed, times):
    """The factors of many tasks, [times, B]; y has no zero in its first column."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(times):
        drawn = tensor(hw.memorisation.augment(y.clone(), rng), "the targets")
        if drawn.shape != y.shape:
            raise Unexpected(
                f"the targets should have shape {list(y.shape)}; they have {list(drawn.shape)}"
            )
        rows.append((drawn[:, 0] / y[:, 0]).flatten())
    return torch.stack(rows)


# --- 4: calibration -----------------------------------------------------------------------------


def condition(hw, mean, covariance, features, target, noise_variance):
    """The belief after one point of each task."""
    return _belief(hw.calibration.condition(mean, covariance, features, target, noise_variance))


def condition_on_all(hw, mean, covariance, features, targets, noise_variance, order):
    """The belief after all points of each task: features [B, n, d], targets [B, n]."""
    belief = (mean, covariance)
    for point in order:
        belief = several(
            hw.calibration.condition(
                *belief, features[:, point], targets[:, point], noise_variance
            ),
            2,
            "(mean, covariance)",
        )
    return _belief(belief)


def expected_calibration_error(hw, probabilities, labels, bins=None):
    """The error; without `bins` the default number."""
    more = () if bins is None else (bins,)
    value = hw.calibration.expected_calibration_error(probabilities, labels, *more)
    return number(value, "the calibration error")


def scores(hw, probabilities, labels):
    """Both scores."""
    nll, brier = several(hw.calibration.scores(probabilities, labels), 2, "(NLL, Brier score)")
    return {
        "negative log likelihood": number(nll, "the negative log likelihood"),
        "Brier score": number(brier, "the Brier score"),
    }


def fit_temperature(hw, logits, labels):
    """The temperature, and how often the scaled logits are right."""
    found = number(hw.calibration.fit_temperature(logits, labels), "the temperature")
    right = (logits / found).argmax(-1) == labels
    return {"temperature": found, "accuracy": right.double().mean().item()}
