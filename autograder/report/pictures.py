"""Pictures of what differed: small inline SVG with the numbers in words and in a table beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from autograder.report import sequences, steps
from common.pages.templates import fragment

PICTURES = "autograder/report/pictures.html"
LARGEST = 16  # rows and columns of a matrix that are drawn
SIDE = 18  # of a cell
CURVE_FROM = 6  # numbers in a row that make a curve
WIDTH, HEIGHT, EDGE = 300, 120, 8  # of a picture of curves


@dataclass(frozen=True)
class Cell:
    """A square of a matrix: its corner, its colour, and whether it differs most."""

    x: int
    y: int
    colour: str
    value: float
    worst: bool


@dataclass(frozen=True)
class Matrix:
    """A part of a matrix as squares.

    Attributes:
        name: what it is, and its value where they differ most.
        top, left: the indices at which the part begins.
    """

    name: str
    top: int
    left: int
    rows: list[list[Cell]]

    @property
    def width(self) -> int:
        return SIDE * len(self.rows[0])

    @property
    def height(self) -> int:
        return SIDE * len(self.rows)


@dataclass(frozen=True)
class Curves:
    """Two rows of numbers: the points of their lines, what is to be said, and the numbers."""

    expected: str
    given: str
    text: str
    numbers: list[tuple[float, float]]


def pair(given: np.ndarray, expected: np.ndarray, start: np.ndarray | None = None) -> Markup:
    """What was given beside what was expected: a step, rows of whole numbers, two curves, or two
    matrices on one scale.

    Args:
        given, expected: arrays of one shape, with at least one axis, or rows of whole numbers.
        start: where a step began that leads to them.
    """
    given, expected = np.asarray(given), np.asarray(expected)
    if sequences.are_rows(given, expected) and not _are_alike(given, expected):
        return sequences.draw(given, expected)
    given, expected = given.astype(np.float64), expected.astype(np.float64)
    if not given.size:
        return Markup()
    step = Markup()
    if start is not None and steps.is_step(given, expected, start):
        step = steps.draw(given, expected, start)
    return step + _numbers(given, expected)


def _are_alike(given: np.ndarray, expected: np.ndarray) -> bool:
    return given.shape == expected.shape and bool((given == expected).all())


def _numbers(given: np.ndarray, expected: np.ndarray) -> Markup:
    """Two curves, or two matrices."""
    if given.ndim == 1 and given.size >= CURVE_FROM:
        drawn = _curves(given, expected)
        return fragment(PICTURES, curves=drawn, matrices=[], width=WIDTH, height=HEIGHT)
    place, matrices = _matrices(given, expected)
    return fragment(PICTURES, curves=None, matrices=matrices, place=place, side=SIDE)


def _matrices(given: np.ndarray, expected: np.ndarray) -> tuple[str, list[Matrix]]:
    """Cut both arrays around the largest difference; return where that part lies, and both parts."""
    furthest = int(np.argmax(np.abs(given - expected)))
    worst = tuple(map(int, np.unravel_index(furthest, given.shape)))
    lead = worst[:-2]
    given, expected = np.atleast_2d(given[lead]), np.atleast_2d(expected[lead])
    row, column = (0, *worst)[-2:]
    top, left = _first(row, given.shape[0]), _first(column, given.shape[1])
    window = slice(top, top + LARGEST), slice(left, left + LARGEST)
    scale = float(np.abs(expected[window]).max(initial=0.0)) or 1.0
    mark = row - top, column - left
    return _place(lead, window, given.shape), [
        Matrix(f"{name}: {values[row, column]:.4g}", top, left, _cells(values[window], scale, mark))
        for name, values in (("given", given), ("expected", expected))
    ]


def _place(lead: tuple[int, ...], window: tuple[slice, slice], shape: tuple[int, ...]) -> str:
    """Name the part of an array that is drawn; "" when it is the whole array."""
    drawn = [f"{index}" for index in lead]
    for part, size in zip(window, shape):
        whole = size <= LARGEST
        drawn.append(":" if whole else f"{part.start}:{min(part.stop, size)}")
    return f"[{', '.join(drawn)}]" if set(drawn) != {":"} else ""


def _first(index: int, size: int) -> int:
    """The first index of a window of the largest size that shows `index`."""
    return max(0, min(index - LARGEST // 2, size - LARGEST))


def _cells(values: np.ndarray, scale: float, mark: tuple[int, int]) -> list[list[Cell]]:
    """Squares coloured by value; the one that differs most has a frame."""
    return [
        [
            Cell(x * SIDE + 1, y * SIDE + 1, _colour(value / scale), value, (y, x) == mark)
            for x, value in enumerate(row)
        ]
        for y, row in enumerate(values)
    ]


def _curves(given: np.ndarray, expected: np.ndarray) -> Curves:
    """Both rows of numbers over their index: expected as a line, given dashed."""
    both = np.concatenate([given, expected])
    low, high = float(both.min()), float(both.max())
    span = high - low or 1.0
    across = np.linspace(EDGE, WIDTH - EDGE, len(given))

    def points(values: np.ndarray) -> str:
        up = HEIGHT - EDGE - (values - low) / span * (HEIGHT - 2 * EDGE)
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up))

    worst = int(np.argmax(np.abs(given - expected)))
    text = (
        f"{len(given)} numbers from {low:.4g} to {high:.4g}; given dashed, expected a line. They "
        f"differ most at {worst}: given {given[worst]:.4g}, expected {expected[worst]:.4g}"
    )
    numbers = list(zip(given.tolist(), expected.tolist()))
    return Curves(points(expected), points(given), text, numbers)


def _colour(value: float) -> str:
    """Orange below zero, blue above, grey at zero; black where there is no number."""
    if not np.isfinite(value):
        return "#000000"
    share = min(abs(value), 1.0)
    full = (0, 114, 178) if value > 0 else (213, 94, 0)
    return "#" + "".join(f"{round(225 + (c - 225) * share):02x}" for c in full)
