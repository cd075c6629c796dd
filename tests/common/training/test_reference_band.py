"""The reference band: how it is made, when it is shown, and when a run is warned."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from common import homework as homeworks
from common.errors import KitError
from common.experiments import reference_band
from common.training import runs
from common.training.runs import RunFolder
from common.training.trainer import Trainer
from staff.authoring import bands
from tests.conftest import HOMEWORKS

SETTINGS = {"homework": "hw9", "experiment": "alone", "data": "toy", "tiny": False, "lr": 0.1}
TABLE = """
title = "Made up"
files = []
problems = []
watched = ["accuracy", "-loss"]
[[comparisons]]
name = "all"
metric = "accuracy"
experiments = ["one", "two"]
"""


@pytest.fixture
def root(tmp_path):
    """A kit with one homework, whose runs go from 0.2 to 0.8 in four evaluations."""
    (tmp_path / "hw9").mkdir()
    (tmp_path / "hw9" / "homework.toml").write_text(TABLE)
    entry = {
        "seeds": [0, 1, 2],
        "settings": SETTINGS,
        "steps": [10, 20, 30, 40],
        "metrics": {
            "accuracy": {
                "better": "higher",
                "low": [0.1, 0.3, 0.5, 0.7],
                "high": [0.3, 0.5, 0.7, 0.9],
            },
            "loss": {"better": "lower", "low": [0.8, 0.6, 0.4, 0.2], "high": [1.0, 0.8, 0.6, 0.4]},
        },
    }
    table = {
        name: {"toy": entry | {"settings": SETTINGS | {"experiment": name}}}
        for name in ("alone", "one")
    }
    (tmp_path / "hw9" / "bands.json").write_text(json.dumps(table))
    return tmp_path


def of(root, **changes):
    config = SETTINGS | {"seed": 5} | changes
    return reference_band.of_run(RunFolder(root / "runs" / "run", config), root)


def row(step, accuracy, loss=0.0):
    return {"step": step, "accuracy": accuracy, "loss": loss}


def test_the_band_is_shown_beside_the_first_metric(root):
    found = of(root)
    assert found.note is None
    assert found.beside(row(20, 0.4)) == {"accuracy": "reference 0.3 to 0.5"}
    assert found.beside(row(25, 0.4)) == {}


@pytest.mark.parametrize(
    "values, warned_at",
    [
        ((0.2, 0.4, 0.6, 0.8), None),
        ((0.05, 0.4, 0.45, 0.8), None),  # two single slips
        ((0.05, 0.25, 0.6, 0.8), 20),  # twice running
        ((0.2, 0.05, 0.6, 0.8), 20),  # more than a band's width below
        ((1.0, 1.0, 1.0, 1.0), None),  # better than the band
    ],
)
def test_a_run_that_leaves_its_band_is_warned_once(root, values, warned_at):
    found = of(root)
    said = {step: found.warning(row(step, value)) for step, value in zip((10, 20, 30, 40), values)}
    assert [step for step, line in said.items() if line] == ([warned_at] if warned_at else [])
    if warned_at:
        assert f"at step {warned_at}" in said[warned_at] and "0.3 to 0.5" in said[warned_at]


def test_losses_are_warned_above_only(root):
    assert of(root).warning(row(10, 0.2, loss=1.3)).startswith("note: loss is 1.3")
    assert of(root).warning(row(10, 0.2, loss=0.1)) is None


def test_other_settings_have_no_band_and_are_told_why(root):
    found = of(root, lr=0.5)
    assert not found.bands and "lr is 0.5 here, and 0.1" in found.note
    assert not of(root, data="other").bands and of(root, data="other").note is None
    assert not of(root, extra=1).bands  # a setting that the reference did not have


def test_compared_runs_open_their_band_after_a_prediction(root):
    closed = of(root, experiment="one")
    assert not closed.bands and "--predict" in closed.note
    (root / "runs" / "prediction.json").write_text('{"all": {"winner": null, "by": 0}}')
    assert of(root, experiment="one").bands


def test_a_damaged_file_is_named(root):
    (root / "hw9" / "bands.json").write_text("{")
    with pytest.raises(KitError, match=r"hw9/bands\.json is damaged"):
        of(root)


def train(root, folder, values, resume=False, steps=40):
    """A run whose accuracy at each evaluation is given."""
    module = nn.Linear(1, 1)
    trainer = Trainer(
        RunFolder(folder, SETTINGS | {"seed": 5}, resume),
        module,
        torch.optim.Adam(module.parameters()),
        np.random.default_rng(0),
        steps,
        10,
    )
    trainer.reference = reference_band.of_run(trainer.run, root)
    left = iter(values)
    trainer.fit(lambda: (0 * module(torch.ones(1, 1)).sum(), {}), lambda: {"accuracy": next(left)})


def test_training_shows_the_band_and_warns_once(root, capsys):
    train(root, root / "runs" / "run", [0.2, 0.25, 0.25, 0.25])
    said = capsys.readouterr().out
    assert "accuracy 0.2  (reference 0.1 to 0.3)" in said
    assert said.count("note: accuracy") == 1 and said.index("note:") > said.index("step 30/40")


def test_a_resumed_run_is_not_warned_again(root, capsys):
    train(root, root / "runs" / "run", [0.2, 0.25, 0.25], steps=30)
    assert "note: accuracy" in capsys.readouterr().out
    train(root, root / "runs" / "run", [0.25], resume=True)
    said = capsys.readouterr().out
    assert "step 40/40" in said and "note: accuracy" not in said


# --- how staff make them ------------------------------------------------------------------------


def reference(folder, seed, level=0.0, **changes):
    """A finished run of four evaluations."""
    run = RunFolder(folder / f"alone-seed{seed}", SETTINGS | {"seed": seed} | changes)
    rng = np.random.default_rng(seed)
    run.write_metrics(
        [
            {"step": step, "loss": 1 / step + level, "accuracy": step / 50 + rng.normal() / 100}
            for step in (10, 20, 30, 40)
        ]
    )
    (run.path / "result.json").write_text("{}")
    return run.path


def test_three_seeds_make_a_band_that_holds_them_and_a_fourth(tmp_path):
    folders = [reference(tmp_path, seed) for seed in range(3)]
    groups = bands.group_runs("hw9", folders[::-1])
    assert groups == {("alone", "toy"): folders}
    made = bands.band(folders, SETTINGS | {"seed": 0}, {"accuracy": False, "loss": True})
    assert made["seeds"] == [0, 1, 2] and made["steps"] == [10, 20, 30, 40]
    assert made["settings"] == SETTINGS
    low, high = (np.array(made["metrics"]["accuracy"][side]) for side in ("low", "high"))
    for folder, least in [*((folder, 1) for folder in folders), (reference(tmp_path, 3), 0.75)]:
        values = np.array([row["accuracy"] for row in runs.read_metrics(folder)])
        assert ((low <= values + 1e-3) & (values - 1e-3 <= high)).mean() >= least
    assert (high <= 1).all() and (high - low < 0.3).all()
    loss = made["metrics"]["loss"]  # alike in all: the least width, and not below nothing
    assert loss["better"] == "lower" and loss["low"][0] == pytest.approx(0.098)


def test_one_more_run_is_inside_as_often_as_promised():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        values = 5 + rng.normal(size=(4, 30)) * 0.8
        low, high = bands.interval(values[:3])
        inside.append(((low <= values[3]) & (values[3] <= high)).mean())
    assert 0.93 < np.mean(inside) < 0.999


def test_a_band_of_high_accuracies_is_no_wider_than_their_errors():
    values = np.full((3, 5), 0.996) + np.array([[-1e-4], [0], [1e-4]])
    low, high = bands.interval(values, share=True)
    assert (low >= 0.993).all() and (high <= 1).all()
    assert (bands.interval(values)[0] < 0.98).all(), "the least width of a loss is a share of it"
    low, high = bands.interval(np.full((3, 5), 0.6), share=True)
    assert np.allclose(high - low, 2 * 0.02 * 0.6)


@pytest.mark.parametrize(
    "spoil, told",
    [
        (lambda f: reference(f, 2, tiny=True), "--tiny"),
        (lambda f: reference(f, 2, homework="hw8"), "of hw8, not of hw9"),
        (lambda f: f / "nothing", "holds no run"),
        (lambda f: reference(f / "x", 1), "has the seed of"),
        (lambda f: reference(f, 2, data="other"), "has 2 seeds"),
    ],
)
def test_runs_that_are_no_reference_are_refused(tmp_path, spoil, told):
    folders = [reference(tmp_path, 0), reference(tmp_path, 1), spoil(tmp_path)]
    with pytest.raises(KitError, match=told):
        bands.group_runs("hw9", folders)


def test_a_run_that_has_not_ended_is_refused(tmp_path):
    folders = [reference(tmp_path, seed) for seed in range(3)]
    (folders[1] / "result.json").unlink()
    with pytest.raises(KitError, match="alone-seed1 has not ended"):
        bands.group_runs("hw9", folders)


def test_changed_settings_are_refused(tmp_path):
    folders = [reference(tmp_path, 0), reference(tmp_path, 1, lr=0.2)]
    with pytest.raises(
        KitError, match=r"alone-seed1 was made with lr = 0\.2, and the kit has 0\.1"
    ):
        bands.require_same_settings(folders, SETTINGS | {"seed": 7})


def test_a_training_script_tells_its_settings():
    asked = [("prior", "generated"), ("calibration", "generated")]
    found = bands.default_configs(homeworks.load("hw4"), asked)
    assert list(found) == asked
    assert found[asked[0]]["experiment"] == "prior" and found[asked[0]]["steps"] == 300
    assert found[asked[1]]["experiment"] == "calibration" and found[asked[1]]["tiny"] is False
    with pytest.raises(KitError, match=r"prior on nowhere: .*leave it out"):
        bands.default_configs(homeworks.load("hw4"), [("prior", "nowhere")])


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_the_bands_that_ship_are_whole(hw):
    watched = homeworks.load(hw).watched
    for experiment, by_source in reference_band.read(hw).items():
        for source, entry in by_source.items():
            where = f"{hw} {experiment} {source}"
            assert len(set(entry["seeds"])) >= bands.LEAST_SEEDS, where
            assert entry["settings"]["experiment"] == experiment, where
            assert entry["settings"]["data"] == source and not entry["settings"]["tiny"], where
            assert entry["steps"] == sorted(set(entry["steps"])) and entry["metrics"], where
            for metric, band in entry["metrics"].items():
                assert (band["better"] == "lower") == watched[metric], where
                assert len(band["low"]) == len(band["high"]) == len(entry["steps"]), where
                assert all(low < high for low, high in zip(band["low"], band["high"])), where
