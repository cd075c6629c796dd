"""What homework 2 is measured against: a plain loop over tasks, and libraries when they are installed.

All sides use the same network, tasks of the same size and the same optimizer. Each function takes
the folder that `benchmarks.hw2` prepares and gives a function of no arguments: one training step.
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

    from common.networks import Conv4
    from hw2.methods import PROTONET

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
            rights.append([(own.argmax(1) == labels).float().mean().item(),
                           (logits.argmax(1) == targets).float().mean().item()])  # fmt: skip
        torch.stack(losses).mean().backward()
        optimizer.step()

    return step


def maml(folder: Path, steps: int) -> Step:
    """Task after task: a copied dictionary, torch.autograd.grad with a graph, update by update."""
    import torch
    import torch.nn.functional as F
    from torch.func import functional_call

    def task_loss(network, support, labels, query, targets):
        fast = {name: torch.clone(p) for name, p in network.named_parameters()}
        for _ in range(steps):
            logits = functional_call(network, fast, (support,))
            found = torch.autograd.grad(
                F.cross_entropy(logits, labels), list(fast.values()), create_graph=True
            )
            fast = {name: p - INNER_RATE * g for (name, p), g in zip(fast.items(), found)}
        return F.cross_entropy(functional_call(network, fast, (query,)), targets)

    return _outer(folder, task_loss)


def higher_maml(folder: Path, steps: int) -> Step:
    """MAML by the library `higher`: a patched copy of the network and a differentiable optimizer."""
    import higher
    import torch
    import torch.nn.functional as F

    def task_loss(network, support, labels, query, targets):
        inner = torch.optim.SGD(network.parameters(), lr=INNER_RATE)
        with higher.innerloop_ctx(network, inner, copy_initial_weights=False) as (fast, stepper):
            for _ in range(steps):
                stepper.step(F.cross_entropy(fast(support), labels))
            return F.cross_entropy(fast(query), targets)

    return _outer(folder, task_loss)


def learn2learn_maml(folder: Path, steps: int) -> Step:
    """MAML by the library `learn2learn`: a clone of the module that adapts itself."""
    import torch.nn.functional as F
    from learn2learn.algorithms import MAML

    def task_loss(network, support, labels, query, targets):
        fast = MAML(network, lr=INNER_RATE).clone()
        for _ in range(steps):
            fast.adapt(F.cross_entropy(fast(support), labels))
        return F.cross_entropy(fast(query), targets)

    return _outer(folder, task_loss)


def _outer(folder: Path, task_loss) -> Step:
    """An outer step of Adam on the mean over tasks of `task_loss(network, *task)`."""
    import torch

    from common.networks import Conv4
    from hw2.methods import MAML

    network = Conv4(**MAML)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    draw = png_batch(folder, 1)

    def step():
        optimizer.zero_grad()
        torch.stack([task_loss(network, *task) for task in draw()]).mean().backward()
        optimizer.step()

    return step
