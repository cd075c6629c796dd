"""Difficulty and discrimination, what to teach, and outcomes tied to every problem."""

import dataclasses

import pytest

from common import homework as homeworks
from common.errors import KitError
from staff.authoring.outcomes import load
from staff.grading import class_page, item_statistics
from staff.grading.session import blank_record
from staff.grading.submissions import Job
from staff.written import outcomes
from tests.conftest import HOMEWORKS

HW2 = homeworks.load("hw2")
CAUSE = {"kind": "mistake", "slug": "x", "text": "the sum in place of the mean", "sure": True}


def record(number, *passed, causes=()):
    """A student who passed some of three checks."""
    rows = [
        {
            "id": ident,
            "problem": "1a",
            "title": f"check {ident}",
            "points": 0,
            "max_points": 1,
            "status": "passed" if ident in passed else "failed",
            "mistake": None,
            "causes": list(causes),
        }
        for ident in "abc"
    ]
    return blank_record(HW2, Job(f"s{number}", "hw2", "")) | {
        "status": "graded",
        "score": len(passed),
        "checks": rows,
    }


CLASS = [
    record(1, "a", "b", "c"),
    record(2, "a", "b", "c"),
    record(3, "a", "b"),
    record(4, "c"),
    record(5),
]


def test_difficulty_and_discrimination_by_hand():
    found = {one.title: one for one in item_statistics.of_checks(CLASS)}
    assert [found[f"check {i}"].share for i in "abc"] == [0.6, 0.6, 0.6]
    # a: 1 1 1 0 0 against the mean of b and c: 1 1 .5 .5 0
    assert found["check a"].discrimination == pytest.approx(0.7637626)
    assert found["check c"].discrimination == pytest.approx(1 / 6)


def test_few_students_or_all_alike_tell_nothing():
    assert item_statistics.of_checks(CLASS[:4])[0].discrimination is None
    assert item_statistics.of_checks([record(n, "a") for n in range(6)])[0].discrimination is None
    assert item_statistics.of_checks([]) == []


def test_questions_of_the_written_half(tmp_path):
    path = tmp_path / "hw2-written.csv"
    rows = [f"s{n},{n},{n} of 4: +,{4 - n} of 4: 0" for n in range(5)]
    path.write_text("student,score,item: 1q,item: 2q\n" + "\n".join(rows) + "\n")
    easy, hard = item_statistics.of_questions(path)
    assert (easy.share, hard.share, hard.discrimination) == (0.5, 0.5, pytest.approx(-1))
    assert "-1.00 (!)" in class_page.page(CLASS, HW2, written=path)
    path.write_text("student,score\na,1\n")
    with pytest.raises(KitError, match="has no graded question"):
        item_statistics.of_questions(path)


def test_what_to_teach_names_causes_that_are_shared_and_sure():
    unsure = CAUSE | {"sure": False, "text": "perhaps"}
    records = [record(n, causes=[CAUSE, unsure]) for n in range(3)]
    records.append(record(9, causes=[CAUSE | {"text": "mine alone"}]))
    (topic,) = item_statistics.to_teach(records, HW2)
    assert (topic.problem, topic.students, topic.questions) == ("1a", 3, ("1p", "1q"))
    page = class_page.page(records, HW2)
    assert "What to teach on Thursday" in page and "the sum in place of the mean" in page


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_everything_shows_an_outcome(hw):
    homework = homeworks.load(hw)
    assert list(outcomes.complaints(homework)) == []
    assert outcomes.main([hw]) == 0


def test_what_shows_no_outcome_is_found(monkeypatch, capsys):
    kept = load(HW2)
    spoilt = [dataclasses.replace(kept[0], by=("1a", "1b", "1p", "1q.1", "9z")), *kept[1:]]
    monkeypatch.setattr(outcomes, "load", lambda homework: spoilt)
    told = list(outcomes.complaints(HW2))
    assert "an outcome names '9z'; there is no such problem or part" in told
    assert "1c shows no learning outcome" in told
    assert "1q, rubric item 2a shows no learning outcome" in told
    assert outcomes.main(["hw2"]) == 1
    monkeypatch.setattr(outcomes, "load", lambda homework: kept[:2])
    assert "2 learning outcomes; 3 to 5 are expected" in list(outcomes.complaints(HW2))
