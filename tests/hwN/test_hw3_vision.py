"""Homework 3, part A: pictures, networks, weights, tuning, and the experiments."""

import copy
import importlib
import json
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from common import homework as homeworks
from common.errors import KitError
from common.training.runs import read_metrics
from staff.authoring.stubs import masters
from tests.conftest import HOMEWORKS
from tests.helpers.homeworks import solved_package

ROOT = homeworks.ROOT
pytestmark = pytest.mark.skipif("hw3" not in HOMEWORKS, reason="homework 3 is not here")
MODULES = (
    "blocks",
    "lora",
    "experiments.tuning",
    "train",
    "data.pictures",
    "data.photos",
    "models.loading",
    "models.weights",
    "models.resnet",
    "models.classifier",
    "experiments.shots",
    "experiments.photos",
)


@pytest.fixture(scope="module")
def hw3(tmp_path_factory):
    """Homework 3 with the solutions in place, as a package."""
    with solved_package("hw3", tmp_path_factory.mktemp("hw3") / "tree"):
        yield {name: importlib.import_module(f"hw3.{name}") for name in MODULES}


def few(classes=4, each=3, side=32):
    """Random inputs with labels."""
    generator = torch.Generator().manual_seed(3)
    labels = torch.arange(classes).repeat_interleave(each)
    return torch.randn(len(labels), 3, side, side, generator=generator), labels


# --- pictures -----------------------------------------------------------------------------------


def test_pictures_are_the_same_on_every_machine(hw3):
    pictures = hw3["data.pictures"]
    labels = np.arange(25)
    one, two = (pictures.draw_classes(np.random.RandomState(1), labels) for _ in range(2))
    assert one.shape == (25, 3, 32, 32) and one.dtype == np.float32
    assert np.array_equal(one, two) and one.min() >= 0 and one.max() <= 1
    assert one.mean() == pytest.approx(0.2359, abs=1e-3)
    assert not np.array_equal(one, pictures.draw_classes(np.random.RandomState(2), labels))


def test_every_form_is_another_drawing(hw3):
    pictures = hw3["data.pictures"]
    forms = np.stack([np.arange(20), np.zeros(20, int)], axis=1)
    style = pictures.Style(hues=(0.0, 0.0), textured=False, spread=0.0)
    inks = pictures.draw(np.random.RandomState(0), forms, style)[:, :, :, :16].max(1) > 0.55
    for one in range(20):
        assert 8 < inks[one].sum() < 250
        for other in range(one):
            assert (inks[one] != inks[other]).sum() > 8, (one, other)


