"""One class with every kind of hostile and odd upload; `python -m tests.hostile_class` has the full size."""

import os

import pytest

from autograder.run.clearing import clear
from autograder.run.launch import isolation_of_this_system
from common import homework as homeworks
from tests import hostile_class

pytestmark = pytest.mark.skipif(isolation_of_this_system() != "fork", reason="needs fork")


def test_a_class_among_hostile_and_odd_uploads(tmp_path):
    tmp_path.parent.chmod(0o755)  # checks run as users of their own
    folder = tmp_path / "class"
    folder.mkdir()
    try:
        assert hostile_class.try_out(folder, "hw0", 16, len(hostile_class.ODD)) == []
    finally:
        clear(str(folder))  # some of it is deeper than pytest can remove


def test_each_kind_comes_once_before_any_comes_twice(tmp_path):
    made, expected = hostile_class.make(tmp_path, homeworks.load("hw0"), 1, 12)
    assert len({title for title, _ in expected.values()}) == 12 and len(made) == 1
    clear(str(tmp_path))


def test_what_changed_is_seen(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").write_text("x")
    before = hostile_class.state(tmp_path)
    assert hostile_class.state(tmp_path) == before
    (tmp_path / "a").chmod(0o700)
    os.utime(tmp_path / "b", (0, 0))
    os.utime(tmp_path, (0, 0))
    after = hostile_class.state(tmp_path)
    assert {path for path in before if before[path] != after[path]} == {".", "a", "b"}
