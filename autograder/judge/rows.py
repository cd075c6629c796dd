"""What the inputs of the rows have in common that are wrong, where the other rows are right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.judge.survey import Inputs, Survey
from autograder.judge.units import Units, call_of, is_numeric, leaf_of, stands_alone

FEWEST_RIGHT = 2  # rows that are right

Marks = list[tuple[Inputs, np.ndarray]]  # for each call its inputs, and which rows are wrong: [N]


def _is_empty(row: Any) -> bool:
    return isinstance(row, (list, tuple, str)) and len(row) == 0


def _is_zero(row: Any) -> bool:
    return is_numeric(row) and np.size(row) > 0 and not np.any(row)


_PROPERTIES: dict[str, Callable[[Any], bool]] = {
    "is empty": _is_empty,
    "is zero, or holds only zeros": _is_zero,
}


def rows_where(surveys: dict[str, Survey], student: Units, solution: Units) -> Iterator[str]:
    """Sentences that hold for every row of an output in all calls."""
    for check, survey in surveys.items():
        for leaf, calls in _wrong_rows(check, survey, student, solution).items():
            wrong = np.concatenate([rows for _, rows in calls])
            if not wrong.any() or int((~wrong).sum()) < FEWEST_RIGHT:
                continue
            for name in calls[0][0]:
                for words, holds in _PROPERTIES.items():
                    if all(_marks(given.get(name), holds, rows) for given, rows in calls):
                        what = f"of `{leaf}` " if leaf else ""
                        yield f"The rows {what}whose part of `{name}` {words} are wrong."


def _wrong_rows(check: str, survey: Survey, student: Units, solution: Units) -> dict[str, Marks]:
    """Output → which of its rows are wrong, in every call."""
    found: dict[str, Marks] = defaultdict(list)
    for key, right in solution.items():
        came = student.get(key)
        if stands_alone(key) or came is None or not (is_numeric(right) and is_numeric(came)):
            continue
        owner, _, number = call_of(key).rpartition("/")
        if (
            owner == check
            and np.ndim(right)
            and np.size(right)
            and np.shape(came) == np.shape(right)
        ):
            found[leaf_of(key)].append((survey.given(int(number)), _differs(came, right)))
    return found


def _differs(came: Any, right: Any) -> np.ndarray:
    """[N] whether some number of a row differs."""
    came, right = np.asarray(came, np.float64), np.asarray(right, np.float64)
    room = 1e-5 + 1e-3 * np.abs(right[np.isfinite(right)]).max(initial=0.0)
    return ~(np.abs(came - right) <= room).reshape(len(right), -1).all(1)


def _marks(value: Any, holds: Callable[[Any], bool], wrong: np.ndarray) -> bool:
    """Whether an input has a row for each of the output, with the property where that is wrong."""
    if not isinstance(value, (list, tuple, np.ndarray)) or np.ndim(wrong) != 1:
        return False
    rows = list(value) if not isinstance(value, np.ndarray) or value.ndim else []
    return len(rows) == len(wrong) and [holds(row) for row in rows] == wrong.tolist()
