"""What a run gave, taken apart into the smallest outputs that can be wrong by themselves.

A unit is one leaf of one call's value (a loss, the gradient by one parameter), the inputs that the
call changed, how it failed, or one condition of the check that is more than a comparison. Its key is
readable and stays the same while the check does: `test_mann::test_loss/3/gradient`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from autograder.judge.exceptions import OF_SIZES, meaning
from autograder.judge.survey import Survey

Units = dict[str, Any]

CHANGED, ERROR, CONDITION = "changed inputs", "error", "condition"
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_WORDS_KEPT = 80  # characters of an exception's text; shapes and sizes differ between versions


def units(check: str, survey: Survey, random: bool) -> Units:
    """The units of one check.

    Args:
        random: whether the check's outcomes depend on how numbers are drawn: then all its
            conditions stand for them.
    """
    found: Units = {}
    for call, outcome in enumerate(survey.outcomes):
        found[f"{check}/{call}/{ERROR}"] = failure(outcome)
        if "error" not in outcome and not random:
            found[f"{check}/{call}/{CHANGED}"] = ", ".join(map(str, outcome["changed"]))
            for path, leaf in leaves(outcome["value"]):
                found[f"{check}/{call}/{path}"] = leaf
    for condition in survey.conditions:
        if random or not condition.compares:
            found[f"{check}/{CONDITION}/{condition.key}"] = condition.holds
    return found


def summaries(check: str, survey: Survey) -> Units:
    """Return [4] for every numeric output: least, mean and largest number, and share of zeros."""
    found: Units = {}
    for call, outcome in enumerate(survey.outcomes):
        if "error" in outcome:
            continue
        for path, leaf in leaves(outcome["value"]):
            if is_numeric(leaf) and np.size(leaf) and np.isfinite(leaf).all():
                found[f"{check}/{call}/{path}"] = summary(leaf)
    return found


def summary(leaf: Any) -> np.ndarray:
    """The least, mean and largest number of a leaf, and the share of zeros: [4]."""
    array = np.asarray(leaf, np.float64)
    return np.array([array.min(), array.mean(), array.max(), (array == 0).mean()])


def of_free_numbers(run: Units, free: Iterable[str]) -> Units:
    """Summaries of single numbers in which right versions differ: they have a size all the same."""
    return {
        key: summary(run[key])
        for key in free
        if key in run and is_numeric(run[key]) and np.size(run[key]) == 1 and np.isfinite(run[key])
    }


def numbers_said(check: str, survey: Survey, random: bool) -> Units:
    """The numbers in what a check says: of exceptions that speak of sizes and, where it draws at
    random, of the conditions that do not hold."""
    found: Units = {}
    for call, outcome in enumerate(survey.outcomes):
        said = meaning(outcome["error"]) if "error" in outcome else None
        if said is not None and said.slug in OF_SIZES:
            found[f"{check}/{call}/{ERROR}"] = _numbers(str(outcome["error"].get("text", "")))
    for condition in survey.conditions if random else ():
        if not condition.holds:
            found[f"{check}/{CONDITION}/{condition.key}"] = _numbers(condition.what)
    return {key: numbers for key, numbers in found.items() if numbers.size}


def _numbers(text: str) -> np.ndarray:
    return np.array([float(number) for number in _NUMBER.findall(text)])


def failure(outcome: dict) -> str:
    """Return how a call failed, without the numbers in it; "" when it did not."""
    error = outcome.get("error")
    if error is None:
        return ""
    text = _DIGITS.sub("#", str(error.get("text", "")))[:_WORDS_KEPT]
    return f"{error.get('kind')} {error.get('type', '')}: {text}"


def call_of(key: str) -> str:
    """Return the call that a unit belongs to, as `check/number`; for a condition, the check."""
    check, call, _ = key.split("/", 2)
    return check if call == CONDITION else f"{check}/{call}"


def stands_alone(key: str) -> bool:
    """Whether a unit is a condition. One that a run did not reach says nothing about that run."""
    return f"/{CONDITION}/" in key


def leaf_of(key: str) -> str:
    """Return the name of a unit in its call: `gradient`, or "" where the call gives one value."""
    return key.split("/", 2)[2]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, leaf) of a value: rows of numbers are arrays."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)) and not _is_a_row(value):
        yield f"{path}.length" if path else "length", len(value)
        for index, part in enumerate(value):
            yield from leaves(part, f"{path}[{index}]")
    else:
        yield path, np.asarray(value) if isinstance(value, (list, tuple)) else value


def _is_a_row(value: list | tuple) -> bool:
    return all(isinstance(part, (bool, int, float)) for part in value)


def same(one: Any, other: Any, rtol: float = 1e-3, atol: float = 1e-5) -> bool:
    """Whether two leaves are alike: arrays of one shape within tolerance, the rest exactly."""
    if not (is_numeric(one) and is_numeric(other)):
        return type(one) is type(other) and bool(np.array_equal(one, other))
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if first.shape != second.shape:
        return False
    finite = np.isfinite(second)
    if not (np.isfinite(first) == finite).all():
        return False
    error = np.abs(np.where(finite, first - second, 0.0))
    scale = np.abs(second[finite]).max(initial=0.0)
    return bool((error <= atol + rtol * scale).all())


def is_numeric(leaf: Any) -> bool:
    """Whether a leaf is a real number or an array of them."""
    if isinstance(leaf, (np.ndarray, np.generic)):
        return leaf.dtype.kind in "buif"
    return isinstance(leaf, (bool, int, float))
