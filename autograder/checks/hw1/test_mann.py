"""Problem 2: the memory-augmented network and its loss."""

import numpy as np

from autograder.judge import assert_matches, problem, require, require_numbers, require_unchanged

SIZES = ((2, 4, 2), (4, 3, 1))  # batch, way, shot: no two axes alike, and K > 1 first


def episode(rng, batch, way, shot):
    """Random images [B, K + 1, N, 784], one pixel in ten ink, and one-hot labels."""
    images = (rng.uniform(size=(batch, shot + 1, way, 784)) < 0.1).astype(np.float32)
    names = np.zeros((batch, shot + 1, way), int) + np.arange(way)
    names[:, -1] = rng.uniform(size=(batch, way)).argsort(-1)
    names[0, -1] = np.roll(np.arange(way), 1)  # from 3 classes on not its own inverse
    labels = (names[..., None] == np.arange(way)).astype(np.float32)
    return images, labels


def relabel_query(labels):
    """The same task with other labels in the query row."""
    other = labels.copy()
    other[:, -1] = np.roll(labels[:, -1], 1, axis=-1)
    return other


def require_shape(seen, labels):
    """Require the shape of the logits that the handout asks for."""
    require(
        seen.shape == labels.shape,
        f"the logits have shape {list(seen.shape)}; expected [B, K + 1, N, N] = "
        f"{list(labels.shape)}",
        "Every image has a vector of N logits, including the supports.",
    )


def require_still(moved, seen, what, idea):
    """Require that two predictions are equal: `what` says what moved them, `idea` why it may not."""
    require(
        moved.shape == seen.shape,
        f"logits has shape {list(moved.shape)} in one call and "
        f"{list(seen.shape)} in another of the same size",
    )
    require(bool(np.abs(moved - seen).max(initial=0) <= 1e-5), what, idea)


@problem("2a", points=5)
def test_forward(student, reference, rng):
    """The logits come from both LSTMs, over supports with labels and then queries without"""
    for training, (batch, way, shot) in zip((True, False), SIZES):
        images, labels = episode(rng, batch, way, shot)
        seen = student.mann_logits(images, labels, way, shot, seed=5, training=training)
        expected = reference.mann_logits
        require_shape(seen, labels)
        require_numbers(seen, "logits")
        blind = student.mann_logits(
            images, relabel_query(labels), way, shot, seed=5, training=training
        )
        require_still(
            blind,
            seen,
            "the predictions changed when only the query labels changed "
            f"(in {'training' if training else 'evaluation'} mode)",
            "The network can read the answer from its input.",
        )
        assert_matches(
            seen,
            expected,
            "Check the order of the sequence (row after row, the query row last), what is joined "
            "(image, then label), what replaces the query labels, and what is returned (logits).",
            name="logits",
        )


@problem("2a", points=3)
def test_memory(student, reference, rng):
    """A prediction depends only on earlier steps of its own task"""
    batch, way, shot = 2, 3, 3
    images, labels = episode(rng, batch, way, shot)
    seen = student.mann_logits(images, labels, way, shot, seed=6)
    expected = reference.mann_logits
    require_shape(seen, labels)
    later = images.copy()
    later[:, -1, -1] = 1 - later[:, -1, -1]
    moved = student.mann_logits(later, labels, way, shot, seed=6)
    require_still(
        moved[:, :-1],
        seen[:, :-1],
        "support predictions changed when only the last query image changed",
        "The sequence runs forward in time: a step must not see later steps.",
    )
    require_still(
        moved[:, -1, :-1],
        seen[:, -1, :-1],
        "the first query predictions changed when only the last query image changed",
        "The queries are a sequence too: each sees only earlier steps.",
    )
    other = images.copy()
    other[0] = 1 - other[0]
    moved = student.mann_logits(other, labels, way, shot, seed=6)
    require_still(
        moved[1:],
        seen[1:],
        "predictions of one task changed when only another task of the batch changed",
        "Tasks share only the weights. Which axis is time, and which is the batch?",
    )
    first = labels.copy()
    first[:, 0] = np.roll(labels[:, 0], 1, axis=-1)
    answered = student.mann_logits(images, first, way, shot, seed=6)
    require(
        bool(np.abs(answered - seen)[:, -1].max() > 1e-4),
        "the query predictions did not change when the support labels changed",
        "The memory must carry the labels of the supports to the queries: one sequence for all.",
    )
    require_still(
        student.mann_after(images, labels, way, shot, seed=6),
        seen,
        "a network predicted something else in its second call than in its first",
        "The memory must be empty at the start of every call.",
    )
    assert_matches(
        seen,
        expected,
        "The memory works, but the values are wrong: see the first check of 2a.",
        name="logits",
    )


