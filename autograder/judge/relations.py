"""A simple map from what was expected to what came, where there is one.

A relation says how two outputs differ, never why. It counts only where a coincidence is unlikely:
over at least eight independent numbers, or in two calls.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from autograder.judge.units import same

ENOUGH = 8  # independent numbers make a coincidence unlikely
FEWEST = 3  # of which one alone can be wrong
SIMPLE = (-1.0, 2.0, -2.0, 0.5, -0.5)  # factors that need no name


@dataclass(frozen=True)
class Relation:
    """How what came follows from what was expected.

    `slug` names the kind; `value` is its number (a factor, an offset), where it has one; `text`
    completes "what came is …".
    """

    slug: str
    text: str
    value: float | None = None


def relation(came: np.ndarray, expected: np.ndarray) -> Relation | None:
    """The simplest relation of two outputs that differ, or None."""
    came, expected = np.asarray(came, np.float64), np.asarray(expected, np.float64)
    if not (np.isfinite(came).all() and np.isfinite(expected).all()) or not expected.size:
        return None
    kinds = _OF_ONE_SHAPE if came.shape == expected.shape else _OF_TWO_SHAPES
    with np.errstate(all="ignore"):
        return next((found for kind in kinds for found in kind(came, expected)), None)


Found = Iterator[Relation]


def _zero(came: np.ndarray, expected: np.ndarray) -> Found:
    if same(came, np.zeros_like(came)) and expected.any():
        yield Relation("zero", "zero everywhere")


def _factor(came: np.ndarray, expected: np.ndarray) -> Found:
    factor = float((came * expected).sum() / max((expected**2).sum(), 1e-300))
    if abs(factor) > 1e-9 and same(came, factor * expected):
        yield Relation("factor", f"{number(factor)} times what was expected", factor)


def offset(came: np.ndarray, expected: np.ndarray) -> Found:
    """Say what was added, where it is one number."""
    added = came - expected
    scale = max(np.abs(expected).max(), np.abs(added).max())
    if np.ptp(added) <= 1e-5 + 1e-3 * scale:
        value = float(added.flat[0])
        yield Relation("offset", f"what was expected plus {number(value)}", value)


def _order(came: np.ndarray, expected: np.ndarray) -> Found:
    for one, other in itertools.combinations(range(came.ndim), 2):
        if came.shape[one] == came.shape[other] and same(came, np.swapaxes(expected, one, other)):
            yield Relation("transposed", f"what was expected with axes {one} and {other} exchanged")
    for axis in range(came.ndim):
        if came.shape[axis] < 2:
            continue
        if same(came, np.flip(expected, axis)):
            yield Relation("reversed", f"what was expected in reverse order along axis {axis}")
        for shift in (1, -1):
            if same(came, np.roll(expected, shift, axis)):
                yield Relation("shifted", f"what was expected moved by one along axis {axis}")
        if _permuted(came, expected, axis):
            yield Relation("permuted", f"what was expected in another order along axis {axis}")


def _permuted(came: np.ndarray, expected: np.ndarray, axis: int) -> bool:
    """Whether each slice of one is a slice of the other."""
    if came.size // came.shape[axis] < 3 or came.shape[axis] > 64:
        return False
    one = np.moveaxis(came, axis, 0).reshape(came.shape[axis], -1)
    other = np.moveaxis(expected, axis, 0).reshape(came.shape[axis], -1)
    nearest = np.abs(one[:, None] - other[None]).max(-1).argmin(1)
    return len(set(nearest.tolist())) == len(one) and same(one, other[nearest])


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


_FUNCTIONS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "square": ("the square of what was expected", np.square),
    "root": ("the root of what was expected", np.sqrt),
    "exponential": ("the exponential of what was expected", np.exp),
    "logarithm": ("the logarithm of what was expected", np.log),
    "absolute": ("the absolute value of what was expected", np.abs),
    "sigmoid": ("the sigmoid of what was expected", lambda x: 1 / (1 + np.exp(-x))),
    "clamped": ("what was expected, with zero for negative numbers", lambda x: np.maximum(x, 0)),
    "inverse": ("one divided by what was expected", lambda x: 1 / x),
    "rounded": ("what was expected, rounded", np.round),
}


def function(came: np.ndarray, expected: np.ndarray) -> Found:
    """The functions of what was expected that give what came."""
    for slug, (text, formula) in _FUNCTIONS.items():
        with np.errstate(all="ignore"):
            value = formula(expected)
        if np.isfinite(value).all() and same(came, value):
            yield Relation(slug, text)
    for axis in range(came.ndim):
        if came.shape[axis] < 2:
            continue
        soft = _softmax(expected, axis)
        if same(came, soft):
            yield Relation("softmax", f"the softmax of what was expected, over axis {axis}")
        if same(came, np.log(soft)):
            yield Relation("log_softmax", f"the log softmax of what was expected, over axis {axis}")
        if same(came, np.cumsum(expected, axis)):
            yield Relation("cumulative", f"the running sum of what was expected, along axis {axis}")


def _probabilities(came: np.ndarray, expected: np.ndarray) -> Found:
    """Rows that sum to one, in numbers or in their logarithms, where other numbers are expected."""
    for axis in range(came.ndim):
        if came.shape[axis] < 2 or came.size < ENOUGH:
            continue
        for slug, kind, values, right in (
            ("probabilities", "probabilities", came, expected),
            ("log_probabilities", "logarithms of probabilities", np.exp(came), np.exp(expected)),
        ):
            if (values >= 0).all() and _sum_to_one(values, axis) and not _sum_to_one(right, axis):
                text = (
                    f"made of {kind}: they sum to one along axis {axis}, where others are expected"
                )
                yield Relation(slug, text)


def _sum_to_one(values: np.ndarray, axis: int) -> bool:
    """Whether rows sum to one, and are not all ones and zeros."""
    if not ((values > 1e-6) & (values < 1 - 1e-6)).any():
        return False
    return bool((np.abs(values.sum(axis) - 1) <= 1e-4).all())


def _partly_constant(came: np.ndarray, expected: np.ndarray) -> Found:
    for axis in range(came.ndim):
        if came.shape[axis] < 3 or came.size == came.shape[axis]:
            continue
        if _constant(came - expected, axis, np.abs(expected).max()):
            yield Relation(
                "offset_along",
                f"what was expected plus something that is the same along axis {axis}",
            )
        if _constant(came, axis, np.abs(came).max()) and came.any():
            yield Relation("constant_along", f"the same all along axis {axis}")


def _constant(array: np.ndarray, axis: int, scale: float) -> bool:
    return bool((np.ptp(array, axis) <= 1e-5 + 1e-3 * scale).all())


def _partly_right(came: np.ndarray, expected: np.ndarray) -> Found:
    """Right in some slices of an axis and wrong in all others."""
    room = 1e-5 + 1e-3 * np.abs(expected).max()
    wrong = np.abs(came - expected) > room
    for axis in range(came.ndim):
        others = tuple(i for i in range(came.ndim) if i != axis)
        slices = wrong.any(others) if others else wrong
        count = int(slices.sum())
        if len(slices) < 2 or count == len(slices) or not _clear(wrong, slices, axis):
            continue
        wrong_at, right_at = np.flatnonzero(slices), np.flatnonzero(~slices)
        if count == 1 and (place := _place(int(wrong_at[0]), len(slices), axis)):
            yield Relation("wrong_at", f"right except at {place}")
        elif len(right_at) == 1 and (place := _place(int(right_at[0]), len(slices), axis)):
            yield Relation("right_at", f"right only at {place}")


def _one_place(came: np.ndarray, expected: np.ndarray) -> Found:
    """Right but for a single number; its value is what came there."""
    wrong = np.abs(came - expected) > 1e-5 + 1e-3 * np.abs(expected).max()
    if wrong.size >= FEWEST and int(wrong.sum()) == 1:
        at = ", ".join(str(int(index)) for index in np.argwhere(wrong)[0])
        yield Relation("one_place", f"right except at [{at}]", float(came[wrong][0]))


def moved(came: np.ndarray, expected: np.ndarray, start: np.ndarray, name: str) -> Found:
    """A step from an input that goes the right way and not the right distance."""
    came, expected, start = (np.asarray(one, np.float64) for one in (came, expected, start))
    step, due = came - start, expected - start
    if np.unique(np.round(due, 6)).size < ENOUGH or not np.isfinite(step).all():
        return
    times = float((step * due).sum() / (due**2).sum())
    if abs(times) > 1e-3 and same(step, times * due):
        text = f"{number(times)} times as far from the input `{name}` as it should be"
        yield Relation("moved", text, times)


def _clear(wrong: np.ndarray, slices: np.ndarray, axis: int) -> bool:
    """Whether most numbers of the wrong slices are wrong."""
    return float(np.moveaxis(wrong, axis, 0)[slices].mean()) >= 0.5


def _place(index: int, length: int, axis: int) -> str:
    """The first or the last place in words; "" for all between, which may be chance."""
    name = {0: "the first place", length - 1: "the last place"}.get(index, "")
    return name and f"{name} of axis {axis}"


def _other_shape(came: np.ndarray, expected: np.ndarray) -> Found:
    if came.size == expected.size and same(came.ravel(), expected.ravel()):
        yield Relation("reshaped", "the right numbers in another shape")
    if came.ndim == expected.ndim >= 2 and same(came, np.swapaxes(expected, -1, -2)):
        yield Relation("transposed", "what was expected with its last two axes exchanged")
    for axis in range(expected.ndim):
        for slug, text, reduce in (("summed", "sum", np.sum), ("averaged", "mean", np.mean)):
            if same(came, reduce(expected, axis)):
                yield Relation(slug, f"the {text} of what was expected, over axis {axis}")
        if came.ndim == expected.ndim and _part(came, expected, axis):
            yield Relation("cut", f"what was expected, cut short along axis {axis}")


def _part(came: np.ndarray, expected: np.ndarray, axis: int) -> bool:
    """Whether one is the beginning or the end of the other."""
    size = came.shape[axis]
    if not 0 < size < expected.shape[axis]:
        return False
    first = np.take(expected, range(size), axis)
    last = np.take(expected, range(expected.shape[axis] - size, expected.shape[axis]), axis)
    return same(came, first) or same(came, last)


NEARLY = 0.05  # relative


def nearly(came: np.ndarray, expected: np.ndarray) -> Relation | None:
    """Whether all numbers that are wrong are so by little.

    Args:
        came, expected: of all outputs that are wrong, in a row.
    """
    off = np.abs(came - expected)
    if int(_are_wrong(came, expected).sum()) < 2 or (off > NEARLY * np.abs(expected)).any():
        return None
    furthest = float((off / np.maximum(np.abs(expected), 1e-12)).max())
    return Relation("nearly", f"nearly what was expected: off by {100 * furthest:.2g} % at most")


def _are_wrong(came: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.abs(came - expected) > 1e-5 + 1e-3 * np.abs(expected)


def bounded(came: np.ndarray, expected: np.ndarray) -> Relation | None:
    """How all numbers of one output follow from what was expected, the right ones among them.

    Args:
        came, expected: of all calls, in a row.
    """
    wrong = _are_wrong(came, expected)
    if int(wrong.sum()) < 2:
        return None
    bound = float(came[wrong][0])
    over, under = (bool((sign * expected[wrong] > sign * bound).all()) for sign in (1, -1))
    sign, words = (1, "larger") if over else (-1, "smaller")
    inside = (sign * expected[~wrong] <= sign * bound * (1 + 1e-3)).all()
    constant = np.ptp(came[wrong]) <= 1e-5 + 1e-3 * abs(bound)
    if (over or under) and constant and inside and int((~wrong).sum()) >= 2:
        text = f"{number(bound)} wherever what was expected is {words}"
        return Relation("bounded", text, bound)
    return None


_OF_ONE_SHAPE = (
    _zero,
    _factor,
    offset,
    _order,
    function,
    _probabilities,
    _partly_constant,
    _partly_right,
    _one_place,
)
_OF_TWO_SHAPES = (_other_shape,)


def number(value: float) -> str:
    """A number as a student would write it: 3, -0.5, 1/3, 0.6931."""
    if not value:
        return "0"
    if abs(value - round(value)) <= 1e-3 * max(abs(value), 1e-9):
        return str(round(value))
    inverse = 1 / value
    if 2.5 < abs(inverse) < 1000 and abs(inverse - round(inverse)) <= 1e-3 * abs(inverse):
        return f"{'-' if inverse < 0 else ''}1/{abs(round(inverse))}"
    return f"{value:.4g}"
