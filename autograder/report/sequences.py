"""Rows of whole numbers, such as tokens and their labels: what came under what was expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from autograder.judge.comparing import is_whole
from common.pages.templates import fragment

TEMPLATE = "autograder/report/sequences.html"
LONGEST, MOST = 16, 4  # places and rows that are drawn
WIDE, HIGH, HEAD = 34, 20, 66  # of a cell; of the words before a row
NOTHING = "–"  # stands where a row has ended


@dataclass(frozen=True)
class Place:
    """One place of a row: its corner, its number, and whether given and expected differ there."""

    x: int
    y: int
    text: str
    differs: bool


@dataclass(frozen=True)
class Row:
    """One drawn line of numbers; `name` says whether it was expected or given."""

    name: str
    y: int
    places: list[Place]


@dataclass(frozen=True)
class Lines:
    """One row as two drawn lines: expected, and given under it. `number` is its place in the batch."""

    number: int
    rows: list[Row]


def are_rows(given: np.ndarray, expected: np.ndarray) -> bool:
    """Whether both are rows of whole numbers that can be read one by one."""
    whole = all(is_whole(one) or one.dtype == bool for one in (given, expected))
    return whole and given.ndim == expected.ndim and given.ndim in (1, 2) and expected.size > 0


def draw(given: np.ndarray, expected: np.ndarray) -> Markup:
    """Rows around the first place that differs, each twice.

    Args:
        given, expected: [T], maybe of two lengths, or [B, T], of one shape; they differ somewhere.
    """
    given, expected = np.atleast_2d(given.astype(int)), np.atleast_2d(expected.astype(int))
    length = max(given.shape[1], expected.shape[1])
    wrong = _differs(given, expected, length)
    row, place = (int(index[0]) for index in np.nonzero(wrong))
    top = max(0, min(row, len(expected) - MOST))
    left = max(0, min(place - LONGEST // 2, length - LONGEST))
    shown = range(left, min(left + LONGEST, length))
    lines = [
        _lines(number, given, expected, wrong, shown, 2 * (number - top))
        for number in range(top, min(top + MOST, len(expected)))
    ]
    return fragment(
        TEMPLATE,
        lines=lines,
        shown=shown,
        text=_words(given, expected, wrong, row, place),
        several=len(expected) > 1,
        wide=WIDE,
        high=HIGH,
        width=HEAD + WIDE * len(shown) + 2,
        height=(2 * len(lines) + 1) * HIGH + 6 * len(lines),
    )


def _differs(given: np.ndarray, expected: np.ndarray, length: int) -> np.ndarray:
    """[B, T] of the longer one."""
    wrong = np.ones((len(expected), length), bool)
    both = min(given.shape[1], expected.shape[1])
    wrong[:, :both] = given[:, :both] != expected[:, :both]
    return wrong


def _lines(
    number: int,
    given: np.ndarray,
    expected: np.ndarray,
    wrong: np.ndarray,
    shown: range,
    above: int,
) -> Lines:
    rows = []
    for index, (name, values) in enumerate((("expected", expected), ("given", given))):
        y = (above + index + 1) * HIGH + 3 * above
        places = [
            Place(
                HEAD + WIDE * column,
                y,
                str(values[number, place]) if place < values.shape[1] else NOTHING,
                bool(wrong[number, place]),
            )
            for column, place in enumerate(shown)
        ]
        rows.append(Row(name, y, places))
    return Lines(number, rows)


def _words(given: np.ndarray, expected: np.ndarray, wrong: np.ndarray, row: int, place: int) -> str:
    """Say how much differs, and where it begins."""
    count, size = int(wrong.sum()), wrong.size
    where = f"row {row}, place {place}" if len(expected) > 1 else f"place {place}"
    came, right = (
        str(values[row, place]) if place < values.shape[1] else "nothing"
        for values in (given, expected)
    )
    return (
        f"{count} of {size} places differ, in frames; the first is {where}: given {came}, "
        f"expected {right}"
    )
