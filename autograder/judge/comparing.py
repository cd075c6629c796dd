"""Exact type and shape, finite, then error <= tolerance; and words for what differs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from autograder.judge import survey
from autograder.judge.drawn import DrawnTask

RTOL, ATOL = 1e-3, 1e-5
FEW = 8  # whole numbers in a row that are told all
TOLD = 3  # single numbers of a sequence that differ


_drawn: ContextVar[DrawnTask | None] = ContextVar("_drawn", default=None)


class Pair(NamedTuple):
    """What was given and what was expected, for a picture of both.

    They have one shape, or are rows of whole numbers of any length. `start` is where a step began
    that leads to them.
    """

    given: np.ndarray
    expected: np.ndarray
    start: np.ndarray | None = None


def is_whole(values: np.ndarray) -> bool:
    """Whether an array holds whole numbers; truth values are none."""
    return np.asarray(values).dtype.kind in "iu"


class Mismatch(AssertionError):
    """`what` differed, and the `idea` to look at; the idea is shown from hint level 2.

    `pair` holds both values, for a picture of them; `drawn` is what was drawn at random.
    """

    def __init__(self, what: str, idea: str = "", pair: Pair | None = None) -> None:
        super().__init__(what)
        self.what, self.idea, self.pair, self.drawn = what, idea, pair, _drawn.get()


def show_drawn(task: DrawnTask | None) -> None:
    """Keep the task that was drawn at random, to be shown beside what differs from now on."""
    _drawn.set(task)


def _noted(condition: Callable[..., None]) -> Callable[..., None]:
    """While a survey runs, whether the condition holds is noted, and nothing is raised."""

    @functools.wraps(condition)
    def noting(*args: Any, **kwargs: Any) -> None:
        with survey.condition() as note:
            if note is None:
                return condition(*args, **kwargs)
            try:
                condition(*args, **kwargs)
            except Mismatch as mismatch:
                note(False, mismatch.what, condition.__name__ == "assert_matches")
            else:
                note(True, "", False)

    return noting


@_noted
def require(holds: bool, what: str, idea: str = "") -> None:
    """Fail with `what` unless the condition holds. (Write it so that NaN does not hold.)

    Raises:
        Mismatch: when it does not.
    """
    if not holds:
        raise Mismatch(what, idea)


@_noted
def require_unchanged(student: Any, *names: str) -> None:
    """Fail when the last call wrote to one of its inputs.

    Args:
        names: what the inputs are called in the handout, in the order of the call.
    """
    for changed in student.changed:
        position = int(changed) if str(changed).isdigit() else None
        name = names[position] if position is not None and position < len(names) else changed
        raise Mismatch(
            f"the function changed its input `{name}`",
            "The caller still needs it: work on a copy, or make a new tensor.",
        )


@_noted
def require_numbers(array: np.ndarray, label: str) -> None:
    """Fail unless every element is a real, finite number.

    Args:
        label: what the value is called in the message.
    """
    if array.dtype.kind not in "buif":
        raise Mismatch(f"the dtype of {label} is {array.dtype}; expected real numbers")
    bad = ~np.isfinite(array.astype(np.float64))
    if bad.any():
        first = np.unravel_index(int(np.argmax(bad)), array.shape) if array.ndim else ()
        raise Mismatch(
            f"{array[first]} in {label} ({int(bad.sum())} of {array.size} numbers are not finite)",
            "Look for a logarithm or division of zero, or an overflow.",
        )


def close(seen: Any, expected: Any, rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Whether two finite arrays of one shape agree within atol + rtol * largest |expected|."""
    seen, expected = np.asarray(seen), np.asarray(expected)
    if seen.shape != expected.shape or seen.dtype.kind not in "buif":
        return False
    seen, expected = seen.astype(np.float64), expected.astype(np.float64)
    if not np.isfinite(seen).all():
        return False
    scale = np.abs(expected).max(initial=0.0)
    return bool((np.abs(seen - expected) <= atol + rtol * scale).all())


@_noted
def assert_matches(
    seen: Any,
    expected: Any,
    idea: str = "",
    *,
    name: str = "",
    rtol: float = RTOL,
    atol: float = ATOL,
    start: Any = None,
) -> None:
    """Compare two trees of values leaf by leaf.

    Numbers of any precision and 0-d arrays are alike; shapes must be equal to the letter; every
    number must be finite. The tolerance is relative to the largest expected number of a leaf.

    Args:
        seen: what the student's code gave.
        expected: what is right: recorded or calculated by the check.
        idea: what to look at when it differs; never a line of a solution.
        name: what the value is called in the message.
        start: where a step began that leads to the value; a picture then shows the step.

    Raises:
        Mismatch: at the first leaf that differs.
    """
    label = name or "the result"
    if isinstance(expected, dict):
        require(type(seen) is dict, f"{label} should be a dictionary, not {_kind(seen)}", idea)
        missing = [key for key in expected if key not in seen]
        require(not missing, f"{label} lacks {', '.join(missing)}", idea)
        for key, value in expected.items():
            part = f"{name}, {key}" if name else key
            assert_matches(seen[key], value, idea, name=part, rtol=rtol, atol=atol)
    elif isinstance(expected, (list, tuple)):
        require(
            type(seen) in (list, tuple), f"{label} should be a sequence, not {_kind(seen)}", idea
        )
        require(
            len(seen) == len(expected),
            f"{len(seen)} parts in {label}; {len(expected)} were expected",
            idea,
        )
        _compare_parts(seen, expected, idea, name, rtol, atol)
    elif expected is None or isinstance(expected, str):
        same = type(seen) is type(expected) and seen == expected
        require(same, f"{label} is {seen!r}; expected {expected!r}", idea)
    else:
        begin = None if start is None else np.asarray(start)
        _compare_numbers(seen, np.asarray(expected), label, idea, rtol, atol, begin)


