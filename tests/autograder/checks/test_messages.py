"""What a student is told: each of the common accidents in words of its own."""

import numpy as np
import pytest

from autograder.judge import Mismatch, assert_matches
from autograder.run.student import explain
from common import homework as homeworks

ACCIDENTS = {
    "an argument too many": (
        "TypeError", "MANN.forward() takes 2 positional arguments but 3 were given", "stub"),
    "an argument too few": (
        "TypeError", "mann_loss() missing 1 required positional argument: 'weights'", "stub"),
    "a renamed argument": (
        "TypeError", "adapt() got an unexpected keyword argument 'first_order'", "stub"),
    "a device": ("AssertionError", "Torch not compiled with CUDA enabled", "device"),
    "two devices": (
        "RuntimeError", "Expected all tensors to be on the same device, but found two", "device"),
    "two dtypes": (
        "RuntimeError", "mat1 and mat2 must have the same dtype, but got Double and Float", "dtype"),
    "a missing function": (
        "AttributeError", "module 'hw1.mann' has no attribute 'mann_loss'", "names"),
}  # fmt: skip


@pytest.mark.parametrize("kind, text, idea", ACCIDENTS.values(), ids=ACCIDENTS)
def test_an_accident_has_its_own_words(kind, text, idea):
    homework = homeworks.load("hw1")
    told = explain({"kind": "raised", "type": kind, "text": text, "where": None}, homework)
    assert idea in told.idea
    assert not told.what.startswith("it raised")


def test_any_other_exception_is_told_as_it_is():
    error = {
        "kind": "raised",
        "type": "KeyError",
        "text": "'a'",
        "where": {"file": "hw1/mann.py", "line": 7},
    }
    told = explain(error, homeworks.load("hw1"))
    assert told.what == "it raised KeyError: 'a' at hw1/mann.py, line 7" and not told.idea


@pytest.mark.parametrize(
    "seen, told", [(2.0, "2 times"), (0.25, "0.25 times"), (-1.0, "opposite sign"), (0.7, None)]
)
def test_one_number_is_called_a_multiple_only_where_that_says_something(seen, told):
    with pytest.raises(Mismatch) as caught:
        assert_matches(seen, 1.0, name="the loss")
    assert ("times" in caught.value.what) == bool(told and "times" in told)
    assert told is None or told in caught.value.what


def test_a_part_is_named_with_what_it_is_a_part_of():
    with pytest.raises(Mismatch, match=r"the gradient, head\.bias: 2 of 2 numbers differ"):
        assert_matches(
            {"head.bias": np.zeros(2)}, {"head.bias": np.array([1.0, -2.0])}, name="the gradient"
        )
