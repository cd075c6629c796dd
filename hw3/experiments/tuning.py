"""Fine-tune a classifier in one mode, and measure it. What the mode means is in your files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from common.statistics.metrics import accuracy
from hw3.blocks import freeze, parameters_to_tune
from hw3.finetune import fine_tune_step
from hw3.lora import add_lora
from hw3.models.classifier import Classifier

WARM = 5  # steps of the warm-up


@dataclass(frozen=True)
class Pictures:
    """Pictures as a network wants them, with labels.

    Attributes:
        images: float32 [n, 3, height, width].
        labels: integers [n].
    """

    images: torch.Tensor
    labels: torch.Tensor


class Tuning:
    """One model that is tuned, perhaps in several phases.

    Args:
        model: changed in place.
        training: the few pictures there are.
        batch: pictures of a step, at most.
        seed: of the order of the pictures.
        with_head: train the head in every mode, because it is new.
        after_step: called with the loss of each step; may measure the model.
    """

    def __init__(
        self,
        model: Classifier,
        training: Pictures,
        batch: int,
        seed: int,
        with_head: bool = False,
        after_step: Callable[[float], None] | None = None,
    ) -> None:
        self.model, self.training, self.batch = model, training, batch
        self.with_head, self.after_step = with_head, after_step
        self.generator = torch.Generator().manual_seed(seed)

    def run(self, mode: str, steps: int, lr: float) -> list[float]:
        """Train what the mode says for some steps, and return the loss of each."""
        if rank := re.fullmatch(r"lora(\d+)", mode):
            add_lora(self.model, int(rank[1]), skip=(self.model.head,))
        tuned = list(parameters_to_tune(self.model, mode))
        if self.with_head:
            known = {id(parameter) for parameter in tuned}
            tuned += [p for p in self.model.head.parameters() if id(p) not in known]
        freeze(self.model, tuned)
        part, inputs = self.moving_part(tuned)
        optimizer = torch.optim.Adam(tuned, lr=lr)
        order, losses = torch.empty(0, dtype=torch.long), []
        part.train()
        for step in range(steps):
            if len(order) < min(self.batch, len(inputs)):
                order = torch.randperm(len(inputs), generator=self.generator)
            rows, order = order[: self.batch], order[self.batch :]
            batch = inputs[rows], self.training.labels[rows]
            losses.append(fine_tune_step(part, optimizer, *batch, step, WARM, lr))
            if self.after_step is not None:
                self.after_step(losses[-1])
                part.train()
        return losses

    def moving_part(self, tuned: list[nn.Parameter]) -> tuple[Classifier, torch.Tensor]:
        """The model from the first block that changes on, and what goes into it.

        The blocks before are frozen: each picture goes through them once instead of once a step.
        """
        moving = {id(parameter) for parameter in tuned}
        start = 0
        for block in self.model.blocks:
            if any(id(parameter) in moving for parameter in block.parameters()):
                break
            start += 1
        inputs = self.training.images
        with torch.no_grad():
            for block in self.model.blocks[:start].eval():
                inputs = block(inputs)
        return self.model.from_block(start), inputs


@torch.no_grad()
def measure(model: nn.Module, pictures: Pictures) -> float:
    """The share of pictures that are classified right; the model is left in evaluation mode."""
    model.eval()
    logits = [model(part) for part in pictures.images.split(250)]
    return accuracy(torch.cat(logits), pictures.labels)
