"""Trained runs: measured on fresh tasks, with labels that never leave the parent."""

import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from autograder.run.overlay import overlay
from common import homework as homeworks
from common.homework import PUBLIC_SEED, Experiment
from common.kit.seeds import Secret
from staff.authoring.stubs import copy_solutions
from staff.grading import trained
from staff.grading.session import Session
from staff.grading.trained import hw1, hw2, images
from tests.conftest import HOMEWORKS

NAME = "1-shot-2-way"
HOMEWORK = homeworks.load("hw1")
HIDDEN = 8
SECRET = Secret(bytes(range(16)))


def only(least):
    """Homework 1 with one run, and its threshold."""
    one = Experiment(NAME, "train it", 2, hand_in=True, points=3,
                     least={"glyphs": least, "omniglot": 0.9})  # fmt: skip
    return replace(HOMEWORK, experiments=(one,))


@pytest.fixture
def folder(tmp_path):
    """The solution with a run of a network that has learned nothing."""
    files = tmp_path / "files"
    run = files / "runs" / NAME
    run.mkdir(parents=True)
    copy_solutions(homeworks.ROOT, "hw1", files)
    sizes = {"lstm1": (786, HIDDEN), "lstm2": (HIDDEN, HIDDEN)}
    state = {}
    for name, (inputs, hidden) in sizes.items():
        state[f"{name}.weight_ih_l0"] = torch.randn(4 * hidden, inputs)
        state[f"{name}.weight_hh_l0"] = torch.randn(4 * hidden, hidden)
        state[f"{name}.bias_ih_l0"] = state[f"{name}.bias_hh_l0"] = torch.zeros(4 * hidden)
    state |= {"head.weight": torch.randn(2, HIDDEN), "head.bias": torch.zeros(2)}
    save(files, {"config": {"hidden_dim": HIDDEN}, "module": state, "best": {"module": state}})
    (run / "config.json").write_text(json.dumps({"data": "glyphs", "tiny": False}))
    (run / "metrics.csv").write_text("step,val_accuracy\n10,0.3\n20,0.5\n")
    return files


def save(files, state):
    torch.save(state, files / "runs" / NAME / "checkpoint.pt")


@pytest.fixture
def measure(folder, worker, tmp_path, monkeypatch):
    monkeypatch.setattr(hw1, "TASKS", 500)

    def run(least=0.55):
        shutil.rmtree(tmp_path / "tree", ignore_errors=True)
        homework = only(least)
        tree = overlay(homework, tmp_path / "tree", folder)
        found = trained.measure(homework, worker, folder, tree, SECRET)
        return found, found.rows[0]

    return run


def texts(found):
    """What the notes say; all of them are for the staff."""
    assert {note.audience for note in found.notes} == {"staff"}
    return [note.text for note in found.notes]


def test_a_network_that_learned_nothing_is_at_chance_and_earns_nothing(measure):
    found, row = measure(least=0.8)
    assert found.accuracy[NAME] == pytest.approx(0.5, abs=0.08)
    assert (row.status, row.points, row.max_points) == ("failed", 0, 3)
    assert "on 500 fresh tasks of glyphs; this needs 0.8" in row.message
    assert found.notes == []
    again, _ = measure(least=0.8)
    assert again.accuracy == found.accuracy


def test_a_threshold_that_is_reached_earns_the_points(measure):
    found, row = measure(least=0.3)
    assert (row.status, row.points) == ("passed", 3)
    assert texts(found) == [f"{NAME}: the threshold for glyphs is 0.3, no more than chance"]


def test_metrics_that_contradict_the_weights_are_reported(measure, folder):
    (folder / "runs" / NAME / "metrics.csv").write_text("step,val_accuracy\n20,0.95\n")
    found, _ = measure()
    assert "metrics.csv ends with val_accuracy 0.950" in texts(found)[0]
    assert found.notes[0].kind == "contradiction"
    (folder / "runs" / NAME / "metrics.csv").write_text("step\n20\n")
    assert texts(measure()[0]) == [f"{NAME}: metrics.csv has no val_accuracy"]


class Bomb:
    def __reduce__(self):
        return (open, ("made-by-a-checkpoint", "w"))


def test_a_checkpoint_that_runs_code_runs_none(measure, folder, tmp_path):
    path = folder / "runs" / NAME / "checkpoint.pt"
    for write in (lambda: save(folder, {"module": Bomb()}),
                  lambda: path.write_bytes(pickle.dumps(Bomb()))):  # fmt: skip
        write()
        found, row = measure(0.0)
        assert row.points == 0 and "UnpicklingError" in row.message
        assert found.accuracy == {}
    assert not list(tmp_path.rglob("made-by-a-checkpoint"))


