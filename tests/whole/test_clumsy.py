"""Clumsy submissions earn what is right in them, and say what was done; see `tests/clumsy.py`."""

import pytest

from common import homework as homeworks
from staff.gate.shared_worker import start_shared_worker
from staff.grading.session import Session
from tests import clumsy


@pytest.fixture(scope="module")
def worker():
    preload = {one for name in clumsy.FILES for one in homeworks.load(name).preload}
    with start_shared_worker(tuple(sorted(preload))) as worker:
        yield worker


@pytest.mark.parametrize("one", clumsy.everything(), ids=str)
def test_a_clumsy_submission_earns_what_is_right_in_it(one, worker, tmp_path):
    rows, told = clumsy.at_home(one, worker, tmp_path)
    homework = homeworks.load(one.homework)
    assert not clumsy.earned(clumsy.points(rows), homework, one.lost()), [r.what for r in rows]
    assert one.kinds <= {note.kind for note in told}, told
    for way in map(clumsy.WAYS.get, one.names):
        assert all(way.said in row.what for row in rows if row.problem in one.lost())
    assert all(len(note.text) < 400 and note.audience == "student" for note in told)


@pytest.mark.parametrize("one", clumsy.SAMPLE, ids=str)
def test_the_verdict_is_the_same_from_the_zip_and_at_the_course_grader(one, worker):
    session = Session(one.homework, "shared", worker)
    assert not list(clumsy.judge(one, worker, session))
