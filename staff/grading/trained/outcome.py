"""The result of measuring a run: its accuracy and notes, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from autograder.report.record import CheckResult
from autograder.run.notes import Note


@dataclass
class Measured:
    """Rows, accuracies and notes of the runs of one submission."""

    rows: list[CheckResult] = field(default_factory=list)
    accuracy: dict[str, float] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


class Unusable(Exception):
    """A run that earns nothing; the text says why."""


class NotHere(Exception):
    """The grader lacks the data that a run was trained on: staff must act, not the student."""


def share_right(logits: np.ndarray, answer: np.ndarray, way: int) -> np.ndarray:
    """The share of the queries of each task that a run's logits get right, [T].

    Args:
        logits: [T, Q, way], as the student's network gave them.
        answer: the right classes, [T, Q].

    Raises:
        Unusable: when they are not logits for these queries.
    """
    logits, shape = np.asarray(logits), (*answer.shape, way)
    if logits.shape != shape or logits.dtype.kind != "f":
        raise Unusable(
            f"the network gave logits of shape {list(logits.shape)}, expected {list(shape)}"
        )
    if not np.isfinite(logits).all():
        raise Unusable("the network gave logits that are not finite")
    return (logits.argmax(-1) == answer).mean(-1)
