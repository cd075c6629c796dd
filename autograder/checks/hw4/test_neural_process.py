"""Problem 2: the aggregator, the latent sample and the loss of a neural process."""

import numpy as np

from autograder.checks.hw4.quadrature import Grid, divergence
from autograder.judge import assert_matches, problem, require, require_unchanged


def encoded_tasks(rng):
    """Encoded points [B, n, r] and which of them are there: all, some, one, and none."""
    encoded = rng.normal(size=(4, 6, 3)).astype(np.float32) + 0.5
    mask = np.zeros((4, 6), bool)
    mask[0], mask[1, [1, 2, 5]], mask[2, 4] = True, True, True
    encoded[~mask] = 50 + 10 * rng.normal(size=(int((~mask).sum()), 3))
    return encoded, mask


def with_holes(encoded, mask):
    """The same tasks with NaN and infinity in empty places."""
    other = encoded.copy()
    other[1, 3], other[2, 0], other[3, 1] = np.nan, np.inf, np.nan
    assert not mask[[1, 2, 3], [3, 0, 1]].any()
    return other


# --- 2a -----------------------------------------------------------------------------------------


@problem("2a", points=1)
def test_aggregate(student, rng):
    """The summary of a task is the mean of its points, in any order; without points, zeros"""
    encoded, mask = encoded_tasks(rng)
    expected = np.stack(
        [
            np.average(points, axis=0, weights=there) if there.any() else np.zeros(3)
            for points, there in zip(encoded.astype(np.float64), mask)
        ]
    )
    seen = student.aggregate(encoded, mask)
    require_unchanged(student, "encoded", "mask")
    assert_matches(
        seen,
        expected,
        "The four tasks have 6, 3, 1 and 0 points. Is it the mean over the points that the mask "
        "marks, and what is the summary of a task without points?",
        name="the summary",
    )
    order = rng.permutation(6)
    turned = student.aggregate(encoded[:, order], mask[:, order])
    assert_matches(turned, expected, "The order of the points must not matter.", name="the summary")
    assert_matches(
        student.aggregate(with_holes(encoded, mask), mask),
        expected,
        "Do not use the number in an empty place, whatever it is: 0 · NaN is NaN.",
        name="the summary where NaN and infinity stand in empty places",
    )


@problem("2a", points=1)
def test_aggregate_gradient(student, reference, rng):
    """Every marked point gets its share of the gradient, the others get none"""
    encoded, mask = encoded_tasks(rng)
    weights = rng.normal(size=(4, 3)).astype(np.float32)
    seen = student.aggregate_gradient(encoded, mask, weights)
    require(
        np.shape(seen["encoded"]) == encoded.shape
        and bool(np.abs(seen["encoded"][~mask]).max() <= 1e-6),
        "points that the mask does not mark have a gradient",
        "Do not use the number in an empty place.",
    )
    assert_matches(
        seen,
        reference.aggregate_gradient,
        "Each point has the weight one over the number of points. If the check of the values "
        "fails too, begin there.",
    )
    seen = student.aggregate_gradient(with_holes(encoded, mask), mask, weights)
    require(
        bool(np.abs(seen["encoded"][~mask]).max() <= 1e-6),
        "where NaN and infinity stand in empty places, the gradient there is not zero",
        "Do not use the number in an empty place, whatever it is.",
    )


# --- 2b -----------------------------------------------------------------------------------------


@problem("2b", points=1, random=True)
def test_sample_gradient(student, rng):
    """The draws shift with the mean and scale with the standard deviation, as the gradient shows

    False alarms: in float32 one of 60 draws falls on its mean exactly with probability below 1e-6
    each, four of them, which is not forgiven, with less than 1e-18; two calls that agree in more than
    half of the 60 numbers have less still.
    """
    mean = rng.normal(size=(4, 3)).astype(np.float32)
    log_variance = rng.uniform(-2.5, 1.5, size=(4, 3)).astype(np.float32)
    weights = rng.normal(size=(5, 4, 3)).astype(np.float32)
    seed = int(rng.randint(2**31))
    seen = student.sample_latent(mean, log_variance, weights, seed)
    drawn = seen["value"]
    require_unchanged(student, "mean", "log_variance")
    require(
        seen["next"].shape == drawn.shape and bool((seen["next"] != drawn).mean() > 0.5),
        "two calls gave the same draws",
        "Each call must draw anew.",
    )
    student.begin_anew()
    other, again = (
        student.sample_latent(mean, log_variance, weights, one)["value"] for one in (seed + 1, seed)
    )
    require(
        np.array_equal(again, drawn) and not np.array_equal(other, drawn),
        "the draws differ after torch.manual_seed, or do not depend on it",
        "Draw from torch's own generator: a run must be repeatable.",
    )
    distance = np.abs(drawn - mean)
    require(
        int((distance == 0).sum()) <= 3,
        "draws are at the mean exactly",
        "Every number has its own noise.",
    )
    assert_matches(
        seen["mean"],
        weights.sum(0),
        "If the mean changes by one, every draw changes by one: the gradient must flow to it.",
        name="the gradient by the mean",
    )
    # how a draw answers to the log variance is how far it lies from the mean, and half of that
    assert_matches(
        2 * seen["log_variance"],
        (weights * (drawn - mean)).sum(0),
        "The gradient by the log variance follows from the draw itself. Is it the logarithm of "
        "the variance or of the standard deviation, and does the gradient flow to it?",
        name="twice the gradient by the log variance",
        rtol=1e-3,
    )
    wide = np.array([[-12, -8], [5, 7]], np.float32)
    weights = rng.normal(size=(3, 2, 2)).astype(np.float32)
    seen = student.sample_latent(np.zeros((2, 2), np.float32), wide, weights, int(rng.randint(99)))
    spread = np.exp(wide.astype(np.float64) / 2)
    assert_matches(
        2 * seen["log_variance"] / spread,
        (weights * seen["value"]).sum(0) / spread,
        "A log variance may be small or large: do not clamp it.",
        name="twice the gradient by log variances from -12 to 7, over the standard deviation",
    )


