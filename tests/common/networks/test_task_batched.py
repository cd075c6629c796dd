"""Layers for many tasks at once: the values and all derivatives of the layers one by one."""

import contextlib

import pytest
import torch
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

from common.networks import task_batched
from common.networks.convolutional import Conv4

TASKS, BATCH, SIDE = 3, 5, 9
SHRINKS = [("stride", "stride"), ("none", "pool", "none"), ("stride", "pool")]


@pytest.fixture(params=SHRINKS, ids="-".join)
def network(request):
    torch.manual_seed(0)
    network = Conv4(
        channels=2,
        filters=(3, 4, 5)[: len(request.param)],
        outputs=4,
        side=SIDE,
        shrink=request.param,
    ).double()
    for parameter in network.parameters():
        if parameter.ndim == 1:  # scales and shifts that are not one and zero
            parameter.data += 0.3 * torch.randn(parameter.shape, dtype=torch.float64)
    return network


@pytest.fixture
def tasks():
    """Images [T, B, 2, SIDE, SIDE] and labels [T, B]."""
    images = torch.randn(TASKS, BATCH, 2, SIDE, SIDE, dtype=torch.float64).requires_grad_()
    return images, torch.arange(TASKS * BATCH).view(TASKS, BATCH) % 4


def outer_loss(network, params, images, labels, steps):
    """MAML's loss of one task: its images are support and query set at once."""

    def loss(params):
        return F.cross_entropy(functional_call(network, params, (images,)), labels)

    for _ in range(steps):
        gradient = grad(loss)(params)
        params = {name: p - 0.5 * gradient[name] for name, p in params.items()}
    return loss(params) + functional_call(network, params, (images.flip(-1),)).pow(2).mean()


def derivatives(network, images, labels, steps, own, at_once):
    """The losses of all tasks, and the gradients of their sum by images and parameters.

    Args:
        own: every task begins with weights of its own.
    """
    shared = dict(network.named_parameters())
    if own:
        torch.manual_seed(1)
        shared = {
            name: (p + 0.1 * torch.randn(TASKS, *p.shape, dtype=p.dtype)).detach().requires_grad_()
            for name, p in shared.items()
        }
    with task_batched.tasks_at_once() if at_once else contextlib.nullcontext():
        losses = vmap(
            lambda params, images, labels: outer_loss(network, params, images, labels, steps),
            (0 if own else None, 0, 0),
        )(shared, images, labels)
    return losses, *torch.autograd.grad(losses.sum(), [images, *shared.values()])


@pytest.mark.parametrize("own", [False, True], ids=["shared", "own"])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_values_and_gradients_are_those_of_the_layers(network, tasks, steps, own):
    expected = derivatives(network, *tasks, steps, own, at_once=False)
    found = derivatives(network, *tasks, steps, own, at_once=True)
    assert len(found) == len(expected) and all(bool(part.detach().any()) for part in expected)
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


def test_images_that_need_no_gradient_get_none(network, tasks):
    images, labels = tasks[0].detach(), tasks[1]
    found = []
    for at_once in (False, True):
        network.zero_grad()
        with task_batched.tasks_at_once() if at_once else contextlib.nullcontext():
            losses = vmap(
                lambda images, labels: outer_loss(
                    network, dict(network.named_parameters()), images, labels, 1
                )
            )(images, labels)
        losses.sum().backward()
        found.append([parameter.grad.clone() for parameter in network.parameters()])
    assert images.grad is None
    for one, other in zip(*found):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


def test_an_outer_gradient_may_be_functional(network, tasks):
    images, labels = tasks

    def total(params):
        return vmap(lambda *task: outer_loss(network, params, *task, 1))(images, labels).sum()

    params = dict(network.named_parameters())
    expected = grad(total)(params)
    with task_batched.tasks_at_once():
        found = grad(total)(params)
    for name, one in found.items():
        torch.testing.assert_close(one, expected[name], rtol=1e-9, atol=1e-11)


def test_a_gradient_of_a_gradient_within_is_refused(network, tasks):
    def curvature(images, labels):
        params = dict(network.named_parameters())

        def loss(params):
            return F.cross_entropy(functional_call(network, params, (images,)), labels)

        def length(params):
            return sum(part.pow(2).sum() for part in grad(loss)(params).values())

        return sum(part.pow(2).sum() for part in grad(length)(params).values())

    with task_batched.tasks_at_once(), pytest.raises(RuntimeError, match="gradient of a gradient"):
        vmap(curvature)(*tasks)


def test_it_is_used_when_it_is_asked_for_and_can_be(monkeypatch, tasks):
    calls = []
    run = task_batched.features

    def watched(*arguments):
        calls.append(len(arguments[0]))
        return run(*arguments)

    monkeypatch.setattr(task_batched, "features", watched)
    images = tasks[0].detach()
    plain, running, pooled = (
        Conv4(2, 3, side=SIDE, shrink=shrink, running=running).double()
        for shrink, running in ((("stride",), False), (("stride",), True), (("norm-pool",), False))
    )
    expected = vmap(plain)(images)
    assert not calls
    with task_batched.tasks_at_once():
        for other in (running.eval(), pooled):
            vmap(other)(images)
        assert not calls
        found = vmap(plain)(images)
    assert len(calls) == 1
    torch.testing.assert_close(found, expected)
    vmap(plain)(images)
    assert len(calls) == 1