def test_known_and_new_forms_belong_to_the_kinds(hw3):
    pictures = hw3["data.pictures"]
    labels = np.arange(25).repeat(40)
    for which in (pictures.KNOWN, pictures.NEW):
        forms = pictures.forms_of(np.random.RandomState(0), labels, which)
        assert np.array_equal(forms // 4 @ [5, 1], labels)
        assert set(np.unique(forms % 4)) == set(which)


def test_changes_change_what_they_say(hw3):
    pictures = hw3["data.pictures"]
    plain = pictures.draw_classes(np.random.RandomState(0), np.arange(25))
    inverted = pictures.draw_classes(
        np.random.RandomState(0), np.arange(25), (0, 1), pictures.Style(change="inverted")
    )
    assert np.allclose(plain + inverted, 1, atol=1e-6)


# --- weights and networks -----------------------------------------------------------------------


def test_the_weights_are_small_whole_and_good(hw3):
    path = ROOT / "hw3" / "weights" / "vision.pt"
    assert path.stat().st_size <= 2 * 2**20
    state = torch.load(path, weights_only=True)
    note = json.loads(path.with_suffix(".json").read_text())
    model = hw3["models.loading"].load("kit")
    assert note["parameters"] == sum(p.numel() for p in model.parameters())
    assert set(state) == set(model.state_dict())
    assert {"seed", "steps", "sha256", "test_accuracy"} <= set(note)
    labels = np.random.RandomState(7).randint(25, size=200)
    images = hw3["data.pictures"].draw_classes(np.random.RandomState(8), labels)
    inputs = hw3["models.loading"].prepare(images, hw3["models.loading"].KIT)
    found = hw3["experiments.tuning"].measure(
        model, hw3["experiments.tuning"].Pictures(inputs, torch.from_numpy(labels))
    )
    assert found > 0.97


def test_weights_that_are_damaged_are_refused(hw3, tmp_path):
    for suffix in (".pt", ".json"):
        shutil.copyfile(ROOT / "hw3" / "weights" / f"vision{suffix}", tmp_path / f"vision{suffix}")
    with (tmp_path / "vision.pt").open("ab") as file:
        file.write(b"x")
    model = hw3["models.resnet"].small_resnet(25)
    with pytest.raises(KitError, match="sha256"):
        hw3["models.weights"].load(model, "vision", tmp_path)
    (tmp_path / "vision.json").unlink()
    with pytest.raises(KitError, match="cannot be read"):
        hw3["models.weights"].load(model, "vision", tmp_path)


@pytest.mark.parametrize("name", ["kit", "resnet20", "squeezenet", "resnet18"])
def test_every_network_can_be_tuned_in_every_mode(hw3, name):
    """With random weights and small pictures: the same path as with real ones."""
    torch.manual_seed(0)
    images, labels = few(side=64 if name in ("squeezenet", "resnet18") else 32)
    training = hw3["experiments.tuning"].Pictures(images, labels)
    whole = hw3["models.loading"].load(name, random=True)
    assert len(whole.blocks) == 4
    for mode in ("linear", "bias", "lora2", "last", "full"):
        model = copy.deepcopy(whole)
        model.new_head(4)
        before = {n: p.clone() for n, p in model.named_parameters()}
        losses = (
            hw3["experiments.tuning"]
            .Tuning(model, training, 12, 0, with_head=True)
            .run(mode, 3, 1e-3)
        )
        assert losses[0] == pytest.approx(np.log(4), abs=1e-5), "a head of zeros"
        assert losses[-1] < losses[0]
        moved = {
            n
            for n, p in before.items()
            if (now := model.state_dict().get(n)) is not None and not torch.equal(now, p)
        }
        assert any(n.startswith("head") for n in moved)
        blocks = {n.split(".")[1] for n in moved if n.startswith("blocks")}
        assert blocks == {"linear": set(), "lora2": set(), "last": {"3"}}.get(mode, blocks)
        assert blocks == set("0123") or mode not in ("full", "bias")


def test_resnet20_is_the_network_that_was_published(hw3):
    network = hw3["models.resnet"].CifarResNet()
    assert sum(p.numel() for p in network.parameters()) == 269_722
    network.eval()
    images, _ = few()
    hidden = torch.relu(network.bn1(network.conv1(images)))
    hidden = network.layer3(network.layer2(network.layer1(hidden)))
    expected = network.linear(hidden.mean((2, 3)))
    assert hidden.shape == (12, 64, 8, 8)
    assert torch.equal(network.classifier().eval()(images), expected)


@pytest.mark.parametrize("name", ["resnet20", "squeezenet"])
def test_weights_that_are_not_there_are_named(hw3, name, tmp_path):
    with pytest.raises(KitError, match=r"weights/ of KIT_DATA"):
        hw3["models.loading"].load(name, str(tmp_path))


def test_the_cached_part_trains_as_the_whole(hw3):
    """Frozen blocks run once; the result is that of running them at every step."""
    training = hw3["experiments.tuning"].Pictures(*few())
    ways = []
    for cached in (True, False):
        torch.manual_seed(0)
        model = hw3["models.loading"].load("kit")
        tuning = hw3["experiments.tuning"].Tuning(model, training, 5, 0)
        if not cached:
            tuning.moving_part = lambda tuned, tuning=tuning: (
                tuning.model,
                tuning.training.images,
            )
        ways.append((tuning.run("last", 6, 1e-3), model.state_dict()))
    assert np.allclose(ways[0][0], ways[1][0], rtol=1e-4)
    for name, value in ways[0][1].items():
        assert torch.allclose(value, ways[1][1][name], rtol=1e-3, atol=1e-4), name


# --- LoRA ---------------------------------------------------------------------------------------


def test_add_lora_wraps_what_it_should(hw3):
    model = nn.Sequential(
        nn.Linear(3, 4),
        nn.Sequential(nn.Conv2d(4, 4, 3, groups=2)),
        nn.ReLU(),
        nn.Sequential(nn.Conv2d(4, 2, 1), nn.Linear(2, 2)),
    )
    add = hw3["lora"].add_lora
    assert add(model, 2, skip=(model[3][1],)) == 2
    assert isinstance(model[0], hw3["lora"].LoRALinear)
    assert isinstance(model[3][0], hw3["lora"].LoRAConv2d)
    assert type(model[3][1]) is nn.Linear and type(model[1][0]) is nn.Conv2d
    assert add(model, 2, skip=(model[3][1],)) == 0, "wrapped layers are not wrapped again"


def test_lora_trains_less_than_a_twentieth(hw3):
    shares = {mode: hw3["experiments.shots"].share(mode) for mode in ("lora3", "full", "linear")}
    assert 0 < shares["lora3"]["share"] < 0.05
    assert shares["full"]["share"] == 1 and shares["linear"]["parameters"] == 0


OTHER_WAY = {
    "self.down = nn.Parameter(torch.empty(rank, inputs))": "self.down = nn.Parameter(torch.zeros(inputs, rank))",
    "nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))": "self.up = nn.Linear(rank, outputs, False)",
    "self.up = nn.Parameter(torch.zeros(outputs, rank))": "",
    "update = F.linear(F.linear(x, self.down), self.up)": "update = self.up(x @ self.down)",
    "update = wrapped.up @ wrapped.down": "update = wrapped.up.weight @ wrapped.down.T",
}


@pytest.mark.parametrize("problem", ["2a", "2b", "2d", "1a"])
def test_the_other_orientation_and_the_other_zero_are_as_right(solved, run, problem):
    """A is [inputs, rank] and zero, B is a layer: everything of problem 2 is earned."""
    folder = solved("hw3")
    path = folder / "lora.py"
    text = path.read_text()
    for one, other in OTHER_WAY.items():
        assert one in text
        text = text.replace(one, other)
    path.write_text(text)
    assert not {row.id: row.message for row in run("hw3", folder, problem) if not row.passed}


@pytest.mark.parametrize("problem", ["1a", "2b", "2d"])
def test_one_empty_hole_costs_only_itself(solved, run, problem):
    """Checks hand in what they need of other problems: without 2a and 2c the rest is earned."""
    folder = solved("hw3")
    stub = (ROOT / "hw3" / "lora.py").read_text()
    solution = (folder / "lora.py").read_text()
    for ident in ("2a", "2c"):
        begin = solution.index(f"        ### BEGIN SOLUTION {ident}")
        end = solution.index("### END SOLUTION", begin) + len("### END SOLUTION")
        line = next(
            line for line in stub.splitlines() if f'NotImplementedError("hw3 {ident}' in line
        )
        solution = solution[:begin] + line + solution[end:]
    (folder / "lora.py").write_text(solution)
    assert not {row.id: row.message for row in run("hw3", folder, problem) if not row.passed}


# --- photographs --------------------------------------------------------------------------------


def test_a_task_of_photographs(hw3):
    inputs = [torch.full((9, 3, 4, 4), float(name)) for name in range(6)]
    for part in inputs:
        part += torch.arange(9)[:, None, None, None] / 100
    known, asked = hw3["data.photos"].Photos(inputs).task(3, way=5, shot=2, query=4)
    assert known.images.shape == (10, 3, 4, 4) and asked.images.shape == (20, 3, 4, 4)
    assert known.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    classes = known.images[:, 0, 0, 0].floor()
    assert len(set(classes.tolist())) == 5
    assert torch.equal(asked.images[:, 0, 0, 0].floor(), classes[::2].repeat_interleave(4))
    every = torch.cat([known.images, asked.images])[:, 0, 0, 0]
    assert len(set(every.tolist())) == 30, "no photograph is in both parts"


def test_the_nearest_centroid(hw3):
    model = hw3["models.loading"].load("kit", random=True)
    images, labels = few(classes=5, each=2)
    same = hw3["experiments.tuning"].Pictures(images, labels)
    assert hw3["experiments.photos"].nearest_centroid(model, same, same) >= 0.8


# --- experiments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, said", [("shifts", ""), ("shots", "full by 0.1"), ("probe-then-tune", "lp-ft by 0.05")]
)
def test_an_experiment_runs_through_and_goes_on(name, said, train, tmp_path):
    """On little data; then again with --resume, from a record that lacks one cell."""
    folder = tmp_path / "run"
    predict = ("--predict", said) if said else ()
    done = train("hw3", "--experiment", name, "--tiny", "--out", folder, *predict)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (f"you said {said}; it was" in done.stdout) == bool(said)
    assert (tmp_path / f"prediction-{name}-seed0.png").exists() == bool(said)
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "metrics.csv", "checkpoint.pt", "curves.png", "result.json"} <= names
    assert json.loads((folder / "config.json").read_text())["data"] == "generated"
    first = (folder / "metrics.csv").read_text()
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    state["rows"].pop()
    kept = state["rows"][0]
    state["rows"][0] = kept | dict.fromkeys(kept.keys() - {"seed", "name"}, 0.123)
    torch.save(state, folder / "checkpoint.pt")
    (folder / "result.json").unlink()  # a finished run would be left as it is
    again = train("hw3", "--experiment", name, "--tiny", "--out", folder, "--resume")
    assert again.returncode == 0, again.stdout + again.stderr
    second = (folder / "metrics.csv").read_text()
    assert "0.123" in second, "a cell that was measured is not measured again"
    assert first.splitlines()[-1] == second.splitlines()[-1], "a cell does not depend on others"


