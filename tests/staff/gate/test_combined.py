"""Right ways of several holes at once are one right submission."""

import numpy as np
import pytest

from autograder import engine
from common import homework as homeworks
from staff.authoring import catalogue
from staff.gate import combined
from tests.conftest import HOMEWORKS


def test_several_holes_of_one_file_are_filled(tmp_path):
    ways = {}
    for entry in catalogue.entries("hw2", "variant"):
        ways.setdefault(entry.problem, entry)
    catalogue.combine(list(ways.values()), tmp_path)
    text = (tmp_path / "maml.py").read_text(encoding="utf-8")
    compile(text, "maml.py", "exec")
    for entry in ways.values():
        if entry.file == "maml.py":
            assert entry.body.splitlines()[-1].strip() in text
    assert "SOLUTION" not in text


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_a_combination_of_right_ways_earns_everything(hw, worker, tmp_path):
    homework = homeworks.load(hw)
    rng = np.random.default_rng(7)
    for number in range(2):
        ways = combined.draw(homework, rng)
        folder = combined.fill(homework, ways, tmp_path / str(number))
        result = engine.grade(homework, submission=folder, worker=worker)
        lost = {row.id: row.what for row in result.checks if not row.passed}
        assert not lost, [entry.slug for entry in ways]


def test_what_is_lost_is_told():
    outcome = combined.Outcome({"1": "loops"}, {"test_a": "7 of 7 numbers differ"})
    assert not outcome.right
    assert combined.describe(3, outcome) == "3: 1=loops\n   lost test_a: 7 of 7 numbers differ"


def test_a_combination_trains(capsys):
    asked = ["hw0", "--count", "1", "--train", "shared-99", "--", "--tiny"]
    assert combined.main(asked) == 0
    told = capsys.readouterr().out
    assert "test_mse" in told and "hw0: 1 of 1 combinations are right" in told
