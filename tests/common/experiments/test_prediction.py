"""Predict first: what is asked, kept, refused, and said of the result."""

import io
import json
from dataclasses import replace

import pytest

from common import homework as homeworks
from common.errors import KitError
from common.experiments import groups, prediction
from common.experiments.prediction import Prediction
from common.homework import Comparison, Homework
from common.training.runs import RunFolder
from tests.conftest import HOMEWORKS

ERRORS = Comparison("all", "error", True, {"a": ("one", "error"), "b-2": ("two", "error")})


@pytest.mark.parametrize(
    "text, found",
    [
        ("a by 0.05", Prediction("a", 0.05)),
        (" b-2  by 1e-3 ", Prediction("b-2", 0.001)),
        ("", Prediction(None)),
        ("skip", Prediction(None)),
    ],
)
def test_what_can_be_said(text, found):
    assert prediction.parse(text, ERRORS) == found


@pytest.mark.parametrize(
    "text, told",
    [
        ("a", "NAME by"),
        ("c by 1", "called 'c'"),
        ("a by 1.2.3", "not a number"),
        ("a by -1", "NAME by"),
    ],
)
def test_what_cannot_be_said(text, told):
    with pytest.raises(KitError, match=told):
        prediction.parse(text, ERRORS)


def test_a_prediction_is_kept_and_stands(tmp_path, capsys):
    prediction.settle(ERRORS, tmp_path, "a by 0.5")
    prediction.settle(ERRORS, tmp_path, "b-2 by 3")
    assert prediction.read(tmp_path, ERRORS) == Prediction("a", 0.5)
    assert "your prediction stands: a by 0.5" in capsys.readouterr().out
    other = Comparison("other", "error", True, ERRORS.curves)
    assert prediction.read(tmp_path, other) is None
    prediction.settle(other, tmp_path, "skip")
    assert prediction.read(tmp_path, other) == Prediction(None)
    assert prediction.read(tmp_path, ERRORS) == Prediction("a", 0.5)


def test_nobody_is_asked_without_a_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("a by 1\n"))
    prediction.settle(ERRORS, tmp_path, "")
    assert prediction.read(tmp_path, ERRORS) is None and "--predict" in capsys.readouterr().out


@pytest.mark.parametrize(
    "typed, kept", [("c by 1\na by 0.1\n", Prediction("a", 0.1)), ("\n", Prediction(None))]
)
def test_in_a_terminal_it_is_asked_until_it_can_be_read(tmp_path, monkeypatch, typed, kept):
    terminal = io.StringIO(typed)
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", terminal)
    prediction.settle(ERRORS, tmp_path, "")
    assert prediction.read(tmp_path, ERRORS) == kept


