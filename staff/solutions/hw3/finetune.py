# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 3: a step of fine-tuning, and which parameters to tune first."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn


def fine_tune_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: torch.Tensor,
    labels: torch.Tensor,
    step: int,
    warmup_steps: int,
    lr: float,
) -> float:
    """Take one step on one batch, with a learning rate that rises at the beginning.

    Step 0 has `lr / warmup_steps`, step 1 has `2 · lr / warmup_steps`, and so on; from step
    `warmup_steps - 1` on it is `lr`. Every parameter group of the optimizer gets it.

    Args:
        model: inputs → logits [batch, classes]; its mode (train or eval) is the caller's.
        optimizer: of the parameters that are tuned; gradients of earlier steps may still be there.
        inputs: [batch, ...].
        labels: [batch], integers.
        step: of this training, counted from 0.
        warmup_steps: steps of the warm-up, at least 1.
        lr: the learning rate after the warm-up.

    Returns:
        The mean cross-entropy of the batch before the step, a plain number.
    """
    ### BEGIN SOLUTION 3a (about 7 lines): this step's rate, then loss, gradient, step
    for group in optimizer.param_groups:
        group["lr"] = lr * min(1.0, (step + 1) / warmup_steps)
    loss = F.cross_entropy(model(inputs), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


def lp_ft(
    tune: Callable[[str, int, float], list[float]],
    probe_steps: int,
    tune_steps: int,
    probe_lr: float,
    tune_lr: float,
) -> list[float]:
    """Train the head first, then everything: linear probing, then fine-tuning (Kumar et al. 2022).

    Args:
        tune: `tune(mode, steps, lr)` trains the one model there is, from where it stands, for that
            many steps; `mode` is as in `parameters_to_tune`, and `lr` is the learning rate. It
            returns the loss of every step.
        probe_steps, probe_lr: of the first phase; with 0 steps the phase is left out.
        tune_steps, tune_lr: of the second; likewise.

    Returns:
        The losses of all steps, in order.
    """
    ### BEGIN SOLUTION 3b (about 5 lines): the two phases, those that have steps
    losses = []
    for mode, steps, lr in (("linear", probe_steps, probe_lr), ("full", tune_steps, tune_lr)):
        if steps > 0:
            losses += tune(mode, steps, lr)
    return losses
    ### END SOLUTION
