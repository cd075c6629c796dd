"""Experiments of homework 1: `python -m hw1.train --help`."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from common import options, plots
from common.errors import KitError
from common.experiments import groups
from common.training import runs

TEST_TASKS = 2000
VAL_TASKS = 500


@dataclass(frozen=True)
class Setting:
    """What one experiment trains."""

    shot: int
    way: int
    hidden_dim: int = 128
    model: str = "mann"


REQUIRED = {
    "1-shot-2-way": Setting(shot=1, way=2),
    "2-shot-2-way": Setting(shot=2, way=2),
    "1-shot-3-way": Setting(shot=1, way=3),
    "1-shot-4-way": Setting(shot=1, way=4),
}
EXTRA = {
    "memory-8": Setting(shot=1, way=3, hidden_dim=8),
    "memory-256": Setting(shot=1, way=3, hidden_dim=256),
    "transformer": Setting(shot=1, way=3, model="transformer"),
}
SETTINGS = REQUIRED | EXTRA


def arguments():
    """The command line."""
    parser = options.parser(
        "Train a memory-augmented network on few-shot tasks.",
        "  python -m hw1.train --experiment 1-shot-2-way\n"
        "  python -m hw1.train --experiment all --predict    the four required ones, compared\n"
        "  python -m hw1.train --experiment 1-shot-3-way --lr 0.01 --out runs/hw1/lr-0.01",
    )
    names = [*SETTINGS, "all"]
    parser.add_argument("--experiment", choices=names, default="1-shot-2-way", metavar="NAME",
                        help=", ".join(names))  # fmt: skip
    parser.add_argument("--steps", type=int, default=3000, help="batches (default 3000)")
    parser.add_argument("--batch", type=int, default=128, help="tasks in a batch (default 128)")
    parser.add_argument("--lr", type=float, default=3e-3, help="largest learning rate (0.003)")
    parser.add_argument("--hidden", type=int, help="size of the memory, in place of the setting's")
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Train what was asked for."""
    chosen = arguments()
    if chosen.tiny:
        chosen.steps, chosen.batch = min(chosen.steps, 30), min(chosen.batch, 16)
    if chosen.steps < 1 or chosen.batch < 1:
        raise KitError("--steps and --batch must be at least 1")
    names = list(REQUIRED) if chosen.experiment == "all" else [chosen.experiment]

    from common.data import fewshot

    data = fewshot.load(chosen.data, chosen.tiny)
    groups.train_each(
        "hw1", names, chosen, lambda name, folder: train(name, data, chosen, folder),
        ("val_accuracy", "loss"),
    )  # fmt: skip


def train(name: str, data, chosen, folder: Path) -> None:
    """Train one setting, keep the weights that are best on validation, test those once."""
    import numpy as np
    import torch

    from common.data.images import rotations
    from common.experiments import reference_band
    from common.training.step_timer import Clock
    from common.training.trainer import Trainer, warm_up_then_cosine

    setting = SETTINGS[name]
    device = options.device(chosen.device)
    hidden_dim = chosen.hidden or setting.hidden_dim
    config = {
        "homework": "hw1", "experiment": name, "data": data.source, "seed": chosen.seed,
        "steps": chosen.steps, "batch": chosen.batch, "lr": chosen.lr, "tiny": chosen.tiny,
        **asdict(setting), "hidden_dim": hidden_dim,
    }  # fmt: skip
    run = runs.RunFolder(folder, config, chosen.resume)
    print(f"{name}: {folder}")
    torch.manual_seed(chosen.seed)
    network = build(setting.model, setting.way, setting.shot, hidden_dim).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=chosen.lr)
    schedule = warm_up_then_cosine(optimizer, min(100, chosen.steps // 10), chosen.steps)
    rng = np.random.default_rng(chosen.seed)
    training = rotations(data.split("train"))
    validation = Tasks(data.split("val"), setting, 40 if chosen.tiny else VAL_TASKS, device)
    draw = drawer(training, setting, chosen.batch, rng, device)

    def loss_of():
        from hw1.mann import mann_loss

        with trainer.clock("data"):
            images, labels = draw()
        logits = network(images, labels)
        with torch.no_grad():
            figures = {"train_accuracy": query_accuracy(logits, labels).mean().item()}
        return mann_loss(logits, labels), figures

    def evaluate():
        return {"val_accuracy": validation.accuracies(network).mean()}

    every = max(1, chosen.steps // 20)
    trainer = Trainer(
        run, network, optimizer, rng, chosen.steps, every, schedule, best_by="val_accuracy",
        clock=Clock(chosen.profile), reference=reference_band.of_run(run),
    )  # fmt: skip
    began = time.monotonic()
    rows = trainer.fit(loss_of, evaluate)
    trainer.load_best()
    test = Tasks(data.split("test"), setting, 40 if chosen.tiny else TEST_TASKS, device)
    report(run, test.accuracies(network), trainer.best["step"], time.monotonic() - began)
    bands = trainer.reference.bands
    plots.curves({name: rows}, ["val_accuracy", "loss"], folder / "curves.png", bands=bands)


def build(model: str, way: int, shot: int, hidden_dim: int):
    """A network for N-way K-shot tasks."""
    from hw1.mann import MANN
    from hw1.transformer import TransformerMANN

    kind = {"mann": MANN, "transformer": TransformerMANN}[model]
    return kind(way, shot + 1, hidden_dim)


def drawer(images, setting: Setting, batch: int, rng, device):
    """A function that draws a batch of tasks as tensors."""
    import torch

    from hw1.sampling import sample_batch

    def draw():
        pixels, labels = sample_batch(images, setting.way, setting.shot, batch, rng)
        return torch.from_numpy(pixels).to(device), torch.from_numpy(labels).to(device)

    return draw


def query_accuracy(logits, labels):
    """Accuracy on the query row of every task, [B]."""
    return (logits[:, -1].argmax(-1) == labels[:, -1].argmax(-1)).float().mean(-1)


class Tasks:
    """A fixed set of tasks to evaluate on: the same for every run and seed."""

    def __init__(self, images, setting: Setting, count: int, device) -> None:
        import numpy as np

        rng = np.random.default_rng(20)
        draw = drawer(images, setting, min(count, 500), rng, device)
        self.batches = [draw() for _ in range(math.ceil(count / 500))]

    def accuracies(self, network):
        """Of every task: a numpy array."""
        import torch

        network.eval()
        with torch.no_grad():
            parts = [query_accuracy(network(*batch), batch[1]) for batch in self.batches]
        return torch.cat(parts).double().cpu().numpy()


def report(run, accuracies, best_step: int, seconds: float) -> None:
    """Write result.json and say it."""
    from common.statistics.intervals import confidence_interval

    result = {
        "test_accuracy": float(accuracies.mean()),
        "interval": confidence_interval(accuracies),
        "tasks": len(accuracies),
        "best_step": best_step,
        "seconds": round(seconds, 1),
    }
    run.finish(result)
    print(
        f"meta-test accuracy {result['test_accuracy']:.3f} ± {result['interval']:.3f} "
        f"({len(accuracies)} tasks, weights of step {best_step}, {seconds:.0f} s)"
    )


if __name__ == "__main__":
    options.run_main(main)
