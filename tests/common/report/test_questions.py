"""Questions that people grade: the same, in one order and worth the same, wherever they stand."""

import re

import pytest

from common import homework as homeworks
from common.report.writeup import heading, load_writeup, questions
from tests.conftest import HOMEWORKS

TOTAL = {"hw0": 30, "hw1": 57, "hw2": 106, "hw3": 100, "hw4": 60}
EXTRA = {"hw0": 3, "hw1": 5, "hw3": 7}


def graded(hw):
    problems = homeworks.load(hw).problems
    return [p for p in problems if p.kind in ("plot", "written") and not p.graded_by]


def handout(hw):
    return (homeworks.ROOT / hw / "README.md").read_text(encoding="utf-8")


def asked(hw, ident):
    """The points that the handout gives a question, and its text."""
    begins = rf"(?m)^(?:\*\*|### |## Problem ){re.escape(ident)}\b[^\n]*?\((\d+) points?\)"
    found = re.search(begins, handout(hw))
    assert found, f"{hw}/README.md does not ask {ident} with its points"
    text = handout(hw)[found.end() :]
    return int(found[1]), re.split(r"\n(?=\*\*\w+ \(\d|#)", text, maxsplit=1)[0]


def marked(hw):
    """The staff's sheet, cut into questions: id → (points of the heading, text)."""
    text = (homeworks.ROOT / "staff" / "writeup" / f"{hw}.md").read_text(encoding="utf-8")
    pieces = re.findall(
        r"(?ms)^## (\S+) · [^\n]*?\((?:up to )?(\d+) points?\)[^\n]*\n(.*?)(?=^## |\Z)", text
    )
    return {ident: (int(points), body) for ident, points, body in pieces}


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_the_points_of_a_homework_are_those_of_the_course(hw):
    problems = homeworks.load(hw).problems
    assert sum(p.points for p in problems if p.kind != "extra") == TOTAL[hw]
    assert sum(p.points for p in problems if p.kind == "extra") == EXTRA.get(hw, 0)
    assert f"**together** | **{TOTAL[hw]}**" in re.sub(r" +", " ", handout(hw))


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_one_order_everywhere(hw):
    order = [p.id for p in graded(hw)]
    sections = load_writeup(homeworks.ROOT / hw / "writeup.md", homeworks.load(hw)).sections
    rows = re.findall(r"(?m)^\| *([\w.]+) *\|", handout(hw).split("**together**")[0])
    assert [s.question.id for s in sections if not s.question.extra] == order
    assert [ident for ident in rows if ident in order] == order
    assert [ident for ident in marked(hw) if ident in order] == order


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_points_are_the_same_everywhere(hw):
    lines = (homeworks.ROOT / hw / "writeup.md").read_text(encoding="utf-8").splitlines()
    homework = homeworks.load(hw)
    sections = load_writeup(homeworks.ROOT / hw / "writeup.md", homework).sections
    parts_of = {
        s.question.id: [int(n) for n in re.findall(r"\((\d+) points?\)", "\n".join(s.lines))]
        for s in sections
    }
    for question in questions(homework):
        if question.extra:
            continue
        assert heading(question) in lines, f"expected in {hw}/writeup.md: {heading(question)}"
        points, text = asked(hw, question.id)
        assert points == question.points == marked(hw)[question.id][0], question.id
        parts = [int(n) for n in re.findall(r"(?m)^\d+\. \((\d+)\)", text)]
        typed = parts_of[question.id]
        assert not parts or (parts == typed and sum(parts) == points), question.id
        assert not typed or sum(typed) == points, question.id


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_every_part_of_a_question_has_a_model_answer(hw):
    for problem in graded(hw):
        points, text = marked(hw)[problem.id]
        parts = re.findall(r"(?ms)^### [^\n]*\((\d+)\)\n(.*?)(?=^### |\Z)", text)
        assert not parts or sum(int(worth) for worth, _ in parts) == points, problem.id
        for _, piece in parts or [(points, text)]:
            assert "**Model answer" in piece, f"{hw} {problem.id}: a part has no model answer"


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_the_sum_on_the_staffs_sheet(hw):
    text = (homeworks.ROOT / "staff" / "writeup" / f"{hw}.md").read_text(encoding="utf-8")
    said = re.search(r"(\d+) points graded by people", text)
    assert said and int(said[1]) == sum(p.points for p in graded(hw))


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_the_handout_says_how_to_hand_the_report_in(hw):
    last = handout(hw).split("## Hand in")[-1]
    assert f"python -m common.report {hw}" in last and "PDF" in last
    assert f"autograder explain {hw}" in last and "run that `writeup.md`" in " ".join(last.split())
