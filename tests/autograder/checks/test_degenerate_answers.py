"""Answers that know nothing earn nothing, on every check: zeros, ones, noise, echoes."""

import pytest

from autograder.judge.answers import Answers, Reference
from autograder.planning import plan
from common import homework as homeworks
from common.errors import KitError
from common.kit.seeds import Secret
from staff.authoring.answers import record
from staff.gate import degenerate_answers
from tests.conftest import HOMEWORKS

CASES = [
    (hw, check, way)
    for hw in HOMEWORKS
    for check in plan(homeworks.load(hw))
    for way in degenerate_answers.WAYS
]


@pytest.fixture(scope="session")
def forms():
    """What the solution's answers look like, for every call of every check."""
    return {hw: Answers.load(homeworks.load(hw), 0) for hw in HOMEWORKS}


@pytest.mark.parametrize(
    "hw, check, way", CASES, ids=[f"{hw}-{check.id}-{way.__name__}" for hw, check, way in CASES]
)
def test_degenerate_answers_earn_nothing(hw, check, way, forms):
    assert not degenerate_answers.accepts(check, forms[hw], way)


SECRET = Secret(bytes(range(16)))
# They judge how often things come up, which is the same for all inputs.
FREQUENCIES = {"test_sampling::test_without_replacement", "test_sampling::test_chance"}


def test_answers_of_one_seed_are_worth_nothing_under_another(forms, worker):
    """A student who has memorised the public answers, and one who hands in another's values."""
    secret, accepted = record(homeworks.load("hw1"), SECRET, worker), set()
    for check in plan(homeworks.load("hw1")):
        student = degenerate_answers.Guesser(
            forms["hw1"].calls[check.id], lambda value, inputs: value
        )
        reference = Reference(secret.calls[check.id], student)
        if degenerate_answers.passes(check, student, reference, SECRET):
            accepted.add(check.id)
    assert accepted <= FREQUENCIES


def test_a_missing_answer_is_a_usage_error():
    with pytest.raises(KitError, match="before"):
        Reference([], degenerate_answers.Guesser([], degenerate_answers.zeros)).something  # noqa: B018
