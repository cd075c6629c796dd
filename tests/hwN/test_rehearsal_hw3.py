"""Homework 3's rehearsal: right solutions have nothing odd, a slip is seen, and a long run begins with it."""

import pytest

from common import homework as homeworks
from staff.authoring.with_solutions import training_tree
from tests.conftest import HOMEWORKS

pytestmark = pytest.mark.skipif("hw3" not in HOMEWORKS, reason="homework 3 is not here")


@pytest.fixture
def train(solved, forks, tmp_path):
    """Train homework 3 with the solutions, or with one text of a file replaced by another."""

    def run(*options, file="", old="", new=""):
        folder = solved("hw3")
        if file:
            path = folder / file
            text = path.read_text(encoding="utf-8")
            assert old in text
            path.write_text(text.replace(old, new), encoding="utf-8")
        tree = training_tree(homeworks.load("hw3"), tmp_path / "tree", folder)
        return forks.run("hw3.train", "--out", tmp_path / "run", *options, folder=tree)

    return run


def test_a_right_solution_has_nothing_odd_and_is_shown_its_batch(train, tmp_path):
    done = train("--experiment", "shots", "--check")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("nothing odd") == 3 and "odd:" not in done.stdout
    assert done.stdout.count("2.303, and 2.303 for a network that knows nothing") == 3  # log 10
    folder = tmp_path / "run" / "check" / "shots-seed0"
    assert {path.name for path in folder.iterdir()} == {"check.txt", "check.png"}
    assert not list(tmp_path.glob("run/shots*"))


def test_a_right_solution_in_language_is_shown_a_prompt(train):
    done = train("--experiment", "watch-lora", "--check")
    assert done.stdout.count("nothing odd") == 1 and "the answer that is right" in done.stdout


def test_statistics_that_move_and_a_step_that_learns_nothing_are_odd(train):
    spoiled = {"file": "blocks.py", "old": "module.train = lambda", "new": "module.other = lambda"}
    done = train("--experiment", "watch-block", "--check", **spoiled)
    assert "odd: the running statistics of blocks.3.bn1 move" in done.stdout, done.stderr


def test_a_step_that_learns_nothing_is_odd(train):
    spoiled = {"file": "finetune.py", "old": "optimizer.step()", "new": "pass"}
    done = train("--experiment", "watch-block", "--check", **spoiled)
    assert "odd: one batch cannot be learned by heart" in done.stdout, done.stderr


def test_an_experiment_that_only_asks_shows_what_it_asks(train):
    done = train("--experiment", "in-context", "--check")
    assert done.returncode == 0 and "nothing is tuned here" in done.stdout, done.stderr


def test_it_runs_by_itself_before_the_first_long_run(train, tmp_path):
    few = ("--experiment", "shots", "--seeds", "1", "--steps", "1")
    done = train(*few, "--out", str(tmp_path / "runs" / "shots-seed0"))
    assert done.returncode == 0 and "rehearsal:" in done.stdout, done.stderr
    assert (tmp_path / "runs/shots-seed0/check.txt").is_file()
