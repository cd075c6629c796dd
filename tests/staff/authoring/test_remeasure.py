"""Figures of the handouts that one command measures again."""

import tomllib

import pytest

from common.errors import KitError
from staff.authoring import remeasure
from tests.conftest import HOMEWORKS

TABLE = remeasure.load()


def handout(homework):
    return (remeasure.ROOT / homework / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("homework", HOMEWORKS)
def test_every_number_of_a_handout_is_in_the_table_and_the_table_says_nothing_else(homework):
    text, said = handout(homework), TABLE.said(homework)
    assert remeasure.without_command(text, said) == []
    assert [one for one in said if " ".join(one.split()) not in " ".join(text.split())] == []


def test_a_number_that_nothing_gives_is_found():
    text = "Ours: 0.97 ± 0.01, in 5 minutes.\n```\n--lr 0.1\n```\n| x | 1,024 |\n## Sources\n0.5"
    found = remeasure.without_command(text, ["Ours: 0.97 ±"])
    assert len(found) == 3 and all(map(str.__contains__, found, ["0.01", "5 min", "1,024"]))
    assert remeasure.without_command(text, ["Ours: 0.97 ± 0.01,\nin 5 minutes", "| 1,024 |"]) == []


@pytest.mark.parametrize("run", TABLE.runs, ids=lambda run: run.name)
def test_a_run_is_one_that_there_is(run):
    assert all(figure.low <= figure.high for figure in run.figures)
    module, *options = run.command.split()
    if "--experiment" in options:
        table = (remeasure.ROOT / run.homework / "homework.toml").read_text(encoding="utf-8")
        name = options[options.index("--experiment") + 1]
        known = [one["name"] for one in tomllib.loads(table)["experiments"]]
        assert module == f"{run.homework}.train" and name in [
            *known,
            "protonet-long",
            "maml-long",
        ]


def test_the_sizes_that_handouts_name_are_those_of_the_networks(capsys):
    (run,) = [run for run in TABLE.runs if run.name == "hw3/sizes"]
    assert remeasure.report(run, remeasure.measure(run)) == 0
    assert "stands: large is 4.721e+05" in capsys.readouterr().out


def one_run(low=0.4, high=0.6):
    figure = remeasure.Figure(".5 ± .1", "accuracy/8/linear/mean", low, high)
    return remeasure.Run("hw9/toy", "hw9.train --experiment toy", 1, (figure,))


def test_what_moved_is_told(capsys):
    result = {"accuracy": {"8/linear": {"mean": 0.55}, "8": {"x": 1}}}
    assert remeasure.report(one_run(), result) == 0 and "stands" in capsys.readouterr().out
    result["accuracy"]["8/linear"]["mean"] = 0.61
    assert remeasure.report(one_run(), result) == 1
    assert (
        "MOVED: accuracy/8/linear/mean is 0.61; hw9/README.md: .5 ± .1" in capsys.readouterr().out
    )


def test_what_is_not_measured_is_named(monkeypatch, capsys):
    monkeypatch.setattr(remeasure, "measure", lambda run: {"accuracy": {"8/linear": {"mean": 0.9}}})
    monkeypatch.setattr(remeasure.source, "folders", lambda name, data: [])
    absent = remeasure.Run("hw9/real", "hw9.train", 1, one_run().figures, needs="omniglot")
    long = remeasure.Run("hw9/long", "hw9.train", 40, one_run().figures)
    assert remeasure.measure_each([one_run(), absent], [long]) == 1
    told = capsys.readouterr().out
    assert "hw9/real: NOT MEASURED, omniglot is not on disk (KIT_DATA)" in told
    assert "not measured (longer; --all, or name them): hw9/long" in told
    assert "1 of 1 figures moved" in told


@pytest.mark.parametrize("path", ["a", "a/2", "a/0/b", "b", "c/d"])
def test_a_path_without_a_number_is_an_error(path):
    with pytest.raises(KitError, match="no number"):
        remeasure.lookup({"a": [1.0, 2.0], "b": "word", "c": {}}, path)
    assert remeasure.lookup({"a": [1.0, 2.0]}, "a/1") == 2.0


def test_only_what_is_asked_for_is_measured():
    assert remeasure.choose(TABLE.runs, []) == list(TABLE.runs)
    assert {run.homework for run in remeasure.choose(TABLE.runs, ["hw4"])} == {"hw4"}
    assert [run.name for run in remeasure.choose(TABLE.runs, ["hw3/shifts"])] == ["hw3/shifts"]
    with pytest.raises(KitError, match="no figure of hw7"):
        remeasure.choose(TABLE.runs, ["hw7"])
