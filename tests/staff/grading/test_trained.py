"""Trained runs: measured on fresh tasks, with labels that never leave the parent."""

import ast
import json
import pickle
import shutil
import textwrap
from dataclasses import replace

import numpy as np
import pytest
import torch

from autograder.run.overlay import overlay
from common import homework as homeworks
from common.homework import PUBLIC_SEED, Experiment
from common.kit.seeds import Secret
from hw2.experiments import methods
from staff.authoring.stubs import copy_solutions
from staff.grading import trained
from staff.grading.session import Session
from staff.grading.trained import hidden as hidden_images
from staff.grading.trained import hw1, hw2, images, lookups
from tests.conftest import HOMEWORKS

NAME = "1-shot-2-way"
HOMEWORK = homeworks.load("hw1")
HIDDEN = 8
SECRET = Secret(bytes(range(16)))


def only(least):
    """Homework 1 with one run, and its threshold."""
    one = Experiment(
        NAME, "train it", 2, hand_in=True, points=3, least={"glyphs": least, "omniglot": 0.9}
    )
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

    def run(least=0.55, seed=SECRET):
        shutil.rmtree(tmp_path / "tree", ignore_errors=True)
        homework = only(least)
        tree = overlay(homework, tmp_path / "tree", folder)
        found = trained.measure(homework, worker, folder, tree, seed)
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
    for write in (
        lambda: save(folder, {"module": Bomb()}),
        lambda: path.write_bytes(pickle.dumps(Bomb())),
    ):
        write()
        found, row = measure(0.0)
        assert row.points == 0 and "UnpicklingError" in row.message
        assert found.accuracy == {} and found.notes[0].kind == "no network"
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
        body = {
            "not finite": "return labels * float('nan')",
            "wrong shape": "return labels[:, :, :1]",
            "leaves": "raise SystemExit",
        }[how]
        (folder / "mann.py").write_text(
            text.replace(
                "        hidden = torch.cat", f"        {body}\n        hidden = torch.cat"
            )
        )


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
    images.load_test_images.cache_clear()
    images.split.cache_clear()
    (folder / "runs" / NAME / "config.json").write_text('{"data": "omniglot"}')
    found, row = measure()
    assert row.status == "not_run" and "KIT_DATA" not in row.message
    assert found.notes[0].kind == "not measured" and found.notes[0].audience == "staff"
    assert "omniglot is not on this machine: set KIT_DATA" in found.notes[0].text


# --- what does not learn -------------------------------------------------------------------------


def forward(folder, body):
    """Another body for the network's forward."""
    text = (folder / "mann.py").read_text()
    head = text[: text.index("        hidden = torch.cat")]
    rest = text[text.index("\n\n\ndef mann_loss") :]
    (folder / "mann.py").write_text(head + textwrap.indent(textwrap.dedent(body), " " * 8) + rest)


LOOK_UP = """
from common.data import glyphs
classes = {drawing.tobytes(): number for number, one in enumerate(glyphs.load().images)
           for drawing in one.reshape(len(one), -1)}
seen = [[[classes.get((pixels * 255).round().byte().numpy().tobytes(), -1) for pixels in row]
         for row in task] for task in images]
logits = torch.zeros(labels.shape)
for task, rows in enumerate(seen):
    for place, one in enumerate(rows[-1]):
        for shown, name in zip(rows[0], labels[task, 0]):
            logits[task, -1, place] += (shown == one) * name
return logits
"""


def test_a_network_that_looks_the_held_out_tasks_up_is_at_chance_and_put_before_staff(
    measure, folder, monkeypatch
):
    monkeypatch.setattr(hw1, "TASKS", 250)
    forward(folder, LOOK_UP)
    found, _ = measure(0.9, PUBLIC_SEED)
    assert found.accuracy[NAME] == 1.0  # the tasks that students have: this is the attack
    found, row = measure(0.9)
    assert found.accuracy[NAME] < 0.65 and row.points == 0
    [told] = [note for note in found.notes if note.kind == "reads files"]
    assert told.audience == "staff" and "mann.py, line " in told.text
    assert "import common.data.glyphs" in told.text


def test_the_students_code_never_sees_the_checkpoint(measure, folder):
    state = torch.load(folder / "runs" / NAME / "checkpoint.pt", weights_only=True)
    save(folder, state | {"answers": torch.arange(1000)})
    body = """
    import pathlib
    raise ValueError([str(path) for path in pathlib.Path(__file__).parents[1].rglob("*.pt")])
    """
    forward(folder, body)
    _, row = measure()
    assert "it raised ValueError: []" in row.message


@pytest.mark.parametrize("change", ["one more", "one less", "another shape"])
def test_weights_are_exactly_the_networks_parameters(change, measure, folder):
    state = torch.load(folder / "runs" / NAME / "checkpoint.pt", weights_only=True)
    if change == "one more":
        state["best"]["module"]["answers"] = torch.arange(1000)
    elif change == "one less":
        del state["best"]["module"]["head.bias"]
    else:
        state["best"]["module"]["head.bias"] = torch.zeros(3)
    save(folder, state)
    text = (folder / "mann.py").read_text()  # a network of the student's that would take them
    (folder / "mann.py").write_text(text + "\n\nMANN.load_state_dict = lambda self, state: None\n")
    found, row = measure(0.0)
    assert row.points == 0 and "state_dict" in row.message
    assert [note.kind for note in found.notes] == ["no network"]
    assert "does not hold the network's parameters" in found.notes[0].text


def test_code_that_is_as_large_as_a_data_set_is_not_measured(measure, folder):
    text = (folder / "mann.py").read_text()
    (folder / "mann.py").write_text(text + f"TABLE = '{'x' * trained.MOST_CODE}'\n")
    _, row = measure(0.0)
    assert row.points == 0 and "kB; runs are measured with at most 128" in row.message


