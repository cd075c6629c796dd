"""Answers that know nothing earn nothing, on every check: zeros, constants, echoes, noise."""

import inspect

import numpy as np
import pytest

from autograder import engine
from autograder import homework as homeworks
from autograder.errors import UsageError
from autograder.judge import plugin
from autograder.judge.answers import Answers, Reference
from autograder.run.student import Call
from autograder.run.wire import Received
from tests.conftest import HOMEWORKS


def zeros(array, inputs):
    return np.zeros_like(array)


def ones(array, inputs):
    return np.ones_like(array)


def noise(array, inputs):
    return np.random.RandomState(0).normal(size=array.shape).astype(array.dtype)


def echo(array, inputs):
    """An input of the right shape, else as many of its numbers as are wanted."""
    for value in inputs:
        if isinstance(value, np.ndarray) and value.shape == array.shape:
            return value.astype(array.dtype)
    numbers = [np.ravel(v) for v in inputs if isinstance(v, np.ndarray) and v.size]
    flat = np.concatenate(numbers) if numbers else np.zeros(1)
    return np.resize(flat, array.shape).astype(array.dtype)


class Blind:
    """Stands where a student stands; knows the form of the right answers and nothing else."""

    def __init__(self, outcomes, way):
        self._outcomes, self._way = outcomes, way
        self.calls = []
        self.changed = []

    def __getattr__(self, probe):
        if probe.startswith("_"):
            raise AttributeError(probe)

        def call(*args, **kwargs):
            index = len(self.calls)
            known = self._outcomes[index] if index < len(self._outcomes) else {"value": None}
            value = self._guess(known["value"], [*args, *kwargs.values()])
            self.calls.append(Call(probe, {"value": value, "changed": []}))
            return value

        return call

    def _guess(self, value, inputs):
        if isinstance(value, dict):
            return {key: self._guess(part, inputs) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._guess(part, inputs) for part in value)
        if isinstance(value, bool | str) or value is None:
            return value
        guess = self._way(np.asarray(value), inputs)
        if isinstance(value, np.ndarray):
            guess = np.asarray(guess).view(Received)
            guess.kind = getattr(value, "kind", "numpy")
            return guess
        return type(value)(guess)


CASES = [
    (hw, check, way)
    for hw in HOMEWORKS
    for check in engine.plan(homeworks.load(hw))
    for way in (zeros, ones, noise, echo)
]


@pytest.fixture(scope="session")
def forms():
    """What the solution's answers look like, for every call of every check."""
    return {hw: Answers.load(homeworks.load(hw), 0) for hw in HOMEWORKS}


@pytest.mark.parametrize(
    "hw, check, way", CASES, ids=[f"{hw}-{check.id}-{way.__name__}" for hw, check, way in CASES]
)
def test_blind_answers_earn_nothing(hw, check, way, forms):
    outcomes = forms[hw].calls[check.id]
    student = Blind(outcomes, way)
    fixtures = {
        "student": student,
        "reference": Reference(outcomes, student),
        "rng": plugin.generator(0, check.id),
    }
    wanted = inspect.signature(check.function).parameters
    with pytest.raises((AssertionError, ArithmeticError, LookupError, TypeError, ValueError)):
        check.function(**{k: v for k, v in fixtures.items() if k in wanted}, **check.arguments)


def test_a_missing_answer_is_a_usage_error():
    with pytest.raises(UsageError, match="before"):
        Reference([], Blind([], zeros)).something  # noqa: B018
