"""What homework 2 is measured against: a plain loop over tasks, and libraries when they are installed.

All sides use the same network, tasks of the same size and the same optimizer, and find the same
accuracies. Each function takes the folder that `benchmarks.hw2` prepares and gives a function of no
arguments: one training step.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

TASKS, WAY, QUERIES, SHOT = 16, 5, 15, 5
INNER_RATE = 0.04
Step = Callable[[], None]


def png_task(folders: list[Path], shot: int):
    """One task, every image from a file of its own: support, labels, query, targets."""
    import numpy as np
    import torch
    from PIL import Image

    def load(file: Path):
        return torch.from_numpy(np.array(Image.open(file), dtype=np.float32) / 255)[None]

    images: dict[str, list] = {"support": [], "query": []}
    labels: dict[str, list] = {"support": [], "query": []}
    for label, folder in enumerate(random.sample(folders, WAY)):
        files = random.sample(sorted(folder.glob("*.png")), shot + QUERIES)
        for part, chosen in (("support", files[:shot]), ("query", files[shot:])):
            images[part] += [load(file) for file in chosen]
            labels[part] += [label] * len(chosen)
    return [
        tensor
        for part in ("support", "query")
        for tensor in (torch.stack(images[part]), torch.tensor(labels[part]))
    ]


def png_batch(folder: Path, shot: int):
    """A function that draws a list of tasks."""
    random.seed(0)
    folders = sorted((folder / "png").iterdir())
    return lambda: [png_task(folders, shot) for _ in range(TASKS)]


def protonet(folder: Path) -> Step:
    """Task after task: two calls of the network, prototypes, distances, loss and accuracies."""
    import torch
    import torch.nn.functional as F

    from common.networks.convolutional import Conv4
    from hw2.experiments.methods import PROTONET

    network = Conv4(**PROTONET)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    draw = png_batch(folder, SHOT)

    def step():
        optimizer.zero_grad()
        losses, rights = [], []
        for support, labels, query, targets in draw():
            known, asked = network(support), network(query)
            centres = torch.stack([known[labels == name].mean(0) for name in range(WAY)])
            own, logits = (-((part[:, None] - centres) ** 2).sum(-1) for part in (known, asked))
            losses.append(F.cross_entropy(logits, targets))
            rights.append([_right(own, labels), _right(logits, targets)])
        torch.stack(losses).mean().backward()
        optimizer.step()

    return step


def maml_network(strided: bool):
    """The network of MAML's training; or one of 32 filters whose every layer halves by stride."""
    from common.networks.convolutional import Conv4
    from hw2.experiments.methods import MAML

    return Conv4(filters=32, outputs=WAY, zero_head=True) if strided else Conv4(**MAML)


def maml(folder: Path, steps: int, strided: bool = False) -> Step:
    """Task after task: a copied dictionary, torch.autograd.grad with a graph, update by update."""
    import torch
    import torch.nn.functional as F
    from torch.func import functional_call

    def task_loss(network, support, labels, query, targets):
        fast = {name: torch.clone(p) for name, p in network.named_parameters()}
        rights = []
        for _ in range(steps):
            logits = functional_call(network, fast, (support,))
            rights.append(_right(logits, labels))
            found = torch.autograd.grad(
                F.cross_entropy(logits, labels), list(fast.values()), create_graph=True
            )
            fast = {name: p - INNER_RATE * g for (name, p), g in zip(fast.items(), found)}
        asked = functional_call(network, fast, (query,))
        with torch.no_grad():
            rights.append(_right(functional_call(network, fast, (support,)), labels))
        return F.cross_entropy(asked, targets), [*rights, _right(asked, targets)]

    return _outer(folder, task_loss, strided)


def higher_maml(folder: Path, steps: int, strided: bool = False) -> Step:
    """MAML by the library `higher`: a patched copy of the network and a differentiable optimizer."""
    import higher
    import torch

    def task_loss(network, support, labels, query, targets):
        inner = torch.optim.SGD(network.parameters(), lr=INNER_RATE)
        with higher.innerloop_ctx(network, inner, copy_initial_weights=False) as (fast, stepper):
            return _by_library(fast, stepper.step, steps, support, labels, query, targets)

    return _outer(folder, task_loss, strided)


def learn2learn_maml(folder: Path, steps: int, strided: bool = False) -> Step:
    """MAML by the library `learn2learn`: a clone of the module that adapts itself."""
    from learn2learn.algorithms import MAML

    def task_loss(network, support, labels, query, targets):
        fast = MAML(network, lr=INNER_RATE).clone()
        return _by_library(fast, fast.adapt, steps, support, labels, query, targets)

    return _outer(folder, task_loss, strided)


def _by_library(fast, update, steps: int, support, labels, query, targets):
    """Loss and accuracies of one task; `update(loss)` changes the module `fast`."""
    import torch
    import torch.nn.functional as F

    rights = []
    for _ in range(steps):
        logits = fast(support)
        rights.append(_right(logits, labels))
        update(F.cross_entropy(logits, labels))
    with torch.no_grad():
        rights.append(_right(fast(support), labels))
    asked = fast(query)
    return F.cross_entropy(asked, targets), [*rights, _right(asked, targets)]


def _right(logits, labels) -> float:
    return (logits.argmax(1) == labels).float().mean().item()


def _outer(folder: Path, task_loss, strided: bool) -> Step:
    """An outer step of Adam on the mean over tasks of the loss of `task_loss(network, *task)`."""
    import torch

    network = maml_network(strided)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    draw = png_batch(folder, 1)

    def step():
        optimizer.zero_grad()
        losses, _rights = zip(*(task_loss(network, *task) for task in draw()))
        torch.stack(losses).mean().backward()
        optimizer.step()

    return step
