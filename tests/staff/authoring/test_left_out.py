"""`drop` in course.toml: a problem is left out of table, points, files, checks, rubrics and pages."""

import pytest

from autograder.planning import plan
from common import homework as homeworks
from common.errors import KitError
from staff.authoring import catalogue, leaks, stubs, tables
from staff.course import facts, policy
from staff.release.left_out import without
from staff.written import rubric


@pytest.fixture
def dropping(tmp_path, monkeypatch):
    """The kit as it is, with another `drop`; a function of the list."""

    def drop(*names: str):
        text = (homeworks.ROOT / "staff" / "course.toml").read_text(encoding="utf-8")
        (tmp_path / "course.toml").write_text(text.replace("drop = []", f"drop = {list(names)}"))
        monkeypatch.setattr("common.kit.course.PLACES", (tmp_path / "course.toml",))

    return drop


def test_a_dropped_problem_has_no_points_checks_files_or_mistakes(dropping):
    whole = homeworks.load("hw1")
    dropping("hw1.X", "hw1.2a", "hw1.3")
    homework = homeworks.load("hw1")
    assert [p.id for p in homework.dropped] == ["2a", "3", "X"]
    assert homework.files == ("sampling.py", "mann.py"), "the extra problem's own file is not asked"
    assert not homework.measured and whole.measured
    checks = plan(homework)
    assert {check.problem for check in checks} == {"1", "2b"}
    assert sum(check.points for check in checks) == sum(
        p.points for p in whole.problems if p.id in ("1", "2b")
    )
    assert {entry.problem for entry in catalogue.entries("hw1", "mistake")} == {"1", "2b"}
    with pytest.raises(KitError, match="left out this term"):
        homework.problem("X")


def test_a_hole_that_others_build_on_is_given_and_no_leak(dropping):
    dropping("hw1.2a", "hw1.X")
    changed = stubs.out_of_step(homeworks.ROOT, "hw1")
    (text,) = [text for path, text in changed.items() if path.name == "mann.py"]
    assert 'raise NotImplementedError("hw1 2b' in text and '"hw1 2a' not in text
    assert "SOLUTION" not in text
    assert not any("2a" in hole for hole in leaks.secrets(homeworks.ROOT, "hw1").values())
    assert not any(path.name == "transformer.py" for path in changed), "nothing builds on an extra"


def test_the_file_that_the_gradebook_is_given_decides(tmp_path):
    before = policy.load().named("hw3")
    text = policy.COURSE_FILE.read_text(encoding="utf-8")
    (tmp_path / "course.toml").write_text(
        text.replace("drop = []", 'drop = ["hw3.4e", "hw3.X", "hw3.2q"]')
    )
    after = policy.load(tmp_path / "course.toml").named("hw3")
    assert before.code - after.code == 4 and before.extra - after.extra == 5
    assert before.written - after.written == 3


def test_pages_lose_its_sections(dropping):
    dropping("hw1.X", "hw1.3q", "hw1.3", "hw0.3b", "hw0.X1")
    homework = homeworks.load("hw1")
    handout = (homework.folder / "README.md").read_text(encoding="utf-8")
    kept = without(tables.with_table(handout, homework), homework)
    assert "TransformerMANN" not in kept and "**3q" not in kept and "**3p" in kept
    assert "## Common pitfalls" in kept and "*3 is left out this term" in kept
    assert f"**{57 - 12 - 4}**" in kept
    taught = tables.with_outcomes(handout, homework)
    assert "train it by the loss of the query row (2a, 2b)\n" in taught and "hard (3p)\n" in taught
    writeup = without((homework.folder / "writeup.md").read_text(encoding="utf-8"), homework)
    assert "## 3q" not in writeup and "## X" not in writeup and "## 4 ·" in writeup
    assert "3q" not in rubric.load(homework), "and it has no rubric to grade by"
    shared = homeworks.load("hw0")
    text = without((shared.folder / "README.md").read_text(encoding="utf-8"), shared)
    assert "**X1" not in text and "**X2" in text and "3b: `rating_loss`" in text
    assert "up to 2 extra" in tables.with_points(text, shared)


@pytest.mark.parametrize(
    "name, told",
    [("hw1.9z", "hw1 has"), ("hw9.1", "there is hw0"), ("X", "write the homework too")],
)
def test_a_misspelt_problem_is_an_error(dropping, name, told):
    dropping(name)
    with pytest.raises(KitError, match=told):
        homeworks.load("hw1")


def test_students_get_dates_and_what_is_left_out_but_no_weights(dropping, tmp_path):
    course = tmp_path / "staff"
    course.mkdir()
    text = policy.COURSE_FILE.read_text(encoding="utf-8")
    (course / "course.toml").write_text(text.replace("drop = []", 'drop = ["hw1.X", "hw3.4e"]'))
    told = facts.facts(tmp_path, ["hw0", "hw1"]).decode()
    assert 'drop = ["hw1.X"]' in told and "hw3" not in told and "weight" not in told
    assert "2026-10-14T23:59:00" in told and "hours" not in told
    assert "hours = 15" in facts.facts(tmp_path, ["hw4"]).decode()
