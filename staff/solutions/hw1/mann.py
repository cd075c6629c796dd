# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 2: a network whose memory, the state of two LSTMs, learns to learn from a sequence.

After Santoro et al. (2016), whose memory-augmented network has an external memory as well.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

PIXELS = 784
LABEL_GAIN = 5.0


class MANN(nn.Module):
    """Two LSTMs that read K·N labelled support images, then N query images without labels.

    The linear `head` turns the output of the second LSTM at each step into logits.

    Args:
        way: N, classes of a task.
        samples: K + 1, rows of a task; the last is the query row.
        hidden_dim: size of the memory.
    """

    def __init__(self, way: int, samples: int, hidden_dim: int = 128) -> None:
        super().__init__()
        self.way, self.samples = way, samples
        self.lstm1 = nn.LSTM(PIXELS + way, hidden_dim, batch_first=True)
        self.lstm2 = nn.LSTM(hidden_dim, hidden_dim, batch_first=True)
        self.head = nn.Linear(hidden_dim, way)
        with torch.no_grad():  # a few label inputs against 784 pixels: let them be heard
            self.lstm1.weight_ih_l0[:, PIXELS:] *= LABEL_GAIN

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Predict the label of every image from the sequence before it.

        An input of the first LSTM is an image followed by its label: the true one for support
        images, zeros for query images. The sequence runs along the rows: row 0, row 1, …, query.

        Args:
            images: [B, K + 1, N, 784].
            labels: [B, K + 1, N, N], one-hot; the query row is there, and must not be used.

        Returns:
            Logits [B, K + 1, N, N]; the last axis runs over the classes.
        """
        ### BEGIN SOLUTION 2a (about 6 lines): hide the query labels, run both LSTMs and the head
        hidden = torch.cat([labels[:, :-1], torch.zeros_like(labels[:, -1:])], dim=1)
        sequence = torch.cat([images, hidden], dim=-1).flatten(1, 2)
        memory, _ = self.lstm1(sequence)
        memory, _ = self.lstm2(memory)
        return self.head(memory).reshape(labels.shape)
        ### END SOLUTION


def mann_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of the query row, averaged over tasks and query images.

    Args:
        logits: [B, K + 1, N, N], the last axis over classes.
        labels: [B, K + 1, N, N], one-hot.

    Returns:
        A scalar.
    """
    ### BEGIN SOLUTION 2b (about 2 lines): keep the query row, compare over the class axis
    query, targets = logits[:, -1].flatten(0, 1), labels[:, -1].flatten(0, 1)
    return F.cross_entropy(query, targets.argmax(-1))
    ### END SOLUTION
