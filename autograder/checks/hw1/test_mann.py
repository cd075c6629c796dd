"""Problem 2: the memory-augmented network and its loss."""

import numpy as np

from autograder.judge import assert_matches, problem, require, require_unchanged

SIZES = ((4, 3, 2), (3, 2, 1))  # batch, way, shot: all different, and K > 1 first


def episode(rng, batch, way, shot):
    """Random images [B, K + 1, N, 784] and one-hot labels, the query row in another order."""
    images = rng.uniform(0, 1, size=(batch, shot + 1, way, 784)).astype(np.float32)
    labels = np.tile(np.eye(way, dtype=np.float32), (batch, shot + 1, 1, 1))
    for task in labels:
        task[-1] = task[-1][rng.permutation(way)]
    return images, labels


def relabel_query(labels):
    """The same task with other labels in the query row."""
    other = labels.copy()
    other[:, -1] = np.roll(labels[:, -1], 1, axis=-1)
    return other


@problem("2a", points=5)
def test_forward(student, reference, rng):
    """The logits are those of two LSTMs over supports with labels, then queries without"""
    for batch, way, shot in SIZES:
        images, labels = episode(rng, batch, way, shot)
        seen = student.mann_logits(images, labels, way, shot, seed=5)
        blind = student.mann_logits(images, relabel_query(labels), way, shot, seed=5)
        assert_matches(
            blind, seen, "The predictions moved when only the query labels moved: the network can "
            "read the answer off its input.", name="logits",
        )  # fmt: skip
        assert_matches(
            seen, reference.mann_logits,
            "Look at the order of the sequence (row after row, the query row last), at what is "
            "joined to what (image, then label), and at the hidden query labels.",
            name="logits",
        )  # fmt: skip


@problem("2a", points=3)
def test_memory(student, reference, rng):
    """A prediction depends on what came before it, and on nothing after it"""
    images, labels = episode(rng, 3, 4, 2)
    seen = student.mann_logits(images, labels, 4, 2, seed=6)
    assert_matches(seen, reference.mann_logits, "See the first check of 2a.", name="logits")
    later = images.copy()
    later[:, -1, -1] = 1 - later[:, -1, -1]
    moved = student.mann_logits(later, labels, 4, 2, seed=6)
    require(
        bool(np.abs(moved - seen)[:, :-1].max() <= 1e-6),
        "predictions moved when only the last query image changed",
        "The sequence runs forward in time: an earlier step must not see a later one.",
    )
    first = labels.copy()
    first[:, 0] = np.roll(labels[:, 0], 1, axis=-1)
    answered = student.mann_logits(images, first, 4, 2, seed=6)
    require(
        bool(np.abs(answered - seen)[:, -1].max() > 1e-4),
        "the query predictions did not move when the support labels changed",
        "The memory must carry the labels of the supports to the queries: one sequence for all.",
    )


@problem("2a", points=4)
def test_gradient(student, reference, rng):
    """Gradients reach every weight of both LSTMs, and leave the inputs as they were"""
    images, labels = episode(rng, 2, 3, 2)
    weights = rng.normal(size=labels.shape).astype(np.float32)
    seen = student.mann_gradients(images, labels, weights, 3, 2, seed=7)
    assert_matches(
        seen, reference.mann_gradients,
        "The values may be right while the gradient is cut or goes elsewhere: look for detach, "
        "no_grad, and layers that are run and not used.",
        name="gradient (one number for each weight matrix)",
    )  # fmt: skip
    require_unchanged(student, "images", "labels")


@problem("2b", points=5)
def test_loss(student, rng):
    """The loss is the cross-entropy of the query row over classes, averaged"""
    for batch, way, shot in ((5, 3, 2), (2, 4, 1), (1, 2, 3)):
        _, labels = episode(rng, batch, way, shot)
        logits = rng.normal(size=labels.shape).astype(np.float32) * 2
        seen = student.loss(logits, labels)
        assert_matches(
            seen["loss"], cross_entropy(logits, labels),
            "Only the query row counts; the softmax runs over the last axis; logits go in as they "
            "are; the mean is over tasks and query images.", name="the loss",
        )  # fmt: skip
        require_unchanged(student, "logits", "labels")


@problem("2b", points=3)
def test_loss_gradient(student, rng):
    """Its gradient is (softmax - label) / (B·N) on the query row and zero on the supports"""
    _, labels = episode(rng, 3, 4, 2)
    logits = rng.normal(size=labels.shape).astype(np.float32)
    seen = student.loss(logits, labels)
    expected = np.zeros_like(logits)
    expected[:, -1] = (softmax(logits[:, -1]) - labels[:, -1]) / (3 * 4)
    assert_matches(
        seen["gradient"], expected,
        "Support rows must not be trained on: their labels are in the input.",
        name="the gradient by the logits",
    )  # fmt: skip


def softmax(logits):
    """Over the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def cross_entropy(logits, labels):
    """Mean over tasks and query images."""
    picked = (softmax(logits[:, -1].astype(np.float64)) * labels[:, -1]).sum(-1)
    return -np.log(picked).mean()


@problem("X")
def test_transformer(student, reference, rng):
    """The Transformer sees the past only, and the same inputs as the LSTMs"""
    images, labels = episode(rng, 3, 4, 2)
    seen = student.transformer_logits(images, labels, 4, 2, seed=8)
    blind = student.transformer_logits(images, relabel_query(labels), 4, 2, seed=8)
    assert_matches(blind, seen, "The query labels are not hidden.", name="logits")
    later = images.copy()
    later[:, -1, -1] = 1 - later[:, -1, -1]
    moved = student.transformer_logits(later, labels, 4, 2, seed=8)
    assert_matches(
        moved[:, :-1], seen[:, :-1],
        "A token saw a later one: is the mask there, and is it the right way round?", name="logits",
    )  # fmt: skip
    seen = student.transformer_logits(images, labels, 4, 2, seed=9)
    assert_matches(
        seen, reference.transformer_logits,
        "Look at the positions (one for every place of the sequence), the mask and the head.",
        name="logits",
    )  # fmt: skip
