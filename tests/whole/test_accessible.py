"""The pages that the staff's commands make, in Chromium: no rule of axe broken, nothing out of reach."""

from pathlib import Path

import pytest

from common import homework as homeworks
from staff.course import gradebook, policy, student_page
from staff.course.findings import Findings
from staff.gate.mutants import table
from staff.gate.mutants.judge import SURVIVED, MutantResult
from staff.grading import feedback, shared_code, similarity_page
from staff.written import command, made_up
from tests.helpers.browser import faults, needs_chromium
from tests.staff.grading.test_class_page import record

HOMEWORK = homeworks.load("hw1")
SCORES = {
    "roster.csv": "student,name\ns1,Jané Doe\ns2,Kim\n",
    "hw1-code.csv": "student,score,submitted\ns1,25,2026-10-25T20:00\n",
    "hw1-written.csv": "student,score,item: 3q names the setting,item: 4 changes one thing\ns1,9,4,-1\n",
}


@pytest.fixture
def grade(tmp_path):
    """A line of a gradebook: points of both halves, a late day, an open assignment."""
    for name, text in SCORES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    _, (one, _) = gradebook.make(tmp_path, policy.load(), Findings())
    return one


def axe_finds_nothing(page, folder):
    assert "<h1" in page and faults(page, folder) == []


@needs_chromium
@pytest.mark.parametrize("status", ["graded", "refused", None])
def test_feedback(status, grade, tmp_path):
    given = None
    if status:
        note = {"kind": "x", "audience": "student", "text": f"file {'long' * 60}.py is missing"}
        given = record(20) | {"status": status, "isolation": "fork", "notes": [note]}
        given["checks"][0]["what"] = "expected [[0.5, 0.25]], got [[0.5, 0.75]] " * 8
    page = feedback.page("s1", given, HOMEWORK, grade, policy.load())
    axe_finds_nothing(page, tmp_path)


@needs_chromium
def test_a_students_grades(grade, tmp_path):
    axe_finds_nothing(student_page.page(grade, policy.load()), tmp_path)


@needs_chromium
def test_similarity(tmp_path):
    text = (HOMEWORK.folder / "mann.py").read_text(encoding="utf-8")
    spans = [[0, 700], [300, 900]]
    pair = shared_code.Pair(
        "mann.py", "ada", "bob", (0.9, 0.8), 50, matches=(spans, spans), texts=(text, text)
    )
    found = shared_code.Found([pair], {"mann.py": "above 0.5; median 0.20"}, ["eve"])
    axe_finds_nothing(similarity_page.page(found, HOMEWORK), tmp_path)


@needs_chromium
def test_written_answers(tmp_path):
    homework = homeworks.load("hw2")
    made_up.make(tmp_path / "in", homework, 3, seed=11)
    assert command.main(["hw2", str(tmp_path / "in"), "-o", str(tmp_path / "pages")]) == 0
    (page,) = (tmp_path / "pages").glob("hw2-3q.html")
    assert faults(Path(page).read_text(encoding="utf-8"), tmp_path) == []


@needs_chromium
def test_mutants(tmp_path):
    result = MutantResult("2a", "f", "x = 1" * 30, "x = 2", SURVIVED, reason="the same function")
    axe_finds_nothing(table.as_html([table.Table("hw1", [result], [], 1.0)]), tmp_path)
