"""Problem X (extra): do the two tasks pull the shared tables the same way, and what if not?"""

from __future__ import annotations

import numpy as np
import torch


def gradient_cosine(
    first_loss: torch.Tensor, second_loss: torch.Tensor, parameters: list[torch.Tensor]
) -> float:
    """Return the cosine of the angle between the gradients of two losses.

    The gradient of a loss is one long vector, with respect to all parameters together. A parameter
    that a loss does not depend on counts as zeros. Nothing else changes: do not write to the
    `.grad` of the parameters, and leave both losses usable for a backward pass.

    Args:
        first_loss: a scalar.
        second_loss: a scalar.
        parameters: tensors that require gradients; those of the shared tables.

    Returns:
        A number in [-1, 1]; 0 when one of the gradients is zero.
    """
    # TODO X1 (about 8 lines): one long gradient for each loss, then their angle
    raise NotImplementedError("hw0 X1: gradient_cosine")


def surgery(gradients: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Remove from each task's gradient what conflicts with another task (gradient surgery).

    Yu et al. (2020), algorithm 1 (PCGrad), without its final sum. Task i starts with its own
    gradient and meets the other tasks one after the other, in an order drawn anew for each i. If
    what is left of gradient i has a negative scalar product with gradient j, it is projected onto
    the plane orthogonal to gradient j. Gradient j is always the original one.

    Args:
        gradients: [T, P], one row a task; not to be changed.
        rng: the source of the order.

    Returns:
        What is left of each row, [T, P]; the update is their sum.
    """
    # TODO X2 (about 8 lines): for each task, meet the others in random order
    raise NotImplementedError("hw0 X2: surgery")
