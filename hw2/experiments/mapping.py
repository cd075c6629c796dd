"""Apply what is written for one task to all tasks of a batch."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.func import vmap

from common.errors import KitError
from common.networks import task_batched
from hw2.experiments.tasks import Tasks

OfTask = Callable[[Tasks], tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]]


class OverTasks:
    """Maps a function of one task over a batch: with `vmap`, all at once, where that works.

    Code that uses `torch.autograd.grad`, `.item()` or a condition on a value is right and cannot be
    mapped. It is then run task by task, once a looped step has shown gradients that are finite and
    not all zero; that is said once. (Rare code, a Jacobian say, can be mapped but not with the
    network's layers as one operation: then they are mapped one by one.)

    Args:
        module: whose parameters the gradients of such a step are looked at.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module, self.looped = module, False
        self.task_batched = True  # the layers of all tasks as one operation

    def __call__(self, function: OfTask, tasks: Tasks) -> tuple[torch.Tensor, ...]:
        """The function's loss [T], support accuracies [T, steps + 1], query accuracy [T]."""
        if not self.looped:
            try:
                return self._at_once(function, tasks)
            except NotImplementedError:  # a hole that is still empty
                raise
            except Exception as reason:
                self._try_loop(function, tasks, reason)
        return self._loop(function, tasks)

    def _at_once(self, function: OfTask, tasks: Tasks) -> tuple[torch.Tensor, ...]:
        mapped = vmap(lambda *task: _tensors(function(Tasks(*task))), randomness="different")
        if self.task_batched:
            try:
                with task_batched.tasks_at_once():
                    return mapped(*tasks)
            except NotImplementedError:
                raise
            except Exception:
                self.task_batched = False
        return mapped(*tasks)

    def _loop(self, function: OfTask, tasks: Tasks) -> tuple[torch.Tensor, ...]:
        with torch.enable_grad():  # torch.autograd.grad needs it, in evaluation too
            rows = (function(tasks.task(index)) for index in range(len(tasks[0])))
            found: list[tuple[torch.Tensor, ...]] = [_tensors(row) for row in rows]
        if not torch.is_grad_enabled():
            found = [tuple(part.detach() for part in row) for row in found]
        return tuple(torch.stack(parts) for parts in zip(*found))

    def _try_loop(self, function: OfTask, tasks: Tasks, reason: Exception) -> None:
        """Go over to a loop, when the loop is right.

        Raises:
            KitError: when its gradients are missing, not finite or all zero.
        """
        with torch.enable_grad():
            loss = self._loop(function, tasks)[0].mean()
            parameters = [p for p in self.module.parameters() if p.requires_grad]
            found = (
                torch.autograd.grad(loss, parameters, allow_unused=True)
                if loss.requires_grad
                else []
            )
        size = math.fsum(float(g.abs().sum()) for g in found if g is not None)
        said = str(reason).splitlines()[0][:150] if str(reason) else ""
        if not math.isfinite(size) or size == 0:
            what = "not finite" if size else "all zero, or cut off"
            raise KitError(
                f"the outer loss cannot be trained: its gradients are {what}. (vmap failed too: "
                f"{type(reason).__name__}: {said}) Run: python -m autograder hw2"
            )
        self.looped = True
        print(
            f"vmap cannot map this code ({type(reason).__name__}: {said}); from here on tasks run "
            "one after the other, which is as correct and a few times slower"
        )


def _tensors(figures: tuple) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Loss, support accuracies and query accuracy as tensors, whatever form they have."""
    loss, support, query = figures
    if not isinstance(support, torch.Tensor):
        support = torch.stack([torch.as_tensor(one, dtype=torch.float32) for one in support])
    return loss, support, torch.as_tensor(query, dtype=torch.float32)
