"""Other right ways to run the memory-augmented network, and to judge it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from staff.authoring.catalogue import variant


def _read(self, sequence, states=(None, None)):
    """The network on a sequence; logits [B, T, N] and the states at its end."""
    memory, first = self.lstm1(sequence, states[0])
    memory, second = self.lstm2(memory, states[1])
    return self.head(memory), (first, second)


@variant("2a")
def clone_and_view(self, images, labels):
    """A copy of the labels with zeros in its last row; views for the shapes."""
    B, rows, N, _ = images.shape
    labels = labels.clone()
    labels[:, -1, :, :] = 0
    x = torch.cat((images, labels), dim=3).view(B, rows * N, -1)
    logits, _ = _read(self, x)
    return logits.view(B, rows, N, N)


@variant("2a")
def support_and_query_apart(self, images, labels):
    """Supports first, then the queries from the state they left."""
    N = self.way
    support = torch.cat([images[:, :-1], labels[:, :-1]], -1).reshape(len(images), -1, 784 + N)
    query = torch.cat([images[:, -1], labels.new_zeros(len(images), N, N)], -1)
    first, states = _read(self, support)
    second, _ = _read(self, query, states)
    return torch.cat([first, second], 1).reshape(-1, self.samples, N, N)


@variant("2a")
def step_by_step(self, images, labels):
    """One image at a time, the states handed on by hand."""
    states, outputs = (None, None), []
    for row in range(self.samples):
        for n in range(self.way):
            label = labels[:, row, n] if row < self.samples - 1 else labels[:, row, n] * 0
            step = torch.cat([images[:, row, n], label], dim=-1)
            logits, states = _read(self, step[:, None], states)
            outputs.append(logits)
    return torch.cat(outputs, dim=1).reshape(labels.shape)


@variant("2a")
def multiplied_by_a_mask(self, images, labels):
    """Labels times a mask of ones and zeros; shapes by `unflatten`."""
    mask = torch.ones(self.samples, 1, 1, dtype=labels.dtype, device=labels.device)
    mask[-1] = 0
    joined = torch.cat([images, labels * mask], -1)
    logits, _ = _read(self, torch.flatten(joined, 1, 2))
    return logits.unflatten(1, (self.samples, self.way))


@variant("2a")
def filled_by_index(self, images, labels):
    """An input of zeros, filled by slices."""
    B = images.shape[0]
    x = torch.zeros(B, self.samples * self.way, 784 + self.way)
    x[:, :, :784] = images.reshape(B, -1, 784)
    x[:, : -self.way, 784:] = labels[:, :-1].reshape(B, -1, self.way)
    out, _ = _read(self, x)
    return out.contiguous().view(B, self.samples, self.way, self.way)


@variant("2a")
def padded_labels(self, images, labels):
    """Support labels padded with a row of zeros; an extra pass and a print before."""
    hidden = F.pad(labels[:, :-1], (0, 0, 0, 0, 0, 1))
    x = torch.cat([images, hidden], dim=-1)
    x = torch.stack([row for task in x for row in task]).reshape(x.shape[0], -1, x.shape[-1])
    with torch.no_grad():
        print("logits", _read(self, x)[0].shape)
    logits = _read(self, x)[0]
    return torch.stack(logits.split(self.way, dim=1), dim=1)


@variant("2a")
def masked_fill(self, images, labels):
    """The query row filled with zeros by a condition; task by task."""
    query = torch.arange(labels.shape[1]) == labels.shape[1] - 1
    hidden = labels.masked_fill(query[:, None, None], 0.0)
    results = []
    for task_images, task_labels in zip(images, hidden):
        x = torch.cat([task_images, task_labels], dim=2).reshape(1, -1, 784 + self.way)
        results.append(_read(self, x)[0].squeeze(0).reshape(-1, self.way, self.way))
    return torch.stack(results)


# --- 2b -----------------------------------------------------------------------------------------


@variant("2b")
def classes_on_axis_one(logits, labels):
    """The axes exchanged for torch's form [B, classes, images]."""
    return F.cross_entropy(logits[:, -1].permute(0, 2, 1), labels[:, -1].argmax(dim=2))


@variant("2b")
def probabilities_as_targets(logits, labels):
    """One-hot labels as target probabilities."""
    N = logits.size(-1)
    return nn.CrossEntropyLoss()(logits[:, -1].reshape(-1, N), labels[:, -1].reshape(-1, N))


@variant("2b")
def log_softmax_by_hand(logits, labels):
    """Minus the log-probability of the right class, summed and divided."""
    logp = torch.log_softmax(logits[:, -1:], dim=-1)
    return -(logp * labels[:, -1:]).sum() / (logits.shape[0] * logits.shape[2])


@variant("2b")
def gathered(logits, labels):
    """The log-probabilities of the labels' numbers, gathered."""
    scores = logits[:, -1] - logits[:, -1].logsumexp(dim=-1, keepdim=True)
    index = labels[:, -1].argmax(-1, keepdim=True)
    return scores.gather(-1, index).squeeze(-1).mean().neg()


@variant("2b")
def looped_over_tasks(logits, labels):
    """Task by task, image by image."""
    total = 0.0
    for task, targets in zip(logits, labels):
        for n in range(task.shape[1]):
            total = total + F.cross_entropy(task[-1, n], targets[-1, n].argmax())
    return total / (len(logits) * logits.shape[2])


@variant("2b")
def log_of_softmax(logits, labels):
    """Softmax, then logarithm, with a little added; the result has one axis."""
    probabilities = torch.softmax(logits[:, -1], dim=2)
    loss = -torch.sum(labels[:, -1] * torch.log(probabilities + 1e-9), dim=2)
    return loss.mean().reshape(1)


@variant("2b")
def supports_ignored(logits, labels):
    """All rows go in, and the supports' targets are the number that is ignored."""
    targets = labels.argmax(-1)
    targets[:, :-1] = -100
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))


@variant("2b")
def double_precision_loss(logits, labels):
    """The same in float64."""
    query = logits.double()[:, -1].flatten(end_dim=1)
    return F.nll_loss(F.log_softmax(query, 1), labels[:, -1].flatten(end_dim=1).nonzero()[:, 1])
