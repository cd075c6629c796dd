"""Problem 1: Bayesian linear regression, against integrals over a grid and recorded values."""

import numpy as np

from autograder.checks.hw4.quadrature import Grid, divergence, log_normal, log_sum, normalised
from autograder.judge import assert_matches, problem, require, require_unchanged

NAMES = ("x", "y", "prior_mean", "prior_covariance", "noise_variance")


def factor(rng, *shape):
    """Lower triangular factors of covariances [..., d, d], far from singular."""
    dim = shape[-1]
    root = np.tril(rng.uniform(-0.5, 0.5, size=(*shape, dim)), -1)
    return root + np.eye(dim) * rng.uniform(0.5, 1.2, size=(*shape, 1))


def covariance(rng, *shape):
    """Covariances [..., d, d]."""
    root = factor(rng, *shape)
    return root @ np.swapaxes(root, -1, -2)


def task(rng, points, dim, batch=()):
    """x, y, prior mean, prior covariance, noise variance; all tasks have the same prior."""
    x = rng.normal(size=(*batch, points, dim))
    y = rng.normal(size=(*batch, points)) * 1.5 + 0.5
    mean = rng.choice([-1, 1], size=dim) * rng.uniform(0.4, 1.5, size=dim)
    return x, y, mean, covariance(rng, dim), float(rng.uniform(0.3, 0.6))


def grid_of(mean, covariance):
    """A grid that holds nearly all of a Gaussian."""
    return Grid(mean, 9 * np.sqrt(np.diag(covariance)))


# --- 1a -----------------------------------------------------------------------------------------


@problem("1a", points=1)
def test_posterior_by_integration(student, rng):
    """The posterior has the same mean and covariance as integration over the weights gives"""
    for points, dim in ((1, 1), (4, 2), (1, 2)):
        x, y, mean, prior, noise = task(rng, points, dim)
        seen = student.posterior(x, y, mean, prior, noise)
        grid = grid_of(mean, prior)
        joint = grid.gaussian(mean, prior) + grid.log_likelihood(x, y, noise)
        centre, spread = grid.moments(normalised(joint))
        idea = (
            "Prior and data are weighted by their precisions. Which is a variance and which a "
            "precision (of the prior, of the noise), and is the prior mean included?"
        )
        assert_matches(seen["covariance"], spread, idea, name="the covariance")
        assert_matches(seen["mean"], centre, idea, name="the mean")


@problem("1a", points=1)
def test_posterior_of_many_tasks(student, reference, rng):
    """A batch gives each task's own posterior, and data in two halves give the same one"""
    x, y, mean, prior, noise = task(rng, 5, 3, batch=(4,))
    seen = student.posterior(x, y, mean, prior, noise)
    expected = reference.posterior
    require_unchanged(student, *NAMES)
    assert_matches(seen, expected, "Each task of the batch has data of its own.")
    steps = student.posterior_in_two(x, y, mean, prior, noise, cut=2)
    assert_matches(
        steps,
        expected,
        "Use the posterior of the first points as the prior of the others: the result must be "
        "that of all points at once. The prior then differs from task to task.",
    )
    few = task(rng, 2, 3, batch=(2, 3))
    assert_matches(
        student.posterior(*few),
        reference.posterior,
        "Here there are fewer points than weights, and two task dimensions.",
    )


@problem("1a", points=1)
def test_posterior_without_data(student, reference, rng):
    """Without data the posterior is the prior; with much data it hardly depends on it"""
    x, y, mean, prior, noise = task(rng, 60, 3)
    assert_matches(
        student.posterior(x, y, mean, prior, noise),
        reference.posterior,
        "With 60 points the data outweigh the prior.",
    )
    seen = student.posterior(x[:0], y[:0], mean, prior, noise)
    expected = {"mean": mean, "covariance": prior}
    assert_matches(seen, expected, "Without data nothing may change.")


# --- 1b -----------------------------------------------------------------------------------------