@problem("2a", points=4)
def test_gradient(student, reference, rng):
    """Gradients reach every weight and the images, and the inputs stay as they were"""
    batch, way, shot = 2, 4, 2
    images, labels = episode(rng, batch, way, shot)
    weights = rng.normal(size=labels.shape).astype(np.float32)
    seen = student.mann_gradients(images, labels, weights, way, shot, seed=7)
    require_unchanged(student, "images", "labels")
    assert_matches(
        seen,
        reference.mann_gradients,
        "These are the length of the gradient by one of the weights, and its projection on a "
        "fixed direction. The values may be right and the gradient cut, or sent to other "
        "parameters: look for detach, no_grad, and layers that are run and not used. If the first "
        "check fails too, begin there.",
        name="gradient",
    )


@problem("2b", points=5)
def test_loss(student, reference, rng):
    """The loss is the cross-entropy of the query row over classes, averaged"""
    for batch, way, shot in ((5, 3, 1), (2, 4, 2), (3, 2, 4)):
        _, labels = episode(rng, batch, way, shot)
        logits = rng.normal(size=labels.shape).astype(np.float32) * 2
        undecided = logits.copy()
        undecided[:, -1] = undecided[:, -1, :, :1]
        seen = student.loss(undecided, labels)
        assert_matches(
            seen["loss"],
            np.log(way),
            f"If all {way} classes have the same logit in every query, the loss is log({way}), "
            "whatever the support rows are.",
            name="the loss of an undecided network",
        )
        seen = student.loss(logits, labels)
        assert_matches(
            seen["loss"],
            reference.loss["loss"],
            "Which row of a task counts? Which axis is the classes? What goes into the "
            "cross-entropy (logits, as they are), and what is averaged?",
            name="the loss",
        )


@problem("2b", points=3)
def test_loss_gradient(student, reference, rng):
    """The loss trains the query row and nothing else, and changes no input"""
    _, labels = episode(rng, 2, 4, 2)
    logits = rng.normal(size=labels.shape).astype(np.float32)
    seen = student.loss(logits, labels)
    expected = reference.loss
    require_unchanged(student, "logits", "labels")
    require(
        seen["gradient"].shape == logits.shape
        and bool(np.abs(seen["gradient"][:, :-1]).max() <= 1e-7),
        "the loss has a gradient by the support rows",
        "Do not train on support rows: their labels are in the input.",
    )
    assert_matches(
        seen["gradient"],
        expected["gradient"],
        "A right value can have a wrong gradient. If the check of the value fails too, begin "
        "there.",
        name="the gradient by the logits",
    )


@problem("X")
def test_transformer(student, reference, rng):
    """The Transformer sees the past only, and the same inputs as the LSTMs"""
    for training, (batch, way, shot) in zip((True, False), SIZES):
        images, labels = episode(rng, batch, way, shot)

        def ask(images, labels, training=training, way=way, shot=shot):
            return student.transformer_logits(images, labels, way, shot, seed=8, training=training)

        seen = ask(images, labels)
        expected = reference.transformer_logits
        require_shape(seen, labels)
        require(
            bool(np.isfinite(seen).all()),
            f"{int((~np.isfinite(seen)).sum())} of {seen.size} logits are not finite",
            "A token that sees no token has nothing to average: it must see itself.",
        )
        require_still(
            ask(images, relabel_query(labels)),
            seen,
            "the predictions changed when only the query labels changed",
            "The network can read the answer from its input.",
        )
        later = images.copy()
        later[:, -1, -1] = 1 - later[:, -1, -1]
        moved = ask(later, labels).reshape(batch, -1, way)
        require_still(
            moved[:, :-1],
            seen.reshape(batch, -1, way)[:, :-1],
            "predictions changed when only the last token changed",
            "A token sees a later one. Is there a mask, is it the right way round, and does True "
            "mean hidden?",
        )
        assert_matches(
            seen,
            expected,
            "Check the positions (one for every place of the sequence, joined to the tokens "
            "before the first layer), how far back the mask lets a token see, the order of the "
            "sequence, and the head.",
            name="logits",
        )


@problem("X")
def test_transformer_gradient(student, reference, rng):
    """Gradients reach every weight of the Transformer, and the inputs stay as they were"""
    images, labels = episode(rng, 2, 4, 2)
    weights = rng.normal(size=labels.shape).astype(np.float32)
    seen = student.transformer_gradients(images, labels, weights, 4, 2, seed=9)
    require_unchanged(student, "images", "labels")
    assert_matches(
        seen,
        reference.transformer_gradients,
        "These are the length of the gradient by one of the weights, and its projection on a fixed "
        "direction: look for detach, no_grad, and parts "
        "that are not used. If the check of the values fails too, begin there.",
        name="gradient",
    )
