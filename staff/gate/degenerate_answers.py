"""Answers that know nothing: what a check must never accept.

A `Guesser` takes the place of a student and knows only the form of the right answers (as a patched
probe would): zeros, ones, noise, or echoes of the inputs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.judge import plugin
from autograder.judge.answers import Answers, Reference
from autograder.planning import PlannedCheck
from autograder.run.student import Call
from autograder.run.wire import Received
from common.homework import PUBLIC_SEED

Way = Callable[[np.ndarray, list], np.ndarray]  # what is expected, what was asked → an answer


def zeros(array: np.ndarray, inputs: list) -> np.ndarray:
    """Zeros of the expected shape."""
    return np.zeros_like(array)


def ones(array: np.ndarray, inputs: list) -> np.ndarray:
    """Ones of the expected shape."""
    return np.ones_like(array)


def noise(array: np.ndarray, inputs: list) -> np.ndarray:
    """Gaussian noise of the expected shape, the same in every call."""
    return np.random.RandomState(0).normal(size=array.shape).astype(array.dtype)


def echo(array: np.ndarray, inputs: list) -> np.ndarray:
    """An input of the right shape, else as many of its numbers as are wanted."""
    for value in inputs:
        if isinstance(value, np.ndarray) and value.shape == array.shape:
            return value.astype(array.dtype)
    numbers = [np.ravel(v) for v in inputs if isinstance(v, np.ndarray) and v.size]
    flat = np.concatenate(numbers) if numbers else np.zeros(1)
    return np.resize(flat, array.shape).astype(array.dtype)


class Guesser:
    """Takes the place of a student; knows the form of the right answers and nothing else."""

    def __init__(self, outcomes: list[dict[str, Any]], way: Way) -> None:
        self._outcomes, self._way = outcomes, way
        self.calls: list[Call] = []
        self.changed: list[str] = []

    def begin_anew(self) -> None:
        """Do nothing: it guesses in every process alike."""

    def __getattr__(self, probe: str) -> Callable[..., Any]:
        if probe.startswith("_"):
            raise AttributeError(probe)

        def call(*args: Any, **kwargs: Any) -> Any:
            index = len(self.calls)
            known = self._outcomes[index] if index < len(self._outcomes) else {"value": None}
            value = self._guess(known["value"], [*args, *kwargs.values()])
            self.calls.append(Call(probe, {"value": value, "changed": []}))
            return value

        return call

    def _guess(self, value: Any, inputs: list) -> Any:
        if isinstance(value, dict):
            return {key: self._guess(part, inputs) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._guess(part, inputs) for part in value)
        if isinstance(value, bool | str) or value is None:
            return value
        guess = self._way(np.asarray(value), inputs)
        if isinstance(value, np.ndarray):
            received = np.asarray(guess).view(Received)
            received.kind = getattr(value, "kind", "numpy")
            return received
        return type(value)(guess)


WAYS = (zeros, ones, noise, echo)
REFUSALS = (AssertionError, ArithmeticError, LookupError, TypeError, ValueError)


def accepts(check: PlannedCheck, answers: Answers, way: Way, seed: int = PUBLIC_SEED) -> bool:
    """Whether a check passes degenerate answers of one way."""
    outcomes = answers.calls[check.id]
    student = Guesser(outcomes, way)
    return passes(check, student, Reference(outcomes, student), seed)


def passes(check: PlannedCheck, student: Guesser, reference: Reference, seed: int) -> bool:
    """Whether a check passes what takes the place of a student."""
    fixtures = {
        "student": student,
        "reference": reference,
        "rng": plugin.generator(seed, check.id),
    }
    wanted = inspect.signature(check.function).parameters
    try:
        check.function(**{k: v for k, v in fixtures.items() if k in wanted}, **check.arguments)
    except REFUSALS:
        return False
    return True