@problem("1b", points=1)
def test_predictive_by_integration(student, rng):
    """The density of a new target is the likelihood, averaged over the weights"""
    for dim in (1, 2):
        x, _, mean, belief, noise = task(rng, 3, dim)
        seen = student.predictive(x, mean, belief, noise)
        require(
            seen["mean"].shape == (3,) and seen["variance"].shape == (3,),
            f"mean and variance have shapes {list(seen['mean'].shape)} and "
            f"{list(seen['variance'].shape)}; expected [m] = [3] for both",
            "Return one mean and one variance for each input.",
        )
        require(
            bool((seen["variance"] > 0).all()),
            f"a variance is {float(np.min(seen['variance'])):.4g}",
            "A variance is positive, and at least that of the noise.",
        )
        grid = grid_of(mean, belief)
        shares = grid.gaussian(mean, belief)
        for row, centre, variance in zip(x, seen["mean"], seen["variance"]):
            for y in (-1.5, 0.3, 2.0):
                assert_matches(
                    log_normal(y, float(centre), float(variance)),
                    log_sum(shares + log_normal(y, grid.w @ row, noise)),
                    "What is the variance of w·x if w is uncertain, and what does the noise add "
                    "to it? Use variances, not standard deviations.",
                    name="the log density of a new target",
                )


@problem("1b", points=1)
def test_predictive_of_many_tasks(student, reference, rng):
    """Each task of a batch predicts with its own belief, at its own inputs"""
    for batch, points, dim in (((4,), 5, 3), ((2, 3), 1, 2)):
        x = rng.normal(size=(*batch, points, dim))
        mean, belief = rng.normal(size=(*batch, dim)), covariance(rng, *batch, dim)
        seen = student.predictive(x, mean, belief, 0.25)
        require_unchanged(student, "x", "mean", "covariance", "noise_variance")
        assert_matches(seen, reference.predictive, "Which axis is the task, and which the input?")
    sure = student.predictive(x, mean, 1e-9 * belief, 0.25)
    assert_matches(
        sure["variance"],
        np.full((2, 3, 1), 0.25),
        "Even if w is known almost exactly, a noisy target stays uncertain.",
        name="the variance for a w that is almost known",
    )
    assert_matches(
        sure["mean"], reference.predictive["mean"], name="the mean for a w that is almost known"
    )


# --- 1c -----------------------------------------------------------------------------------------


@problem("1c", points=1)
def test_evidence_by_integration(student, rng):
    """The log evidence is the likelihood, integrated over the prior"""
    for points, dim in ((1, 1), (5, 2), (2, 1)):
        x, y, mean, prior, noise = task(rng, points, dim)
        grid = grid_of(mean, prior)
        assert_matches(
            student.log_evidence(x, y, mean, prior, noise),
            log_sum(grid.gaussian(mean, prior) + grid.log_likelihood(x, y, noise)),
            "A log density of all targets together has three parts: a distance, a volume, and a "
            "constant for each target. The targets of a task are not independent.",
            name=f"the log evidence of {points} targets",
        )


@problem("1c", points=1)
def test_evidence_of_many_tasks(student, reference, rng):
    """Each task of a batch has its own evidence, for any order of its points"""
    x, y, mean, prior, noise = task(rng, 5, 3, batch=(4,))
    seen = student.log_evidence(x, y, mean, prior, noise)
    expected = reference.log_evidence
    require_unchanged(student, *NAMES)
    assert_matches(
        seen, expected, "Return one number for each task: do not average over tasks or points."
    )
    order = rng.permutation(5)
    turned = student.log_evidence(x[:, order], y[:, order], mean, prior, noise)
    assert_matches(turned, expected, "The order of the points must not matter.")
    x, y, mean, prior, noise = task(rng, 2, 4, batch=(3,))
    means, priors = rng.normal(size=(3, 4)), covariance(rng, 3, 4)
    seen = student.log_evidence(x, y, means, priors, noise)
    assert_matches(
        seen,
        reference.log_evidence,
        "Here each task has its own prior, and there are fewer points than weights.",
    )


