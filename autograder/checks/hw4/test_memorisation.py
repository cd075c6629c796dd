"""Problem 3: the price on weights, random labels, augmented tasks."""

import numpy as np

from autograder.checks.hw4.quadrature import Grid, divergence
from autograder.judge import assert_matches, problem, require, require_unchanged

# --- 3a -----------------------------------------------------------------------------------------


def regression(rng):
    """Predictions, targets [B, m, 1], and two layers' weights as means and log sds."""
    prediction = rng.normal(size=(3, 4, 1)).astype(np.float32)
    target = rng.normal(size=(3, 4, 1)).astype(np.float32)
    shapes = ((5, 2), (3, 7))
    means = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    log_sds = [rng.uniform(-2, 0.5, size=shape).astype(np.float32) for shape in shapes]
    return prediction, target, means, log_sds


@problem("3a", points=1)
def test_price_of_one_weight(student, rng):
    """The price of a weight is its KL to N(0, 1), by integration"""
    prediction, _, _, _ = regression(rng)
    grid = Grid([0.0], [12.0], 8001)
    standard = grid.gaussian(np.zeros(1), np.eye(1))
    for mean, sd in ((0.8, 0.3), (-1.1, 1.4), (0.0, 0.15)):
        weight = np.array([[mean]], np.float32), np.array([[np.log(sd)]], np.float32)
        seen = student.regularised_loss(
            prediction, prediction.copy(), 0.3, [weight[0]], [weight[1]], 0.7
        )
        own = grid.gaussian(np.array([mean]), np.array([[sd**2]]))
        assert_matches(
            seen["value"],
            0.7 * divergence(own, standard),
            "If the predictions are perfect, beta times the KL of q to N(0, 1) is left. Under "
            "which distribution is the expectation, and is log_sd used as a log standard "
            "deviation?",
            name=f"the price of a weight from N({mean}, {sd}²), beta 0.7",
        )


@problem("3a", points=1)
def test_regularised_loss(student, reference, rng):
    """The fit is a mean; the price is beta times a sum over all weights of all layers"""
    prediction, target, means, log_sds = regression(rng)
    seen = student.regularised_loss(prediction, target, 0.2, means, log_sds, 0.0)
    error = np.square(prediction.astype(np.float64) - target)
    assert_matches(
        2 * 0.2**2 * seen["value"],
        error.mean(),
        "Without a price the fit is left: the mean squared error, divided by twice the noise "
        "variance.",
        name="2 · noise_sd² times the loss for beta = 0",
    )
    for beta in (0.03, 1.5):
        seen = student.regularised_loss(prediction, target, 0.2, means, log_sds, beta)
        expected = reference.regularised_loss["value"]
        require_unchanged(student, "prediction", "target")
        assert_matches(
            seen["value"],
            expected,
            "Beta is the price of a nat, and multiplies nothing else. Every weight has its price, "
            "so larger layers cost more.",
            name=f"the loss for beta = {beta}",
        )
    far = [np.array([[-9, -6], [2, 2.5]], np.float32)]
    seen = student.regularised_loss(prediction, prediction.copy(), 0.2, [0 * far[0]], far, 1.0)
    assert_matches(
        seen["value"],
        reference.regularised_loss["value"],
        "A weight may be known almost exactly, or not at all: do not clamp.",
        name="the price of weights with log_sd from -9 to 2.5",
    )


@problem("3a", points=1)
def test_regularised_gradient(student, reference, rng):
    """The gradient reaches the predictions, and the mean and log_sd of every weight"""
    prediction, target, means, log_sds = regression(rng)
    seen = student.regularised_loss(prediction, target, 0.4, means, log_sds, 0.3)
    assert_matches(
        seen,
        reference.regularised_loss,
        "Right values can have wrong gradients: look for detach, no_grad and .item(). If the "
        "checks of the values fail too, begin there.",
    )


# --- 3b -----------------------------------------------------------------------------------------


def require_repeatable(student, probe, given, seed, seen, what):
    """It draws from the given generator, and from nothing else.

    Args:
        probe: a name; given and seed are what it was asked, seen is what came out.
    """
    require(
        not np.array_equal(seen["value"], seen["next"]),
        f"two calls with the same generator gave the same {what}",
        "Each call must draw anew.",
    )
    student.begin_anew()
    other, again = (getattr(student, probe)(given, one)["value"] for one in (seed + 1, seed))
    require(
        np.array_equal(again, seen["value"]),
        f"the same generator state gave other {what}",
        "Draw from the given generator: a run must be repeatable.",
    )
    require(
        not np.array_equal(other, seen["value"]),
        f"generators of two seeds gave the same {what}",
        "Draw from the given generator.",
    )


