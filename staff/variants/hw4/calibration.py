"""Other right ways to learn online, and to judge probabilities."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from staff.authoring.catalogue import variant

# --- 4a -----------------------------------------------------------------------------------------


@variant("4a")
def by_precision(mean, covariance, features, target, noise_variance):
    """Precisions added, then inverted."""
    precision = torch.linalg.inv(covariance)
    after = precision + torch.einsum("bi,bj->bij", features, features) / noise_variance
    pull = precision @ mean[..., None] + (features * target[:, None] / noise_variance)[..., None]
    return torch.linalg.solve(after, pull).squeeze(-1), torch.linalg.inv(after)


@variant("4a")
def kalman_by_einsum(mean, covariance, features, target, noise_variance):
    """Kalman's update by einsum."""
    shared = torch.einsum("bij,bj->bi", covariance, features)
    variance = torch.einsum("bi,bi->b", features, shared) + noise_variance
    missed = target - torch.einsum("bi,bi->b", features, mean)
    mean = mean + shared * (missed / variance)[:, None]
    less = torch.einsum("bi,bj,b->bij", shared, shared, 1 / variance)
    return mean, covariance - less


@variant("4a")
def joseph_form(mean, covariance, features, target, noise_variance):
    """The form of Joseph, which stays positive definite."""
    row = features.unsqueeze(1)
    variance = row @ covariance @ row.mT + noise_variance
    gain = covariance @ row.mT / variance
    kept = torch.eye(mean.shape[1], dtype=mean.dtype) - gain @ row
    missed = target[:, None, None] - row @ mean.unsqueeze(2)
    after = kept @ covariance @ kept.mT + noise_variance * gain @ gain.mT
    return (mean.unsqueeze(2) + gain @ missed).squeeze(2), after


@variant("4a")
def tasks_in_a_loop(mean, covariance, features, target, noise_variance):
    """A loop over the tasks, plain vectors inside."""
    means, covariances = [], []
    for m, c, f, t in zip(mean, covariance, features, target):
        gain = c @ f / (f @ c @ f + noise_variance)
        means.append(m + gain * (t - f @ m))
        covariances.append(c - torch.outer(gain, f @ c))
    return torch.stack(means), torch.stack(covariances)


@variant("4a")
def copies_in_place(mean, covariance, features, target, noise_variance):
    """Copies of the belief, changed in place; baddbmm for the covariance."""
    mean, shared = mean.clone(), torch.bmm(covariance, features[:, :, None])
    variance = torch.bmm(features[:, None], shared) + noise_variance
    missed = target - (features * mean).sum(1)
    mean += (shared / variance)[:, :, 0] * missed[:, None]
    return mean, torch.baddbmm(covariance, shared / variance, shared.mT, alpha=-1)


# --- 4b -----------------------------------------------------------------------------------------


@variant("4b")
def bins_open_to_the_left(probabilities, labels, bins=15):
    """A loop over bins that hold their upper edge."""
    confidence, said = torch.max(probabilities, dim=1)
    right = said.eq(labels)
    edges = torch.linspace(0, 1, bins + 1)
    error = torch.zeros(1, dtype=probabilities.dtype)
    for low, high in zip(edges[:-1], edges[1:]):
        inside = confidence.gt(low.item()) & confidence.le(high.item() + 1e-9 * (high == 1))
        share = inside.double().mean()
        if share > 0:
            gap = right[inside].double().mean() - confidence[inside].mean()
            error += gap.abs() * share
    return error


@variant("4b")
def numpy_digitize(probabilities, labels, bins=15):
    """numpy's digitize; a Python float."""
    p, y = probabilities.numpy(), labels.numpy()
    confidence, right = p.max(1), p.argmax(1) == y
    which = np.clip(np.digitize(confidence, np.linspace(0, 1, bins + 1)) - 1, 0, bins - 1)
    total = 0.0
    for b in np.unique(which):
        inside = which == b
        total += inside.sum() / len(y) * abs(right[inside].mean() - confidence[inside].mean())
    return float(total)


@variant("4b")
def by_bincount(probabilities, labels, bins=15):
    """bincount with weights."""
    confidence = probabilities.amax(-1)
    right = (probabilities.argmax(-1) == labels).to(confidence)
    which = torch.ceil(confidence * bins).long() - 1
    counts = torch.bincount(which, minlength=bins)
    sure = torch.bincount(which, weights=confidence, minlength=bins) / counts.clamp(min=1)
    often = torch.bincount(which, weights=right, minlength=bins) / counts.clamp(min=1)
    return ((sure - often).abs() * counts / counts.sum()).sum()


@variant("4b")
def by_histogram(probabilities, labels, bins=15):
    """numpy's weighted histograms."""
    confidence = probabilities.max(-1).values.numpy()
    right = (probabilities.argmax(-1) == labels).numpy()
    sure, _ = np.histogram(confidence, bins, (0, 1), weights=confidence)
    often, _ = np.histogram(confidence, bins, (0, 1), weights=right.astype(float))
    return np.abs(sure - often).sum() / len(confidence)


