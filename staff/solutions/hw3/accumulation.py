# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 4e: the gradient of a large batch with the memory of a small one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

IGNORED = -100  # the label of a token that is not to be predicted


def accumulated_step(
    model: nn.Module,
    micro_batches: list[tuple[torch.Tensor, torch.Tensor]],
    optimizer: torch.optim.Optimizer,
    mean_loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> float:
    """Take one step of the optimizer on a batch that comes in parts, as if it had come whole.

    The loss of the batch is the mean over all its tokens to be predicted. The parts have different
    numbers of them; the first token of a row is never predicted. A part may have none at all: its
    mean is 0/0, and it does not count. Only one part's graph is in memory at a time.

    Args:
        model: tokens [B, T] → logits [B, T, V].
        micro_batches: the parts, pairs (tokens, labels), both int64 [B, T]; B and T differ from
            part to part. At least one label of one part is to be predicted.
        optimizer: of the model's parameters; gradients of an earlier batch must not count.
        mean_loss: (logits, labels) → the mean over the tokens to be predicted of this part alone.

    Returns:
        The loss of the batch before the step.
    """
    ### BEGIN SOLUTION 4e (about 11 lines): weigh each part by its tokens; step once at the end
    counts = [int((labels[:, 1:] != IGNORED).sum()) for _, labels in micro_batches]
    optimizer.zero_grad()
    total = 0.0
    for (tokens, labels), count in zip(micro_batches, counts):
        if count == 0:
            continue
        loss = mean_loss(model(tokens), labels) * (count / sum(counts))
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total
    ### END SOLUTION