@problem("3b", points=1, random=True)
def test_labels(student, rng):
    """New labels are one-hot and drawn from the generator, and the old ones do not change

    False alarms: of 40 tasks with 7 labels more than 30 keep theirs by chance with probability below
    3e-18 (Chernoff), two draws of 40 labels are alike with 7^-40, and all labels of a draw with 7^-39;
    30 tasks with 20 labels less.
    """
    for count, labels, dtype in ((40, 7, "float32"), (30, 20, "float64")):
        own = np.eye(labels, dtype=dtype)[rng.randint(4, size=count)]
        seed = int(rng.randint(2**31))
        seen = student.random_one_hot(own, seed)
        require_unchanged(student, "one_hot")
        drawn = np.asarray(seen["value"])
        require(
            drawn.shape == own.shape,
            f"the labels have shape {list(drawn.shape)}; expected {list(own.shape)}",
        )
        require(
            bool(drawn.any()), "every label is a row of zeros", "A task needs one label: one 1."
        )
        require(
            bool(np.isin(drawn, (0, 1)).all() and (drawn.sum(1) == 1).all()),
            "a row of the labels is not one-hot",
            "Each task has exactly one label: one 1, the rest 0.",
        )
        require(
            bool((drawn != drawn[0]).any()),
            f"all {count} tasks were given the same label",
            "Each task draws its own.",
        )
        require(
            drawn.dtype == dtype,
            f"the labels have dtype torch.{drawn.dtype}; they came as torch.{dtype}",
            "The network uses them together with x.",
        )
        require(
            bool((drawn != own).any(1).sum() >= count // 4),
            f"{int((drawn == own).all(1).sum())} of {count} tasks kept their own label",
            "Do you return the result of the draw?",
        )
        require_repeatable(student, "random_one_hot", own, seed, seen, "labels")


@problem("3b", points=1, random=True)
def test_labels_say_nothing(student, rng):
    """All labels are equally likely, whatever a task's own label was

    False alarms: 600 batches of 10 tasks whose own labels are 4 of 6, with 1, 2, 3 and 4 tasks. The
    count of a new label given an old one has a mean of 100 to 400 and a standard deviation of
    sqrt(mean · 5/6). By Chernoff's bound it strays by seven of those with probability below 6e-10,
    and 24 counts do with less than 2e-8. For the pairs Bernstein's inequality over the 600 batches
    gives 8e-10 (one label) and 3e-9 (two): all together less than 3e-8. Of 1200 labels of batches that
    are smaller than K one of 9 never comes up with probability below 1e-60, and none of 1200 pairs is
    alike with the same.
    """
    own = np.eye(6, dtype=np.float32)[[0, 1, 1, 3, 3, 3, 4, 4, 4, 4]]
    times = 600
    drawn = np.asarray(student.labels_often(own, int(rng.randint(2**31)), times), np.float64)
    require(drawn.shape == (times, *own.shape), f"the labels have shape {list(drawn.shape)}")
    counts = np.einsum("bo,tbn->on", own, drawn)
    expected = own.sum(0)[:, None] * times / 6 * np.ones((6, 6))
    require(
        bool(np.isin(drawn, (0, 1)).all() and (drawn.sum(-1) == 1).all()),
        "rows of the labels are not one-hot",
        "Each task has exactly one label.",
    )
    never = [k for k in range(6) if counts[:, k].sum() == 0]
    others = (
        "those that the batch does not hold" if never == [2, 5] else "the batch holds 0, 1, 3, 4"
    )
    if bool((counts.sum(0) == counts.sum(1)).all()):
        others += ", and each of the others as often as the batch holds it"
    require(
        not never,
        f"labels {never} of 0 to 5 never came up in {times} batches: {others}",
        "Draw from all K labels, not only from those that are in the batch.",
    )
    far = np.abs(counts - expected) > 7 * np.sqrt(expected * 5 / 6) + 1e-9
    if far.any():
        old, new = np.argwhere(far)[0]
        require(
            False,
            f"tasks with label {old} were given label {new} {int(counts[old, new])} times; about "
            f"{int(expected[old, new])} times were expected",
            "The new label must not depend on the old one, and no label may be preferred.",
        )
    same, different = alike_pairs(own, drawn)
    require(
        same != 10 * times or different != 35 * times,
        f"in each of {times} batches all tasks were given the same label",
        "Each task makes its own draw.",
    )
    require(
        same != 10 * times,
        "tasks that had the same label were always given the same new one",
        "Draw for each task separately: labels that are only renamed still identify the tasks.",
    )
    for alike, pairs, room, which in (
        (same, 10 * times, 260, "the same label"),
        (different, 35 * times, 600, "two different labels"),
    ):
        require(
            abs(alike - pairs / 6) <= room,
            f"of {pairs} pairs of tasks with {which}, {alike} were given the same "
            f"new label; about {pairs // 6} were expected",
            "Draw for each task separately: two tasks of a batch must not share a draw.",
        )
    require_all_labels_of_a_small_batch(student, rng)


def alike_pairs(own, drawn):
    """How many pairs of tasks were given one new label: tasks of one own label, and of two."""
    pairs = np.triu(np.ones((len(own), len(own)), bool), 1)
    one_label = own @ own.T > 0
    same = np.einsum("tan,tbn->tab", drawn, drawn) > 0
    return int(same[:, pairs & one_label].sum()), int(same[:, pairs & ~one_label].sum())


def require_all_labels_of_a_small_batch(student, rng):
    """A batch with fewer tasks than labels can get any label, and the same label twice."""
    own = np.eye(9, dtype=np.float32)[[0, 1, 2]]
    drawn = np.asarray(student.labels_often(own, int(rng.randint(2**31)), 400))
    require(drawn.shape == (400, 3, 9), f"the labels have shape {list(drawn.shape)}")
    never = [k for k in range(9) if not drawn[..., k].any()]
    require(
        not never,
        f"in 400 batches of 3 tasks labels {never} of 0 to 8 never came up",
        "Draw from all K labels, however many tasks the batch has.",
    )
    require(
        sum(alike_pairs(own, drawn)) > 0,
        "in 400 batches of 3 tasks no two tasks were ever given the same label",
        "Draw from all labels for each task separately; two tasks may get the same label.",
    )


# --- 3c -----------------------------------------------------------------------------------------


def targets(rng, batch):
    """Targets [B, n, 1] of no small size."""
    size = (batch, 7, 1)
    return (rng.uniform(0.5, 2, size=size) * rng.choice([-1, 1], size=size)).astype(np.float32)


@problem("3c", points=1, random=True)
def test_augment(student, rng):
    """One factor multiplies all targets of a task, and each task has its own factor

    False alarms: rounded to five digits, two of 12 factors coincide with probability 66 / 2e5; that
    three pairs do, which is not forgiven, has less than 4e-11.
    """
    y = targets(rng, 12)
    seed = int(rng.randint(2**31))
    seen = student.augment(y, seed)
    require_unchanged(student, "y")
    require(
        seen["value"].shape == y.shape,
        f"the targets have shape {list(seen['value'].shape)}; expected {list(y.shape)}",
        "Only the values may change.",
    )
    require(
        seen["value"].dtype == np.float32,
        f"the targets have dtype torch.{seen['value'].dtype}; they came as torch.float32",
        "The network's weights are float32.",
    )
    factors = np.asarray(seen["value"], np.float64) / y
    inside = np.ptp(factors, axis=1).max()
    own = all(len(np.unique(task.round(4))) == task.size for task in factors)
    require(
        bool(inside <= 1e-4),
        f"within one task the factors differ by up to {inside:.3g}: "
        f"{'every point has its own' if own else 'some points share one'}",
        "Use one factor for all points of a task, context and targets; otherwise the context does "
        "not show it.",
    )
    per_task = factors[:, 0, 0]
    require(
        bool(np.abs(per_task - 1).max() > 1e-4),
        "the targets did not change",
        "Do you use the factors that you drew, and return the product?",
    )
    kinds = len(np.unique(per_task.round(5)))
    whole = "all whole numbers" if bool((per_task % 1 == 0).all()) else "not all whole numbers"
    require(
        kinds >= len(y) - 2,
        f"{len(y)} tasks have {'one factor' if kinds == 1 else f'{kinds} different factors'}, "
        f"{whole}",
        "Each task has its own factor.",
    )
    require(
        bool((per_task > -1e-6).all() and (per_task < 2.00001).all()),
        f"a factor is {per_task.min():.3g}, another {per_task.max():.3g}",
        "Factors lie in [0, 2).",
    )
    require_repeatable(student, "augment", y, seed, seen, "targets")


@problem("3c", points=1, random=True)
def test_augment_chance(student, rng):
    """The factors are uniform in [0, 2), and independent

    False alarms, of 6000 factors: a share is more than 0.042 from its mean with probability below
    2·exp(-2 · 6000 · 0.042²) = 1.3e-9 (Hoeffding); 0.09 is 6.8 standard errors of a correlation, which
    leaves 1e-11; an end is not reached to 0.01 with (1 - 0.005)^6000 = 9e-14. In all less than 5e-9.
    """
    y = targets(rng, 20)
    factors = student.augment_factors(y, int(rng.randint(2**31)), 300)
    require(factors.shape == (300, 20), f"the factors have shape {list(factors.shape)}")
    factors = np.asarray(factors, np.float64)
    low, high = factors.min(), factors.max()
    require(
        low >= -1e-5 and high < 2.00001,
        f"6000 factors lie between {low:.3g} and {high:.3g}, some outside [0, 2)",
        "They should fill [0, 2), and none may lie outside.",
    )
    require(
        low < 0.01 and high > 1.99,
        f"6000 factors lie between {low:.3g} and {high:.3g}, and leave a part of [0, 2) empty",
        "They should fill [0, 2).",
    )
    assert_matches(
        [(factors < edge).mean() for edge in (0.5, 1.0, 1.5)],
        [0.25, 0.5, 0.75],
        "Every factor in [0, 2) should be as likely as any other.",
        name="the shares of factors below 0.5, 1 and 1.5",
        rtol=0,
        atol=0.042,
    )
    centred = factors - factors.mean()
    spread = max(np.square(centred).mean(), 1e-12)
    assert_matches(
        [
            (centred[:, 1:] * centred[:, :-1]).mean() / spread,
            (centred[1:] * centred[:-1]).mean() / spread,
        ],
        [0.0, 0.0],
        "Draw for each task of each batch separately.",
        name="the correlations with the next task and the next batch",
        rtol=0,
        atol=0.09,
    )
