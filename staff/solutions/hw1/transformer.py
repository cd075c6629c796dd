# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem X (extra): a causal Transformer in place of the two LSTMs, under the same interface."""

from __future__ import annotations

import torch
from torch import nn

PIXELS = 784


class TransformerMANN(nn.Module):
    """Reads the same sequence as `MANN`, by attention instead of memory.

    Args:
        way: N, classes of a task.
        samples: K + 1, rows of a task.
        hidden_dim: size of a token.
        layers: of the Transformer.
    """

    def __init__(self, way: int, samples: int, hidden_dim: int = 128, layers: int = 2) -> None:
        super().__init__()
        self.way, self.samples = way, samples
        self.embed = nn.Linear(PIXELS + way, hidden_dim)
        self.position = nn.Parameter(torch.randn(samples * way, hidden_dim) * 0.02)
        layer = nn.TransformerEncoderLayer(
            hidden_dim, 4, 4 * hidden_dim, dropout=0.0, batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(hidden_dim, way)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Predict as `MANN.forward`; a token sees itself and earlier tokens, never later ones.

        Args:
            images: [B, K + 1, N, 784].
            labels: [B, K + 1, N, N], one-hot; those of the query row must not be used.

        Returns:
            Logits [B, K + 1, N, N].
        """
        ### BEGIN SOLUTION X (about 8 lines): tokens with positions, a causal mask, body and head
        hidden = torch.cat([labels[:, :-1], torch.zeros_like(labels[:, -1:])], dim=1)
        tokens = self.embed(torch.cat([images, hidden], dim=-1).flatten(1, 2)) + self.position
        length = tokens.shape[1]
        future = torch.ones(length, length, dtype=torch.bool, device=tokens.device).triu(1)
        return self.head(self.body(tokens, mask=future)).reshape(labels.shape)
        ### END SOLUTION
