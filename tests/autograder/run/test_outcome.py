"""What a worker answers has known types and sizes before anybody reads it."""

import re

import pytest

from autograder.judge import exceptions
from autograder.run import student
from autograder.run.outcome import MOST_NAME, MOST_TEXT, WRONG_FORM, outcome_of
from common import homework as homeworks

HOMEWORK = homeworks.load("hw1")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "x",
        {},
        {"value": 1},
        {"value": 1, "changed": 3},
        {"error": "boom"},
        {"error": {}, "value": 1},
        {"value": 1, "changed": [], "more": 2},
    ],
    ids=repr,
)
def test_an_answer_of_another_form_is_an_error(answer):
    assert outcome_of(answer) == WRONG_FORM


def test_an_answer_of_the_right_form_is_as_it_was():
    place = {"file": "hw1/mann.py", "line": 7, "name": "f"}
    error = {"kind": "raised", "type": "ValueError", "text": "told", "where": place}
    for answer in ({"value": [1], "changed": ["images"]}, {"error": error}):
        assert outcome_of(answer) == answer


FORGED = {
    "long texts": {"text": "takes p" * 200_000, "type": "E" * 10**6, "kind": "k" * 10**6},
    "other types": {"text": ["x"], "type": 3, "kind": {"a": 1}, "where": "here"},
    "a place of other types": {"where": {"file": 3, "line": "x", "name": None}},
    "a place far away": {"where": {"file": "f" * 10**6, "line": 10**400, "name": "n" * 10**6}},
    "a line that is a flag": {"where": {"file": "f", "line": True, "name": "n"}},
    "nothing": {},
}


@pytest.mark.parametrize("error", FORGED.values(), ids=FORGED)
def test_a_forged_error_is_cut_and_explained(error):
    found = outcome_of({"error": error})["error"]
    assert set(found) == {"kind", "type", "text", "where"}
    assert len(found["text"]) <= MOST_TEXT
    assert all(len(found[key]) <= MOST_NAME for key in ("kind", "type"))
    assert found["where"] is None or set(found["where"]) == {"file", "line", "name"}
    assert len(student.explain(found, HOMEWORK).what) < 3 * MOST_TEXT
    exceptions.meaning(found)


def test_the_list_of_changed_inputs_is_cut():
    found = outcome_of({"value": 1, "changed": ["n" * 10**6, 3, *["x"] * 10**5]})
    assert len(found["changed"]) == 100 and len(found["changed"][0]) == MOST_NAME


def test_no_pattern_for_a_workers_text_can_look_back_without_end():
    patterns = [words for words, *_ in (*student.MEANINGS, *exceptions.MEANINGS)]
    assert not [p for p in patterns if re.search(r"(?<!\\)[.)\]][*+]", p)]
