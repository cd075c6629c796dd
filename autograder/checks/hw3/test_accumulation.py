"""Problem 4e: parts of a batch give the same step as the whole batch."""

import numpy as np

from autograder.judge import assert_matches, problem, require

VOCABULARY = 4
SIZES = [(2, 5), (3, 4), (1, 6)]  # rows and lengths of the parts
IGNORED = -100


def parts(rng, counts):
    """Tokens, labels with `counts` tokens to be predicted, and weights of a loss linear in logits.

    Labels of first tokens, which are never predicted, are not masked in some rows.
    """
    tokens, labels, weights = [], [], []
    for (rows, length), count in zip(SIZES, counts):
        tokens.append(rng.randint(0, 7, size=(rows, length)))
        wanted = np.full((rows, length), IGNORED)
        places = rng.permutation(rows * (length - 1))[:count]
        wanted[places // (length - 1), 1 + places % (length - 1)] = rng.randint(0, 4, size=count)
        wanted[0, 0] = 2
        labels.append(wanted)
        weights.append(rng.normal(size=(rows, length, VOCABULARY)).astype(np.float32))
    return tokens, labels, weights


def whole(seen, weights, tokens, counts, initial):
    """Loss and gradients [table, head] of the whole batch, from the linear loss."""
    table, head = initial
    loss, by_table, by_head = 0.0, np.zeros_like(table), np.zeros_like(head)
    for x, weight, count in zip(tokens, weights, counts):
        if count == 0:
            continue
        hidden = np.tanh(table[x])
        loss += float((hidden @ head * weight).sum())
        by_head += np.einsum("btd,btv->dv", hidden, weight)
        np.add.at(by_table, x, (weight @ head.T) * (1 - hidden**2))
    return loss / sum(counts), [by_table / sum(counts), by_head / sum(counts)]


def initial(seed):
    """The parameters as the probe fills them: by name, head before table."""
    rng = np.random.RandomState(seed)
    head = rng.uniform(-0.5, 0.5, size=(5, VOCABULARY))
    return rng.uniform(-0.5, 0.5, size=(7, 5)), head


def step(student, rng, counts):
    """Return what the student's step did, and what the whole batch would have done."""
    tokens, labels, weights = parts(rng, counts)
    seed = int(rng.randint(2**31))
    seen = student.accumulated_step(tokens, labels, weights, counts, seed)
    require(seen["steps"] > 0, "the optimizer took no step", "One step, after all parts.")
    loss, gradients = whole(seen, weights, tokens, counts, initial(seed))
    return seen, loss, gradients, initial(seed)


@problem("4e", points=2)
def test_gradient_of_the_whole(student, rng):
    """The gradient is that of the whole batch, where every token has the same weight"""
    for counts in ([3, 9, 1], [8, 2, 4]):
        seen, loss, gradients, _ = step(student, rng, counts)
        idea = (
            f"The parts have {', '.join(map(str, counts))} tokens to be predicted: what weight "
            "should the mean of each part have? What an earlier batch left in .grad must not "
            "count."
        )
        assert_matches(seen["gradients"], gradients, idea, name="gradient")
        assert_matches(seen["loss"], loss, idea, name="the loss")


@problem("4e", points=1)
def test_one_step(student, rng):
    """The optimizer steps once, and only one part is in memory at a time"""
    seen, _, gradients, before = step(student, rng, [2, 5, 3])
    require(
        seen["steps"] == 1,
        f"the optimizer took {seen['steps']} steps",
        "One step, after all parts.",
    )
    after = [value - 0.1 * gradient for value, gradient in zip(before, gradients)]
    assert_matches(
        seen["parameters"],
        after,
        "Let the optimizer take its step, on the whole gradient.",
        name="parameter",
    )
    require(
        seen["held"] == 1,
        f"{seen['held']} parts were in memory at once",
        "A graph is kept until its backward pass, so this does not save memory.",
    )


@problem("4e", points=1)
def test_part_without_targets(student, rng):
    """A part without tokens to be predicted does not count"""
    for counts in ([4, 0, 2], [0, 7, 1]):
        seen, loss, gradients, _ = step(student, rng, counts)
        idea = f"The parts have {', '.join(map(str, counts))} tokens to be predicted."
        assert_matches(seen["gradients"], gradients, idea, name="gradient")
        assert_matches(seen["loss"], loss, idea, name="the loss")
