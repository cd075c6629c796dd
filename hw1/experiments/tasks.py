"""Tasks of homework 1: drawn for training, and fixed ones to evaluate on."""

from __future__ import annotations

import math

import numpy as np
import torch

from hw1.experiments.settings import Setting
from hw1.sampling import sample_batch


def drawer(images, setting: Setting, batch: int, rng, device):
    """A function that draws a batch of tasks as tensors."""

    def draw():
        pixels, labels = sample_batch(images, setting.way, setting.shot, batch, rng)
        return torch.from_numpy(pixels).to(device), torch.from_numpy(labels).to(device)

    return draw


def query_accuracy(logits, labels):
    """Accuracy on the query row of every task, [B]."""
    return (logits[:, -1].argmax(-1) == labels[:, -1].argmax(-1)).float().mean(-1)


class Tasks:
    """A fixed set of tasks to evaluate on: the same for every run and seed."""

    def __init__(self, images, setting: Setting, count: int, device) -> None:
        rng = np.random.default_rng(20)
        draw = drawer(images, setting, min(count, 500), rng, device)
        self.batches = [draw() for _ in range(math.ceil(count / 500))]

    def accuracies(self, network):
        """Return the accuracy on every task, a numpy array."""
        network.eval()
        with torch.no_grad():
            parts = [query_accuracy(network(*batch), batch[1]) for batch in self.batches]
        return torch.cat(parts).cpu().double().numpy()  # MPS has no float64