def spoiled(folder, how):
    run = folder / "runs" / NAME
    if how == "no checkpoint":
        (run / "checkpoint.pt").unlink()
    elif how == "cut off":
        data = (run / "checkpoint.pt").read_bytes()
        (run / "checkpoint.pt").write_bytes(data[: len(data) // 2])
    elif how == "a huge memory":
        save(folder, {"config": {"hidden_dim": 10**6}, "module": {}, "best": None})
    elif how == "another architecture":
        save(folder, {"config": {"hidden_dim": 4}, "module": {}, "best": None})
    elif how == "no config":
        (run / "config.json").write_text("[]")
    elif how == "tiny":
        (run / "config.json").write_text('{"data": "glyphs", "tiny": true}')
    elif how == "unknown data":
        (run / "config.json").write_text('{"data": "mine"}')
    else:
        text = (folder / "mann.py").read_text()
        body = {"not finite": "return labels * float('nan')", "wrong shape": "return labels[:, :, :1]",
                "leaves": "raise SystemExit"}[how]  # fmt: skip
        (folder / "mann.py").write_text(text.replace("        hidden = torch.cat", f"        {body}\n"
                                                     "        hidden = torch.cat"))  # fmt: skip


SPOILED = {
    "no checkpoint": "no run was handed in; make it with: train it",
    "cut off": "raised",
    "a huge memory": "a memory of size 1000000",
    "another architecture": "state_dict",
    "no config": "config.json",
    "tiny": "made with --tiny",
    "unknown data": "thresholds are set for glyphs, omniglot",
    "not finite": "not finite",
    "wrong shape": "logits of shape",
    "leaves": "SystemExit",
}


@pytest.mark.parametrize("how, told", SPOILED.items(), ids=SPOILED)
def test_a_run_that_cannot_be_used_earns_nothing_and_says_why(how, told, measure, folder):
    spoiled(folder, how)
    _, row = measure(0.0)
    assert row.points == 0 and row.status != "passed"
    assert told in row.message


def test_data_that_the_grader_lacks_is_the_staffs_to_mend(measure, folder, monkeypatch):
    monkeypatch.setattr(images.omniglot, "find", lambda data: None)
    images._load.cache_clear()
    images.split.cache_clear()
    (folder / "runs" / NAME / "config.json").write_text('{"data": "omniglot"}')
    found, row = measure()
    assert row.status == "not_run" and "KIT_DATA" not in row.message
    assert found.notes[0].kind == "not measured" and found.notes[0].audience == "staff"
    assert "omniglot is not on this machine: set KIT_DATA" in found.notes[0].text


class Spy:
    """In place of the worker: answers at random, and keeps what it was shown."""

    def query_logits(self, experiment, weights, *shown):
        self.shown = shown
        query = shown[1][:, -1] if len(shown) == 2 else shown[2]
        return np.random.default_rng(0).normal(size=(*query.shape[:2], 5 if len(shown) > 2 else 2))


def test_the_labels_to_guess_are_never_sent(monkeypatch):
    spy = Spy()
    hw1.accuracies(spy, NAME, "glyphs", "test", "best", np.random.default_rng(0))
    pixels, labels = spy.shown
    assert not labels[:, -1].any() and (labels[:, 0] == np.eye(2)).all()
    assert pixels.shape == (hw1.BATCH, 2, 2, 784) and pixels.dtype == np.uint8
    accuracy = hw2.accuracies(spy, "maml", "glyphs", "test", "last", np.random.default_rng(0))
    assert abs(accuracy.mean() - 0.2) < 0.05
    _, names, query = spy.shown
    assert (np.sort(names) == np.arange(5)).all() and query.shape[1] == 50


def test_what_a_network_raises_shows_no_secret_task(folder, worker, tmp_path):
    text = (folder / "mann.py").read_text()
    spy = "        raise ValueError(f'SEEN {images.sum():.0f}')\n        hidden = torch.cat"
    (folder / "mann.py").write_text(text.replace("        hidden = torch.cat", spy, 1))
    session = Session("hw1", worker=worker)
    session.homework = only(0.3)
    tree = overlay(session.homework, tmp_path / "tree", folder)
    secret, public = (
        trained.measure(session.homework, worker, folder, tree, seed)
        for seed in (SECRET, PUBLIC_SEED)
    )
    assert "SEEN" in secret.rows[0].message
    assert secret.rows[0].message != public.rows[0].message
    session._explain_runs(secret, folder, tree)
    assert secret.rows[0].message == public.rows[0].message


def test_fresh_tasks_are_tasks():
    """Drawings that carry their names: every label is right, nothing comes twice."""
    pool = np.zeros((30, 20, 28, 28), np.uint8)
    pool[:, :, 0, 0] = np.arange(30)[:, None]
    pool[:, :, 0, 1] = np.arange(20)
    shown, labels = hw1.draw(pool, 2, 3, 50, np.random.default_rng(0))
    classes, drawings, names = shown[..., 0], shown[..., 1], labels.argmax(-1)
    assert classes.shape == names.shape == (50, 3, 3)
    for task in range(50):
        by_name = {}
        for c, d, n in zip(classes[task].flat, drawings[task].flat, names[task].flat):
            by_name.setdefault(int(n), []).append((int(c), int(d)))
        assert all(len({c for c, _ in seen}) == 1 for seen in by_name.values())
        assert all(len(set(seen)) == 3 for seen in by_name.values())
        assert len({seen[0][0] for seen in by_name.values()}) == 3
    assert (names[:, :2] == np.arange(3)).all()
    assert 0.1 < (names[:, -1] == np.arange(3)).all(-1).mean() < 0.25  # 1 order of 6
    support, first, query, second = hw2.draw(pool, 5, np.random.default_rng(0))
    for task in range(hw2.BATCH):
        name_of = dict(zip(support[task, :, 0, 0].tolist(), first[task].tolist()))
        assert len(name_of) == 5 == len(set(name_of.values()))
        assert [name_of[c] for c in query[task, :, 0, 0].tolist()] == second[task].tolist()
        seen = {tuple(p) for p in support[task, :, 0, :2].tolist()}
        assert len(seen) == 25
        assert not seen & {tuple(p) for p in query[task, :, 0, :2].tolist()}


@pytest.mark.parametrize("name", HOMEWORKS)
def test_every_point_for_a_run_has_someone_who_measures_it(name):
    homework = homeworks.load(name)
    wanted = sum(problem.points for problem in homework.problems if problem.kind == "run")
    points = [one.points for one in homework.measured]
    assert sum(points) == wanted
    for part in ("", "_probe") if wanted else ():
        assert (trained.HERE / f"{name}{part}.py").is_file()
