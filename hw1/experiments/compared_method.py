"""Homework 1's answer to the common problem: the memory-augmented network."""

from __future__ import annotations

import numpy as np
import torch

from common import options
from common.compare import method
from common.data.images import rotations
from common.training.trainer import warm_up_then_cosine
from hw1.mann import MANN, mann_loss
from hw1.sampling import sample_batch

STEPS, BATCH, RATE = 1200, 64, 3e-3


def mann(problem: method.Problem) -> method.Method:
    """Train on 1-shot tasks; a new task is read, and nothing is adapted."""
    way, rng = problem.way, np.random.default_rng(problem.seed)
    network, training = MANN(way, samples=2), rotations(problem.training)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    schedule = warm_up_then_cosine(optimizer, STEPS // 20, STEPS)
    for _ in problem.steps(STEPS):
        pixels, names = sample_batch(training, way, 1, BATCH, rng)
        labels = torch.as_tensor(names)
        loss = mann_loss(network(torch.as_tensor(pixels), labels), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()

    @torch.no_grad()
    def answer(support: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
        rows = query.reshape(-1, 1, way, support[0].numel())
        images = torch.cat([support.reshape(1, 1, way, -1).expand_as(rows), rows], dim=1)
        labels = torch.eye(way).expand(len(rows), 2, way, way).clone()
        labels[:, 1] = 0  # there is nothing to hide
        return network(images, labels)[:, 1].softmax(-1).reshape(-1, way)

    return method.Method((network,), answer)


if __name__ == "__main__":
    options.run_main(lambda: method.main({"mann": mann}))
