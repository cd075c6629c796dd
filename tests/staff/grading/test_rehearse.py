"""The rehearsal, and the examples of other platforms in staff/PLATFORMS.md."""

import json
import re
import subprocess
import zipfile
from types import SimpleNamespace

import pytest

from common import homework as homeworks
from staff.course.findings import Findings
from staff.course.platforms import canvas, moodle
from staff.course.roster import read_roster
from staff.course.table import parse
from staff.grading import downloads, rehearse
from staff.grading.hand_ins import sort_out
from staff.grading.submissions import find

HOMEWORK = homeworks.load("hw0")


def test_a_small_class_goes_the_whole_way(tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--hw", "hw0", "--students", "16", "--workers", "1", "-o", str(out)]
    assert rehearse.main(options) == 0
    said = capsys.readouterr().out
    told = re.search(r"(\d+) of (\d+) uploads earned what they must", said)
    assert told[1] == told[2] and int(told[1]) >= 13
    for command in ("grade", "gradebook", "feedback"):
        assert f"$ python -m staff {command} " in said
    assert said.count("x.zip: not in the roster") == 1, "the stranger was found and renamed"
    for path in (
        "scores/gradebook.csv",
        "scores/canvas-hw0.csv",
        "scores/moodle-hw0.csv",
        "scores/moodle-hw0-worksheet.csv",
        "grades/overview.html",
    ):
        assert (out / path).is_file(), path
    assert len(list((out / "pages").iterdir())) == 16


@pytest.mark.parametrize("platform, read", [("canvas", canvas), ("moodle", moodle)])
def test_uploads_are_laid_out_as_the_platform_does(platform, read, tmp_path):
    class_ = rehearse.make_class(HOMEWORK, 16, tmp_path / "made")
    path = rehearse.lay_out(class_, tmp_path / "out", platform, HOMEWORK)
    for name in zipfile.ZipFile(path).namelist():
        assert read.read_name(name.partition("/")[0]), name
    rehearse.write_scores(class_, HOMEWORK, tmp_path / "scores")
    roster = read_roster(tmp_path / "scores" / "roster.csv", Findings(), ("",))
    folder = downloads.gather(path, tmp_path / "work")
    sorted_ = sort_out(find(folder, HOMEWORK, None), roster, {})
    assert not sorted_.unmatched and not sorted_.undecided
    owners = {one.students[0] for one in sorted_.kept}
    assert owners <= {one.ident for one in class_} and len(owners) >= 9


def test_the_made_up_exports_are_what_the_readers_read(tmp_path):
    class_ = rehearse.make_class(HOMEWORK, 16, tmp_path / "made")
    export = parse(rehearse.canvas_export(class_), "export.csv", Findings())
    assert canvas.is_export(export) and len(canvas.student_rows(export)) == 16
    sheet = parse(rehearse.moodle_worksheet(class_, HOMEWORK), "sheet.csv", Findings())
    assert moodle.is_worksheet(sheet) and len(moodle.participants(sheet)) == 16


# --- the examples of the appendix ---------------------------------------------------------------

RECORD = {
    "homework": "hw1",
    "score": 3.5,
    "max_score": 6,
    "checks": [
        {"id": "a", "problem": "1", "title": "A: value", "points": 3.5, "max_points": 4,
         "status": "failed", "message": "m"},
        {"id": "b", "problem": "2a", "title": "B", "points": 0, "max_points": 2,
         "status": "failed", "message": ""},
        {"id": "x", "problem": "X", "title": "extra", "points": 0, "max_points": 0,
         "status": "failed", "message": ""},
    ],
}  # fmt: skip


def example(word, tmp_path, monkeypatch):
    """Run an example on a record that the grader would have written; where its files are."""
    text = (homeworks.ROOT / "staff" / "PLATFORMS.md").read_text(encoding="utf-8")
    (code,) = [b for b in re.findall(r"```python\n(.*?)```", text, re.S) if word in b]
    assert len(code.splitlines()) <= 40
    code = re.sub(r'"(/grade|/tmp|/kit)', rf'"{tmp_path}\1', code)
    (tmp_path / "tmp").mkdir()

    def run(command, **_):
        path = command[command.index("--json") + 1]
        (tmp_path / path).write_text(json.dumps(RECORD))
        return SimpleNamespace(returncode=1, stdout="console", stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.chdir(tmp_path)
    try:
        exec(compile(code, word, "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        assert end.code == 0


def test_prairielearn(tmp_path, monkeypatch):
    example("gradable", tmp_path, monkeypatch)
    result = json.loads((tmp_path / "grade/results/results.json").read_text())
    assert 0 <= result["score"] <= 1 and result["score"] == pytest.approx(3.5 / 6)
    assert result["gradable"] is True and len(result["tests"]) == 2


def test_autolab(tmp_path, monkeypatch, capsys):
    with zipfile.ZipFile(tmp_path / "handin.zip", "w") as archive:
        archive.writestr("mann.py", "")
    example("_presentation", tmp_path, monkeypatch)
    *_, semantic, last = capsys.readouterr().out.splitlines()
    assert json.loads(last) == {"scores": {"problem 1": 3.5, "problem 2a": 0}}
    shown = json.loads(semantic)
    assert all(stage in shown for stage in shown["stages"])
    for line in (semantic, last):  # a word before a colon is put in quotes before it is parsed
        assert not re.search(r"\w:", line)


def test_autolab_always_prints_scores(tmp_path, monkeypatch, capsys):
    example("_presentation", tmp_path, monkeypatch)  # no handin at all
    assert "scores" in json.loads(capsys.readouterr().out.splitlines()[-1])


def test_classroom_50(tmp_path, monkeypatch):
    stamped = (
        "CLASSROOM",
        "ASSIGNMENT",
        "ASSIGNMENT_TYPE",
        "OWNER",
        "SUBMISSION_TAG",
        "COMMIT_URL",
        "RELEASE_URL",
        "REVIEW_URL",
    )
    for name in stamped:
        monkeypatch.setenv(name, name.lower())
    example("classroom50/result/v1", tmp_path, monkeypatch)
    result = json.loads((tmp_path / "result.json").read_text())
    assert set(result) == {
        "schema",
        "classroom",
        "assignment",
        "assignment_type",
        "owner",
        "submission",
        "commit",
        "release",
        "review",
        "datetime",
        "score",
        "max-score",
        "tests",
    }
    assert (result["score"], result["max-score"]) == (350, 600)
    assert all(
        type(t["score"]) is int and 0 <= t["score"] <= t["max-score"] for t in result["tests"]
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result["datetime"])
