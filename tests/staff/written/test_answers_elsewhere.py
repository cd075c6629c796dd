"""Answers in the wrong place are shown, and no name with them."""

from common import homework as homeworks
from staff.written import answers, pages, rubric
from staff.written.answers import cut

ASKED = ["3q", "4q"]


def test_a_heading_may_have_no_sign_behind_its_question():
    found, _, notes = cut("## 3q\nmine\n## 4q again\nmore\n## 33 reasons\nstill 4q\n", ASKED)
    assert found == {"3q": ["mine"], "4q": ["more", "## 33 reasons", "still 4q", ""]}
    assert notes == []


def test_names_above_the_answers_are_hidden():
    _, loose, _ = cut("Name: Ada\n**People I worked with:** Bob\nMy answer: .94\n", ASKED)
    assert "Ada" not in "".join(loose) and "Bob" not in "".join(loose)
    assert "My answer: .94" in loose


def test_what_stands_below_another_heading_is_shown_where_a_question_is_empty(tmp_path):
    homework = homeworks.load("hw2")
    given = (homework.folder / "writeup.md").read_text(encoding="utf-8")
    folder = tmp_path / "in" / "ada"
    folder.mkdir(parents=True)
    for name in homework.files:
        (folder / name).write_bytes((homework.folder / name).read_bytes())
    (folder / "writeup.md").write_text(given + "\nOn 3q: both steps are long enough.\n")
    (tmp_path / "work").mkdir()
    papers, _ = answers.read(tmp_path / "in", homework, tmp_path / "work")
    last = list(papers[0].answers)[-1]
    assert papers[0].is_empty("3q") and not papers[0].is_empty(last)
    assert papers[0].elsewhere("3q") == ["On 3q: both steps are long enough."]
    rubrics = {name: one for name, one in rubric.load(homework).items() if name in ("3q", last)}
    made = pages.write(tmp_path / "pages", homework, rubrics, papers)
    empty, whole = (page.read_text(encoding="utf-8") for page in made)
    assert "nothing is written here" in empty and "What this student wrote elsewhere" in empty
    assert "What this student wrote elsewhere" not in whole
