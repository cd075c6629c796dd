"""The staff's sheet for a viva, the draw of who is asked, and what it counts."""

import csv
import shutil

import pytest

from common import homework as homeworks
from common.errors import KitError
from staff.course import gradebook, policy
from staff.course.findings import Findings
from staff.written import viva

ROOT = homeworks.ROOT
COURSE = ROOT / "staff/course.toml"


@pytest.fixture
def folder(tmp_path):
    for who in ("ada", "bob", "eve"):
        shutil.copytree(ROOT / "staff/solutions/hw2", tmp_path / "in" / who)
    return tmp_path / "in"


def test_a_sheet_has_questions_answers_rubric_and_code(folder, tmp_path):
    assert viva.main(["hw2", "ada", "--folder", str(folder), "-o", str(tmp_path / "ada.md")]) == 0
    text = (tmp_path / "ada.md").read_text()
    assert text.startswith("# hw2 viva: ada\n") and text.count("\nAnswer: **") == 5
    assert "Two minutes a question" in text and "**Sum: ___ of 10** (hw2-viva.csv)" in text
    assert "(problem " in text and "```\n  " in text


def test_who_is_not_there_is_said(folder):
    with pytest.raises(KitError, match=r"no submission of 'adda' that counts.*ada"):
        viva.main(["hw2", "adda", "--folder", str(folder)])
    with pytest.raises(KitError, match="name a student"):
        viva.main(["hw2", "--folder", str(folder)])


def test_a_draw_is_the_same_by_its_seed_and_overwrites_nothing(folder, tmp_path, capsys):
    path = tmp_path / "hw2-viva.csv"
    for name in ("hw2-viva.csv", "again.csv"):
        drawn = ["hw2", "--sample", str(folder), "--seed", "3", "-o", str(tmp_path / name)]
        assert viva.main(drawn) == 0
    assert path.read_text() == (tmp_path / "again.csv").read_text()
    assert "1 of 3 students (seed 3)" in capsys.readouterr().out
    with pytest.raises(KitError, match="scores in it would be lost"):
        viva.main(["hw2", "--sample", str(folder), "-o", str(path)])


def book(folder, rows, course=COURSE):
    (folder / "roster.csv").write_text("student,name\nada,Ada\nbob,Bob\neve,Eve\n")
    code = sum(p.points for p in homeworks.load("hw2").problems if p.kind in ("code", "run"))
    (folder / "hw2-code.csv").write_text(f"student,score\nada,{code}\nbob,{code}\neve,{code}\n")
    (folder / "hw2-viva.csv").write_text("student,score,reason\n" + rows)
    findings = Findings()
    _, grades = gradebook.make(folder, policy.load(course), findings)
    return {one.person.student: one for one in grades}, code, findings.warnings


def test_a_viva_takes_its_share_of_what_was_earned(tmp_path):
    grades, code, warnings = book(tmp_path, "ada,10,\nbob,5,\neve,,\n")
    points = {who: one.marks["hw2"].points for who, one in grades.items()}
    weight = policy.load().viva.weight
    assert points["ada"] == points["eve"] == code
    assert points["bob"] == pytest.approx(code * (1 - weight / 200))
    assert f"hw2: viva 5 of 10, takes {code * weight / 200:.3g} points" in grades["bob"].reasons
    assert any("eve: no score, not held yet" in one for one in warnings)
    assert not any("hw2-viva.csv: not used" in one for one in warnings)


@pytest.mark.parametrize(
    "row, told",
    [("ada,11,\n", "a viva has 0 to 10"), ("zoe,3,\n", "not in roster"), ("ada,x,\n", "x")],
)
def test_a_wrong_score_stops_the_book(row, told, tmp_path):
    with pytest.raises(KitError, match=told):
        book(tmp_path, row)


@pytest.mark.parametrize(
    "rule, told",
    [
        ("sample = 0\n", "sample is 0"),
        ("weight = 101\n", "weight is 101"),
        ("wait = 1\n", "no rule 'wait'"),
    ],
)
def test_a_wrong_rule_is_named(rule, told, tmp_path):
    head, _, rest = COURSE.read_text(encoding="utf-8").partition("[viva]\n")
    path = tmp_path / "course.toml"
    kept = "".join(line for line in rest.splitlines(True)[2:])
    path.write_text(f"{head}[viva]\n{rule}{kept}", encoding="utf-8")
    with pytest.raises(KitError, match=told):
        policy.load(path)


def test_without_a_rule_a_viva_counts_nothing(tmp_path):
    head, _, rest = COURSE.read_text(encoding="utf-8").partition("[viva]\n")
    path = tmp_path / "course.toml"
    path.write_text(head + "".join(rest.splitlines(True)[2:]), encoding="utf-8")
    grades, code, _ = book(tmp_path, "bob,0,\n", path)
    assert grades["bob"].marks["hw2"].points == code


def test_rows_of_a_csv_are_for_the_gradebook(folder, tmp_path):
    viva.main(["hw2", "--sample", str(folder), "-o", str(tmp_path / "v.csv")])
    with (tmp_path / "v.csv").open() as stream:
        assert [list(row) for row in csv.DictReader(stream)] == [["student", "score", "reason"]]
