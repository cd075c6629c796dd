"""Homework 1: N-way K-shot tasks for a memory-augmented network."""

from __future__ import annotations

import re

import numpy as np

from autograder.run.student import Student
from staff.grading.trained.outcome import share_right

TASKS, BATCH = 1000, 250
# Standard deviation of a network's accuracy from one set of fresh glyphs to the next, what its tasks
# explain taken off: `python -m benchmarks.fresh_glyphs hw1 RUNS --times 4`, 16 sets, one network each.
SPREADS = {
    "1-shot-2-way": 0.0035,
    "2-shot-2-way": 0.0037,
    "1-shot-3-way": 0.0087,
    "1-shot-4-way": 0.0146,
}


def size(experiment: str) -> tuple[int, int]:
    """(shot, way), which the experiment's name says."""
    shot, way = re.findall(r"\d+", experiment)
    return int(shot), int(way)


def chance(experiment: str) -> float:
    """The accuracy of guessing."""
    return 1 / size(experiment)[1]


def spread(experiment: str) -> float:
    """The standard deviation of the accuracy over sets of fresh glyphs."""
    return SPREADS.get(experiment, max(SPREADS.values()))


def accuracies(
    student: Student, experiment: str, weights: str, pool: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The query accuracy of the run on each of many fresh tasks, [TASKS].

    Args:
        student: answers the probes of `hw1_probe`.
        weights: "best" or "last".
        pool: images of classes to draw tasks from, uint8 [classes, drawings, 28, 28].
    """
    shot, way = size(experiment)
    found = []
    for _ in range(TASKS // BATCH):
        shown, labels = draw(pool, shot, way, BATCH, rng)
        answer = labels[:, -1].argmax(-1)
        blank = labels.copy()
        blank[:, -1] = 0
        logits = student.query_logits(weights, shown, blank)
        found.append(share_right(logits, answer, way))
    return np.concatenate(found)


def draw(
    pool: np.ndarray, shot: int, way: int, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Tasks: uint8 [count, K + 1, N, 784] and one-hot labels, float32 [count, K + 1, N, N]."""
    classes = rng.random((count, len(pool))).argsort(-1)[:, :way]
    drawings = rng.random((count, way, pool.shape[1])).argsort(-1)[..., : shot + 1]
    names = np.broadcast_to(np.arange(way), (count, shot + 1, way)).copy()
    names[:, -1] = rng.random((count, way)).argsort(-1)
    rows = np.arange(shot + 1)[None, :, None]
    task = np.arange(count)[:, None, None]
    shown = pool[classes[task, names], drawings[task, names, rows]]
    return shown.reshape(count, shot + 1, way, -1), np.eye(way, dtype=np.float32)[names]
