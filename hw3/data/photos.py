"""Few-shot tasks of real photographs, for any network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from common.data import photos
from common.errors import KitError
from hw3.experiments.tuning import Pictures
from hw3.models.loading import Preparation, prepare

SETS, EACH = tuple(photos.FILES), photos.EACH  # "clothes", "signs"; photographs of each class


@dataclass(frozen=True)
class Photos:
    """All photographs of one set.

    Attributes:
        inputs: class → float32 [each, 3, side, side], prepared for a network.
    """

    inputs: list[torch.Tensor]

    def task(self, seed: int, way: int, shot: int, query: int) -> tuple[Pictures, Pictures]:
        """Some classes; of each a few photographs to tune on and others to test on."""
        rng = np.random.RandomState(seed)
        parts: list[list[torch.Tensor]] = [[], []]
        for name in rng.choice(len(self.inputs), way, replace=False):
            order = rng.permutation(len(self.inputs[name]))[: shot + query]
            parts[0].append(self.inputs[name][order[:shot]])
            parts[1].append(self.inputs[name][order[shot:]])
        tuned, tested = (
            Pictures(torch.cat(part), torch.arange(way).repeat_interleave(len(part[0])))
            for part in parts
        )
        return tuned, tested


def load(name: str, how: Preparation, data: str | None = None, each: int = EACH) -> Photos:
    """Read a set and prepare it for a network.

    Args:
        name: "clothes" or "signs".
        data: a folder that holds images/, or None for KIT_DATA and the kit's own folder.

    Raises:
        KitError: when it is not on disk.
    """
    path = photos.find(name, data)
    if path is None:
        raise KitError(
            f"images/{photos.FILES[name]} is not there; put it into KIT_DATA or --data DIR"
        )
    images = photos.load(name, path, how.side, each).transpose(0, 1, 4, 2, 3)
    return Photos([prepare(part.astype(np.float32) / 255, how) for part in images])
