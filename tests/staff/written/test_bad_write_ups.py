"""Write-ups as nobody meant them, uploads twice, and two graders on one answer."""

import json
import shutil
from pathlib import Path

import pytest

from common import homework as homeworks
from staff.course.findings import Findings
from staff.course.scores import read_lines
from staff.course.table import read_table
from staff.written import answers, command, grades, pages, rubric
from staff.written.scores import version

HW = homeworks.load("hw0")
GIVEN = (HW.folder / "writeup.md").read_text(encoding="utf-8")


def hand_in(folder, who, data):
    (folder / who).mkdir(parents=True)
    for name in HW.files:
        shutil.copy(homeworks.ROOT / "staff/solutions/hw0" / name, folder / who / name)
    if data is not None:
        (folder / who / "writeup.md").write_bytes(data)


def made(tmp_path, data):
    """The page of 4q and the paper of one write-up."""
    hand_in(tmp_path / "in", "ada", data)
    (tmp_path / "work").mkdir()
    papers, _ = answers.read(tmp_path / "in", HW, tmp_path / "work")
    paths = pages.write(tmp_path / "out", HW, rubric.load(HW), papers)
    return next(p for p in paths if "4q" in p.name).read_text(encoding="utf-8"), papers[0]


ANSWER = (
    "## 4q · What the weights do (4 points)\n\n{}\n\n## 5q · When to stop (4 points)\n\nelsewhere\n"
)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("My answer stands alone, without a heading.", "without a heading"),
        (
            ANSWER.format("<script>alert(1)</script><img src=x onerror=y><!-- gone"),
            "&lt;script&gt;alert(1)",
        ),
        (ANSWER.format("![photo](C:\\me\\p.jpg) and ![b](http://x/y.png)"), "see the PDF"),
        (ANSWER.format("| a | b |\n|---|---|\n| 1 | {{x}} |\n| 2"), "<table"),
        (ANSWER.format("```\n## 5q · in code\nends never"), "in code"),
        (ANSWER.format("\u202ereversed \x00\x07 \ue000\ue001\ue002\ue003 𝔘"), "reversed"),
        (ANSWER.format("> " * 3000 + "deep"), "deep"),
        (ANSWER.format("- " * 3000 + "deep"), "deep"),
        (ANSWER.format("x " + "**" * 20000), "**"),
        ("## 5q · When (4 points)\n\nthe answer to 4q stands here\n", "nothing is written here"),
    ],
)
def test_whatever_was_typed_is_on_the_page_and_does_nothing(text, shown, tmp_path):
    page, paper = made(tmp_path, text.encode("utf-8"))
    assert shown in page and not paper.refused
    assert "<script>alert" not in page and "<img src=x" not in page and "\ue000" not in page


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "utf-16-le"])
def test_other_encodings_are_read_or_named(encoding, tmp_path):
    page, paper = made(tmp_path, ANSWER.format("Größe über alles").encode(encoding))
    if encoding == "utf-16-le":  # without its mark nobody can know
        assert any("Windows-1252" in note for note in paper.notes)
    else:
        assert "Größe über alles" in page


def test_no_write_up_is_said(tmp_path):
    page, paper = made(tmp_path, None)
    assert "no writeup.md in the submission" in page and paper.answers == {}


def test_a_long_write_up_is_cut_and_said(tmp_path):
    page, _ = made(tmp_path, ANSWER.format("word " * 180_000).encode())
    assert "characters; the first 200,000 are shown" in page and len(page) < 2**20


def test_five_megabytes_are_refused_and_said_to_the_grader(tmp_path, capsys):
    hand_in(tmp_path / "in", "ada", b"x" * 5 * 2**20)
    hand_in(tmp_path / "in", "bob", GIVEN.encode())
    assert command.main(["hw0", str(tmp_path / "in"), "-o", str(tmp_path / "out")]) in (0, 1)
    told = capsys.readouterr().out
    assert "ada" in told or "writeup.md" in "".join(
        p.read_text() for p in (tmp_path / "out").glob("*4q.html")
    )


def test_the_later_upload_of_a_student_is_graded_alone(tmp_path, capsys):
    hand_in(tmp_path / "in", "ada", b"old")
    hand_in(tmp_path / "in", "ada (1)", b"new")
    assert command.main(["hw0", str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 0
    assert "not on the pages: ada: ada (1) is the later upload" in capsys.readouterr().out
    assert len(pages.load_key(tmp_path / "out").students) == 1


def sheet(folder, key, grader, pressed, question="4q", name="", **row):
    """What a grader's page saves of one answer."""
    one = rubric.load(HW)[question]
    row = {"comments": [], "done": True, "flagged": False, "seconds": 60, "pressed": pressed} | row
    kept = {
        "homework": "hw0",
        "question": question,
        "grader": grader,
        "rubric": version(one),
        "answers": {key.ident(question, "ada"): row},
    }
    path = Path(folder, f"{name or grader}.json")
    path.write_text(json.dumps(kept))
    return grades.load_sheet(path, HW, rubric.load(HW))


def worth(*items):
    return sum(item.points for item in rubric.load(HW)["4q"].items if item.id in items)


def test_of_two_graders_on_one_answer_nothing_is_lost(tmp_path):
    key = pages.Key("salt", [["ada"]], {})
    sheets = [
        sheet(tmp_path, key, "g", {"1a": 1}),
        sheet(tmp_path, key, "h", {}, comments=["why?"], flagged=True),
    ]
    found = grades.collect(sheets, rubric.load(HW), key)
    ident = key.ident("4q", "ada")
    assert found.notes == [
        f"4q {ident}: g {worth('1a'):g}, h 0 points; g counts",
        f"4q {ident}: h wrote “why?”",
        f"4q {ident}: flagged by h",
    ]
    assert found.rows["ada"]["4q"][0] == worth("1a")


def test_of_two_files_of_one_grader_the_later_change_counts(tmp_path):
    key = pages.Key("salt", [["ada"]], {})
    for changes in ((1, 2), (2, 1)):
        sheets = [
            sheet(tmp_path, key, "g", {ident: 1}, name=ident, changed=changed)
            for ident, changed in zip(("1a", "1b"), changes)
        ]
        found = grades.collect(sheets, rubric.load(HW), key)
        assert found.rows["ada"]["4q"][0] == worth("1b" if changes == (1, 2) else "1a")
        assert found.notes == [
            "4q: 1a.json, 1b.json are all g's; of each answer what was changed last counts"
        ]
    assert worth("1a") != worth("1b") or found.rows["ada"]["4q"][1].startswith("1a: +")


def test_a_submission_that_cannot_be_read_stays_open_in_the_gradebook(tmp_path):
    key = pages.Key("salt", [["ada"]], {"eve": "writeup.md is too large"})
    everything = rubric.load(HW)
    found = grades.Collected({"ada": dict.fromkeys(everything, (1.0, ""))})
    path = tmp_path / "hw0-written.csv"
    path.write_text(grades.as_csv(found, everything, key.refused), encoding="utf-8")
    findings = Findings()
    lines = read_lines(read_table(path, findings), "hw0", "written", set(), findings)
    assert not findings.errors
    assert {line.row.ids[0]: line.row.open for line in lines} == {
        "ada": "",
        "eve": "the upload could not be graded (writeup.md is too large)",
    }
