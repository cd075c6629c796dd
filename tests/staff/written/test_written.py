"""Grading written answers: marks on a made-up class, pages, scores, agreement, bad input."""

import json
import re
import zipfile

import pytest

from common import homework as homeworks
from common.errors import KitError
from staff.written import agreement, answers, command, grades, made_up, pages, rubric, words
from staff.written.claims import Checker
from staff.written.facts import Fact
from staff.written.marks import NOWHERE, ORDER, OTHER_RUN, SIZE
from staff.written.scores import lines_of, score, version
from tests.conftest import HOMEWORKS
from tests.marks import MARKED, WRONGLY, measure

SEED = 11  # not one of those that the rules were written by
RUNS = [
    Fact("rate-0.4/test_accuracy", 0.9412, 0.0051),
    Fact("rate-0.04/test_accuracy", 0.9231, 0.0049),
    Fact("first-order/test_accuracy", 0.9271, 0.0051),
    Fact("rate-0.04-5-steps/test_accuracy", 0.9362, 0.0048),
    Fact("rate-0.4/val_accuracy", 0.9440, 0.005),
    Fact("rate-0.4/last/steps_per_second", 15.52),
    Fact("rate-0.04-5-steps/last/steps_per_second", 5.71),
    Fact("rate-0.4/val_accuracy", 0.8203, when=150.0),
    Fact("rate-0.4/test_accuracy", 0.6111, tiny=True),
]


def marks(text, runs=RUNS):
    checker = Checker(words.load(homeworks.load("hw2")), {"s": runs}, frozenset({0.4, 0.04, 0.002}))
    return checker.check("s", text).marks


@pytest.mark.parametrize(
    "text",
    [
        "With 0.4 I get .941 ± .005, with 0.04 .923 ± .005 on meta-test.",
        "rate-0.4 and rate-0.04 end at 94.1 % and 92.3 % respectively.",
        "Meta-test for 0.4: 0,941.",
        "The gap of the two, 0.018, is larger than both intervals; 0.4 is better than 0.04.",
        "0.4 has an error of .059 on meta-test.",
        "After 150 steps the validation accuracy of rate-0.4 was .820.",
        "I had expected that 0.04 is better than 0.4, by 0.05 or so.",
        "0.04 is not better than 0.4.",
        "The outer loop used a rate of 0.002 for rate-0.4, and chance is 0.20.",
        "One step (0.4) is 2.7 times as fast as five steps.",
        "$0.777$ and `x = 0.777` for rate-0.4 are formulas.",
        "> rate-0.4 has 0.777, says the question",
    ],
)
def test_what_is_true_is_not_marked(text):
    assert marks(text) == []


@pytest.mark.parametrize(
    "text, kind",
    [
        ("With 0.4 I get .961 ± .005 on meta-test.", NOWHERE),
        ("On meta-test 0.04 has .941 ± .005.", OTHER_RUN),
        ("0.4 reaches .611 on meta-test.", "tiny"),
        ("First order is better than second order on meta-test.", ORDER),
        ("Second order reaches .941 ± .005 on meta-test.", OTHER_RUN),
        ("By meta-test accuracy rate-0.04 > rate-0.4.", ORDER),
        (
            "One step (0.4) has 1.5 times as many steps a second as five steps, five steps has 8 times as"
            " many steps a second as 0.4.",
            SIZE,
        ),
    ],
)
def test_what_the_runs_deny_is_marked(text, kind):
    assert kind in {mark.kind for mark in marks(text)}


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_planted_contradictions_are_marked_and_honest_numbers_are_not(hw, tmp_path):
    count = measure(hw, tmp_path, SEED)
    assert count.planted >= 20 and count.honest >= 100
    assert count.found / count.planted >= MARKED, count.missed
    assert len(count.wrongly) / count.honest <= WRONGLY, count.wrongly[:5]


def test_points_never_fall_below_zero_and_losses_of_all_or_half_take_their_share():
    rubrics = rubric.load(homeworks.load("hw2"))
    assert score(rubrics["1p"], {"a": 1, "b": 1, "L1": 1}) == 0
    assert score(rubrics["2q"], {"1a": 1, "1b": 1, "2a": 1, "L2.1": 1}) == 2
    assert score(rubrics["3q"], {"5a": 1, "L1.5": 1, "L2.5": 1, "L2.4": 1}) == 0
    assert score(rubrics["2p"], {"a": 1, "d": 1, "L2": 3}) == 1
    every = {item.id: 1 for item in rubrics["3q"].items}
    assert score(rubrics["3q"], every) == rubrics["3q"].points == 12
    assert len(lines_of(rubrics["3q"])) == 10


def test_kappa_is_cohens():
    yes, no = [(True, True)], [(False, False)]
    table = yes * 20 + [(True, False)] * 5 + [(False, True)] * 10 + no * 15
    assert agreement.kappa(table) == pytest.approx(0.4)  # Cohen's own example of 50 proposals
    assert agreement.kappa(yes * 4) is None and agreement.kappa([]) is None
    low, high = agreement.interval([[pair] for pair in table])
    assert low < 0.4 < high and 0.3 < high - low < 0.7


@pytest.fixture
def practice(tmp_path):
    homework = homeworks.load("hw2")
    made = made_up.make(tmp_path / "in", homework, 6, SEED)
    return homework, made, tmp_path


def saved(folder, key, question, grader, pressed_of, homework):
    rubrics = rubric.load(homework)
    found = {
        key.ident(question, s[0]): {
            "pressed": pressed_of(s[0]),
            "comments": [],
            "done": True,
            "seconds": 60,
        }
        for s in key.students
    }
    path = folder / f"{question}-{grader}.json"
    path.write_text(
        json.dumps(
            {
                "homework": homework.name,
                "question": question,
                "grader": grader,
                "rubric": version(rubrics[question]),
                "answers": found,
            }
        )
    )
    return path