@pytest.mark.parametrize("text", ["{", "[]", '{"all": {"winner": "z", "by": 1}}', '{"all": 3}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "prediction.json").write_text(text)
    with pytest.raises(KitError, match=r"prediction\.json is damaged"):
        prediction.read(tmp_path, ERRORS)


def rows(*values):
    return [{"step": 10 * (place + 1), "error": value} for place, value in enumerate(values)]


def test_the_verdict_is_about_the_end():
    values = prediction.finals(ERRORS, {"one": rows(0.1, 0.9), "two": rows(0.8, 0.3)})
    assert values == {"b-2": 0.3, "a": 0.9} and list(values) == ["b-2", "a"]
    said = prediction.verdict(Prediction("a", 0.2), values)
    assert said == "you said a by 0.2; it was b-2 by 0.6, ahead of a"


MEANS = Comparison(
    "three", "accuracy", False, {"low": ("three", "x"), "high": ("three", "y")}, {"k": 8}
)
REPEATED = {
    "three": [
        {"seed": 0, "k": 8, "x": 0.1, "y": 0.6},
        {"seed": 0, "k": 9, "x": 1.0, "y": 0.0},
        {"seed": 1, "k": 8, "x": 0.5, "y": 0.4},
        {"seed": 1, "k": 9, "x": 0.9, "y": 0.1},
    ]
}


def test_the_verdict_may_be_about_means_of_some_rows(tmp_path):
    values = prediction.finals(MEANS, REPEATED)
    assert list(values) == ["high", "low"] and values == pytest.approx({"high": 0.5, "low": 0.3})
    everything = replace(MEANS, mean_over={})
    assert prediction.finals(everything, REPEATED) == pytest.approx({"low": 0.625, "high": 0.275})
    last = replace(MEANS, mean_over=None)
    assert prediction.finals(last, REPEATED) == {"low": 0.9, "high": 0.1}
    picture = tmp_path / "means.png"
    said = prediction.draw(MEANS, REPEATED, Prediction("low", 0.1), picture)
    assert said == "you said low by 0.1; it was high by 0.2, ahead of low"
    assert picture.stat().st_size


def test_the_question_is_about_means_where_they_count(monkeypatch, tmp_path, capsys):
    terminal = io.StringIO("\n\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", terminal)
    prediction.settle(MEANS, tmp_path, "")
    assert "which mean will be highest (accuracy)" in capsys.readouterr().out
    prediction.settle(ERRORS, tmp_path, "")
    assert "which curve will end lowest (error)" in capsys.readouterr().out


def finished(folder, name, *values, data="toy"):
    run = RunFolder(folder / f"{name}-seed0", {"data": data, "tiny": False})
    run.write_metrics(rows(*values))
    (run.path / "result.json").write_text("{}")
    return run.path


class Chosen:
    def __init__(self, out, predict=None):
        self.out, self.predict, self.seed, self.experiment = out, predict, 0, "all"
        self.tiny = self.check = False


@pytest.fixture
def compared(monkeypatch):
    monkeypatch.setattr(
        homeworks, "load", lambda name: Homework(name, "", (), comparisons=(ERRORS,))
    )


def test_the_prediction_is_drawn_when_the_last_run_ends(compared, tmp_path, capsys):
    picture = tmp_path / "prediction-all-seed0.png"
    values = {"one": (0.5, 0.4), "two": (0.5, 0.1)}

    def train(name, folder):
        assert (tmp_path / "prediction.json").is_file(), "asked after the training"
        assert folder == tmp_path / f"{name}-seed0"
        finished(tmp_path, name, *values[name])

    groups.train_each("hw9", ["one"], Chosen(tmp_path / "one-seed0", "a by 1"), train)
    assert not picture.exists()
    groups.train_each("hw9", ["two"], Chosen(tmp_path / "two-seed0"), train)
    assert picture.stat().st_size
    assert "you said a by 1; it was b-2 by 0.3, ahead of a" in capsys.readouterr().out


def test_several_runs_have_their_own_folders_and_one_picture(compared, tmp_path):
    def train(name, folder):
        finished(tmp_path, name, 0.5, 0.4)

    groups.train_each("hw9", ["one", "two"], Chosen(tmp_path), train, ["error"])
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"one-seed0", "two-seed0", "compare-seed0.png"}


def test_runs_on_different_data_are_not_compared(compared, tmp_path):
    prediction.settle(ERRORS, tmp_path, "a by 1")
    finished(tmp_path, "one", 0.5, data="other")
    train = lambda name, folder: finished(tmp_path, name, 0.4)  # noqa: E731
    groups.train_each("hw9", ["two"], Chosen(tmp_path / "two-seed0"), train)
    assert not (tmp_path / "prediction-all-seed0.png").exists()


def test_a_prediction_about_nothing_is_refused(compared, tmp_path):
    with pytest.raises(KitError, match="three is compared with nothing"):
        groups.train_each("hw9", ["three"], Chosen(tmp_path, "a by 1"), lambda *_: None)


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_the_tables_name_what_there_is(hw):
    table = homeworks.load(hw)
    assert table.experiments and table.watched
    for one in table.comparisons:
        assert len(one.curves) >= 2
        for experiment in table.experiments:
            assert table.runs_of(experiment)
    assert json.dumps(table.watched)
