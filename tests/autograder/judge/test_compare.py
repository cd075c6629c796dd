"""The comparison: exact shape, finite, within tolerance; and words for the difference."""

import numpy as np
import pytest

from autograder.judge import Mismatch, assert_matches, close

RIGHT = np.array([[1.0, 2.0], [3.0, -4.0]])


@pytest.mark.parametrize(
    "seen",
    [RIGHT, RIGHT.astype(np.float32), RIGHT.astype(np.int64), RIGHT + 1e-6],
)
def test_equal_numbers_match(seen):
    assert_matches(seen, RIGHT)


def test_numbers_of_every_kind_match():
    for seen in (2.0, 2, np.float32(2), np.array(2.0)):
        assert_matches(seen, 2.0)
    assert_matches({"a": [1, (2.0,)]}, {"a": [1, (2.0,)]})
    assert_matches((1.0, 2.0), [1.0, 2.0])


@pytest.mark.parametrize(
    "seen, told",
    [
        (RIGHT + 0.01, "off by 0.01"),
        (-RIGHT, "opposite sign"),
        (RIGHT * 3, "3 times"),
        (RIGHT.T, "axes 0 and 1 are exchanged"),
        (RIGHT[::-1], "another order"),
        (RIGHT * 0, "all zero"),
        (RIGHT[:1], "shape of it is [1, 2]; expected [2, 2]"),
        (RIGHT.ravel(), "shape"),
        (RIGHT * np.nan, "nan"),
        (np.where(RIGHT > 2, np.inf, RIGHT), "inf"),
        (np.zeros((0, 2)), "shape"),
        (RIGHT.astype(complex), "complex"),
        (RIGHT.astype(str), "dtype"),
        (None, "None"),
        ("text", "str"),
        ([1.0, 2.0], "list"),
    ],
)
def test_what_differs_is_said(seen, told):
    with pytest.raises(Mismatch) as caught:
        assert_matches(seen, RIGHT, "the idea", name="it")
    assert told in caught.value.what


def test_an_empty_array_matches_only_an_empty_array():
    assert_matches(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(Mismatch):
        assert_matches(np.zeros((0,)), 1.0)


def test_structure_is_compared_too():
    for seen in ({"a": 1}, [1], 1.0, {"a": 1, "c": 2}):
        with pytest.raises(Mismatch):
            assert_matches(seen, {"a": 1, "b": 2})
    for seen in ([1], [1, 2, 3], {"a": 1}):
        with pytest.raises(Mismatch):
            assert_matches(seen, [1, 2])


def test_nothing_but_plain_numbers_is_close():
    assert close(1.0, 1.0)
    assert not close(np.nan, 1.0)
    assert not close(1.0, 1.1)
    assert not close(np.ones(2), 1.0)
    assert not close(np.array(["1"]), np.array([1.0]))


def test_of_single_numbers_in_a_row_all_that_differ_are_told():
    """Three at most; a part that is no single number ends the comparison."""
    with pytest.raises(Mismatch) as told:
        assert_matches([1.0, 2.0, 3.0], [1.0, 2.5, 4.0], name="the losses")
    assert told.value.what == "the losses[1] is 2; expected 2.5; [2] is 3; expected 4"
    with pytest.raises(Mismatch, match=r"\[2\] is .*; 2 more differ"):
        assert_matches([9.0] * 5, [1.3, 2.3, 3.3, 4.3, 5.3], name="it")
    with pytest.raises(Mismatch, match=r"^it\[0\]: 3 of 3 numbers differ[^;]*; at [^;]*$"):
        assert_matches([np.zeros(3), 1.0], [np.arange(1, 4.0), 2.0], name="it")


def test_a_few_whole_numbers_are_told_all():
    with pytest.raises(Mismatch, match=r"^it: they are \[21, 33\]; expected \[33, 20\]$"):
        assert_matches(np.array([21, 33]), np.array([33, 20]), name="it")
    with pytest.raises(Mismatch, match="numbers differ; at"):
        assert_matches(np.arange(9), np.arange(1, 10), name="it")