@problem("2b", points=1, random=True)
def test_sample_statistics(student, rng):
    """Every number is Gaussian, with its own mean and variance, and drawn independently

    False alarms: of 8000 draws a mean and a correlation have a standard error of 0.0112, a standard
    deviation of 0.0079 and the share within one of 0.0052. The rooms are 6.5 of those: 8e-11 for one
    number, and 39 are looked at: less than 4e-9.
    """
    mean = rng.normal(size=(3, 2)).astype(np.float32) * 2
    log_variance = np.array([[-3.0, 1.0], [0.5, -1.0], [1.6, -2.0]], np.float32)
    seen = student.latent_statistics(mean, log_variance, 8000, int(rng.randint(2**31)))
    tests = (
        (
            "within_one_sd",
            np.full(6, 0.6827),
            0.034,
            "the share within one standard deviation",
            "Is it Gaussian noise, with the right standard deviation?",
        ),
        (
            "mean",
            np.zeros(6),
            0.073,
            "the mean of (z − mean) / sd",
            "What is the mean of the draws?",
        ),
        (
            "sd",
            np.ones(6),
            0.052,
            "the standard deviation of (z − mean) / sd",
            "The second argument is the logarithm of a variance: what is the standard deviation?",
        ),
        (
            "between_tasks",
            np.zeros(12),
            0.073,
            "the correlations of two tasks' numbers",
            "Each task has its own noise: what shape do you draw?",
        ),
        (
            "between_dimensions",
            np.zeros(3),
            0.073,
            "the correlations of a task's dimensions",
            "Each dimension has its own noise: what shape do you draw?",
        ),
        (
            "between_draws",
            np.zeros(6),
            0.073,
            "the correlation of one draw with the next",
            "Each draw has its own noise: what shape do you draw?",
        ),
    )
    for key, expected, room, name, idea in tests:
        assert_matches(seen[key], expected, idea, name=name, rtol=0, atol=room)


# --- 2c -----------------------------------------------------------------------------------------


@problem("2c", points=1)
def test_process_loss_kl(student, rng):
    """With log likelihoods of zero the loss is KL(q(z|C,T) ‖ q(z|C)), by integration"""
    for dim in (1, 2):
        means = rng.uniform(-0.8, 0.8, size=(2, 1, dim))
        log_variances = np.stack(
            [rng.uniform(-1.6, -0.8, size=(1, dim)), rng.uniform(-0.3, 0.3, size=(1, dim))]
        )
        for order in ((0, 1), (1, 0)):
            centres, spreads = means[list(order)], log_variances[list(order)]
            seen = student.neural_process_loss(np.zeros((2, 1, 5)), centres, spreads)
            grid = Grid(np.zeros(dim), np.full(dim, 10.0), 501)
            q, p = (grid.gaussian(centres[i, 0], np.diag(np.exp(spreads[i, 0]))) for i in (0, 1))
            assert_matches(
                seen,
                divergence(q, p),
                "Under which distribution is the expectation? Under the one that z is drawn from. "
                "The arguments are logarithms of variances.",
                name="the loss for log likelihoods of zero",
            )


def process(rng):
    """Log likelihoods [S, B, m], means [2, B, z] and log variances [2, B, z]; no size alike."""
    return (
        rng.normal(size=(3, 4, 5)).astype(np.float32) - 1,
        rng.normal(size=(2, 4, 6)).astype(np.float32),
        rng.uniform(-1.5, 1.0, size=(2, 4, 6)).astype(np.float32),
    )


@problem("2c", points=1)
def test_process_loss(student, reference, rng):
    """The loss weighs all targets of a task against one KL, and averages over tasks"""
    likelihood, means, log_variances = process(rng)
    means[1], log_variances[1] = means[0], log_variances[0]
    seen = student.neural_process_loss(likelihood, means, log_variances)
    assert_matches(
        seen,
        -5 * np.mean(likelihood, dtype=np.float64),
        "Here both q are the same, and 5 targets of each task were predicted from 3 draws of z. "
        "What is summed, what is averaged, and which sign does it have?",
        name="the loss without any KL",
    )
    inputs = process(rng)
    seen = student.neural_process_loss(*inputs)
    require_unchanged(student, "log_likelihood", "the means", "the log variances")
    assert_matches(
        seen,
        reference.neural_process_loss,
        "The KL of a task is a sum over the dimensions of z, and counts once, not once for each "
        "draw or target.",
        name="the loss",
    )
    likelihood, means, log_variances = process(rng)
    means[1] = means[0]
    log_variances[0] = np.linspace(-12, 7, 6, dtype=np.float32)
    log_variances[1] = log_variances[0] + np.float32(0.8)
    seen = student.neural_process_loss(0 * likelihood, means, log_variances)
    assert_matches(
        seen,
        reference.neural_process_loss,
        "A log variance may be small or large: do not clamp it.",
        name="the loss for log likelihoods of zero and log variances from -12 to 7",
    )


@problem("2c", points=1)
def test_process_gradient(student, reference, rng):
    """The gradient reaches the likelihoods and both distributions of z"""
    seen = student.process_gradients(*process(rng))
    assert_matches(
        seen,
        reference.process_gradients,
        "q(z|C) is trained too: detach nothing. If the checks of the values fail too, begin there.",
    )
