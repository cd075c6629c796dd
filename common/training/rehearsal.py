"""Twelve seconds before twelve minutes: one batch is overfitted, and what is odd is said.

Everything is put back afterwards (weights, optimizer, generators): a run that was rehearsed has the
same bits as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from common.errors import KitError

LossOf = Callable[[], tuple[torch.Tensor, dict[str, float]]]
SECONDS = 12.0
MOST_STEPS = 200
FEW = 20  # steps, after which nobody can say that a batch is not learned: the machine was slow
ENOUGH = 0.5  # of the loss, that overfitting one batch must take away
FAR = 0.25  # of the known loss, by which the first one may differ
# Sizes of a layer's gradient beside its weights that nobody would expect. The larger one is for a loss of
# at most 1: one that is summed over tasks, or divided by a small variance, has larger gradients as well.
SLOPES = (1e-7, 1e3)


@dataclass
class Findings:
    """What a rehearsal saw.

    Attributes:
        first, last: the loss of one batch, before and after training on it alone.
        steps: taken on that batch.
        figures: of the first batch, beside the loss.
        known: figure or "loss" → its value for a network that knows nothing.
        least: the part of the first loss that one batch must take away.
        slopes: layer → size of its gradient, as a share of the size of its weights.
        odd: what somebody should look at before training.
    """

    first: float
    last: float
    steps: int
    figures: dict[str, float] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)
    least: float = ENOUGH
    slopes: dict[str, float] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The findings in words."""
        lines = [] if "loss" in self.known else [f"loss at the start: {self.first:.3f}"]
        for name, value in self.known.items():
            lines.append(
                f"{name} at the start: {self.start(name):.3f}, and {value:.3f} for a network "
                "that knows nothing"
            )
        lines.append(f"one batch, {self.steps} steps: loss {self.first:.3f} -> {self.last:.3f}")
        lines.append("size of the gradient beside that of the weights, by layer:")
        lines += [f"  {name:32}{slope:10.2e}" for name, slope in self.slopes.items()]
        if self.steps < FEW and not self.is_learned:
            lines.append("so few steps in the time do not say whether a batch can be learned")
        return lines + ([f"odd: {one}" for one in self.odd] or ["nothing odd"])

    @property
    def is_learned(self) -> bool:
        """Whether enough of the loss was taken away."""
        return self.first - self.last >= self.least * abs(self.first)

    def start(self, name: str) -> float:
        """A figure of the first batch."""
        return self.first if name == "loss" else self.figures[name]


def rehearse(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    rng: np.random.Generator,
    loss_of: LossOf,
    known: dict[str, float] | None = None,
    least: float = ENOUGH,
    seconds: float = SECONDS,
) -> Findings:
    """Train on one batch again and again; nothing that is given is changed in the end.

    Args:
        optimizer: whose parameters and largest learning rates are taken; another one is stepped.
        rng: the generator that `loss_of` draws its batch from.
        known: "loss" or a figure → its value for a network that knows nothing, such as log N.
        least: the part of the loss that one batch must take away; a likelihood has no floor at zero.
        seconds: to spend at most; at most MOST_STEPS steps are taken.

    Raises:
        KitError: when the first loss is not finite, or has no gradient at all.
    """
    kept = _state(module, rng)
    groups = [
        {"params": group["params"], "lr": group.get("initial_lr", group["lr"])}
        for group in optimizer.param_groups
    ]
    try:
        return _overfit(module, torch.optim.Adam(groups), rng, loss_of, known or {}, least, seconds)
    finally:
        optimizer.zero_grad(set_to_none=True)
        _restore(module, rng, kept)


def _overfit(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    rng: np.random.Generator,
    loss_of: LossOf,
    known: dict[str, float],
    least: float,
    seconds: float,
) -> Findings:
    draw = dict(rng.bit_generator.state), torch.get_rng_state()
    module.train()
    findings, until = None, time.monotonic() + seconds
    for step in range(MOST_STEPS):
        rng.bit_generator.state = draw[0]  # the same batch, and the same noise
        torch.set_rng_state(draw[1])
        loss, figures = loss_of()
        value = loss.item()
        if findings is None:
            if not math.isfinite(value):
                raise KitError(
                    f"the loss is {value} before the first step: look at its formula, and at "
                    "logarithms of zero"
                )
            findings = Findings(value, value, 0, dict(figures), known, least)
        findings.last, findings.steps = value, step
        if not math.isfinite(value) or time.monotonic() > until or value < 1e-3 * findings.first:
            break
        optimizer.zero_grad(set_to_none=True)
        if not loss.requires_grad:
            raise KitError("the loss does not depend on any parameter: is something detached?")
        loss.backward()
        if step == 0:
            findings.slopes = slopes(module)
        optimizer.step()
    assert findings is not None
    findings.odd = odd(findings)
    return findings


def slopes(module: nn.Module) -> dict[str, float]:
    """Layer → size of its gradient as a share of the size of its weights.

    The size itself, where all weights are zero; nan, where there is no gradient.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            size = parameter.detach().norm().item()
            slope = math.nan if parameter.grad is None else parameter.grad.norm().item()
            found.setdefault(name.rpartition(".")[0] or name, []).append((slope, size))
    return {
        name: math.hypot(*(slope for slope, _ in rows))
        / (math.hypot(*(size for _, size in rows)) or 1.0)
        for name, rows in found.items()
    }


def odd(findings: Findings) -> list[str]:
    """Return signs that this training will not work."""
    told = []
    for name, value in findings.known.items():
        if abs(findings.start(name) - value) > FAR * abs(value):
            told.append(
                f"the first {name} is {findings.start(name):.3f}; a network that knows nothing "
                f"has {value:.3f}"
            )
    if not math.isfinite(findings.last):
        told.append(f"training on one batch ends at a loss of {findings.last}: a smaller --lr?")
    elif findings.steps >= FEW and not findings.is_learned:
        told.append(
            f"one batch cannot be learned by heart: {findings.steps} steps take the loss from "
            f"{findings.first:.3f} to {findings.last:.3f}"
        )
    large = SLOPES[1] * max(1.0, abs(findings.first))
    for name, slope in findings.slopes.items():
        if math.isnan(slope):
            told.append(f"{name} gets no gradient")
        elif slope < SLOPES[0]:
            told.append(f"the gradient of {name} is next to nothing ({slope:.1e})")
        elif slope > large:
            told.append(f"the gradient of {name} is very large ({slope:.1e})")
    return told


def _state(module: nn.Module, rng: np.random.Generator) -> tuple:
    tensors = {name: value.detach().clone() for name, value in module.state_dict().items()}
    return tensors, dict(rng.bit_generator.state), torch.get_rng_state(), module.training


def _restore(module: nn.Module, rng: np.random.Generator, kept: tuple) -> None:
    module.load_state_dict(kept[0])
    rng.bit_generator.state = kept[1]
    torch.set_rng_state(kept[2])
    module.train(kept[3])
