# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem X2: one model for several tasks, by adding up what tuning has changed for each."""

from __future__ import annotations

import torch


def merge_task_vectors(
    task_vectors: torch.Tensor, density: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Merge task vectors as TIES does (Yadav et al. 2023), and say how much they interfere.

    The interference is the share of all movement that cancels when the vectors, as they are given,
    are added: 0 when no two of them pull a number in opposite directions, 1 when nothing is left,
    and 0 when nothing moved. The merged vector takes three steps:

    1. Trim. Each task keeps its `round(density · P)` largest numbers by absolute value; its others
    are 0. 2. Elect. The sign of a place is that of the sum over the tasks of what is left there. 3.
    Merge. A place gets the mean of those numbers left there that have the elected sign, and 0 where
    there are none.

    Args:
        task_vectors: tuned weights minus pre-trained weights, [tasks, P]; they stay as they are.
        density: the share that each task keeps, above 0 and at most 1; `round(density · P)` is at
            least 1.

    Returns:
        The merged vector [P], and the interference, a number from 0 to 1.
    """
    ### BEGIN SOLUTION X2 (about 8 lines): what cancels; then trim, elect, merge
    moved = task_vectors.abs().sum()
    interference = 1 - task_vectors.sum(0).abs().sum() / moved if moved > 0 else torch.zeros(())
    count = round(density * task_vectors.shape[1])
    least = task_vectors.abs().topk(count, dim=1).values[:, -1:]
    left = torch.where(task_vectors.abs() >= least, task_vectors, 0.0)
    agreeing = left * (left.sign() == left.sum(0).sign())
    merged = agreeing.sum(0) / (agreeing != 0).sum(0).clamp(min=1)
    return merged, interference
    ### END SOLUTION
