"""Evaluate a network on held-out ratings."""

from __future__ import annotations

import torch

from common.data.ratings import Ratings
from common.statistics.metrics import mean_reciprocal_rank
from hw0.losses import rating_loss
from hw0.model import MultiTaskNet

USERS_AT_ONCE = 64  # when all items are ranked


class HeldOut:
    """The held-out ratings of one split."""

    def __init__(
        self, data: Ratings, split: str, seen: tuple[str, ...], device: torch.device
    ) -> None:
        self.pairs = [torch.from_numpy(part).to(device) for part in data.split(split)]
        self.wanted, self.seen = data.watched(split), data.watched(*seen)
        self.users, self.items = data.num_users, data.num_items

    def error(self, net: MultiTaskNet) -> float:
        """The mean squared error of the stars."""
        users, items, stars = self.pairs
        net.eval()
        with torch.no_grad():
            return float(rating_loss(net(users, items)[1], stars))

    def rank(self, net: MultiTaskNet) -> float:
        """The mean reciprocal rank of what was watched among all items not seen in training."""
        device, scores = self.pairs[0].device, []
        items = torch.arange(self.items, device=device)
        net.eval()
        with torch.no_grad():
            for some in torch.arange(self.users, device=device).split(USERS_AT_ONCE):
                pairs = some.repeat_interleave(len(items)), items.repeat(len(some))
                scores.append(net.watch_logits(*pairs).reshape(len(some), -1).cpu())
        return mean_reciprocal_rank(torch.cat(scores).numpy(), self.wanted, self.seen)
