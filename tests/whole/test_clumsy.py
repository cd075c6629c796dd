"""Clumsy submissions earn what is right in them, and say what was done; see `tests/clumsy.py`."""

import pytest

from common import homework as homeworks
from staff.grading.session import Session
from tests import clumsy


@pytest.mark.parametrize("one", clumsy.everything(), ids=str)
def test_a_clumsy_submission_earns_what_is_right_in_it(one, shared_worker, tmp_path):
    rows, told = clumsy.at_home(one, shared_worker, tmp_path)
    homework, lost = homeworks.load(one.homework), one.lost()
    assert not clumsy.earned(clumsy.points(rows), homework, lost), [r.what for r in rows]
    assert one.kinds <= {note.kind for note in told}, told
    for way in map(clumsy.WAYS.get, one.names):
        assert all(way.said in row.what for row in rows if row.problem in lost)
    assert all(len(note.text) < 400 and note.audience == "student" for note in told)


@pytest.mark.parametrize("one", clumsy.SAMPLE, ids=str)
def test_the_verdict_is_the_same_from_the_zip_and_at_the_course_grader(one, shared_worker):
    session = Session(one.homework, "shared", shared_worker)
    assert not list(clumsy.judge(one, shared_worker, session))
