"""Figures of the handouts that one command measures again."""

import pytest

from common.errors import KitError
from staff.authoring import remeasure

FIGURES = remeasure.load()


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.run)
def test_the_handout_says_it_of_an_experiment_that_there_is(figure):
    handout = (remeasure.ROOT / figure.homework / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in handout.splitlines() if line.startswith(f"| {figure.experiment} |")]
    assert figure.said in row
    assert figure.low < figure.high


def test_what_moved_is_told(capsys):
    one = remeasure.Figure("hw9", "toy", "accuracy/8/linear/mean", ".5 ± .1", 0.4, 0.6)
    result = {"accuracy": {"8/linear": {"mean": 0.55}, "8": {"x": 1}}}
    assert remeasure.report([one], result) == 0 and "stands" in capsys.readouterr().out
    result["accuracy"]["8/linear"]["mean"] = 0.61
    assert remeasure.report([one], result) == 1
    assert (
        "MOVED: accuracy/8/linear/mean is 0.61; hw9/README.md: .5 ± .1" in capsys.readouterr().out
    )


@pytest.mark.parametrize("path", ["a", "a/2", "a/0/b", "b", "c/d"])
def test_a_path_without_a_number_is_an_error(path):
    with pytest.raises(KitError, match="no number"):
        remeasure.lookup({"a": [1.0, 2.0], "b": "word", "c": {}}, path)
    assert remeasure.lookup({"a": [1.0, 2.0]}, "a/1") == 2.0


def test_only_what_is_asked_for_is_measured():
    assert remeasure.choose(FIGURES, []) == FIGURES
    assert {f.homework for f in remeasure.choose(FIGURES, ["hw4"])} == {"hw4"}
    assert {f.run for f in remeasure.choose(FIGURES, ["hw3/shifts"])} == {"hw3/shifts"}
    with pytest.raises(KitError, match="no figure of hw7"):
        remeasure.choose(FIGURES, ["hw7"])
