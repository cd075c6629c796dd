"""Problems 1 and 2: one recommender, two tasks: will this user watch this film, and how many stars?

Both tasks start from a vector for each user and each item. The vectors belong either to both tasks
together or to one task each.
"""

from __future__ import annotations

import torch
from torch import nn


class Tables(nn.Module):
    """A vector for each user, a vector for each item and a bias for each item.

    Args:
        users: embedding [num_users, dim].
        items: embedding [num_items, dim].
        bias: embedding [num_items, 1].
    """

    def __init__(self, users: nn.Embedding, items: nn.Embedding, bias: nn.Embedding) -> None:
        super().__init__()
        self.users, self.items, self.bias = users, items, bias


def embedding_tables(
    num_users: int, num_items: int, dim: int, shared: bool
) -> tuple[Tables, Tables]:
    """Make the tables of both tasks.

    Draw every number of a user's or an item's vector from a normal distribution with mean 0 and
    variance 1 / dim; every bias is 0.

    Args:
        num_users: rows of the table of users.
        num_items: rows of the tables of items and biases.
        dim: length of a vector.
        shared: whether both tasks use the same tables.

    Returns:
        The tables for watching and the tables for rating: the very same object twice when shared,
        else two with nothing in common.
    """

    # TODO 1a (about 8 lines): draw the tables once, or once for each task
    raise NotImplementedError("hw0 1a: embedding_tables")


def rating_head(layer_sizes: list[int]) -> nn.Module:
    """Make the network that turns the features of a pair into stars.

    It has linear layers with biases, a ReLU between layers, and nothing after the last one. Keep
    torch's initial weights.

    Args:
        layer_sizes: the number of features, then the width of each hidden layer, such as [96, 64];
            with [96] alone the network is one linear layer. One more linear layer, to one number,
            ends the network.

    Returns:
        A module from features [B, layer_sizes[0]] to ratings [B, 1].
    """
    # TODO 1b (about 4 lines): a linear layer for each step, ReLUs between them
    raise NotImplementedError("hw0 1b: rating_head")


def forward_shared(
    tables: Tables, head: nn.Module, users: torch.Tensor, items: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute both outputs from the same vectors u and q of each pair.

    The watch logit is the scalar product <u, q> plus the item's bias. The rating is the head's
    output for the features [u, q, u * q] (one vector after the other; the product is elementwise).

    Args:
        tables: the tables of both tasks.
        head: from features [B, 3 * dim] to [B, 1].
        users: ids, int64 [B].
        items: ids, int64 [B]; pair b is users[b] with items[b].

    Returns:
        Watch logits [B] and ratings [B].
    """
    # TODO 2a (about 4 lines): look up, multiply pair by pair, ask the head
    raise NotImplementedError("hw0 2a: forward_shared")


def forward_separate(
    watch_tables: Tables,
    rate_tables: Tables,
    head: nn.Module,
    users: torch.Tensor,
    items: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute the same as `forward_shared`, with separate tables for each task.

    The watch logit depends only on the watch tables. The rating depends only on the head and on the
    users and items of the rate tables (their bias is not used). No gradient crosses.

    Args:
        watch_tables: those of the watch logit.
        rate_tables: those of the rating.
        head: from features [B, 3 * dim] to [B, 1].
        users: ids, int64 [B].
        items: ids, int64 [B].

    Returns:
        Watch logits [B] and ratings [B].
    """
    # TODO 2b (about 5 lines): each task from its own tables
    raise NotImplementedError("hw0 2b: forward_separate")


class MultiTaskNet(nn.Module):
    """The recommender: puts together what problems 1 and 2 make.

    The head predicts the difference of a rating from the mean of all ratings.

    Args:
        num_users: how many users there are.
        num_items: how many items there are.
        dim: length of a vector.
        hidden: widths of the hidden layers of the rating head.
        shared: whether both tasks use the same tables.
        mean: of the ratings.
    """

    def __init__(
        self,
        num_users: int,
        num_items: int,
        dim: int = 32,
        hidden: tuple[int, ...] = (64,),
        shared: bool = True,
        mean: float = 0.0,
    ) -> None:
        super().__init__()
        self.shared, self.mean = shared, mean
        self.watch_tables, self.rate_tables = embedding_tables(num_users, num_items, dim, shared)
        self.head = rating_head([3 * dim, *hidden])

    def forward(
        self, users: torch.Tensor, items: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """users, items: int64 [B] → watch logits [B] and ratings [B]."""
        logits, ratings = self._forward(self.head, users, items)
        return logits, self.mean + ratings

    def watch_logits(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """The watch logits [B] alone, without the work of the rating head."""
        return self._forward(_no_head, users, items)[0]

    def _forward(
        self, head: nn.Module, users: torch.Tensor, items: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if self.shared:
            return forward_shared(self.watch_tables, head, users, items)
        return forward_separate(self.watch_tables, self.rate_tables, head, users, items)


def _no_head(features: torch.Tensor) -> torch.Tensor:
    """Take the place of a head whose ratings are not used."""
    return features[:, :1]
