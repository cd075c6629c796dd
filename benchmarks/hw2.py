"""How fast homework 2 is: the kit, a plain loop with one PNG file an image, and known libraries.

`python -m benchmarks.hw2` measures all sides in turn, several times, each in a process of its own,
and writes benchmarks/results/hw2.md and hw2.png. All use the same network and optimizer; the
libraries `higher` and `learn2learn` are measured when they are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import other_kits, table
from benchmarks.other_kits import INNER_RATE, QUERIES, SHOT, TASKS, WAY
from common.homework import ROOT
from common.kit.machine import usable_cores

DRAWN = 64  # tasks at a time where only drawing is measured
ROUNDS, SECONDS = 3, 8.0
LIBRARIES = ("higher", "learn2learn")
SIDES = ("plain loop", *LIBRARIES, "kit, looped", "kit, first-order", "kit")
_MAML_SIDES = SIDES
# what → (its name, unit, how many times as fast as the plain loop it is to be, its sides)
MEASURES = {
    "sampling": (
        "tasks drawn (5-way, 1-shot, 15 queries)",
        "tasks/s",
        "500",
        ("plain loop", "kit"),
    ),
    "sampling-float": ("the same, made float32 in [0, 1]", "tasks/s", "", ("plain loop", "kit")),
    "maml-1-strided": ("MAML, 1 inner step, strided network", "outer steps/s", "2.4", _MAML_SIDES),
    "maml-5-strided": ("MAML, 5 inner steps, strided network", "outer steps/s", "3.3", _MAML_SIDES),
    "maml-1": ("MAML, 1 inner step, the trained network", "outer steps/s", "", _MAML_SIDES),
    "maml-5": ("MAML, 5 inner steps, the trained network", "outer steps/s", "", _MAML_SIDES),
    "protonet": ("ProtoNet, 5-way 5-shot", "steps/s", "1.25", ("plain loop", "kit")),
}
Rates = dict[tuple[str, str], list[float]]


def main() -> None:
    """Measure everything, or one thing in a process of its own."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--one", nargs=3, metavar=("MEASURE", "SIDE", "FOLDER"), help="used by the benchmark itself"
    )
    options.add_argument("--rounds", type=int, default=ROUNDS, help="how often each is measured")
    options.add_argument("--seconds", type=float, default=SECONDS, help="of one measurement")
    options.add_argument("--threads", type=int, default=usable_cores(), help="of torch (cores)")
    chosen = options.parse_args()
    if chosen.one:
        measure, side, folder = chosen.one
        print(json.dumps(one(measure, side, Path(folder), chosen.seconds, chosen.threads)))
        return
    absent = {name for name in LIBRARIES if importlib.util.find_spec(name) is None}
    found: Rates = {
        (measure, side): []
        for measure, (*_, sides) in MEASURES.items()
        for side in sides
        if side not in absent
    }
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        prepare(folder)
        for turn in range(chosen.rounds):
            for measure, side in found:
                speed = in_a_process(measure, side, folder, chosen)
                found[measure, side].append(speed)
                print(f"round {turn + 1}: {measure}, {side}: {speed:.4g}", flush=True)
    write(found, chosen.threads)