@problem("1c", points=1)
def test_evidence_gradient(student, reference, rng):
    """The gradient that learns the prior reaches its mean, its covariance, the noise and X"""
    x, y, mean, _, noise = task(rng, 5, 3, batch=(4,))
    weights = rng.uniform(0.5, 2, size=4)
    seen = student.evidence_gradients(x, y, mean, factor(rng, 3), np.array(noise), weights)
    assert_matches(
        seen,
        reference.evidence_gradients,
        "Right values can have wrong gradients: look for detach, no_grad, .item() and math.log. X "
        "may come from a network, which it must train. If the checks of the values fail too, "
        "begin there.",
    )


# --- 1d -----------------------------------------------------------------------------------------


def descend(x, y, start, lr, steps):
    """Gradient descent on half the sum of squared errors."""
    w = start.copy()
    for _ in range(steps):
        w -= lr * x.T @ (x @ w - y)
    return w


@problem("1d", points=2)
def test_early_stopping_is_map(student, rng):
    """Where gradient descent stops, the gradients of data and prior cancel"""
    for points, dim, steps, part in ((6, 3, 4, 0.6), (5, 2, 1, 0.5), (9, 4, 25, 0.3)):
        x = rng.normal(size=(points, dim)) * 1.3
        lr = part / np.linalg.eigvalsh(x.T @ x).max()
        seen = student.early_stopping_prior(x, float(lr), steps)
        require_unchanged(student, "x")
        require(
            seen.shape == (dim, dim),
            f"the covariance has shape {list(seen.shape)}; expected [d, d] = [{dim}, {dim}]",
        )
        for _ in range(dim):  # as many tasks as it takes to see every direction
            y, start = rng.normal(size=points) * 2, rng.normal(size=dim)
            w = descend(x, y, start, lr, steps)
            assert_matches(
                seen @ (x.T @ (y - x @ w)),
                w - start,
                f"At the weights w after {steps} steps from w0, Q·Xᵀ(y − X w) should be w − w0. "
                "For each eigendirection of XᵀX: which share of the error is left after k steps, "
                "and which prior variance leaves the same share?",
                name="Q·Xᵀ(y − X w)",
                rtol=1e-4,
            )


@problem("1d", points=1)
def test_early_stopping_where_nothing_is_seen(student, reference, rng):
    """With fewer points than weights Q is finite, and wide where X sees nothing"""
    for points, dim, steps in ((2, 4, 3), (1, 3, 8)):
        x = rng.normal(size=(points, dim))
        lr = float(0.4 / np.linalg.eigvalsh(x.T @ x).max())
        seen = student.early_stopping_prior(x, lr, steps)
        assert_matches(
            seen,
            reference.early_stopping_prior,
            "Here some eigenvalues of XᵀX are zero up to rounding, so you must not divide by "
            "them. The formula has a finite limit there, which is not zero.",
            name="Q",
            rtol=1e-4,
        )


# --- 1e -----------------------------------------------------------------------------------------


def pair(rng, *shape):
    """Two Gaussians: mean, covariance, other mean, other covariance."""
    means = rng.uniform(0.4, 1.2, size=(2, *shape)) * rng.choice([-1, 1], size=(2, *shape))
    return means[0], 0.4 * covariance(rng, *shape), means[1], covariance(rng, *shape)


@problem("1e", points=1)
def test_kl_by_integration(student, rng):
    """The KL is that of integration, in both directions"""
    for dim in (1, 2):
        mean, spread, other, wide = pair(rng, dim)
        reach = 9 * np.sqrt(np.maximum(np.diag(spread), np.diag(wide))) + np.abs(mean - other)
        grid = Grid((mean + other) / 2, reach, 501)
        p, q = grid.gaussian(mean, spread), grid.gaussian(other, wide)
        idea = (
            "Under which distribution is the expectation, whose precision weights the distance, "
            "which sign has each volume, and is the factor 1/2 in front of everything?"
        )
        seen = student.gaussian_kl(mean, spread, other, wide)
        assert_matches(seen, divergence(p, q), idea, name="the KL")
        seen = student.gaussian_kl(other, wide, mean, spread)
        assert_matches(seen, divergence(q, p), idea, name="the KL the other way round")


