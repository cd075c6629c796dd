"""Evaluate a network on tasks of several sizes: accuracies with intervals."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from hw2.experiments.learner import Learner
from hw2.experiments.mapping import OverTasks
from hw2.experiments.settings import WAY
from hw2.experiments.tasks import Tasks, TaskSampler

QUERIES = 15  # of each class, where there are enough drawings
AT_ONCE = 20  # tasks


def fixed_tasks(
    images: np.ndarray,
    shot: int,
    count: int,
    seed: int,
    queries: int = QUERIES,
    device: torch.device | str = "cpu",
) -> list[Tasks]:
    """Tasks that are the same for every run: batches of at most AT_ONCE.

    Args:
        images: [classes, examples, ...].
        queries: of each class; fewer when a class has not enough examples.
    """
    queries = min(queries, images.shape[1] - shot)
    sampler, rng = TaskSampler(images, WAY, shot, queries), np.random.default_rng(seed)
    sizes = [AT_ONCE] * (count // AT_ONCE) + ([count % AT_ONCE] if count % AT_ONCE else [])
    return [sampler.draw(size, rng).ready(device) for size in sizes]


def plain(value: torch.Tensor | float) -> float:
    """A figure as a float, whether it is a tensor or a number."""
    return float(value.detach()) if isinstance(value, torch.Tensor) else float(value)


def one_by_one(tasks: Tasks) -> Tasks:
    """Every query image as a task of its own, with the support images it belongs to.

    T tasks of Q query images become T·Q tasks of one.
    """
    count = tasks.query_labels.shape[1]
    support = [part.repeat_interleave(count, 0) for part in tasks[:2]]
    return Tasks(*support, *(part.flatten(0, 1).unsqueeze(1) for part in tasks[2:]))


def protonet_accuracies(
    network: nn.Module, batches: list[Tasks], alone: bool = False
) -> np.ndarray:
    """The query accuracy of every task, by the student's `protonet_loss`.

    Args:
        alone: predict one query image at a time.
    """
    from hw2.protonet import protonet_loss

    network.eval()
    found = []
    with torch.no_grad():
        for tasks in batches:
            for index in range(len(tasks[0])):
                one = Tasks(*(part[index : index + 1] for part in tasks))
                parts = one_by_one(one) if alone else one
                rights = [
                    plain(protonet_loss(network, Tasks(*(p[i : i + 1] for p in parts)), WAY)[2])
                    for i in range(len(parts[0]))
                ]
                found.append(np.mean(rights))
    return np.array(found)


def maml_accuracies(
    learner: Learner, mapped: OverTasks, batches: list[Tasks], alone: bool = False
) -> np.ndarray:
    """The query accuracy of every task after adaptation, by the student's `task_loss`.

    Args:
        learner: see `hw2.experiments.learner.Learner`.
        alone: predict one query image at a time.
    """
    found = []
    with torch.no_grad():
        for tasks in batches:
            parts = one_by_one(tasks) if alone else tasks
            pieces = []
            for start in range(0, len(parts[0]), 25 * AT_ONCE):
                piece = Tasks(*(part[start : start + 25 * AT_ONCE] for part in parts))
                pieces.append(mapped(learner.of_task, piece)[2])
            found.append(torch.cat(pieces).view(len(tasks[0]), -1).mean(1))
    return torch.cat(found).cpu().double().numpy()  # MPS has no float64


def with_batch_statistics(network: nn.Module) -> nn.Module:
    """A copy whose batch normalisation uses the statistics of the batch, in evaluation too."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = module.running_var = None
    return network
