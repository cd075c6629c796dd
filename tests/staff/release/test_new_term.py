"""Another term: dates, canary, version and letters are new, and nothing else is."""

import tomllib
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from common import homework as homeworks
from common.diagnose import curves
from common.errors import KitError
from common.homework import ROOT
from common.kit import seeds
from common.kit.version import kit_version
from staff.authoring import canary, stubs
from staff.authoring.curves import recipe
from staff.course import policy
from staff.release import new_term

CANARY = "12345678-aaaa-4bbb-8ccc-123456789abc"


@pytest.fixture(scope="module")
def texts():
    return new_term.renew_term(ROOT, date(2027, 1, 15), CANARY, np.random.default_rng(0))


@pytest.fixture(scope="module")
def term(texts, tmp_path_factory):
    """The files of the next term, in a root of their own."""
    root = tmp_path_factory.mktemp("term")
    for path, text in texts.items():
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for name in homeworks.names():
        target = root / name / "homework.toml"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((ROOT / name / "homework.toml").read_bytes())
    return root


def test_all_dates_move_by_as_many_days(term):
    before, after = policy.load(), policy.load(term / "staff" / "course.toml", term)
    assert after.assignments[0].due.date() == date(2027, 1, 15)
    gaps = {
        b.due.replace(tzinfo=None) - a.due.replace(tzinfo=None)
        for a, b in zip(before.assignments, after.assignments)
    }
    assert len(gaps) == 1 and [one.name for one in after.assignments] == [
        one.name for one in before.assignments
    ]


ROW = '[[assignments]]\nname = "hw1"\n'


@pytest.mark.parametrize(
    "line, moved",
    [
        ("hints_open = 2026-10-04T12:00:00", "hints_open = 2027-01-17T12:00:00"),
        ("due = 2026-10-14T23:59:00 # Friday", "due = 2027-01-27T23:59:00 # Friday"),
        ("due = 2026-10-14 23:59:00", "due = 2027-01-27 23:59:00"),
        ("  due_written=2026-10-14T23:59:00Z", "  due_written=2027-01-27T23:59:00Z"),
        ("# due = 2026-10-14T23:59:00", "# due = 2026-10-14T23:59:00"),
    ],
)
def test_a_date_moves_however_it_is_written(line, moved):
    first = ROW + "due = 2026-10-02T23:59:00\n"
    text = new_term.shift_dates(f"{first}{ROW}{line}\n", date(2027, 1, 15))
    assert text == f"{ROW}due = 2027-01-15T23:59:00\n{ROW}{moved}\n"


def test_a_date_that_cannot_be_moved_is_refused():
    first = ROW + "due = 2026-10-02T23:59:00\n"
    with pytest.raises(KitError, match="assignments 1 more due = 2026-10-14 was not moved"):
        new_term.shift_dates(f"{first}more = {{due = 2026-10-14}}\n", date(2027, 1, 15))
    with pytest.raises(KitError, match="has no line like"):
        new_term.shift_dates(ROW, date(2027, 1, 15))


@pytest.mark.parametrize(
    "hw", [name for name in homeworks.names() if (ROOT / name / "curves.json").is_file()]
)
def test_runs_have_other_letters_and_their_own_causes(hw, term):
    def causes(root):
        told, answers = curves.load(hw, root), recipe.load(hw, root).answers
        return {str(one.columns): answers[name] for name, one in told.runs.items()}

    assert causes(term) == causes(ROOT)
    was, now = recipe.load(hw, ROOT).answers, recipe.load(hw, term).answers
    assert was != now and len(was) == len(now)
    model = (term / "staff" / "writeup" / f"{hw}.md").read_text(encoding="utf-8")
    for run, cause in now.items():
        assert f"| {run} | {cause} |" in model


def test_every_solution_and_model_answer_carries_the_canary_and_no_stub_does(texts, term):
    carriers = [path for path in texts if canary.find_canaries(texts[path], [CANARY])]
    assert len(carriers) == len(canary.files(ROOT)) + 1, "and course.toml"
    assert canary.known_canaries(term)[-1] == CANARY
    for master in (term / "staff" / "solutions").rglob("*.py"):
        hw = master.parent.name
        stub = stubs.make_stub(master.read_text(encoding="utf-8"), hw, master.name)
        assert stub == (ROOT / hw / master.name).read_text(encoding="utf-8")
    again = canary.with_canary(carriers[-1], "0" * 36)
    assert again.count("Canary") == 1, "one takes the other's place"


def test_the_version_is_the_next(term):
    before = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    major, minor, _ = map(int, before.split("."))
    assert kit_version(term) == f"{major}.{minor + 1}.0"
    assert f"version: {major}.{minor + 1}.0" in (term / "CITATION.cff").read_text(encoding="utf-8")


def test_the_changes_get_the_heading_of_the_version(term):
    lines = (term / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    place = lines.index("## Unreleased")
    assert lines[place + 2].startswith(f"## {kit_version(term)} (") and lines[place + 3][0] == "-"


def test_what_was_recorded_in_another_term_is_worth_nothing(tmp_path):
    checks = tmp_path / "autograder" / "checks" / "hw1"
    checks.mkdir(parents=True)
    old = seeds.make_term(tmp_path)
    for name in (*[f"-{one}" for one in seeds.sets_of(old, "hw1", 2)], "-7421", ""):
        (checks / f"answers{name}.npz").write_bytes(b"x")
    homework = replace(homeworks.load("hw1"), root=tmp_path)
    assert seeds.recorded_sets(homework) == seeds.sets_of(old, "hw1", 2)
    kept, *gone = seeds.end_term(tmp_path)
    assert kept.name == f"term-{old}.key" and len(gone) == 2
    assert sorted(path.name for path in checks.iterdir()) == ["answers-7421.npz", "answers.npz"]
    assert seeds.make_term(tmp_path) != old
    assert seeds.recorded_sets(homework) == [] and seeds.end_term(tmp_path / "nowhere") == []


def test_a_date_that_is_none_is_an_error():
    with pytest.raises(KitError, match="2027-01-15"):
        new_term.main(["--first-due", "soon"])
