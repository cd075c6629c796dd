"""Networks that homeworks are given."""

from __future__ import annotations

import torch
from torch import nn


class Conv4(nn.Module):
    """Four 3x3 convolutions of stride 2, each with batch normalisation and ReLU, then flattened.

    The network of Vinyals et al. (2016), section 4.1.1, with strides in place of pooling: five times
    as fast on a CPU. Batch normalisation uses the statistics of the batch it is given, in training
    and in evaluation (running statistics would mix tasks, and cannot be used under `vmap`); what is
    in a batch together therefore matters.

    Args:
        channels: of the images.
        filters: of each layer.
        outputs: size of a final linear layer; None ends with the features.
        side: of the square images, in pixels.
    """

    def __init__(
        self, channels: int = 1, filters: int = 32, outputs: int | None = None, side: int = 28
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (channels, filters, filters, filters):
            layers += [
                nn.Conv2d(width, filters, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(filters, track_running_stats=False),
                nn.ReLU(),
            ]
            side = (side + 1) // 2
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.width = filters * side * side
        self.head = nn.Identity() if outputs is None else nn.Linear(self.width, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: [batch, channels, side, side] → [batch, outputs or width]."""
        return self.head(self.features(images))
