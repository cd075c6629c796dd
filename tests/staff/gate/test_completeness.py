"""What a homework must have is there, and the gate says what is not."""

import shutil

import pytest

from common import homework as homeworks
from staff.gate.completeness import missing
from tests.conftest import HOMEWORKS


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_nothing_is_missing(hw):
    assert not missing(homeworks.load(hw))


@pytest.fixture
def copy(tmp_path):
    """Homework 0 in a kit of its own, to be damaged."""
    for part in ("hw0", "staff/solutions/hw0", "staff/writeup"):
        shutil.copytree(homeworks.ROOT / part, tmp_path / part)
    shutil.copyfile(homeworks.ROOT / "staff/course.toml", tmp_path / "staff/course.toml")
    return tmp_path


@pytest.mark.parametrize(
    "file, was, now, told",
    [
        ("hw0/README.md", "| 1a | Embedding tables | 2 |", "| 1a | Embedding tables | 3 |", "staff tables"),
        ("hw0/README.md", "`rating_head` (2 points)", "`rating_head` (3 points)", "staff tables"),
        ("hw0/writeup.md", "runs (4 points)", "runs (5 points)", "staff tables"),
        ("staff/writeup/hw0.toml", "build a model of two tasks", "build two models", "staff tables"),
        ("hw0/README.md", "<!-- end of the outcomes -->", "", "lacks the line <!-- end of the outcomes"),
        ("hw0/README.md", "## Common pitfalls", "## Pitfalls", "Common pitfalls"),
        ("hw0/README.md", "figures/", "figure/", "is not shown"),
        ("hw0/model.py", "raise NotImplementedError", "return None  # raise", "make stubs"),
        ("hw0/homework.toml", 'hole = "losses.py:rating_loss"', 'hole = "losses.py:loss"', "the solutions mark"),
        ("staff/writeup/hw0.toml", 'id = "5q"', 'id = "5z"', "5z"),
        ("staff/solutions/hw0/model.py", "# Canary", "# A line", "lacks its first line: Canary"),
        ("staff/writeup/hw0.md", "Model answer", "An answer", "no model answer"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(copy, file, was, now, told):
    path = copy / file
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, now), encoding="utf-8")
    found = missing(homeworks.load("hw0", copy))
    assert any(told in one for one in found), found
