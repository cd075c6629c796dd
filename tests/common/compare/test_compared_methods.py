"""One problem, five answers: the programs, what is measured, and a picture whatever is missing."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from common import homework as homeworks
from common.compare import comparison, method
from common.errors import KitError
from common.training.memory import peak_bytes
from hw4.experiments.compared_method import largest
from staff.authoring.compare import solved_kit


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """Solutions in every hole but those of homework 1."""
    root = solved_kit(homeworks.ROOT, tmp_path_factory.mktemp("kit"))
    for name in homeworks.load("hw1").files:
        (root / "hw1" / name).write_bytes((homeworks.ROOT / "hw1" / name).read_bytes())
    return root


def run(kit, *words):
    return subprocess.run(
        [sys.executable, "-m", "common.compare", "--tiny", *words],
        cwd=kit,
        capture_output=True,
        text=True,
        check=False,
    )


def test_whoever_can_answers_and_the_others_are_named(kit):
    done = run(kit, "--out", "out")
    assert done.returncode == 0, done.stderr
    found = json.loads((kit / "out" / "compare.json").read_text())
    names = {method.title for method in comparison.METHODS}
    assert {*found["methods"], *found["missing"]} == names
    assert found["missing"]["MANN"].startswith("still empty: hw1 1: sample_task")
    assert {"prototypical network", "MAML", "Bayesian last layer"} <= set(found["methods"])
    for row in found["methods"].values():
        assert 0 <= row["accuracy"] <= 1 and row["ece"] >= 0 and row["nll"] > 0
        assert row["seconds_a_task"] > 0 and row["peak_bytes"] > 28 * 28 * 4
        assert row["kept_bytes"] >= 4 * row["parameters"] > 10_000
    assert "still empty" in done.stdout
    assert (kit / "out" / "compare.png").read_bytes()[:4] == b"\x89PNG"


def test_with_nobody_there_is_still_a_picture(kit):
    names = ["hw1", "hw2", "hw3", "hw4"]
    done = run(kit, "--out", "none", *(word for hw in names for word in ("--without", hw)))
    assert done.returncode == 1, done.stderr
    missing = json.loads((kit / "none" / "compare.json").read_text())["missing"]
    assert missing["MAML"] == "left out (--without hw2)" and len(missing) == len(comparison.METHODS)
    assert (kit / "none" / "compare.png").is_file()


def test_tasks_hide_nothing_and_give_nothing_away():
    images = np.zeros((10, 20, 28, 28), np.uint8)
    images[:, :, 0, 0], images[:, :, 0, 1] = np.arange(10)[:, None], np.arange(20)
    support, query, labels = comparison.draw(images, 50, np.random.default_rng(0))
    assert support.shape == (50, 3, 28, 28) and query.shape == (50, 9, 28, 28)
    for task in range(50):
        names = support[task, :, 0, 0]
        assert len(set(names)) == 3
        assert (names[labels[task]] == query[task, :, 0, 0]).all()
        assert (np.sort(labels[task].reshape(3, 3)) == np.arange(3)).all()
        seen = {tuple(pair) for part in (support, query) for pair in part[task, :, 0, :2]}
        assert len(seen) == 12, "a drawing came twice"
    assert len({tuple(row) for row in labels.reshape(-1, 3)}) == 6, "an order never came"


def test_figures_of_known_answers():
    labels = np.tile([0, 1, 2], (40, 3))
    sure = np.eye(3)[labels]
    answer = {
        "probabilities": sure,
        "seconds": 0.1,
        "training_seconds": 1.0,
        "parameters": 2,
        "kept_bytes": 8,
        "peak_bytes": 9,
    }
    figures = comparison.measure(answer, labels)
    assert figures["accuracy"] == 1 and figures["confidence_minus_accuracy"] == 0
    figures = comparison.measure(answer | {"probabilities": np.roll(sure, 1, -1)}, labels)
    assert figures["accuracy"] == 0 and figures["confidence_minus_accuracy"] == 1
    half = np.where(np.arange(40)[:, None, None] < 20, 0.5 * sure + 0.5 / 3, np.roll(sure, 1, -1))
    figures = comparison.measure(answer | {"probabilities": half}, labels)
    # by hand: standard deviation .5064, standard error .08006, times 2.023 (Student's t of 40 tasks)
    assert figures["accuracy"] == 0.5 and figures["interval"] == pytest.approx(0.1619, abs=0.0001)
    assert figures["reliability"][0] == pytest.approx([2 / 3, 1])
    assert figures["reliability"][-1] == [1, 0]


def test_answers_that_are_no_probabilities_are_refused():
    zeros = np.zeros((2, 3, 28, 28), np.uint8)
    problem = method.Problem(zeros, zeros, zeros, 0, True)
    good = np.full((2, 3, 3), 1 / 3)
    assert method.check_probabilities(good, problem) is good
    for wrong in (good[:1], good * 2, good * np.nan, np.array([1.5, -0.5, 0.0]) + 0 * good):
        with pytest.raises(KitError, match="probabilities"):
            method.check_probabilities(wrong, problem)


def test_memory_counts_what_lives_at_one_time():
    given = torch.ones(1000)

    def one_after_the_other():
        for _ in range(5):
            made = given * 2
            del made

    assert peak_bytes(one_after_the_other) == 4000
    assert peak_bytes(lambda: [given * 2 for _ in range(5)]) == 20_000
    assert peak_bytes(lambda: given.view(10, 100).mul_(1.0)) == 0, "nothing new"

    def kept_for_the_way_back():
        weight = torch.nn.Parameter(given)
        ((weight.exp().exp()).exp()).sum().backward()

    assert peak_bytes(kept_for_the_way_back) >= 12_000


def test_the_chance_to_be_largest_is_that_of_draws():
    generator = torch.Generator().manual_seed(0)
    mean = torch.tensor([[0.0, 0.3, -0.2], [1.0, 1.0, 1.0], [5.0, 0.0, 0.0]], dtype=torch.float64)
    sd = torch.tensor([[0.5, 0.2, 1.0], [1.0, 1.0, 1.0], [0.1, 0.1, 0.1]], dtype=torch.float64)
    noise = torch.randn(200_000, 3, 3, generator=generator, dtype=torch.float64)
    first = torch.nn.functional.one_hot((mean + sd * noise).argmax(-1), 3).double().mean(0)
    assert largest(mean, sd) == pytest.approx(first, abs=0.004)
