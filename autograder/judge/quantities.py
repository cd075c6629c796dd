"""Numbers that a call knows by name: its settings, the sizes of its inputs, and their products."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

CLOSE = 1e-3  # relative


def quantities(given: dict[str, Any]) -> dict[str, float]:
    """Name → value of one call, from its inputs by name."""
    found: dict[str, float] = {}
    for name, value in given.items():
        if isinstance(value, bool) or name == "seed":
            continue
        if isinstance(value, (int, float)):
            found[f"`{name}`"] = float(value)
        elif isinstance(value, np.ndarray):
            for axis, size in enumerate(value.shape):
                found[f"the size of axis {axis} of `{name}`"] = float(size)
            found |= _products(name, value.shape)
        elif isinstance(value, (list, tuple)):
            found[f"the length of `{name}`"] = float(len(value))
    return found


def settings(given: dict[str, Any]) -> dict[str, Any]:
    """Name → value of what one call is set to: numbers, words, switches, and the sizes of inputs."""
    chosen = {f"`{name}`": value for name, value in given.items() if _is_a_choice(value)}
    numbers = quantities(given)
    return chosen | {n: v for n, v in numbers.items() if not n.startswith("the number of places")}


def is_size(name: str) -> bool:
    """Whether a quantity is how large an input is, and nothing that a call is set to."""
    return not name.startswith("`")


def _is_a_choice(value: Any) -> bool:
    """Whether a value is a switch or a name, no text."""
    return value is None or isinstance(value, bool) or (isinstance(value, str) and len(value) < 20)


def _products(name: str, shape: tuple[int, ...]) -> dict[str, float]:
    """Products of two or more sizes of one input."""
    found = {}
    for count in range(2, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            words = ", ".join(map(str, axes[:-1])) + f" and {axes[-1]}"
            which = "all axes" if count == len(shape) else f"axes {words}"
            size = float(np.prod([shape[axis] for axis in axes]))
            found[f"the number of places along {which} of `{name}`"] = size
    return found


def name_quantity(values: list[float], calls: list[dict[str, float]]) -> Iterator[str]:
    """Yield names in words for a value that differs from call to call; simple names come first.

    Args:
        values: one a call.
        calls: the quantities of each of them.
    """
    shared = [name for name in calls[0] if all(name in call for call in calls)]
    times = (
        (1.0, ""),
        (-1.0, "minus "),
        (0.5, "half of "),
        (2.0, "twice "),
        (-0.5, "minus half of "),
    )
    for sign, word in times:
        for name in shared:
            if _equal(values, [sign * call[name] for call in calls]):
                yield word + name
            if _equal(values, [sign / call[name] if call[name] else 0.0 for call in calls]):
                yield f"{word}one divided by {name}"


def with_sums(given: dict[str, float]) -> dict[str, float]:
    """The settings of a call, and the sums of two of them."""
    chosen = {name: number for name, number in given.items() if not is_size(name)}
    pairs = itertools.combinations(chosen, 2)
    return chosen | {f"{a} plus {b}": chosen[a] + chosen[b] for a, b in pairs}


def setting_of(value: float, given: dict[str, float]) -> str:
    """Name a number of a single call, by its settings alone: too many sizes would fit."""
    chosen = {name: number for name, number in given.items() if not is_size(name)}
    return next(name_quantity([value], [chosen]), "")


def proportional(values: list[float], calls: list[dict[str, float]]) -> Iterator[tuple[float, str]]:
    """Yield a factor and the name of a quantity: the values are that multiple of it in every call.

    Args:
        values, calls: as of `name_quantity`; fewer than three different ones say nothing.
    """
    for name in calls[0]:
        sizes = [call.get(name, 0.0) for call in calls]
        if len({round(value, 4) for value in values}) < 3 or not all(sizes):
            continue
        share = values[0] / sizes[0]
        if _equal(values, [share * size for size in sizes]):
            yield share, name


def _equal(values: list[float], others: list[float]) -> bool:
    return all(abs(a - b) <= CLOSE * abs(b) for a, b in zip(values, others))