def test_from_a_folder_of_write_ups_to_the_gradebooks_table(practice, capsys, monkeypatch):
    homework, made, folder = practice
    monkeypatch.chdir(folder)
    assert command.main(["hw2", "in"]) == 0
    rubrics = rubric.load(homework)
    key = pages.load_key(folder / "written" / "hw2")
    files = []
    for question in rubrics:
        earned = lambda s, q=question: dict.fromkeys(made[s][q].earned, 1) if q in made[s] else {}  # noqa: E731
        files.append(str(saved(folder, key, question, "Ada", earned, homework)))
    assert command.main(["hw2", "--collect", *files[1:]]) == 1
    assert "6 of 6 answers are not graded" in capsys.readouterr().out
    assert command.main(["hw2", "--collect", *files]) == 0
    table = (folder / "written" / "hw2-written.csv").read_text().splitlines()
    assert table[0].startswith("student,score,status,reason,item: 1p,") and len(table) == 7
    by_student = {line.split(",")[0]: float(line.split(",")[1]) for line in table[1:]}
    for student, questions in made.items():
        worth = sum(
            i.points for q, a in questions.items() for i in rubrics[q].items if i.id in a.earned
        )
        assert by_student[student] == worth


def test_graders_who_disagree_are_told_with_the_line(practice, capsys):
    homework, _, folder = practice
    command.main(["hw2", str(folder / "in"), "-o", str(folder / "p")])
    key = pages.load_key(folder / "p")
    one = saved(folder, key, "3q", "Ada", lambda s: {"1a": 1, "1b": int(s < "s03")}, homework)
    other = saved(
        folder, key, "3q", "Bob", lambda s: {"1a": int(s > "s01"), "1b": int(s < "s03")}, homework
    )
    code = command.main(["hw2", "--agreement", str(one), str(other)])
    told = capsys.readouterr().out
    assert "kappa 0.8" in told and "0.33 points apart" in told, told
    assert code == 0


def test_no_name_and_no_foreign_script_is_on_a_page(practice):
    _, _, folder = practice
    evil = folder / "in" / "s00" / "writeup.md"
    text = evil.read_text().replace(
        "> **1. (3 points)** A large rate and a small one.",
        "> **1. (3 points)** A large rate and a small one.\n\n<script>alert(1)</script> <img src=x onerror=1>"
        "\n\n| a | b |\n|---|---|\n| rate-0.4 | 0.777 |\n\n![x](../../other/writeup.md)\n",
    )
    evil.write_text(text)
    command.main(["hw2", str(folder / "in"), "-o", str(folder / "p"), "--question", "3q"])
    page = (folder / "p" / "hw2-3q.html").read_text()
    assert "&lt;script&gt;alert(1)" in page and page.count("<script") == 2
    assert "onerror=1&gt;" in page and "<img" not in page and "Student s0" not in page
    assert not re.search(r"\bs0\d\b", page) and "http:" not in page and "https:" not in page
    assert "<mark>0.777</mark>" in page


@pytest.mark.parametrize(
    "data, told",
    [
        (b"", "no heading of a question"),
        ("## 3q · x\n\nété 0.941\n".encode("cp1252"), "read as Windows-1252"),
        ("## 3q · x\n\nrate\n".encode("utf-16"), "UTF-16"),
        (b"# 3q: mine\n\nanswer\n\n## 3q - again\n\nmore\n", "two headings of 3q"),
        (b"## 1q \xc2\xb7 y\n\nonly this\n", "the heading of 3q is missing"),
    ],
)
def test_damaged_write_ups_are_read_and_told(data, told, practice):
    homework, _, folder = practice
    (folder / "in" / "s01" / "writeup.md").write_bytes(data)
    (folder / "work").mkdir()
    papers = {p.ident: p for p in answers.read(folder / "in", homework, folder / "work")[0]}
    assert any(told in note for note in papers["s01"].notes)


def test_what_cannot_be_read_is_told_and_has_no_row(practice, capsys):
    _, _, folder = practice
    (folder / "in" / "s01" / "writeup.md").write_bytes(b"x" * 5 * 2**20)
    (folder / "in" / "s02" / "writeup.md").unlink()
    with zipfile.ZipFile(folder / "in" / "s09.zip", "w") as archive:
        archive.writestr("essay.docx", "no code")
    assert command.main(["hw2", str(folder / "in"), "-o", str(folder / "p")]) == 1
    told = capsys.readouterr().out
    assert "not on the pages: s01: writeup.md is larger than" in told
    assert "not on the pages: s09: it holds none of the files" in told
    assert "no writeup.md in the submission" in (folder / "p" / "hw2-3q.html").read_text()


@pytest.mark.parametrize(
    "change, told",
    [
        ({"homework": "hw1"}, "expected hw2"),
        ({"rubric": "0"}, "has changed since"),
        ({"answers": {"a": {"pressed": {"9z": 1}, "comments": [], "done": True}}}, "has no '9z'"),
        ({"answers": {"a": {}}}, "is no file of a graders' page"),
    ],
)
def test_a_file_that_does_not_belong_is_an_error(change, told, practice):
    homework, _, folder = practice
    rubrics = rubric.load(homework)
    path = folder / "x.json"
    good = {
        "homework": "hw2",
        "question": "3q",
        "grader": "A",
        "rubric": version(rubrics["3q"]),
        "answers": {},
    }
    path.write_text(json.dumps(good | change))
    with pytest.raises(KitError, match=told):
        grades.load_sheet(path, homework, rubrics)
