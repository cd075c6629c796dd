"""Homework 2: 5-way K-shot tasks for a prototypical network and for MAML."""

from __future__ import annotations

import numpy as np

from autograder.run.student import Student
from staff.grading.trained.outcome import Unusable, share_right

WAY, QUERIES, BATCH = 5, 10, 20
# Standard deviation of a network's accuracy from one set of fresh glyphs to the next. Measured with
# protonet-5-shot on 16 sets: 0.0002 around 0.9973, on the kit's own 0.9966 ± 0.0005; one shot varies
# more.
SPREAD = 0.002
TASKS = {"best": 300, "last": 100}
SHOTS = {"protonet-5-shot": 5, "protonet-1-shot": 1, "maml": 1}


def chance(experiment: str) -> float:
    """The accuracy of guessing."""
    return 1 / WAY


def spread(experiment: str) -> float:
    """The standard deviation of the accuracy over sets of fresh glyphs."""
    return SPREAD


def accuracies(
    student: Student, experiment: str, weights: str, pool: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The query accuracy of the run on each of many fresh tasks, [TASKS].

    Args:
        student: answers the probes of `hw2_probe`.
        weights: "best" or "last".
        pool: images of classes to draw tasks from, uint8 [classes, drawings, 28, 28].
    """
    if experiment not in SHOTS:
        raise Unusable(f"there are no fresh tasks for {experiment}")
    found = []
    for _ in range(TASKS[weights] // BATCH):
        support, names, query, answer = draw(pool, SHOTS[experiment], rng)
        logits = student.query_logits(weights, support, names, query)
        found.append(share_right(logits, answer, WAY))
    return np.concatenate(found)


def draw(pool: np.ndarray, shot: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Support images and labels, query images and labels of BATCH tasks, each in random order.

    Images are uint8 [BATCH, n, 28, 28], labels int64 [BATCH, n].
    """
    classes = rng.random((BATCH, len(pool))).argsort(-1)[:, :WAY]
    drawings = rng.random((BATCH, WAY, pool.shape[1])).argsort(-1)
    parts = []
    for first, last in ((0, shot), (shot, shot + QUERIES)):
        names = np.repeat(np.arange(WAY), last - first)
        which = drawings[:, :, first:last].reshape(BATCH, -1)
        order = rng.random(which.shape).argsort(-1)
        task = np.arange(BATCH)[:, None]
        parts += [pool[classes[:, names], which][task, order], names[order]]
    return tuple(parts)
