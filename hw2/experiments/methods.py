"""The two methods, as training and evaluation see them: a network and the student's functions.

Both have a `module` to train, and the same six methods.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from common.networks.convolutional import Conv4
from hw2.experiments.evaluation import (
    maml_accuracies,
    plain,
    protonet_accuracies,
    with_batch_statistics,
)
from hw2.experiments.learner import Learner
from hw2.experiments.mapping import OverTasks
from hw2.experiments.settings import WAY, Setting
from hw2.experiments.tasks import Tasks

# what Conv4 is made with
PROTONET: dict[str, Any] = {
    "filters": (32, 32, 32, 64),
    "shrink": ("stride", "norm-pool", "norm-pool", "norm-pool"),
    "running": True,
}
MAML: dict[str, Any] = {
    "filters": (16, 32, 48, 64),  # few where the picture is large: most of the time goes there
    "shrink": ("stride", "pool", "pool", "none"),
    "outputs": WAY,
    "zero_head": True,
}


def build(setting: Setting, device: torch.device | str) -> Method:
    """The setting's method, with a new network."""
    return (ProtoNet if setting.method == "protonet" else Maml)(setting, device)


class ProtoNet:
    """The student's prototypical network."""

    def __init__(self, setting: Setting, device: torch.device | str) -> None:
        network = Conv4(**PROTONET).to(device)
        self.module: nn.Module = network.to(memory_format=torch.channels_last)
        self.way = setting.way

    def groups(self, lr: float, rate_factor: float) -> list[dict]:
        """Parameter groups for the optimizer."""
        return [{"params": list(self.module.parameters()), "lr": lr}]

    def loss(self, tasks: Tasks) -> tuple[torch.Tensor, dict[str, float]]:
        """Loss and figures of a batch of training tasks."""
        from hw2.protonet import protonet_loss

        loss, support, query = protonet_loss(self.module, tasks, self.way)
        return loss, {"support_accuracy": plain(support), "query_accuracy": plain(query)}

    def accuracies(self, batches: list[Tasks], alone: bool = False) -> np.ndarray:
        """The query accuracy of every task; `alone`: one query image at a time."""
        return protonet_accuracies(self.module, batches, alone)

    def figures(self) -> dict[str, float]:
        """Return further columns of a row of metrics."""
        return {}

    def rates(self) -> dict[str, float]:
        """It has no inner rates."""
        return {}

    def use_batch_statistics(self) -> None:
        """Let batch normalisation use the batch at hand."""
        self.module = with_batch_statistics(self.module)


class Maml:
    """The student's MAML."""

    def __init__(self, setting: Setting, device: torch.device | str) -> None:
        self.module = Learner(
            Conv4(**MAML).to(device),
            setting.inner_rate,
            setting.inner_steps,
            setting.learned,
            setting.first_order,
        ).to(device)
        self.mapped = OverTasks(self.module)

    def groups(self, lr: float, rate_factor: float) -> list[dict]:
        """Parameter groups for the optimizer."""
        return self.module.groups(lr, rate_factor)

    def loss(self, tasks: Tasks) -> tuple[torch.Tensor, dict[str, float]]:
        """Loss and figures of a batch of training tasks."""
        self.module.limit_rates()
        losses, support, query = self.mapped(self.module.of_task, tasks)
        before, after = support.mean(0)[[0, -1]].tolist()
        figures = {"before_accuracy": before, "support_accuracy": after}
        return losses.mean(), figures | {"query_accuracy": query.mean().item()}

    def accuracies(self, batches: list[Tasks], alone: bool = False) -> np.ndarray:
        """The query accuracy of every task; `alone`: one query image at a time."""
        return maml_accuracies(self.module, self.mapped, batches, alone)

    def figures(self) -> dict[str, float]:
        """Return the further column of a row of metrics: the mean of the learned rates."""
        rates = list(self.rates().values())
        return {"mean_rate": sum(rates) / len(rates)} if rates else {}

    def rates(self) -> dict[str, float]:
        """The learned rates by name."""
        rates = self.module.rates.items()
        return {name: rate.mean().item() for name, rate in rates if rate.requires_grad}

    def use_batch_statistics(self) -> None:
        """It never uses any other."""


Method = ProtoNet | Maml
