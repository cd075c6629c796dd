"""A release leaves out what lies above a hint level, and the kit works without it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from autograder import engine
from autograder.__main__ import main
from autograder.judge.knowledge import Knowledge
from common import homework as homeworks
from common.errors import KitError
from staff.course import policy
from staff.release import hints

ROOT = homeworks.ROOT
SPOILT = """

def ranking_loss(positive, negative):
    return (negative - positive).sigmoid().sum()
"""


@pytest.fixture
def kit(tmp_path):
    """What a release holds of homework 0."""
    place = tmp_path / "kit"
    skip = shutil.ignore_patterns("__pycache__", "hw[1-9]")
    for folder in ("hw0", "common", "autograder"):
        shutil.copytree(ROOT / folder, place / folder, ignore=skip)
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, place)
    return place


@pytest.fixture
def told(kit, solved, worker):
    """What a kit of some level tells of a wrong function: told(level) → its first lost row."""
    folder = solved("hw0")
    path = folder / "losses.py"
    path.write_text(path.read_text(encoding="utf-8") + SPOILT, encoding="utf-8")

    def row(level):
        hints.close(kit, {"hw0": (level, "2030-01-02" if level < 3 else "")})
        homework = homeworks.load("hw0", kit)
        result = engine.grade(homework, submission=folder, only="3a", worker=worker, hint=3)
        return next(row for row in result.checks if not row.passed)

    return row


def test_level_3_tells_all(told, kit):
    assert {"mistake", "change"} & {cause["kind"] for cause in told(3).causes}
    assert Knowledge.load(homeworks.load("hw0", kit)).causes()


def test_level_2_names_nothing_and_holds_no_name(told, kit):
    row = told(2)
    assert row.idea and row.causes
    assert {cause["kind"] for cause in row.causes} <= {"relation", "fact"}
    assert not Knowledge.load(homeworks.load("hw0", kit)).causes()


def test_level_1_says_what_differed(told):
    row = told(1)
    assert row.what and not row.idea and not row.causes and not row.told


def test_the_table_says_the_level_and_when_all_opens(kit, monkeypatch, capsys):
    hints.close(kit, {"hw0": (1, "2030-01-02")})
    hints.close(kit, {"hw0": (2, "2030-01-02")})
    homework = homeworks.load("hw0", kit)
    before = homeworks.load("hw0")
    assert (homework.hint_level, homework.hints_open) == (2, "2030-01-02")
    assert (homework.problems, homework.watched) == (before.problems, before.watched)
    monkeypatch.setattr(homeworks, "load", lambda name: homework)
    main(["hw0", "--problem", "3a", "--hint", "3"])
    assert "level 3 opens on 2030-01-02" in capsys.readouterr().err


def test_the_course_says_which_level_from_when(tmp_path):
    text = policy.COURSE_FILE.read_text(encoding="utf-8")
    now = datetime.now(UTC)
    past, future = ((now + timedelta(days=d)).isoformat() for d in (-2, 2))
    for name, rule in (
        ("hw0", "hints = 1"),
        ("hw1", f"hints = 2\nhints_open = {future}"),
        ("hw2", f"hints = 2\nhints_open = {past}"),
    ):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\n{rule}\n')
    path = tmp_path / "course.toml"
    path.write_text(text, encoding="utf-8")
    rules = policy.load(path)
    found = hints.levels(["hw0", "hw1", "hw2", "hw3"], None, rules)
    assert found == {"hw0": (1, ""), "hw1": (2, future[:10]), "hw2": (3, ""), "hw3": (3, "")}
    assert set(hints.levels(["hw0", "hw1"], 2, rules).values()) == {(2, "")}
    path.write_text(text.replace("hints = 1", "hints = 4"), encoding="utf-8")
    with pytest.raises(KitError, match="hints = 4, not 1, 2 or 3"):
        policy.load(path)
