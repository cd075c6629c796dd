"""Other right ways to run the causal Transformer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from staff.authoring.catalogue import variant


def _tokens(self, images, labels):
    """Tokens with positions, row after row."""
    shown = labels.clone()
    shown[:, -1] = 0
    joined = torch.cat([images, shown], dim=-1)
    return self.embed(joined.reshape(len(images), -1, joined.shape[-1])) + self.position[None]


@variant("X")
def generated_mask(self, images, labels):
    """torch's own mask of minus infinity, and the hint that it is causal."""
    tokens = _tokens(self, images, labels)
    mask = nn.Transformer.generate_square_subsequent_mask(tokens.size(1))
    out = self.head(self.body(tokens, mask=mask, is_causal=True))
    return out.view(-1, self.samples, self.way, self.way)


@variant("X")
def compared_indices(self, images, labels):
    """A mask from comparing places; the rows given back by `unflatten`."""
    B, rows, N, _ = images.shape
    mask = labels * (torch.arange(rows) < rows - 1).float().reshape(1, rows, 1, 1)
    tokens = self.embed(torch.cat([images, mask], dim=3)).flatten(1, 2)
    tokens = tokens + self.position[: rows * N]
    place = torch.arange(rows * N)
    hidden = self.body(tokens, place[None, :] > place[:, None])
    return self.head(hidden).unflatten(1, (rows, N))


@variant("X")
def layer_by_layer(self, images, labels):
    """The layers in a loop, with a mask of minus infinity made by hand."""
    out = _tokens(self, images, labels)
    length = out.shape[1]
    mask = torch.full((length, length), float("-inf")).triu(diagonal=1)
    for layer in self.body.layers:
        out = layer(out, src_mask=mask)
    if self.body.norm is not None:
        out = self.body.norm(out)
    return self.head(out).reshape(labels.shape)


@variant("X")
def very_negative_mask(self, images, labels):
    """A large negative number in place of minus infinity."""
    tokens = _tokens(self, images, labels)
    ones = torch.ones(tokens.shape[1], tokens.shape[1])
    mask = (1 - torch.tril(ones)) * -1e9
    return self.head(self.body(tokens, mask=mask)).reshape(labels.shape)


@variant("X")
def masked_prefixes(self, images, labels):
    """Every prefix of the sequence is read by itself, under a mask, and its last token kept."""
    tokens = _tokens(self, images, labels)
    outputs = []
    for end in range(1, tokens.shape[1] + 1):
        mask = torch.triu(torch.full((end, end), -torch.inf), diagonal=1)
        outputs.append(self.head(self.body(tokens[:, :end], mask=mask)[:, -1]))
    return torch.stack(outputs, dim=1).reshape(labels.shape)


@variant("X")
def task_by_task(self, images, labels):
    """One task at a time, without an axis for the batch."""
    logits = []
    for pictures, names in zip(images, labels):
        names = torch.vstack([names[:-1], torch.zeros(1, self.way, self.way)])
        tokens = self.embed(torch.cat([pictures, names], -1).reshape(-1, 784 + self.way))
        tokens = tokens + self.position
        mask = ~torch.tril(torch.ones(len(tokens), len(tokens))).bool()
        logits.append(self.head(self.body(tokens, mask=mask)))
    return torch.stack(logits).reshape(labels.shape)


@variant("X")
def padded_and_embedded_apart(self, images, labels):
    """The embedding of images and labels as two products that are added."""
    pixels, names = self.embed.weight.split([784, self.way], dim=1)
    shown = F.pad(labels[:, :-1], (0, 0, 0, 0, 0, 1))
    tokens = images @ pixels.T + shown @ names.T + self.embed.bias
    tokens = tokens.flatten(1, 2) + self.position.unsqueeze(0).expand(len(images), -1, -1)
    mask = torch.triu(torch.ones(tokens.shape[1], tokens.shape[1]), 1) == 1
    return self.head(self.body(tokens, mask=mask)).reshape(labels.shape)
