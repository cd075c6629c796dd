"""Rubrics as data: they fit homework.toml and the write-up, and say what is wrong where they do not."""

import dataclasses

import pytest

from common import homework as homeworks
from common.errors import KitError
from staff.written import rubric


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda r: dataclasses.replace(r, items=r.items[1:]), "items give"),
        (lambda r: dataclasses.replace(r, items=r.items[::-1]), "its parts give"),
        (lambda r: dataclasses.replace(r, items=(r.items[0], *r.items[:-1])), "two items"),
        (
            lambda r: dataclasses.replace(r, losses=(dataclasses.replace(r.losses[0], parts="9"),)),
            "there is no part '9'",
        ),
    ],
)
def test_a_rubric_that_does_not_fit_is_told(change, told):
    homework = homeworks.load("hw2")
    rubrics = rubric.load(homework)
    rubrics["3q"] = change(rubrics["3q"])
    assert any(told in wrong for wrong in rubric.complaints(rubrics, homework))


def test_a_question_that_is_missing_is_told():
    homework = homeworks.load("hw1")
    rubrics = rubric.load(homework)
    del rubrics["3q"]
    assert "3q" in rubric.complaints(rubrics, homework)[0]


def test_a_damaged_rubric_is_an_error(tmp_path):
    homework = dataclasses.replace(homeworks.load("hw1"), root=tmp_path)
    (tmp_path / "staff" / "writeup").mkdir(parents=True)
    (tmp_path / "staff" / "writeup" / "hw1.toml").write_text("[[questions]")
    with pytest.raises(KitError, match="cannot be read"):
        rubric.load(homework)
