"""The one form in which homework 3 uses every network for pictures: blocks, and a head."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


class Classifier(nn.Module):
    """Blocks one after the other, the average over places, a linear head.

    Args:
        blocks: from the picture to the last features; the last gives [batch, width, ...places].
        width: channels of the last features.
        classes: outputs of the head, which begins at zero: every class is equally likely.
    """

    def __init__(self, blocks: Iterable[nn.Module], width: int, classes: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.width = width
        self.new_head(classes)

    def new_head(self, classes: int) -> None:
        """Take another head, for other classes; it begins at zero."""
        self.head = nn.Linear(self.width, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: [batch, 3, height, width], prepared as the weights want it → [batch, classes]."""
        for block in self.blocks:
            images = block(images)
        return self.head(images.mean((2, 3)))

    def from_block(self, start: int) -> Classifier:
        """The part that begins with a block; it shares all parameters with the whole."""
        part = Classifier(self.blocks[start:], self.width, 1)
        part.head = self.head
        return part