@pytest.mark.parametrize("name", ["watch-block", "watch-probe", "watch-lora"])
def test_a_watched_tuning_has_a_row_every_few_steps(name, train, tmp_path):
    folder = tmp_path / "run"
    done = train("hw3", "--experiment", name, "--tiny", "--out", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = read_metrics(folder)
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1)) and len(rows) >= 3
    assert rows[0]["loss"] > 0
    moves = {name: [row[name] for row in rows] for name in rows[0] if name.endswith("_moved")}
    still = {"others_moved", "statistics_moved", "weights_moved"}
    assert all(any(moves[name]) != (name in still) for name in moves), moves
    if name == "watch-probe":
        half = len(rows) // 2
        assert not any(moves["blocks_moved"][:half]) and all(moves["blocks_moved"][half:])
    before = (folder / "metrics.csv").read_text()
    again = train("hw3", "--experiment", name, "--tiny", "--out", folder, "--resume")
    assert again.returncode == 0 and f"{folder} is finished" in again.stdout.replace("\n", "")
    assert (folder / "metrics.csv").read_text() == before


def test_watching_changes_nothing(hw3):
    """A tuning that is watched and measured ends with the same weights as one that is not."""
    images, labels = few(classes=5, each=4)
    pictures = hw3["experiments.tuning"].Pictures(images, labels)

    def end(watched):
        model = hw3["models.loading"].load("kit")
        after = (
            (lambda loss: hw3["experiments.tuning"].measure(model, pictures)) if watched else None
        )
        hw3["experiments.tuning"].Tuning(model, pictures, 8, 0, after_step=after).run(
            "middle", 5, 1e-2
        )
        return torch.cat([value.flatten().double() for value in model.state_dict().values()])

    assert torch.equal(end(True), end(False))


def test_photographs_that_are_not_there_are_named(train, tmp_path):
    done = train(
        "hw3",
        "--experiment",
        "photos",
        "--model",
        "kit",
        "--tiny",
        "--data",
        tmp_path,
        "--out",
        tmp_path / "run",
    )
    assert done.returncode == 2 and "images/clothing64_10x40.npz is not there" in done.stderr


def test_the_recipe_of_the_weights_runs(forks, tmp_path):
    options = ("vision", "--tiny", "--out", tmp_path / "run")
    done = forks.run("hw3.pretrain", *options, folder=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    note = json.loads((tmp_path / "run" / "vision.json").read_text())
    assert note["parameters"] == 308_505 and len(note["sha256"]) == 64
    torch.load(tmp_path / "run" / "vision.pt", weights_only=True)


def test_all_masters_are_handed_in():
    assert {path.name for path in masters(ROOT, "hw3")} == set(homeworks.load("hw3").files)
