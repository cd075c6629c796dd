"""A small decoder-only Transformer: reads tokens, predicts at each place the token that follows."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def rotary(length: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines [length, size / 2] of rotary positions (Su et al. 2021)."""
    rates = 10_000.0 ** -(torch.arange(0, size, 2) / size)
    angles = torch.arange(length)[:, None] * rates
    return angles.cos(), angles.sin()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Turn each pair of neighbouring coordinates by its place's angle; x: [..., length, size]."""
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Smear(nn.Module):
    """Each place sees a little of the three places just before it.

    A depthwise causal convolution, as in Primer (So et al. 2021), which has it after the projections
    to queries, keys and values where this one stands before them. With it, "which label followed
    these words" takes one layer of attention. The small model shows in-context learning within
    2,000 steps of its pre-training; without the convolution there was no sign of it in the first
    1,000, and we did not wait longer.
    """

    def __init__(self, width: int, reach: int = 4) -> None:
        super().__init__()
        weight = 0.3 * torch.ones(reach, width)
        weight[0] = 1.0
        self.weight = nn.Parameter(weight)  # [places back, width]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[B, T, width] to the same."""
        length = x.shape[1]
        padded = F.pad(x, (0, 0, len(self.weight) - 1, 0))
        last = len(self.weight) - 1
        return sum(padded[:, last - j : last - j + length] * w for j, w in enumerate(self.weight))


class Attention(nn.Module):
    """Causal self-attention with rotary positions."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.smear = Smear(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        """[B, T, width] to the same."""
        batch, length, width = x.shape
        x = self.smear(x)

        def split(y: torch.Tensor) -> torch.Tensor:
            return y.view(batch, length, self.heads, -1).transpose(1, 2)  # [B, heads, T, size]

        query, key = (rotate(split(f(x)), cos, sin) for f in (self.query, self.key))
        y = F.scaled_dot_product_attention(query, key, split(self.value(x)), is_causal=True)
        return self.out(y.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """Attention, then a perceptron on each place; both are added to what comes in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.before_mlp = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.before_attention(x), cos, sin)
        return x + self.down(F.gelu(self.up(self.before_mlp(x))))


class GPT(nn.Module):
    """The kit's language model.

    Args:
        vocabulary: how many tokens there are.
        width: size of a token's vector.
        layers: blocks.
        heads: of attention in a block.
        context: the longest sequence it reads.
    """

    cos: torch.Tensor
    sin: torch.Tensor

    def __init__(
        self, vocabulary: int, width: int, layers: int, heads: int = 4, context: int = 256
    ) -> None:
        super().__init__()
        self.context = context
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        cos, sin = rotary(context, width // heads)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.05)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits [B, T, vocabulary] of the token after each place of tokens [B, T]."""
        length = tokens.shape[1]
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, self.cos[:length], self.sin[:length])
        return self.norm(x) @ self.embedding.weight.T
