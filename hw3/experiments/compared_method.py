"""Homework 3's answer to the common problem: a pre-trained network, fine-tuned on three images."""

from __future__ import annotations

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from common import options
from common.compare import method
from common.networks.convolutional import Conv4
from common.training.trainer import warm_up_then_cosine
from hw3.blocks import freeze, parameters_to_tune
from hw3.finetune import fine_tune_step, lp_ft
from hw3.models.classifier import Classifier

STEPS, BATCH, RATE, FILTERS, LAYERS = 1500, 64, 3e-3, 32, 4
PROBE_STEPS, PROBE_LR = 30, 0.01  # of LP-FT, on each task
TUNE_STEPS, TUNE_LR = 5, 3e-4
WARM = 3


def finetuned(problem: method.Problem) -> method.Method:
    """Learn to tell all training characters apart; a new task is LP-FT from there."""
    network = make_network(len(problem.training))
    pretrain(network, problem)

    def answer(support: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
        model = adapt(network, support)
        with torch.no_grad():
            return model(query).softmax(-1)

    return method.Method((network,), answer)


def make_network(classes: int) -> Classifier:
    """The network of the other homeworks, as blocks and a head: a homework 3 `Classifier`."""
    whole = Conv4(filters=FILTERS, shrink=("stride",) * LAYERS, running=True)
    # The last features are flattened: the head sees every number, not an average over places.
    layers = [*whole.features, nn.Unflatten(1, (whole.width, 1, 1))]
    starts = [3 * layer for layer in range(LAYERS)]  # convolution, normalisation, ReLU
    blocks = [
        nn.Sequential(*layers[start:end]) for start, end in zip(starts, [*starts[1:], len(layers)])
    ]
    return Classifier(blocks, whole.width, classes)


def pretrain(network: Classifier, problem: method.Problem) -> None:
    """Tell all training characters apart.

    They are not turned to make more classes: a head of four times as many would see each of them too
    seldom in so few steps.
    """
    training, rng = problem.training, np.random.default_rng(problem.seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    schedule = warm_up_then_cosine(optimizer, STEPS // 20, STEPS)
    for _ in problem.steps(STEPS):
        names = rng.integers(len(training), size=BATCH)
        drawings = training[names, rng.integers(training.shape[1], size=BATCH)]
        images = torch.from_numpy(drawings).float()[:, None] / 255
        optimizer.zero_grad()
        F.cross_entropy(network(images), torch.from_numpy(names)).backward()
        optimizer.step()
        schedule.step()
    network.eval()


def adapt(network: Classifier, support: torch.Tensor) -> Classifier:
    """A copy with a new head, tuned on one image of each class by LP-FT."""
    model, labels = copy.deepcopy(network), torch.arange(len(support))
    model.new_head(len(support))
    model.eval()  # three images have no statistics of their own

    def tune(mode: str, steps: int, lr: float) -> list[float]:
        tuned = list(parameters_to_tune(model, mode))
        freeze(model, tuned)
        adam = torch.optim.Adam(tuned, lr=lr)
        return [
            fine_tune_step(model, adam, support, labels, step, WARM, lr) for step in range(steps)
        ]

    lp_ft(tune, PROBE_STEPS, TUNE_STEPS, PROBE_LR, TUNE_LR)
    return model


if __name__ == "__main__":
    options.run_main(lambda: method.main({"finetuned": finetuned}))
