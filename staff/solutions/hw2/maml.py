# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 2: model-agnostic meta-learning (Finn et al. 2017).

Everything here is about one task. The trainer maps these functions over the tasks of a batch, and
steps the outer optimizer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

from hw2.experiments.tasks import Tasks, accuracy

Params = dict[str, torch.Tensor]


def adapt(
    network: nn.Module,
    params: Params,
    inner_lrs: Params,
    images: torch.Tensor,
    labels: torch.Tensor,
    steps: int,
    first_order: bool = False,
) -> tuple[Params, list[torch.Tensor]]:
    """Take a few steps of gradient descent on the support images of one task (the inner loop).

    The loss of a step is the mean cross-entropy over the support images. Do not change the
    arguments: the adapted parameters are new tensors, and gradients flow from them to `params` and
    `inner_lrs`. (Only the structure of `network` is used, not its own parameters.)

    Args:
        network: images [B, ...] → logits [B, N], for `functional_call`.
        params: name → parameter, before adaptation; they require gradients.
        inner_lrs: name → inner learning rate of that parameter, a tensor that broadcasts to it.
        images: support images, [N·K, ...].
        labels: [N·K], int64.
        steps: of gradient descent.
        first_order: for `inner_gradient`.

    Returns:
        The parameters after the last step, and the accuracies on the support images: before the
        first step and after each one, steps + 1 in all.
    """

    ### BEGIN SOLUTION 2a (about 12 lines): a loss of params, then step by step new params
    def predict(params):
        return functional_call(network, params, (images,))

    accuracies = [accuracy(predict(params), labels)]
    for _ in range(steps):
        gradient = inner_gradient(
            lambda params: F.cross_entropy(predict(params), labels), params, first_order
        )
        params = {name: p - inner_lrs[name] * gradient[name] for name, p in params.items()}
        accuracies.append(accuracy(predict(params), labels))
    return params, accuracies
    ### END SOLUTION


def task_loss(
    network: nn.Module,
    params: Params,
    inner_lrs: Params,
    task: Tasks,
    steps: int,
    first_order: bool = False,
) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
    """Return the query loss of the parameters adapted to one task, which the outer loop minimises.

    Args:
        network, params, inner_lrs, steps, first_order: as in `adapt`.
        task: one task, without the axis T.

    Returns:
        The mean cross-entropy over the query images, the steps + 1 accuracies on the support
        images, and the accuracy on the query images after the last step.
    """
    ### BEGIN SOLUTION 2b (about 6 lines): adapt on the support images, judge on the query images
    adapted, before_and_after = adapt(
        network, params, inner_lrs, task.support_images, task.support_labels, steps, first_order
    )
    logits = functional_call(network, adapted, (task.query_images,))
    loss = F.cross_entropy(logits, task.query_labels)
    return loss, before_and_after, accuracy(logits, task.query_labels)
    ### END SOLUTION


def make_rates(params: Params, inner_lr: float, learned: bool) -> Params:
    """Make the inner learning rates: one number for each parameter tensor, all equal at first.

    If they are learned, the outer optimizer updates each of them by its own gradient.

    Args:
        params: name → parameter.
        inner_lr: the value that each begins with.
        learned: whether they are to be learned.

    Returns:
        name → 0-d tensor, with the parameter's dtype and device; a leaf that requires a gradient
        when it is learned, and otherwise does not.
    """
    ### BEGIN SOLUTION 2c (about 4 lines): a tensor of its own for each name
    return {
        name: torch.tensor(inner_lr, dtype=p.dtype, device=p.device, requires_grad=learned)
        for name, p in params.items()
    }
    ### END SOLUTION


def inner_gradient(
    loss_fn: Callable[[Params], torch.Tensor], params: Params, first_order: bool
) -> Params:
    """Return the gradient of an inner step, with or without a path for second derivatives.

    Args:
        loss_fn: parameters → scalar loss.
        params: where to take the gradient; they require gradients.
        first_order: treat the gradient as a constant: no gradient of the outer loss flows back
            through it. Otherwise it is a function of `params` like any other.

    Returns:
        name → gradient, shaped like the parameter. Nothing else changes: no `.grad` is written.
    """
    ### BEGIN SOLUTION 2d (about 4 lines): torch.func.grad, or torch.autograd.grad
    gradient = torch.func.grad(loss_fn)(params)
    if first_order:
        gradient = {name: part.detach() for name, part in gradient.items()}
    return gradient
    ### END SOLUTION
