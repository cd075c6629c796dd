"""Problem 1: prototypes, distances, and the loss of prototypical networks."""

import numpy as np

from autograder.judge import Mismatch, assert_matches, problem, require, require_unchanged
from autograder.run.student import StudentError

SIZES = ((3, 2, 5), (5, 3, 4), (4, 1, 6))  # way, shot, size of a feature: no two alike


def support_of(rng, way, shot, size):
    """Features in random order around centres that are their exact means, and their labels."""
    centres = rng.normal(0, 2, size=(way, size))
    spread = rng.normal(size=(way, shot, size))
    spread -= spread.mean(1, keepdims=True)
    labels = shuffled(rng, way, shot)
    features = np.empty((way * shot, size))
    for name in range(way):
        features[labels == name] = centres[name] + spread[name]
    return features.astype(np.float32), labels, centres


def shuffled(rng, way, each):
    """Every label `each` times, in an order that is neither sorted nor row after row."""
    labels = np.repeat(np.arange(way), each)
    while True:
        rng.shuffle(labels)
        rows = labels.reshape(each, way)
        mixed = each == 1 or bool((rows != rows[0]).any())
        if way < 2 or (labels[0] != 0 and (np.diff(labels) < 0).any() and mixed):
            return labels


@problem("1a", points=2)
def test_prototypes(student, rng):
    """Row n is the mean of the support features of class n, in any order of the features"""
    for way, shot, size in SIZES:
        features, labels, centres = support_of(rng, way, shot, size)
        weights = rng.normal(size=centres.shape).astype(np.float32)
        seen = student.prototypes(features, labels, weights, way)
        require_unchanged(student, "features", "labels")
        assert_matches(
            seen["prototypes"],
            centres,
            "The labels say which feature belongs to which class: the features can have any "
            "order. Check also what is averaged, and over how many.",
            name=f"the prototypes of {way} classes, {shot} of each",
            atol=1e-4,
        )


@problem("1a", points=2)
def test_prototypes_gradient(student, reference, rng):
    """Gradients flow through the prototypes back to the features"""
    for way, shot, size in SIZES[:2]:
        features, labels, centres = support_of(rng, way, shot, size)
        weights = rng.normal(size=centres.shape).astype(np.float32)
        seen = student.prototypes(features, labels, weights, way)
        assert_matches(
            seen["gradient"],
            reference.prototypes["gradient"],
            "All support features of a class have the same effect on its prototype. The "
            "prototypes may be right and the gradient cut: look for detach, no_grad and new "
            "tensors made of numbers.",
            name="the gradient by the features",
        )


def queries_of(rng, count, way, size):
    """Query features and prototypes, float32."""
    features = rng.normal(0.5, 1.3, size=(count, size)).astype(np.float32)
    return features, rng.normal(-0.4, 1.1, size=(way, size)).astype(np.float32)


@problem("1b", points=2)
def test_logits(student, reference, rng):
    """The logits are the negative squared distances to all prototypes"""
    for count, way, size in ((7, 3, 5), (2, 4, 6), (4, 4, 3)):
        features, centres = queries_of(rng, count, way, size)
        features[1] = centres[2]
        weights = rng.normal(size=(count, way)).astype(np.float32)
        seen = student.logits(features, centres, weights)
        require_unchanged(student, "features", "prototypes")
        require(
            bool(seen["logits"][1].argmax() == 2),
            f"a query that lies on prototype 2 is given to class {int(seen['logits'][1].argmax())}",
            "The nearest class must get the largest logit.",
        )
        assert_matches(
            seen["logits"],
            reference.logits["logits"],
            "The distance is Euclidean and squared, summed over the axis of the features. Return "
            "the logits without a softmax.",
            name="the logits",
            atol=1e-3,
        )


@problem("1b", points=1)
def test_logits_gradient(student, reference, rng):
    """Gradients reach the queries and the prototypes"""
    features, centres = queries_of(rng, 6, 4, 5)
    weights = rng.normal(size=(6, 4)).astype(np.float32)
    seen = student.logits(features, centres, weights)
    for key, name in (("by_features", "the query features"), ("by_centres", "the prototypes")):
        assert_matches(
            seen[key],
            reference.logits[key],
            "Both arguments of a distance need gradients: look for detach and no_grad. If the "
            "check of the values fails too, begin there.",
            name=f"the gradient by {name}",
            atol=1e-3,
        )


def batch_of(rng, count, way, shot, query):
    """The parts of a batch of tasks with images [2, 3, 3]; every task has its own classes."""
    parts = []
    for each in (shot, query):
        labels = np.stack([shuffled(rng, way, each) for _ in range(count)])
        parts += [None, labels]
    looks = rng.normal(0, 0.8, size=(count, way, 2, 3, 3))
    for index in (0, 2):
        labels = parts[index + 1]
        images = np.stack([look[row] for look, row in zip(looks, labels)])
        parts[index] = (images + rng.normal(0, 0.9, size=images.shape)).astype(np.float32)
    return parts


def judge_loss(student, reference, rng, keys, names, idea):
    """Compare what 1c gives with the student's own 1a and 1b, or else with others in their place.

    So 1c can be right where they are wrong, and code that does their work itself is judged by what
    comes out.
    """
    cases = [
        (batch_of(rng, count, way, shot, query), way, int(rng.randint(1000)))
        for count, way, shot, query in ((3, 4, 2, 5), (2, 3, 3, 2), (4, 5, 1, 3))
    ]
    failures = []
    for stand_ins in (False, True):
        seen = []
        for case in cases:
            try:
                seen.append((student.protonet(*case, stand_ins=stand_ins), reference.protonet))
            except StudentError as error:
                seen.append((error, None))
        failures.append(_first_failure(seen, keys, names, idea))
    if all(failure is not None for failure in failures):
        unfinished = isinstance(failures[0], StudentError) and isinstance(failures[1], Mismatch)
        raise failures[1 if unfinished else 0]


def _first_failure(pairs, keys, names, idea):
    try:
        for seen, expected in pairs:
            if isinstance(seen, StudentError):
                return seen
            for key, name in zip(keys, names):
                assert_matches(seen[key], expected[key], idea, name=name)
            require(
                not seen["moved"],
                "the function changed the given tasks, or the mode of the network",
                "The caller still needs them: work on copies, or make new tensors.",
            )
    except Mismatch as failure:
        return failure
    return None


@problem("1c", points=2)
def test_loss(student, reference, rng):
    """The loss is the cross-entropy of the query images, averaged over tasks"""
    judge_loss(
        student,
        reference,
        rng,
        ["loss"],
        ["the loss"],
        "Which images make the prototypes, and which are classified by them? Each task has its "
        "own prototypes. Check what goes into the cross-entropy, the labels, and the average.",
    )


@problem("1c", points=2)
def test_loss_gradient(student, reference, rng):
    """Its gradient reaches the encoder in both ways: through the queries and the prototypes"""
    judge_loss(
        student,
        reference,
        rng,
        ["gradient"],
        ["a projection of the gradient by the encoder"],
        "The query features and the support features both train the encoder. If the loss is right "
        "and this is wrong, one of the two paths is cut: detach, no_grad, a new tensor.",
    )


@problem("1c", points=1)
def test_accuracies(student, reference, rng):
    """Both accuracies: on the support images, then on the query images, averaged over tasks"""
    judge_loss(
        student,
        reference,
        rng,
        ["accuracies", "loss"],
        ["the accuracies (support, query)", "the loss"],
        "Classify support images by the same prototypes as query images. Return loss, support "
        "accuracy, query accuracy, in this order; an accuracy is a share from 0 to 1.",
    )
