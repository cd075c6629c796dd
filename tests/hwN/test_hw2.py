"""Homework 2's own code: tasks, the map over tasks and its fallback, networks, memory."""

import importlib

import numpy as np
import pytest
import torch

from common import homework as homeworks
from common.errors import KitError
from common.networks.convolutional import Conv4
from common.training.memory import keep_large_blocks
from tests.helpers.homeworks import solved_package

MODULES = (
    "maml",
    "protonet",
    "train",
    "experiments.tasks",
    "experiments.mapping",
    "experiments.learner",
    "experiments.evaluation",
    "experiments.settings",
    "experiments.photos",
)


@pytest.fixture(scope="module")
def hw2(tmp_path_factory):
    """Homework 2 with the solutions in place, as a package."""
    with solved_package("hw2", tmp_path_factory.mktemp("hw2") / "tree"):
        yield {name.split(".")[-1]: importlib.import_module(f"hw2.{name}") for name in MODULES}


# --- tasks --------------------------------------------------------------------------------------


def marked(classes=12, examples=9):
    """Images that say which class and which example they are."""
    images = np.zeros((classes, examples, 28, 28), np.uint8)
    images[..., 0, 0] = np.arange(classes)[:, None] * 5 + 5
    images[..., 0, 1] = np.arange(examples) * 9 + 3
    return images


@pytest.mark.parametrize("way, shot, query", [(3, 2, 4), (5, 1, 8), (12, 3, 2), (2, 4, 5)])
def test_a_task_is_what_its_labels_say(hw2, way, shot, query):
    sampler = hw2["tasks"].TaskSampler(marked(), way, shot, query)
    tasks = sampler.draw(50, np.random.default_rng(1))
    support, query_images = (tasks.support_images.int(), tasks.query_images.int())
    assert support.shape == (50, way * shot, 1, 28, 28)
    assert query_images.shape == (50, way * query, 1, 28, 28)
    for index in range(50):
        names = {}
        for images, labels, each in (
            (support[index], tasks.support_labels[index], shot),
            (query_images[index], tasks.query_labels[index], query),
        ):
            assert torch.bincount(labels).tolist() == [each] * way
            for image, label in zip(images, labels.tolist()):
                assert names.setdefault(label, int(image[0, 0, 0])) == int(image[0, 0, 0])
        assert len(set(names.values())) == way, "classes are drawn without replacement"
        both = torch.cat([support[index], query_images[index]])[:, 0, 0, :2].tolist()
        assert len({tuple(pair) for pair in both}) == len(both), "an example appears once"


def test_support_images_come_in_random_order(hw2):
    tasks = hw2["tasks"].TaskSampler(marked(), 4, 3, 2).draw(400, np.random.default_rng(2))
    first = torch.bincount(tasks.support_labels[:, 0], minlength=4)
    assert first.min() > 50  # 100 expected
    assert any((labels.diff() < 0).any() for labels in tasks.support_labels)


