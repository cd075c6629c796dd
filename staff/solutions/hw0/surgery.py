# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
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
    ### BEGIN SOLUTION X1 (about 8 lines): one long gradient for each loss, then their angle
    vectors = []
    for loss in (first_loss, second_loss):
        parts = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
        vectors.append(torch.cat([part.flatten() for part in parts]))
    one, other = vectors
    size = one.norm() * other.norm()
    return float(one @ other / size) if size > 0 else 0.0
    ### END SOLUTION


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
    ### BEGIN SOLUTION X2 (about 8 lines): for each task, meet the others in random order
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ gradients[j]
            if j != i and product < 0:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left
    ### END SOLUTION