@variant("4b")
def by_bucketize(probabilities, labels, bins=15):
    """bucketize by the inner edges, one-hot bins and a matrix product."""
    confidence, said = probabilities.max(-1)
    inner = torch.linspace(0, 1, bins + 1, dtype=confidence.dtype)[1:-1]
    member = F.one_hot(torch.bucketize(confidence, inner), bins).to(confidence.dtype)
    excess = member.T @ (confidence - (said == labels).to(confidence.dtype))
    return excess.abs().sum() / confidence.numel()


# --- 4c -----------------------------------------------------------------------------------------


@variant("4c")
def indexed(probabilities, labels):
    """Indices for the label; a loss that takes log probabilities."""
    nll = F.nll_loss(probabilities.log(), labels)
    truth = torch.zeros_like(probabilities)
    truth[torch.arange(len(labels)), labels] = 1.0
    return nll, ((probabilities - truth) ** 2).sum(dim=1).mean()


@variant("4c")
def by_distribution(probabilities, labels):
    """torch's Categorical; the rows of an identity matrix; floats."""
    nll = -torch.distributions.Categorical(probs=probabilities).log_prob(labels).mean()
    truth = torch.eye(probabilities.shape[1])[labels]
    return nll.item(), torch.norm(probabilities - truth, dim=1).pow(2).mean().item()


@variant("4c")
def squares_expanded(probabilities, labels):
    """The square, multiplied out."""
    said = probabilities[range(len(labels)), labels]
    brier = 1 - 2 * said + (probabilities**2).sum(1)
    return -torch.log(said).mean(), brier.mean()


@variant("4c")
def averaged_then_times_classes(probabilities, labels):
    """A mean over everything, times the number of classes."""
    truth = torch.nn.functional.one_hot(labels, num_classes=probabilities.size(1)).double()
    nll = -(truth * probabilities.log()).sum(-1).mean()
    return nll, F.mse_loss(probabilities, truth) * probabilities.size(1)


@variant("4c")
def numpy_scores(probabilities, labels):
    """numpy throughout; numpy's scalars in a list."""
    p, y = probabilities.numpy(), labels.numpy()
    truth = np.eye(p.shape[1])[y]
    return [-np.log(p[np.arange(len(y)), y]).mean(), ((p - truth) ** 2).sum(axis=1).mean()]


@variant("4c")
def smallest_number_added(probabilities, labels):
    """Kept from zero by the smallest number that float32 can tell from it."""
    tiny = torch.finfo(torch.float32).tiny
    said = probabilities[torch.arange(len(labels)), labels].clamp(min=tiny)
    truth = F.one_hot(labels, probabilities.shape[-1])
    return -said.log().mean(), ((probabilities - truth) ** 2).sum(-1).mean()


# --- 4d -----------------------------------------------------------------------------------------


def _loss(logits, labels, temperature):
    return F.cross_entropy(logits.double() / temperature, labels)


@variant("4d")
def golden_section(logits, labels):
    """Golden sections in the logarithm of T."""
    low, high, ratio = np.log(0.01), np.log(100), (5**0.5 - 1) / 2
    for _ in range(60):
        one, two = high - ratio * (high - low), low + ratio * (high - low)
        if _loss(logits, labels, np.exp(one)) < _loss(logits, labels, np.exp(two)):
            high = two
        else:
            low = one
    return float(np.exp((low + high) / 2))


@variant("4d")
def newton(logits, labels):
    """Newton's method in the inverse temperature, where the loss is convex."""
    logits, beta = logits.double(), 0.01
    own = logits.gather(1, labels[:, None]).mean()
    for _ in range(60):
        shares = (beta * logits).softmax(1)
        mean = (shares * logits).sum(1)
        slope = mean.mean() - own
        curvature = ((shares * logits**2).sum(1) - mean**2).mean()
        step = (slope / curvature).item()
        beta = beta - step if beta - step > 0 else beta / 2
    return 1 / beta


@variant("4d")
def adam(logits, labels):
    """Adam on the logarithm, with a rate that falls."""
    logits = logits.double()
    t = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([t], lr=0.1, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.99)
    for _ in range(400):
        optimizer.zero_grad()
        loss = F.cross_entropy(logits / t.exp(), labels)
        loss.backward()
        optimizer.step()
        schedule.step()
    return t.exp().detach()


@variant("4d")
def grids_that_narrow(logits, labels):
    """A grid, then finer ones around the best."""
    low, high = 0.01, 100.0
    for _ in range(12):
        grid = np.geomspace(low, high, 21)
        best = int(np.argmin([_loss(logits, labels, t).item() for t in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 20)]
    return np.sqrt(low * high)


@variant("4d")
def bisection(logits, labels):
    """Bisection for the zero of the derivative, by autograd."""
    low, high = -4.7, 4.7
    for _ in range(50):
        t = torch.tensor((low + high) / 2, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(_loss(logits, labels, t.exp()), t)
        if slope > 0:
            high = t.item()
        else:
            low = t.item()
    return torch.tensor((low + high) / 2).exp()


@variant("4d")
def lbfgs_on_the_inverse(logits, labels):
    """LBFGS on the inverse temperature."""
    logits = logits.detach().double()
    inverse = torch.nn.Parameter(torch.full((1,), 0.1, dtype=torch.float64))
    optimizer = torch.optim.LBFGS(
        [inverse], lr=1.0, max_iter=200, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.CrossEntropyLoss()(logits * inverse, labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return 1 / inverse.item()
