"""What the outputs of each call are multiplied by."""

from __future__ import annotations

import numpy as np

from autograder.judge.fingerprints import DIRECTIONS, FLOOR
from autograder.judge.known import Table

CLOSE = 1e-3  # of the largest number, where fingerprints are added or divided

Factors = dict[str, float]  # call → what its outputs are multiplied by


def wrong_by_call(table: Table) -> dict[str, np.ndarray]:
    """Call → its wrong units."""
    return by_call(table, table.wrong)


def by_call(table: Table, which: np.ndarray) -> dict[str, np.ndarray]:
    """Call → those of its units that are marked.

    Args:
        which: [U] the marks.
    """
    found: dict[str, list[int]] = {}
    for column in np.flatnonzero(which).tolist():
        found.setdefault("/".join(table.keys[column].split("/", 2)[:2]), []).append(column)
    return {call: np.array(columns) for call, columns in found.items()}


def are_near(factors: list[float], one: float) -> bool:
    """Whether all factors are this one."""
    return all(abs(factor - one) <= CLOSE * abs(one) for factor in factors)


def is_one(factors: Factors) -> bool:
    """Whether the factor is the same in every call."""
    values = list(factors.values())
    return are_near(values, values[0])


def factor(
    marks: np.ndarray, numbers: np.ndarray, table: Table, columns: np.ndarray, sizes: np.ndarray
) -> float | None:
    """Return the factor from outputs of one call to the student's; None where no factor leads there.

    Args:
        marks, numbers: fingerprints of the outputs, [U] and [U, WIDTH].
        columns: the units of the call.
    """
    if (marks[columns] != table.marks[columns]).any():
        return None
    known = numbers[columns, :DIRECTIONS].astype(float)
    seen = table.numbers[columns, :DIRECTIONS].astype(float)
    if sizes[columns][(np.abs(known) > FLOOR).any(1)].max(initial=0) < 2:
        return None  # any two single numbers are multiples of each other
    found = float((known * seen).sum() / (known**2).sum())
    room = 10 * FLOOR + CLOSE * np.abs(table.numbers[columns, DIRECTIONS:])
    return found if bool((np.abs(seen - found * known) <= room).all()) else None