def test_fresh_glyphs_belong_to_one_submission():
    mine, other = (images.pool("glyphs", "test", SECRET.derive(one)) for one in "ab")
    again = images.pool("glyphs", "test", SECRET.derive("a"))
    assert mine.shape == (images.FRESH, 20, 28, 28) and (mine == again).all()
    public = images.pool("glyphs", "test", PUBLIC_SEED)
    drawn = [
        {drawing.tobytes() for one in pool for drawing in one} for pool in (mine, other, public)
    ]
    assert not (drawn[0] & drawn[1]) and not (drawn[0] & drawn[2])
    assert images.pool("glyphs", "val", SECRET) is images.split("glyphs", "val")
    ink = [pool.mean() / 255 for pool in (mine, other, public)]
    assert max(ink) - min(ink) < 0.03  # drawn with the same pen


@pytest.mark.parametrize(
    "line, told",
    {
        "x = open('a')": "open()",
        "np.load('a')": ".load()",
        "import os.path": "import os.path",
        "from pathlib import Path": "import pathlib.Path",
        "import torch": "",
        "x.copy()": "",
        "from common.data import glyphs": "import common.data.glyphs",
        "from common import data": "import common.data",
        "from . import helper": "",
        "import osprey": "",
    }.items(),
)
def test_lines_that_read_files_are_seen(line, told):
    assert lookups.reading(ast.parse(f"\n{line}")) == ([(2, told)] if told else [])


@pytest.mark.parametrize("name", ["protonet-1-shot", "maml"])
def test_homework_2s_networks_are_measured(name, worker, tmp_path, monkeypatch):
    """Networks that have learned nothing: better than chance at seeing likeness, and no more."""
    homework, folder = homeworks.load("hw2"), tmp_path / "files"
    run = folder / "runs" / name
    run.mkdir(parents=True)
    copy_solutions(homeworks.ROOT, "hw2", folder)
    torch.manual_seed(0)
    sizes = methods.PROTONET if name != "maml" else methods.MAML | {"zero_head": False}
    state = dict(methods.Conv4(**sizes).state_dict())
    if name == "maml":
        rates = {
            f"rate_of_{key.replace('.', '_')}": torch.tensor(0.4)
            for key, _ in methods.Conv4(**sizes).named_parameters()
        }
        state = {f"network.{key}": value for key, value in state.items()} | rates
    torch.save({"module": state, "best": None}, run / "checkpoint.pt")
    (run / "config.json").write_text(json.dumps({"data": "glyphs", "tiny": False}))
    (run / "metrics.csv").write_text("step,val_accuracy\n20,0.999\n")
    monkeypatch.setattr(hw2, "TASKS", {"best": 40, "last": 40})
    one = next(one for one in homework.experiments if one.name == name)
    homework = replace(homework, experiments=(one,))
    tree = overlay(homework, tmp_path / "tree", folder)
    found = trained.measure(homework, worker, folder, tree, SECRET)
    assert 0.25 < found.accuracy[name] < 0.95, found.rows[0].message
    assert [note.kind for note in found.notes] == ["contradiction"]
    state["answers"] = torch.zeros(9)
    torch.save({"module": state, "best": None}, run / "checkpoint.pt")
    found = trained.measure(homework, worker, folder, tree, SECRET)
    assert "state_dict" in found.rows[0].message and found.notes[0].kind == "no network"


class Spy:
    """In place of the worker: answers at random, and keeps what it was shown."""

    def query_logits(self, weights, *shown):
        self.shown = shown
        query = shown[1][:, -1] if len(shown) == 2 else shown[2]
        return np.random.default_rng(0).normal(size=(*query.shape[:2], 5 if len(shown) > 2 else 2))


def test_the_labels_to_guess_are_never_sent(monkeypatch):
    spy = Spy()
    hw1.accuracies(spy, NAME, "best", images.split("glyphs", "test"), np.random.default_rng(0))
    pixels, labels = spy.shown
    assert not labels[:, -1].any() and (labels[:, 0] == np.eye(2)).all()
    assert pixels.shape == (hw1.BATCH, 2, 2, 784) and pixels.dtype == np.uint8
    accuracy = hw2.accuracies(
        spy, "maml", "last", images.split("glyphs", "test"), np.random.default_rng(0)
    )
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
    session.explain_runs(secret, folder, tree)
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


@pytest.mark.parametrize(
    "source, isolation, opened",
    [
        ("omniglot", "fork+user+seccomp+limits", True),
        ("omniglot", "spawn", True),
        ("omniglot", "fork+namespaces+limits", False),
        ("omniglot", "fork+landlock", False),
        ("glyphs", "spawn", False),
    ],
)
def test_staff_are_told_where_nothing_hides_the_images_of_an_exam(source, isolation, opened):
    assert hidden_images.are_open(source, isolation) is opened


def test_folders_of_images_are_those_that_links_lead_to(tmp_path, monkeypatch):
    real, place = tmp_path / "real", tmp_path / "sets" / "omniglot"
    real.mkdir()
    place.mkdir(parents=True)
    (real / "drawings.npz").write_bytes(b"")
    (place / "omniglot_28x28.npz").symlink_to(real / "drawings.npz")
    (place / "gone").symlink_to(tmp_path / "nowhere")
    monkeypatch.setenv("KIT_DATA", str(tmp_path / "sets"))
    assert {place, real} <= set(hidden_images.folders_of_images())
    monkeypatch.setenv("KIT_DATA", str(tmp_path / "nowhere"))
    assert hidden_images.folders_of_images() == ()