def in_a_process(measure: str, side: str, folder: Path, chosen) -> float:
    """The rate of one side, measured in a fresh process."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.hw2",
        "--one",
        measure,
        side,
        str(folder),
        "--seconds",
        str(chosen.seconds),
        "--threads",
        str(chosen.threads),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def prepare(folder: Path) -> None:
    """A tree with the solutions, and 300 characters as one array and as 6000 PNG files."""
    import numpy as np
    from PIL import Image

    from autograder.run.overlay import overlay
    from common import homework as homeworks
    from common.data import glyphs

    overlay(homeworks.load("hw2"), folder / "tree", ROOT / "staff" / "solutions" / "hw2")
    images = glyphs.load().images
    np.save(folder / "images.npy", images)
    for name, drawings in enumerate(images):
        character = folder / "png" / f"character{name:04d}"
        character.mkdir(parents=True)
        for number, drawing in enumerate(drawings):
            Image.fromarray(drawing).save(character / f"{number:02d}.png")


def write(found: Rates, threads: int) -> None:
    """The result as a page and a picture: medians of all sides, and the kit's ratio to the loop."""
    middle = {key: statistics.median(rates) for key, rates in found.items()}
    present = [side for side in SIDES if any(side == key[1] for key in found)]
    rows = [("what", "unit", *present, "kit / plain loop", "at least")]
    for measure, (name, unit, wanted, _) in MEASURES.items():
        cells = [
            f"{middle[measure, side]:.3g}" if (measure, side) in middle else "" for side in present
        ]
        ratio = middle[measure, "kit"] / middle[measure, "plain loop"]
        rows.append((name, unit, *cells, f"{ratio:.3g}", wanted))
    notes = (
        "Made by `python -m benchmarks.hw2`: every side in turn, each in a process of its own; median "
        f"of {len(found['sampling', 'kit'])} with {threads} threads. A training step has {TASKS} "
        f"tasks of {WAY} classes and {QUERIES} queries a class. The plain loop and the libraries open "
        "a PNG file for every image; the kit draws bytes from one array and makes numbers of them in "
        "the training step (the second row counts that too). Looped: the same code, task by task, as "
        "when `vmap` cannot map it. The strided network halves the picture by strides alone; the trained "
        "one pools twice, is more accurate, and spends more of its time in convolutions, which no side "
        "can save."
    )
    table.write("hw2", "Homework 2: speed", rows, notes)
    bars = {
        MEASURES[measure][0]: {
            side: middle[measure, side] for side in present if (measure, side) in middle
        }
        for measure in MEASURES
        if measure not in ("sampling", "sampling-float")
    }
    table.picture("hw2", bars, "training steps a second")


def one(measure: str, side: str, folder: Path, seconds: float, threads: int) -> float:
    """How often a second one side does its work."""
    sys.path.insert(0, str(folder / "tree"))
    if side.startswith("kit"):
        from common.training.memory import keep_large_blocks

        keep_large_blocks()
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if measure.startswith("sampling"):
        if side == "plain loop":
            return rate(other_kits.png_batch(folder, 1), seconds) * TASKS
        draw = kit_sampler(folder, 1, DRAWN)
        work = draw if measure == "sampling" else lambda: draw().ready()
        return rate(work, seconds) * DRAWN
    if measure == "protonet":
        return rate(kit_protonet(folder) if side == "kit" else other_kits.protonet(folder), seconds)
    steps, strided = int(measure.split("-")[1]), measure.endswith("strided")
    if side.startswith("kit"):
        return rate(kit_maml(folder, steps, side, strided), seconds)
    made = {
        "plain loop": other_kits.maml,
        "higher": other_kits.higher_maml,
        "learn2learn": other_kits.learn2learn_maml,
    }[side]
    return rate(made(folder, steps, strided), seconds)


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

    from hw2.experiments.tasks import TaskSampler

    sampler = TaskSampler(np.load(folder / "images.npy"), WAY, shot, QUERIES)
    rng = np.random.default_rng(0)
    return lambda: sampler.draw(count, rng)


def kit_protonet(folder: Path):
    """A training step with the student's functions (here the solutions)."""
    import torch

    from common.networks.convolutional import Conv4
    from hw2.experiments.methods import PROTONET
    from hw2.protonet import protonet_loss

    network = Conv4(**PROTONET).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    draw = kit_sampler(folder, SHOT)

    def step():
        optimizer.zero_grad()
        protonet_loss(network, draw().ready(), WAY)[0].backward()
        optimizer.step()

    return step


def kit_maml(folder: Path, steps: int, side: str, strided: bool = False):
    """An outer step as hw2.train makes it; of side "kit, looped" or "kit, first-order" if asked."""
    import torch

    from hw2.experiments.learner import Learner
    from hw2.experiments.mapping import OverTasks

    learner = Learner(
        other_kits.maml_network(strided), INNER_RATE, steps, False, side == "kit, first-order"
    )
    optimizer = torch.optim.Adam(learner.network.parameters(), lr=1e-3)
    mapped, draw = OverTasks(learner), kit_sampler(folder, 1)
    mapped.looped = side == "kit, looped"

    def step():
        optimizer.zero_grad()
        mapped(learner.of_task, draw().ready())[0].mean().backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
