"""The gradients of the two tasks on the shared tables: their angle, and gradient surgery."""

from __future__ import annotations

import numpy as np
import torch

from hw0.experiments.batches import Batch
from hw0.experiments.settings import Setting
from hw0.losses import joint_loss
from hw0.model import MultiTaskNet
from hw0.surgery import gradient_cosine, surgery


def with_surgery(
    loss: torch.Tensor,
    ranking: torch.Tensor,
    rating: torch.Tensor,
    net: MultiTaskNet,
    setting: Setting,
    rng: np.random.Generator,
) -> torch.Tensor:
    """The same loss, whose gradient by the shared tables is the one after surgery."""
    tables = list(net.watch_tables.parameters())
    rows = []
    for weight, part in zip(setting.weights, (ranking, rating)):
        found = torch.autograd.grad(weight * part, tables, retain_graph=True, allow_unused=True)
        whole = [torch.zeros_like(p) if g is None else g for p, g in zip(tables, found)]
        rows.append(torch.cat([gradient.flatten() for gradient in whole]))
    gradients = torch.stack(rows)
    change = surgery(gradients, rng).sum(0) - gradients.sum(0)
    linear = torch.cat([table.flatten() for table in tables]) @ change
    return loss + linear - linear.detach()


def cosine(net: MultiTaskNet, batch: Batch, setting: Setting) -> float:
    """The cosine between the two tasks' gradients on the shared tables."""
    _, ranking, rating = joint_loss(net, *batch, setting.weights)
    return float(gradient_cosine(ranking, rating, list(net.watch_tables.parameters())))
