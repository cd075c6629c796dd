"""How fast homework 2 is, against a plain loop over tasks with one PNG file an image.

`python -m benchmarks.hw2` measures both sides in turn, several times, each in a process of its own,
and writes benchmarks/results/hw2.md. Both use the same network, batches and optimizer.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import table

ROOT = Path(__file__).resolve().parents[1]
TASKS, WAY, QUERIES, SHOT = 16, 5, 15, 5
DRAWN = 64  # tasks at a time where only drawing is measured
ROUNDS, SECONDS = 3, 8.0
# what → (its name, unit, how many times faster it is to be)
MEASURES = {
    "sampling": ("tasks drawn (5-way, 1-shot, 15 queries)", "tasks/s", 500),
    "sampling-float": ("tasks drawn and made float32 in [0, 1]", "tasks/s", "no target"),
    "maml-1": ("MAML, 1 inner step", "outer steps/s", 2.4),
    "maml-5": ("MAML, 5 inner steps", "outer steps/s", 3.3),
    "protonet": ("ProtoNet, 5-way 5-shot", "steps/s", 1.25),
}


def main() -> None:
    """Measure everything, or one thing in a process of its own."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--one", nargs=3, metavar=("MEASURE", "SIDE", "FOLDER"),
                         help="used by the benchmark itself")  # fmt: skip
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--seconds", type=float, default=SECONDS, help="of one measurement")
    options.add_argument("--threads", type=int, default=os.cpu_count())
    chosen = options.parse_args()
    if chosen.one:
        measure, side, folder = chosen.one
        print(json.dumps(one(measure, side, Path(folder), chosen.seconds, chosen.threads)))
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        prepare(folder)
        found = {(m, s): [] for m in MEASURES for s in ("plain", "kit")}
        for turn in range(chosen.rounds):
            for measure, side in found:
                rate = in_a_process(measure, side, folder, chosen)
                found[measure, side].append(rate)
                print(f"round {turn + 1}: {measure} {side}: {rate:.4g}", flush=True)
    write(found, chosen.threads)


def in_a_process(measure: str, side: str, folder: Path, chosen) -> float:
    """The rate of one side, measured in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.hw2", "--one", measure, side, str(folder),
               "--seconds", str(chosen.seconds), "--threads", str(chosen.threads)]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def prepare(folder: Path) -> None:
    """A tree with the solutions, and 300 characters as one array and as 6000 PNG files."""
    import numpy as np
    from PIL import Image

    from autograder import homework as homeworks
    from autograder.run.overlay import overlay
    from common.data import glyphs

    overlay(homeworks.load("hw2"), folder / "tree", ROOT / "staff" / "solutions" / "hw2")
    images = glyphs.load().images
    np.save(folder / "images.npy", images)
    for name, drawings in enumerate(images):
        character = folder / "png" / f"character{name:04d}"
        character.mkdir(parents=True)
        for number, drawing in enumerate(drawings):
            Image.fromarray(drawing).save(character / f"{number:02d}.png")


def write(found: dict, threads: int) -> Path:
    """The result as a page: medians of both sides, and their ratio."""
    rows = [("what", "unit", "plain loop", "this kit", "times as fast", "at least")]
    for measure, (name, unit, wanted) in MEASURES.items():
        plain = statistics.median(found[measure, "plain"])
        kit = statistics.median(found[measure, "kit"])
        rows.append((name, unit, f"{plain:.3g}", f"{kit:.3g}", f"{kit / plain:.3g}", f"{wanted}"))
    notes = (
        "Made by `python -m benchmarks.hw2`: a plain loop over tasks that opens a PNG file for every "
        f"image, and this kit, in turn; median of {len(found['sampling', 'kit'])} with {threads} "
        f"threads. A training step has {TASKS} tasks of {WAY} classes and {QUERIES} queries a class; "
        "both sides use the same network. The kit draws bytes and makes numbers of them in the "
        "training step; the second row counts that too."
    )
    return table.write("hw2", "Homework 2: speed", rows, notes)


# --- one measurement ----------------------------------------------------------------------------


def one(measure: str, side: str, folder: Path, seconds: float, threads: int) -> float:
    """How often a second one side does its work."""
    sys.path.insert(0, str(folder / "tree"))
    if side == "kit":
        from common.memory import keep_large_blocks

        keep_large_blocks()
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if measure.startswith("sampling"):
        if side == "plain":
            return rate(plain_batch(folder, 1), seconds) * TASKS
        draw = kit_sampler(folder, 1, DRAWN)
        work = draw if measure == "sampling" else lambda: draw().ready()
        return rate(work, seconds) * DRAWN
    if measure == "protonet":
        return rate(kit_protonet(folder) if side == "kit" else plain_protonet(folder), seconds)
    steps = int(measure.split("-")[1])
    return rate(kit_maml(folder, steps) if side == "kit" else plain_maml(folder, steps), seconds)


def rate(work: Callable[[], object], seconds: float) -> float:
    """Calls a second, after two to warm up."""
    work()
    work()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - began)


def kit_sampler(folder: Path, shot: int, count: int = TASKS):
    """The kit's sampler of batches."""
    import numpy as np

    from hw2.tasks import TaskSampler

    sampler = TaskSampler(np.load(folder / "images.npy"), WAY, shot, QUERIES)
    rng = np.random.default_rng(0)
    return lambda: sampler.draw(count, rng)


