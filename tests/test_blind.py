"""Answers that know nothing earn nothing, on every check: zeros, ones, noise, echoes."""

import pytest

from autograder import engine
from autograder import homework as homeworks
from autograder.errors import UsageError
from autograder.judge.answers import Answers, Reference
from staff import blind
from tests.conftest import HOMEWORKS

CASES = [
    (hw, check, way)
    for hw in HOMEWORKS
    for check in engine.plan(homeworks.load(hw))
    for way in blind.WAYS
]


@pytest.fixture(scope="session")
def forms():
    """What the solution's answers look like, for every call of every check."""
    return {hw: Answers.load(homeworks.load(hw), 0) for hw in HOMEWORKS}


@pytest.mark.parametrize(
    "hw, check, way", CASES, ids=[f"{hw}-{check.id}-{way.__name__}" for hw, check, way in CASES]
)
def test_blind_answers_earn_nothing(hw, check, way, forms):
    assert not blind.accepted(check, forms[hw], way)


def test_a_missing_answer_is_a_usage_error():
    with pytest.raises(UsageError, match="before"):
        Reference([], blind.Blind([], blind.zeros)).something  # noqa: B018