@pytest.mark.parametrize("way", [2, 4])
def test_every_class_and_example_is_as_likely(hw2, way):
    """Both ways of drawing classes: way**2 above and below the number of classes."""
    tasks = hw2["tasks"].TaskSampler(marked(), way, 1, 1).draw(3000, np.random.default_rng(3))
    seen = tasks.support_images[:, :, 0, 0, :2].int()
    classes = torch.bincount(((seen[..., 0] - 5) // 5).flatten(), minlength=12) / (3000 * way / 12)
    examples = torch.bincount(((seen[..., 1] - 3) // 9).flatten(), minlength=9) / (3000 * way / 9)
    assert (classes - 1).abs().max() < 0.3 and (examples - 1).abs().max() < 0.3


def test_the_generator_is_the_only_source_of_randomness(hw2):
    sampler = hw2["tasks"].TaskSampler(marked(), 4, 2, 3)
    torch.manual_seed(1)
    np.random.seed(1)
    one = sampler.draw(7, np.random.default_rng(5))
    torch.manual_seed(2)
    np.random.seed(2)
    other = sampler.draw(7, np.random.default_rng(5))
    assert all(torch.equal(a, b) for a, b in zip(one, other))
    rng = np.random.default_rng(5)
    assert not torch.equal(sampler.draw(7, rng)[0], sampler.draw(7, rng)[0])


def test_bytes_become_numbers_from_0_to_1(hw2):
    images = marked()
    images[..., 9, 9] = 255
    drawn = hw2["tasks"].TaskSampler(images, 3, 2, 2).draw(4, np.random.default_rng(0))
    ready = drawn.ready()
    for index in (0, 2):
        assert drawn[index].dtype == torch.uint8 and ready[index].dtype == torch.float32
        assert torch.allclose(ready[index] * 255, drawn[index].float(), atol=1e-4)
        assert ready[index].max() == 1 and ready[index].min() == 0
    assert ready.support_labels.dtype == torch.int64
    vectors = torch.rand(2, 3, 4)
    assert torch.equal(type(drawn)(vectors, *drawn[1:]).ready()[0], vectors)


def test_the_data_stay_as_they_are_and_features_too(hw2):
    vectors = np.random.RandomState(0).normal(size=(8, 6, 5)).astype(np.float32)
    before = vectors.copy()
    tasks = hw2["tasks"].TaskSampler(vectors, 3, 2, 2).draw(4, np.random.default_rng(0))
    tasks.support_images.mul_(0)
    assert (vectors == before).all() and tasks.query_images.shape == (4, 6, 5)
    with pytest.raises(ValueError, match="cannot be drawn"):
        hw2["tasks"].TaskSampler(vectors, 9, 1, 1)
    with pytest.raises(ValueError, match="cannot be drawn"):
        hw2["tasks"].TaskSampler(vectors, 3, 4, 3)


def test_shifted_drawings_are_the_same_drawings_in_other_places(hw2):
    images = torch.zeros(2, 3, 1, 9, 9, dtype=torch.uint8)
    images[..., 4, 4] = torch.arange(1, 7).view(2, 3, 1)
    tasks = hw2["tasks"].Tasks(images, torch.zeros(2, 3), images.clone(), torch.ones(2, 3))
    places = set()
    for seed in range(40):
        moved = hw2["tasks"].shift(tasks, 2, np.random.default_rng(seed))
        assert moved.support_labels is tasks.support_labels
        for part in (moved.support_images, moved.query_images):
            assert part.shape == images.shape
            assert (part.amax((2, 3, 4)) == images.amax((2, 3, 4))).all()  # none lost, none mixed
            assert (part.flatten(2).sum(-1) == images.flatten(2).sum(-1)).all()
            places |= {tuple(place) for place in part.nonzero()[:, -2:].tolist()}
    assert places == {(row, column) for row in range(2, 7) for column in range(2, 7)}


# --- the map over tasks -------------------------------------------------------------------------


@pytest.fixture
def small(hw2):
    """A learner in double precision, and a batch of tasks."""
    torch.manual_seed(0)
    rng = np.random.RandomState(0)
    images = rng.randint(0, 256, size=(12, 9, 28, 28)).astype(np.uint8)
    tasks = hw2["tasks"].TaskSampler(images, 5, 1, 3).draw(4, np.random.default_rng(0)).ready()
    tasks = type(tasks)(*(p.double() if p.is_floating_point() else p for p in tasks))
    network = Conv4(filters=6, outputs=5, shrink=("stride", "pool", "none")).double()
    return network, tasks


@pytest.mark.parametrize("steps, first_order", [(1, False), (3, False), (2, True)])
def test_vmapped_equals_looped(hw2, small, steps, first_order):
    network, tasks = small
    learner = hw2["learner"].Learner(network, 0.3, steps, True, first_order)
    found = []
    for looped in (False, True):
        mapped = hw2["mapping"].OverTasks(learner)
        mapped.looped = looped
        losses, support, query = mapped(learner.of_task, tasks)
        gradients = torch.autograd.grad(losses.mean(), list(learner.parameters()))
        found.append([losses, support, query, *gradients])
    assert support.shape == (4, steps + 1)
    assert len(found[0]) == 3 + len(list(learner.parameters()))
    for one, other in zip(*found):
        assert (one - other).detach().abs().max() <= 1e-5
    assert all(float(g.abs().max()) > 0 for g in found[0][-2:])


def test_adapt_vmapped_equals_looped(hw2, small):
    network, tasks = small
    params = dict(network.named_parameters())
    rates = hw2["maml"].make_rates(params, 0.2, True)

    def end(images, labels):
        return hw2["maml"].adapt(network, params, rates, images, labels, 2)[0]

    mapped = torch.func.vmap(end)(tasks.support_images, tasks.support_labels)
    for index in range(4):
        for name, value in end(*tasks.task(index)[:2]).items():
            assert (mapped[name][index] - value).abs().max() <= 1e-5


def with_autograd(hw2, learner):
    """A right task loss that vmap cannot map."""
    from torch.func import functional_call

    def of_task(task):
        params = dict(learner.network.named_parameters())
        logits = functional_call(learner.network, params, (task.support_images,))
        loss = torch.nn.functional.cross_entropy(logits, task.support_labels)
        found = torch.autograd.grad(loss, list(params.values()), create_graph=True)
        moved = {k: p - learner.rates[k] * g for (k, p), g in zip(params.items(), found)}
        logits = functional_call(learner.network, moved, (task.query_images,))
        loss = torch.nn.functional.cross_entropy(logits, task.query_labels)
        return loss, [0.5, 1.0], (logits.argmax(1) == task.query_labels).float().mean().item()

    return of_task


def test_autograd_falls_back_to_a_loop_and_says_so_once(hw2, small, capsys):
    network, tasks = small
    learner = hw2["learner"].Learner(network, 0.3, 1, False, False)
    mapped = hw2["mapping"].OverTasks(learner)
    of_task = with_autograd(hw2, learner)
    losses, support, query = mapped(of_task, tasks)
    right = hw2["mapping"].OverTasks(learner)(learner.of_task, tasks)
    assert (losses - right[0]).abs().max() < 1e-6 and (query - right[2]).abs().max() < 1e-6
    assert support.shape == (4, 2) and losses.requires_grad
    mapped(of_task, tasks)
    with torch.no_grad():
        assert not mapped(of_task, tasks)[0].requires_grad
    assert capsys.readouterr().out.count("vmap cannot map") == 1


def test_a_gradient_within_a_gradient_is_mapped_layer_by_layer(hw2, small, capsys):
    from torch.func import functional_call, grad

    network, tasks = small
    learner = hw2["learner"].Learner(network, 0.3, 1, False, False)

    def of_task(task):
        def length(params):
            def loss(params):
                logits = functional_call(network, params, (task.support_images,))
                return torch.nn.functional.cross_entropy(logits, task.support_labels)

            return sum(part.pow(2).sum() for part in grad(loss)(params).values())

        params = dict(network.named_parameters())
        found = sum(part.pow(2).sum() for part in grad(length)(params).values())
        return found, [found.detach(), found.detach()], found.detach()

    mapped, looped = (hw2["mapping"].OverTasks(learner) for _ in range(2))
    looped.looped = True
    one, other = mapped(of_task, tasks)[0], looped(of_task, tasks)[0]
    torch.testing.assert_close(one, other)
    assert not mapped.looped and not capsys.readouterr().out


@pytest.mark.parametrize(
    "spoil, told",
    [
        (lambda loss: loss.detach(), "all zero, or cut off"),
        (lambda loss: loss * 0, "all zero"),
        (lambda loss: loss * float("nan"), "not finite"),
    ],
    ids=["cut", "zero", "nan"],
)
def test_a_loop_without_gradients_is_refused(hw2, small, spoil, told):
    network, tasks = small
    learner = hw2["learner"].Learner(network, 0.3, 1, False, False)
    right = with_autograd(hw2, learner)

    def wrong(task):
        loss, support, query = right(task)
        return spoil(loss), support, query

    with pytest.raises(KitError, match=told):
        hw2["mapping"].OverTasks(learner)(wrong, tasks)


def test_an_error_in_the_students_code_is_shown_as_it_is(hw2, small):
    network, tasks = small
    learner = hw2["learner"].Learner(network, 0.3, 1, False, False)

    def broken(task):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        hw2["mapping"].OverTasks(learner)(broken, tasks)

    def empty(task):
        raise NotImplementedError("hw2 2b: task_loss")

    with pytest.raises(NotImplementedError, match="hw2 2b"):
        hw2["mapping"].OverTasks(learner)(empty, tasks)


# --- evaluation and training --------------------------------------------------------------------


def test_one_by_one_keeps_images_with_their_support(hw2):
    tasks = hw2["tasks"].TaskSampler(marked(), 3, 2, 2).draw(2, np.random.default_rng(0))
    single = hw2["evaluation"].one_by_one(tasks)
    assert single.query_images.shape == (12, 1, 1, 28, 28)
    assert torch.equal(single.query_images[7, 0], tasks.query_images[1, 1])
    assert torch.equal(single.support_images[7], tasks.support_images[1])
    assert torch.equal(single.query_labels.view(2, 6), tasks.query_labels)


def test_kept_statistics_are_not_transductive_and_batch_statistics_are(hw2):
    torch.manual_seed(0)
    network = Conv4(filters=4, shrink=("stride", "norm-pool"), running=True).eval()
    for buffer in (network.features[1].running_mean, network.features[4].running_mean):
        buffer.normal_()
    images = torch.rand(6, 1, 28, 28)
    alone = torch.cat([network(image[None]) for image in images])
    assert (network(images) - alone).abs().max() < 1e-5
    batch = hw2["evaluation"].with_batch_statistics(network)
    alone = torch.cat([batch(image[None]) for image in images])
    assert (batch(images) - alone).abs().max() > 1e-2
    assert network.features[1].running_mean is not None


def test_learned_rates_are_stepped_saved_and_limited(hw2):
    network = Conv4(filters=4, outputs=5)
    learner = hw2["learner"].Learner(network, 0.3, 1, True, False)
    names = dict(network.named_parameters())
    assert set(learner.rates) == set(names)
    assert len(list(learner.parameters())) == 2 * len(names)
    groups = learner.groups(0.1, 5)
    assert groups[1]["lr"] == 0.5 and len(groups[1]["params"]) == len(names)
    with torch.no_grad():
        for rate in learner.rates.values():
            rate.fill_(-1.0)
    learner.limit_rates()
    assert all(rate.item() == 0 for rate in learner.rates.values())
    fixed = hw2["learner"].Learner(network, 0.3, 1, False, False)
    assert len(fixed.groups(0.1, 5)) == 1
    assert sum(key.startswith("rate_of_") for key in fixed.state_dict()) == len(names)


def test_every_experiment_is_in_the_table(hw2):
    settings = hw2["settings"]
    names = {one.name for one in homeworks.load("hw2").experiments}
    assert names <= {*settings.SETTINGS, *settings.GROUPS, hw2["train"].PHOTOS}
    assert set(settings.REQUIRED) <= names


def test_generated_features_leave_room_for_learning(hw2):
    features = hw2["photos"].generate()
    again = hw2["photos"].generate()
    assert np.array_equal(features.test["vectors"], again.test["vectors"])
    tasks = hw2["evaluation"].fixed_tasks(features.test["vectors"], 5, 40, seed=0)
    found = hw2["evaluation"].protonet_accuracies(torch.nn.Identity(), tasks)
    assert 0.6 < found.mean() < 0.85


# --- what is common -----------------------------------------------------------------------------


def test_batch_norm_is_torchs_own_and_exact_under_vmap():
    """Its values and first derivatives are torch's; second derivatives agree with those of a loop."""
    from common.networks.convolutional import BatchNorm

    torch.manual_seed(0)
    ours, theirs = BatchNorm(4), torch.nn.BatchNorm2d(4, track_running_stats=False)
    images = torch.randn(3, 5, 4, 6, 2, dtype=torch.float64)
    ours, theirs = ours.double(), theirs.double()
    for module in (ours, theirs):
        module.weight.data.copy_(torch.arange(4) + 0.5)
        module.bias.data.copy_(torch.arange(4) - 1.0)
    assert torch.allclose(ours(images[0]), theirs(images[0]))

    def step(module, batch, scale):
        def loss(scale):
            return module(batch * scale).pow(3).mean()

        return loss(scale - torch.func.grad(loss)(scale))

    def outer(module, mapped):
        scale = torch.linspace(0.5, 1.5, 4, dtype=torch.float64).view(4, 1, 1).requires_grad_()
        if mapped:
            total = torch.func.vmap(lambda batch: step(module, batch, scale))(images).sum()
        else:
            total = sum(step(module, batch, scale) for batch in images)
        return torch.autograd.grad(total, scale)[0]

    assert torch.allclose(outer(ours, True), outer(theirs, False), rtol=1e-9)
    assert torch.allclose(outer(ours, False), outer(theirs, False), rtol=1e-9)


def test_conv4_shrinks_as_it_is_told():
    images = torch.rand(3, 1, 28, 28)
    for shrink, side in (
        (("stride",) * 4, 2),
        (("stride", "pool", "pool", "none"), 3),
        (("stride", "norm-pool", "norm-pool", "norm-pool"), 1),
    ):
        network = Conv4(filters=(5, 6, 7, 8), shrink=shrink)
        assert network(images).shape == (3, 8 * side**2) and network.width == 8 * side**2
    assert not Conv4(outputs=5, zero_head=True)(images).any()
    with pytest.raises(ValueError, match="shrink by squeeze"):
        Conv4(shrink=("squeeze",))


def test_the_memory_setting_is_guarded(monkeypatch):
    assert keep_large_blocks() in (True, False)
    for system in ("darwin", "win32"):
        monkeypatch.setattr("sys.platform", system)
        assert keep_large_blocks() is False
    monkeypatch.setattr("sys.platform", "linux")

    def refuse(name):
        raise OSError("no such library")

    monkeypatch.setattr("ctypes.CDLL", refuse)
    assert keep_large_blocks() is False


# --- tests of trained runs ----------------------------------------------------------------------


def test_no_other_test_overwrites_the_file_that_a_report_reads():
    from argparse import Namespace

    from hw2.experiments.settings import SUPPORT_SIZES
    from hw2.experiments.trained import REPORTED, file_name

    runs = sorted(REPORTED)

    def name(names=runs, others=False, source="omniglot", trained_on=("omniglot",), **options):
        usual = {
            "one_at_a_time": False,
            "statistics": "as-trained",
            "tiny": False,
            "support": [*SUPPORT_SIZES],
        }
        return file_name(Namespace(**usual | options), names, others, source, set(trained_on))

    assert name() == name(runs[::-1]) == "support"
    assert name(one_at_a_time=True) == name(one_at_a_time=True, support=[3]) == "one-at-a-time"
    others = [
        name(runs[:1], others=True),
        name(["maml-long-seed0"], others=True),
        name(runs, others=True),  # of another folder
        name(tiny=True),
        name(support=[1, 2]),
        name(statistics="batch"),
        name(source="glyphs"),
        name(trained_on=("omniglot", "glyphs")),
        name(runs[:1], others=True, one_at_a_time=True),
        name(one_at_a_time=True, tiny=True),
    ]
    assert not {"support", "one-at-a-time"} & {*others}