@problem("1e", points=1)
def test_kl_of_many(student, reference, rng):
    """Each task of a batch has its own KL; that of a Gaussian to itself is zero"""
    gaussians = pair(rng, 4, 3)
    seen = student.gaussian_kl(*gaussians)
    require_unchanged(student, "mean", "covariance", "other_mean", "other_covariance")
    assert_matches(
        seen, reference.gaussian_kl, "Return one number for each task, summed over its dimensions."
    )
    mean, spread, other, wide = gaussians
    seen = student.gaussian_kl(mean, spread, other[0], wide[0])
    assert_matches(
        seen,
        reference.gaussian_kl,
        "Here all tasks are compared with the same prior.",
        name="the KL to one prior",
    )
    same = student.gaussian_kl(mean, spread, mean, spread)
    assert_matches(same, np.zeros(4), "The KL of a distribution to itself is 0.", name="KL(q ‖ q)")


@problem("1e", points=1)
def test_kl_gradient(student, reference, rng):
    """The gradient of the KL reaches both Gaussians"""
    mean, other = rng.normal(size=(2, 4, 3))
    weights = rng.uniform(0.5, 2, size=4)
    seen = student.kl_gradients(mean, factor(rng, 4, 3), other, factor(rng, 4, 3), weights)
    assert_matches(
        seen,
        reference.kl_gradients,
        "Right values can have wrong gradients: look for detach, no_grad and .item(). If the "
        "checks of the values fail too, begin there.",
    )


# --- 1f -----------------------------------------------------------------------------------------


@problem("1f", points=1)
def test_bound_touches_the_evidence(student, rng):
    """At the posterior the bound equals the log evidence; elsewhere it is lower by a KL"""
    for points, dim in ((1, 1), (4, 2)):
        x, y, mean, prior, noise = task(rng, points, dim)
        grid = grid_of(mean, prior)
        believed = grid.gaussian(mean, prior)
        joint = believed + grid.log_likelihood(x, y, noise)
        evidence, exact = log_sum(joint), normalised(joint)
        centre, spread = grid.moments(exact)
        seen = student.evidence_bound(
            x, y, centre, spread, noise, np.array(divergence(exact, believed))
        )
        assert_matches(
            seen,
            evidence,
            "At the exact posterior the bound must equal the log evidence.",
            name="the bound at the posterior",
        )
        away, wider = centre + 0.3, 0.6 * spread + 0.1 * np.eye(dim)
        q = grid.gaussian(away, wider)
        seen = student.evidence_bound(x, y, away, wider, noise, np.array(divergence(q, believed)))
        assert_matches(
            seen,
            evidence - divergence(q, exact),
            "The expectation under q is not the log likelihood at q's mean: w has a variance. "
            "Which sign has the KL?",
            name="the bound of another q",
        )


@problem("1f", points=1)
def test_bound_of_many_tasks(student, reference, rng):
    """Each task of a batch has its own bound; the gradient reaches q, the noise and the KL"""
    x, y, _, _, noise = task(rng, 5, 3, batch=(4,))
    mean, root = rng.normal(size=(4, 3)), 0.5 * factor(rng, 4, 3)
    kl, weights = rng.uniform(0.5, 3, size=4), rng.uniform(0.5, 2, size=4)
    spread = root @ np.swapaxes(root, -1, -2)
    seen = student.evidence_bound(x, y, mean, spread, noise, kl)
    require_unchanged(student, "x", "y", "mean", "covariance", "noise_variance", "kl")
    assert_matches(
        seen, reference.evidence_bound, "Return one number for each task, summed over its points."
    )
    seen = student.bound_gradients(x, y, mean, root, np.array(noise), kl, weights)
    assert_matches(
        seen,
        reference.bound_gradients,
        "Right values can have wrong gradients: look for detach, no_grad, .item() and math.log.",
    )