def _compare_parts(
    seen: Sequence, expected: Sequence, idea: str, name: str, rtol: float, atol: float
) -> None:
    """Compare a sequence part by part; of single numbers all that differ are told."""
    told: list[str] = []
    for index, (one, other) in enumerate(zip(seen, expected)):
        part = f"{name}[{index}]" if name else f"part {index} of the result"
        try:
            assert_matches(one, other, idea, name=part, rtol=rtol, atol=atol)
        except Mismatch as mismatch:
            if not _is_one_number(other):
                raise
            told.append(mismatch.what if not told else mismatch.what.removeprefix(name))
    if told:
        more = f"; {len(told) - TOLD} more differ" if len(told) > TOLD else ""
        raise Mismatch("; ".join(told[:TOLD]) + more, idea)


def _is_one_number(expected: Any) -> bool:
    return isinstance(expected, (bool, int, float, np.ndarray, np.generic)) and not np.ndim(
        expected
    )


def _compare_numbers(
    seen: Any,
    expected: np.ndarray,
    label: str,
    idea: str,
    rtol: float,
    atol: float,
    start: np.ndarray | None,
) -> None:
    if seen is None:
        raise Mismatch(f"{label} is None", "Does every path end in a return statement?")
    if not isinstance(seen, (bool, int, float, np.ndarray, np.generic)):
        raise Mismatch(f"{label} should be a number or an array, not {_kind(seen)}", idea)
    array = np.asarray(seen)
    if array.shape != expected.shape:
        rows = array.ndim == expected.ndim == 1 and is_whole(array) and is_whole(expected)
        raise Mismatch(
            f"the shape of {label} is {list(array.shape)}; expected {list(expected.shape)}",
            idea,
            Pair(array, expected) if rows else None,
        )
    require_numbers(array, label)
    if not close(array, expected, rtol, atol):
        pair = Pair(array, expected, start) if array.ndim else None
        raise Mismatch(_difference(array, expected, label, rtol, atol), idea, pair)


def _difference(
    seen: np.ndarray, expected: np.ndarray, label: str, rtol: float, atol: float
) -> str:
    """Where and by how much two arrays of one shape differ, and a pattern where there is one."""
    whole = is_whole(seen) and is_whole(expected)
    seen, expected = np.asarray(seen, np.float64), np.asarray(expected, np.float64)
    pattern = _pattern(seen, expected, rtol, atol)
    tail = f" ({pattern})" if pattern else ""
    if seen.ndim == 0:
        return f"{label} is {_number(seen)}; expected {_number(expected)}{tail}"
    error = np.abs(seen - expected)
    wrong = ~(error <= atol + rtol * np.abs(expected).max(initial=0.0))
    worst = np.unravel_index(int(np.argmax(error)), error.shape)
    at = ", ".join(str(int(i)) for i in worst)
    if whole and seen.ndim == 1 and seen.size <= FEW:
        came, right = (f"[{', '.join(map(_number, row))}]" for row in (seen, expected))
        return f"{label}: they are {came}; expected {right}{tail}"
    return (
        f"{label}: {int(wrong.sum())} of {seen.size} numbers differ; at [{at}] it is "
        f"{_number(seen[worst])}, expected {_number(expected[worst])}{tail}"
    )


def _pattern(seen: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> str:
    """A simple relation between the two that says more than numbers do."""

    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return close(a, b, rtol, atol)

    if same(seen, np.zeros_like(seen)):
        return "all zero"
    if same(-seen, expected):
        return "the opposite sign"
    if expected.size and np.abs(expected).max() > 0:
        factor = float((seen * expected).sum() / (expected**2).sum())
        if same(seen, factor * expected) and (seen.size > 1 or _telling(factor)):
            how = "too large" if abs(factor) > 1 else "too small"
            return f"everything is {how}: {_number(factor)} times what it should be"
    if seen.ndim >= 1 and seen.size > 1:
        for a in range(seen.ndim):
            for b in range(a):
                if seen.shape[a] == seen.shape[b] and same(np.swapaxes(seen, a, b), expected):
                    return f"axes {b} and {a} are exchanged"
        if same(np.sort(seen, axis=None), np.sort(expected, axis=None)):
            return "the right numbers in another order"
        offset = seen - expected
        if np.ptp(offset) <= atol + rtol * np.abs(expected).max():
            return f"everything is off by {_number(offset.flat[0])}"
    return ""


def _telling(factor: float) -> bool:
    """Whether a factor between two single numbers is one that a slip gives: 2, 3, … or 1/2, 1/3, …"""
    size = abs(factor)
    whole = size if size >= 1 else 1 / size if size else 0.0
    return 1.5 < whole < 100 and abs(whole - round(whole)) <= RTOL * whole


def _number(value: Any) -> str:
    return f"{float(value):.5g}"


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {list(value.shape)}"
    return f"{type(value).__name__}"
