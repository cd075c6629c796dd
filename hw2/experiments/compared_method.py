"""Homework 2's answers to the common problem: the prototypical network and MAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from common import options
from common.compare import method
from common.data.images import rotations
from common.networks.convolutional import Conv4
from common.training.trainer import warm_up_then_cosine
from hw2.experiments.learner import Learner
from hw2.experiments.mapping import OverTasks
from hw2.experiments.methods import MAML, PROTONET
from hw2.experiments.tasks import Tasks, TaskSampler

PROTONET_STEPS, PROTONET_WAY = 300, 30
MAML_STEPS, MAML_BATCH, INNER_RATE = 800, 4, 0.4
QUERIES, RATE = 5, 2e-3


def protonet(problem: method.Problem) -> method.Method:
    """Train the space on many classes at once; a new task is measured in it."""
    from hw2.protonet import protonet_loss, prototype_logits, prototypes

    way = min(PROTONET_WAY, len(problem.training))
    network, draw = Conv4(**PROTONET), _sampler(problem, way)
    _train(
        network.parameters(),
        problem,
        PROTONET_STEPS,
        lambda: protonet_loss(network, draw(1), way)[0],
    )
    network.eval()

    @torch.no_grad()
    def answer(support: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
        centres = prototypes(network(support), torch.arange(len(support)), len(support))
        return prototype_logits(network(query), centres).softmax(-1)

    return method.Method((network,), answer)


def maml(problem: method.Problem) -> method.Method:
    """Train a starting point; a new task is one step of gradient descent away."""
    from hw2.maml import adapt

    network = Conv4(**MAML | {"outputs": problem.way})
    learner = Learner(network, INNER_RATE, steps=1, learned=False, first_order=False)
    mapped, draw = OverTasks(learner), _sampler(problem, problem.way)
    _train(
        learner.parameters(),
        problem,
        MAML_STEPS,
        lambda: mapped(learner.of_task, draw(MAML_BATCH))[0].mean(),
    )

    def answer(support: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
        params: dict[str, torch.Tensor] = dict(network.named_parameters())
        labels = torch.arange(len(support))
        adapted, _ = adapt(network, params, learner.rates, support, labels, learner.steps)
        with torch.no_grad():
            return functional_call(network, adapted, (query,)).softmax(-1)

    return method.Method((learner,), answer)


def _sampler(problem: method.Problem, way: int) -> Callable[[int], Tasks]:
    """A function that draws 1-shot tasks of other classes than the problem's."""
    rng = np.random.default_rng(problem.seed)
    tasks = TaskSampler(rotations(problem.training), way, 1, QUERIES)
    return lambda count: tasks.draw(count, rng).ready()


def _train(
    parameters: Iterable[nn.Parameter],
    problem: method.Problem,
    steps: int,
    loss_of: Callable[[], torch.Tensor],
) -> None:
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    schedule = warm_up_then_cosine(optimizer, steps // 20, steps)
    for _ in problem.steps(steps):
        optimizer.zero_grad()
        loss_of().backward()
        optimizer.step()
        schedule.step()


if __name__ == "__main__":
    options.run_main(lambda: method.main({"protonet": protonet, "maml": maml}))
