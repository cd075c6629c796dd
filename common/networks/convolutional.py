"""Networks that homeworks are given."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from common.networks import task_batched

SHRINK = ("stride", "pool", "norm-pool", "none")


class BatchNorm(nn.Module):
    """Batch normalisation by the batch at hand, in training and in evaluation, right under `vmap`.

    torch's own `BatchNorm2d(track_running_stats=False)` has the same values, but second derivatives
    that are wrong by about a hundredth under `vmap` (seen in torch 2.15; a loop is right). Here the
    statistics of a channel over batch and places are those of a group of `group_norm`, which is exact.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: [batch, channels, height, width] → the same shape."""
        count, channels, height, width = images.shape
        rows = images.transpose(0, 1).reshape(1, channels, count, height * width)
        rows = F.group_norm(rows, channels, self.weight, self.bias)
        return rows.reshape(channels, count, height, width).transpose(0, 1)


class Conv4(nn.Module):
    """3x3 convolutions, four by default, each with batch normalisation and ReLU, then flattened.

    The network of Vinyals et al. (2016), section 4.1.1, with strides in place of pooling where
    `shrink` says so: several times as fast on a CPU. Batch normalisation uses the statistics of the
    batch it is given, in training and in evaluation (running statistics would mix tasks, and cannot
    be used under `vmap`), unless `running` is set; what is in a batch together therefore matters.
    Within `task_batched.tasks_at_once` the layers are one operation for `vmap`.

    Args:
        channels: of the images.
        filters: of each layer; one number for all, or one for each.
        outputs: size of a final linear layer; None ends with the features.
        side: of the square images, in pixels.
        shrink: how each layer halves the picture: by a "stride" of 2; by a "pool" before the
            normalisation, or after it ("norm-pool"); or not at all ("none").
        running: keep running statistics, and use them in evaluation.
        zero_head: the final layer begins at zero, so that every class is equally likely at first.
    """

    def __init__(
        self,
        channels: int = 1,
        filters: int | Sequence[int] = 32,
        outputs: int | None = None,
        side: int = 28,
        shrink: Sequence[str] = ("stride",) * 4,
        running: bool = False,
        zero_head: bool = False,
    ) -> None:
        super().__init__()
        if unknown := set(shrink) - set(SHRINK):
            raise ValueError(f"shrink by {', '.join(unknown)}? choose one of {', '.join(SHRINK)}")
        widths = [filters] * len(shrink) if isinstance(filters, int) else list(filters)
        layers: list[nn.Module] = []
        for before, width, how in zip([channels, *widths], widths, shrink):
            stride = 2 if how == "stride" else 1
            norm: list[nn.Module] = [nn.BatchNorm2d(width) if running else BatchNorm(width)]
            if how == "pool":
                norm = [nn.MaxPool2d(2), *norm]
            elif how == "norm-pool":
                norm = [*norm, nn.MaxPool2d(2)]
            layers += [nn.Conv2d(before, width, 3, stride, padding=1, bias=False), *norm, nn.ReLU()]
            side = {"stride": (side + 1) // 2, "none": side}.get(how, side // 2)
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.stackable = not running and "norm-pool" not in shrink
        self.layers = tuple(
            task_batched.Layer(stride=2 if how == "stride" else 1, pool=how == "pool")
            for how in shrink
        )
        self.width = widths[-1] * side * side
        self.head = nn.Identity() if outputs is None else nn.Linear(self.width, outputs)
        if zero_head and isinstance(self.head, nn.Linear):
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: [batch, channels, side, side] → [batch, outputs or width]."""
        if self.stackable and task_batched.is_used_for(images):
            features = task_batched.features(images, self.layers, list(self.features.parameters()))
            return self.head(features.flatten(1))
        return self.head(self.features(images))