def kit_protonet(folder: Path):
    """A training step with the student's functions (here the solutions)."""
    import torch

    from common.networks import Conv4
    from hw2.protonet import protonet_loss
    from hw2.train import PROTONET

    network = Conv4(**PROTONET).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    draw = kit_sampler(folder, SHOT)

    def step():
        optimizer.zero_grad()
        protonet_loss(network, draw().ready(), WAY)[0].backward()
        optimizer.step()

    return step


def kit_maml(folder: Path, steps: int):
    """An outer step as hw2.train makes it."""
    import torch

    from common.networks import Conv4
    from hw2.learner import Learner
    from hw2.mapping import OverTasks
    from hw2.train import MAML

    learner = Learner(Conv4(**MAML), 0.04, steps, False, False)
    optimizer = torch.optim.Adam(learner.network.parameters(), lr=1e-3)
    mapped, draw = OverTasks(learner), kit_sampler(folder, 1)

    def step():
        optimizer.zero_grad()
        mapped(learner.of_task, draw().ready())[0].mean().backward()
        optimizer.step()

    return step


# --- the plain side: what such homework kits do ---------------------------------------------------


def plain_task(folders: list[Path], shot: int):
    """One task, every image from a file of its own."""
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


def plain_batch(folder: Path, shot: int):
    """A function that draws a list of tasks."""
    random.seed(0)
    folders = sorted((folder / "png").iterdir())
    return lambda: [plain_task(folders, shot) for _ in range(TASKS)]


def plain_protonet(folder: Path):
    """Task after task: two calls of the network, prototypes, distances, loss and accuracies."""
    import torch
    import torch.nn.functional as F

    from common.networks import Conv4
    from hw2.train import PROTONET

    network = Conv4(**PROTONET)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    draw = plain_batch(folder, SHOT)

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


def plain_maml(folder: Path, steps: int):
    """Task after task: a copied dictionary, torch.autograd.grad with a graph, update by update."""
    import torch
    import torch.nn.functional as F
    from torch.func import functional_call

    from common.networks import Conv4
    from hw2.train import MAML

    network = Conv4(**MAML)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    draw = plain_batch(folder, 1)

    def step():
        optimizer.zero_grad()
        losses, rights = [], []
        for support, labels, query, targets in draw():
            fast = {name: torch.clone(p) for name, p in network.named_parameters()}
            for _ in range(steps):
                logits = functional_call(network, fast, (support,))
                rights.append((logits.argmax(1) == labels).float().mean().item())
                found = torch.autograd.grad(
                    F.cross_entropy(logits, labels), list(fast.values()), create_graph=True
                )
                fast = {name: p - 0.04 * g for (name, p), g in zip(fast.items(), found)}
            logits = functional_call(network, fast, (support,))
            rights.append((logits.argmax(1) == labels).float().mean().item())
            logits = functional_call(network, fast, (query,))
            losses.append(F.cross_entropy(logits, targets))
        torch.stack(losses).mean().backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
