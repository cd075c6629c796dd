"""The parameters that MAML's outer loop trains: a starting point, and inner rates when they are learned."""

from __future__ import annotations

import torch
from torch import nn

from hw2.experiments.tasks import Tasks

LARGEST_RATE = 2.0


class Learner(nn.Module):
    """A network's parameters and its inner rates, kept together for the optimizer and checkpoints.

    Args:
        network: images → logits.
        rate: where the inner rates begin.
        steps: of the inner loop.
        learned: learn a rate for each parameter.
        first_order: leave the second derivatives out.
    """

    def __init__(
        self, network: nn.Module, rate: float, steps: int, learned: bool, first_order: bool
    ) -> None:
        super().__init__()
        from hw2.maml import make_rates

        self.network, self.steps, self.first_order = network, steps, first_order
        rates = make_rates(dict(network.named_parameters()), rate, learned)
        self.rate_names = list(rates)
        for name, value in rates.items():
            value = torch.as_tensor(value)
            if value.requires_grad:
                self.register_parameter(self._key(name), nn.Parameter(value.detach().clone()))
            else:
                self.register_buffer(self._key(name), value.detach().clone())

    @staticmethod
    def _key(name: str) -> str:
        return "rate_of_" + name.replace(".", "_")

    @property
    def rates(self) -> dict[str, torch.Tensor]:
        """name → inner rate."""
        return {name: getattr(self, self._key(name)) for name in self.rate_names}

    def groups(self, lr: float, rate_factor: float) -> list[dict]:
        """Parameter groups for the outer optimizer; rates are stepped by lr * rate_factor."""
        rates = [rate for rate in self.rates.values() if rate.requires_grad]
        groups = [{"params": list(self.network.parameters()), "lr": lr}]
        return groups + ([{"params": rates, "lr": lr * rate_factor}] if rates else [])

    def limit_rates(self) -> None:
        """Keep learned rates in [0, LARGEST_RATE]."""
        with torch.no_grad():
            for rate in self.rates.values():
                if rate.requires_grad:
                    rate.clamp_(0, LARGEST_RATE)

    def of_task(self, task: Tasks) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
        """The student's task_loss of one task."""
        from hw2.maml import task_loss

        params: dict[str, torch.Tensor] = dict(self.network.named_parameters())
        return task_loss(self.network, params, self.rates, task, self.steps, self.first_order)
