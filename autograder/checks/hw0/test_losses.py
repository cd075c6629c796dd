"""Problem 3: both losses and the joint objective."""

import numpy as np

from autograder.judge import Mismatch, assert_matches, problem, require, require_unchanged
from autograder.run.student import StudentError


def logits(rng, count, scale=1.5):
    """Two vectors of different logits."""
    one = rng.normal(0.7, scale, size=count).astype(np.float32)
    return one, rng.normal(-0.3, scale, size=count).astype(np.float32)


@problem("3a", points=1)
def test_ranking(student, reference, rng):
    """The ranking loss has the right value"""
    for count in (5, 8):
        positive, negative = logits(rng, count)
        seen = student.ranking(positive, negative)
        assert_matches(
            seen["loss"],
            reference.ranking["loss"],
            "Check which logit comes first, what is averaged, and what the sigmoid is applied to. "
            "There is no logarithm here.",
            name="the loss",
        )
        other = student.ranking(negative, positive)
        require(
            bool(abs(seen["loss"] + other["loss"] - 1) <= 1e-5),
            f"the loss is {seen['loss']:.5g}, and {other['loss']:.5g} with positive and negative "
            "exchanged; the two should sum to 1",
            "If a pair counts s in one order, it counts 1 - s in the other.",
        )
        require_unchanged(student, "positive", "negative")


@problem("3a", points=1)
def test_ranking_gradient(student, reference, rng):
    """Its gradient raises the watched item and lowers the other, even for large margins"""
    positive, negative = logits(rng, 7)
    seen = student.ranking(positive, negative)
    for key, name in (("first", "positive"), ("second", "negative")):
        assert_matches(
            seen[key],
            reference.ranking[key],
            "Each entry of the gradient belongs to one pair, and both logits of a pair get one.",
            name=f"the gradient by {name}",
        )
    far = np.array([90, -120, 300], np.float32)
    seen = student.ranking(far, np.zeros(3, np.float32))
    assert_matches(
        seen["loss"],
        1 / 3,
        "A margin may be large: exp overflows, a sigmoid does not.",
        name="the loss of pairs with margins 90, -120 and 300",
        atol=1e-4,
    )
    assert_matches(
        seen["first"],
        np.zeros(3),
        "The gradient of a saturated pair is 0.",
        name="the gradient of pairs with margins 90, -120 and 300",
    )
    wide = np.array([7.5, -8, 8.5, -6], np.float32)
    seen = student.ranking(wide, np.zeros(4, np.float32))
    steep = 1 / (4 * np.cosh(wide.astype(np.float64) / 2) ** 2)
    assert_matches(
        seen["first"],
        -steep / 4,
        "A pair with a large margin still has a small gradient: do not clamp.",
        name="the gradient of pairs with margins 7.5, -8, 8.5 and -6",
        rtol=1e-2,
        atol=1e-8,
    )


@problem("3b", points=1)
def test_rating(student, reference, rng):
    """The rating loss is the mean squared error, with its gradient"""
    for count in (5, 9):
        predicted = rng.normal(3.4, 1.2, size=count).astype(np.float32)
        predicted[:2] = 6.7, -0.6  # a prediction may leave the range of the stars
        ratings = rng.randint(1, 6, size=count).astype(np.float32)
        seen = student.rating(predicted, ratings)
        assert_matches(
            seen["loss"],
            reference.rating["loss"],
            "Square each error, then average. Use the predictions as they are.",
            name="the loss",
        )
        assert_matches(
            seen["first"],
            reference.rating["first"],
            "The gradient points from the stars to the prediction, entry by entry.",
            name="the gradient by the predictions",
        )
        require_unchanged(student, "predicted", "ratings")


USERS, ITEMS = 6, 8


def problem_of(rng, batch=5):
    """A batch (users, items, ratings, negatives) and what a toy network gives for every pair."""
    parts = [
        rng.randint(0, USERS, size=batch),
        rng.permutation(ITEMS)[:batch],
        rng.randint(1, 6, size=batch).astype(np.float32),
        rng.randint(0, ITEMS, size=batch),
    ]
    tables = [rng.normal(size=(USERS, ITEMS)).astype(np.float32) for _ in range(2)]
    return parts, tables[0], 3 + tables[1]


def judge_joint(student, reference, case, keys):
    """Compare with other functions in place of 3a and 3b, and with the student's own.

    Code that calls ranking_loss and rating_loss is judged whether or not those are right; code that
    does their work itself is judged by what comes out.
    """
    failures = []
    for stand_ins in (True, False):
        try:
            _compare_joint(student.joint(*case, stand_ins=stand_ins), reference.joint, keys)
        except (Mismatch, StudentError) as failure:
            failures.append(failure)
    if len(failures) == 2:
        raise failures[isinstance(failures[1], Mismatch)]


def _compare_joint(seen, expected, keys):
    names = {
        "losses": "the three losses (weighted sum, ranking, rating)",
        "watch": "the gradients of the three losses by the watch logits of all pairs",
        "rate": "the gradients of the three losses by the ratings of all pairs",
    }
    ideas = {
        "losses": "Which pairs does the ranking compare, which pairs have stars, and which weight "
        "belongs to which loss? Return the two parts without their weights.",
        "watch": "The ranking loss raises the watched item and lowers the drawn one, for the same "
        "user.",
        "rate": "Only watched items have stars, and the ranking loss does not use the stars.",
    }
    for key in keys:
        assert_matches(seen[key], expected[key], ideas[key], name=names[key])
    require(
        not np.any(seen["moved"]),
        "the function changed the batch that it was given",
        "The caller still needs it: work on a copy, or make a new tensor.",
    )


@problem("3c", points=1)
def test_joint(student, reference, rng):
    """The joint loss is the weighted sum, and both parts are returned"""
    for weights in ([0.99, 0.01], [0.5, 0.5], [0.3, 1.9]):
        batch, watch, stars = problem_of(rng)
        judge_joint(student, reference, (batch, watch, stars, weights), ["losses"])


@problem("3c", points=1)
def test_joint_gradient(student, reference, rng):
    """Its gradient reaches the right pairs: two for the ranking, one for the rating"""
    for weights in ([0.8, 0.2], [0.25, 3.0]):
        batch, watch, stars = problem_of(rng)
        judge_joint(student, reference, (batch, watch, stars, weights), ["losses", "watch", "rate"])
