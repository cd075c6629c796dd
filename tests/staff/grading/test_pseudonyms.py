"""Pages without names: nobody of the class can be read from them, and a name stays the same."""

import re

import pytest

from common import homework as homeworks
from common.errors import KitError
from staff.grading import grade, pool, pseudonyms, session, similarity_page
from staff.grading.pseudonyms import Pseudonyms
from staff.grading.shared_code import Found, Pair

HOMEWORK = homeworks.load("hw1")
PEOPLE = ["s1", "Jane Doe", "Jörg Müller", "Kurt Collab", "lost soul", "Signed Jane"]


def judge_here(jobs, workers, seconds, keep):
    for job in jobs:
        notes = [
            {
                "kind": "shared run",
                "audience": "staff",
                "text": "maml is the very run that s2 handed in, says Jane Doe",
            }
        ]
        manifest = {"name": "Signed Jane", "collaborators": ["Kurt Collab"]}
        status = "failed" if "bad" in job.ident else "graded"
        keep(
            session.blank_record(HOMEWORK, job)
            | {
                "status": status,
                "score": 3,
                "reason": f"of {job.upload}" if "bad" in job.ident else "",
                "notes": notes,
                "manifest": manifest,
            }
        )


@pytest.fixture
def class_(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "run", judge_here)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("s1.zip", "s1 (2).zip", "Jörg Müller.zip", "bad apple.zip", "jane deo.zip"):
        (folder / name).write_bytes(name.encode())
    (folder / "roster.csv").write_text(
        "student,name\ns1,Jane Doe\ns2,Jörg Müller\nlost soul,\nx,Xi\n"
    )
    return folder


def test_the_class_page_without_names(class_, capsys):
    grade.main([str(class_), "--hw", "hw1", "--pseudonyms"])
    out = class_.with_name("in-grades-hw1")
    real = (out / "overview.html").read_text(encoding="utf-8")
    shown = (out / grade.SHOWN_PAGE).read_text(encoding="utf-8")
    body = re.sub(r"<(style|script).*?</\1>", "", shown, flags=re.DOTALL)
    for name in (*PEOPLE, "s2", "bad apple", "jane deo", "Xi"):
        assert not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", body), name
    assert "Jörg Müller.zip" in real or "s2" in real, "the page for staff keeps the names"
    assert len(set(re.findall(r"P-[A-Z]{5}", body))) >= 5
    known = dict(
        line.rsplit(",", 1) for line in (out / pseudonyms.FILE).read_text().splitlines()[1:]
    )
    assert known["s1"] == known["s1 (2).zip"], "an upload is called like its student"
    assert known["s1"] != known["s2"]

    grade.main([str(class_), "--hw", "hw1", "--pseudonyms"])
    assert (out / grade.SHOWN_PAGE).read_text(encoding="utf-8") == shown, "a name stays the same"


def test_without_the_option_there_is_no_such_page(class_):
    grade.main([str(class_), "--hw", "hw1"])
    assert not list(class_.with_name("in-grades-hw1").glob("*pseudonyms*"))


def test_the_page_of_pairs_without_names(tmp_path):
    texts = ("# Jane Doe, s1\nx = 1\n", "# by jörg müller\nx = 1\n")
    spans = ((15, 21), (17, 23))
    matches = tuple(([start], [end]) for start, end in spans)
    pair = Pair("mann.py", "s1", "s2", (0.9, 0.8), 40, matches=matches, texts=texts)
    found = Found(
        [pair],
        {"mann.py": "1 pair"},
        ["s1"],
        ["s2: mann.py"],
        ["s1: broken"],
        {"s1": "Jane Doe", "s2": "Jörg Müller"},
    )
    hidden = pseudonyms.of_pairs(found, tmp_path / "p.csv")
    page = similarity_page.page(hidden, HOMEWORK)
    body = re.sub(r"<(style|script).*?</\1>", "", page, flags=re.DOTALL)
    for name in ("Jane Doe", "jörg müller", "Jörg", "s1", "s2"):
        assert not re.search(rf"(?<!\w){name}(?!\w)", body, re.IGNORECASE), name
    assert page.count("<mark>x = 1\n</mark>") == 2, "what both share is marked where it stands"
    assert [len(text) for text in hidden.pairs[0].texts] == [len(text) for text in texts]


def test_names_inside_of_words_and_of_one_letter_stay(tmp_path):
    hidden = Pseudonyms(tmp_path / "p.csv", [["s1", "Ann"], ["x"]])
    assert hidden.text("Anna and s10, x = 1") == "Anna and s10, x = 1"
    assert hidden.text("ANN wrote it") == f"{hidden.known['Ann']} wrote it"
    assert hidden.names("x, s1") == f"{hidden.known['x']}, {hidden.known['s1']}"


def test_a_damaged_file_of_names_is_told(tmp_path):
    (tmp_path / "p.csv").write_text("who,what\na,b\n")
    with pytest.raises(KitError, match="cannot be read"):
        Pseudonyms(tmp_path / "p.csv", [])
