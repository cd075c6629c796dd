"""The training ratings, in batches."""

from __future__ import annotations

import numpy as np
import torch

from common.data.ratings import Ratings

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


class Batches:
    """Gives the training ratings in batches: each once an epoch, in an order drawn anew.

    Args:
        data: whose split "train" is used.
        batch: how many at a time; what is left at the end of an epoch is left out.
        seed: of the orders; the order of an epoch does not depend on where a run was resumed.
    """

    def __init__(self, data: Ratings, batch: int, seed: int, device: torch.device) -> None:
        self.parts = [torch.from_numpy(part) for part in data.split("train")]
        self.batch, self.seed, self.device = min(batch, len(self.parts[0])), seed, device
        self.num_items = data.num_items
        self.steps = len(self.parts[0]) // self.batch  # of an epoch
        self.epoch, self.order = -1, torch.empty(0, dtype=torch.int64)

    def at(self, step: int, rng: np.random.Generator) -> Batch:
        """Users, items, stars of the batch of this step, and an item at random for each."""
        epoch, place = divmod(step, self.steps)
        if epoch != self.epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.parts[0]))
            self.epoch, self.order = epoch, torch.from_numpy(order)
        rows = self.order[place * self.batch : (place + 1) * self.batch]
        negatives = torch.from_numpy(rng.integers(0, self.num_items, len(rows)))
        users, items, stars = (part[rows].to(self.device) for part in self.parts)
        return users, items, stars, negatives.to(self.device)
