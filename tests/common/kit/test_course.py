"""What the kit tells of the course: when a homework is due."""

from datetime import UTC, datetime, timedelta

import pytest

from common import homework as homeworks
from common.errors import KitError
from common.kit import course

COURSE = """
timezone = "America/Los_Angeles"
[late]
days = 6
most = 2
[[assignments]]
name = "hw1"
due = 2026-10-14T23:59:00
[[assignments]]
name = "hw2"
due = 2026-10-28T23:59:00+00:00
hours = 7.5
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "course.toml").write_text(COURSE)
    return tmp_path


def test_a_deadline_is_told_in_the_course_s_zone(root):
    deadline = course.deadline("hw1", root)
    assert deadline.due.astimezone(UTC) == datetime(2026, 10, 15, 6, 59, tzinfo=UTC)
    now = deadline.due - timedelta(days=3, hours=1)
    assert deadline.told(now) == (
        "due in 3 days (Wed 14 Oct, 23:59 PDT); 6 late days in all, at most 2 on one homework"
    )
    other = course.deadline("hw2", root)
    assert other.due.hour == 16, "an offset is kept and shown in the zone"
    assert other.told(now).endswith("; plan for 7.5 hours") and "hours" not in deadline.told(now)


@pytest.mark.parametrize(
    "hours, told",
    [
        (47, "due in 47 hours"),
        (1.5, "due in 1 hour ("),
        (0.2, "due in 0 hours"),
        (-5, "was due 5 hours ago"),
        (-47, "was due 47 hours ago"),
    ],
)
def test_what_is_near_is_told_in_hours(root, hours, told):
    deadline = course.deadline("hw1", root)
    assert deadline.told(deadline.due - timedelta(hours=hours)).startswith(told)


def test_nothing_is_told_of_what_cannot_be_handed_in(root):
    deadline = course.deadline("hw1", root)
    assert deadline.told(deadline.due + timedelta(days=2, minutes=1)) == ""
    assert course.deadline("hw4", root) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        'timezone = "Mars/Olympus"',
        COURSE.replace("days = 6", ""),
        COURSE.replace("2026-10-14T23:59:00", '"soon"'),
    ],
)
def test_without_a_course_nothing_is_told(root, text):
    (root / "course.toml").write_text(text)
    assert course.deadline("hw1", root) is None


def test_a_verdict_ends_with_the_date(root, monkeypatch):
    homework = homeworks.load("hw1")
    monkeypatch.setattr(course, "PLACES", (root / "course.toml",))
    due = course.deadline("hw1", root).due
    assert homework.due(due - timedelta(days=3, hours=1)).startswith("due in 3 days")
    assert homework.due(due + timedelta(days=30)) == "" and homeworks.load("hw4").due() == ""


def test_a_damaged_file_is_an_error(root):
    (root / "course.toml").write_text("drop = [")
    with pytest.raises(KitError, match=r"course\.toml cannot be read"):
        course.dropped_problems(root)
