"""Experiments of homework 0: `python -m hw0.train --help`."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from common import options, plots
from common.errors import KitError
from common.experiments import groups
from common.files import replacing
from common.training import runs

USERS_AT_ONCE = 64  # when all items are ranked
LABELS = {
    "val_mse": "validation: mean squared error of the stars",
    "val_mrr": "validation: mean reciprocal rank",
    "rating": "training: rating loss",
    "ranking": "training: ranking loss",
    "cosine": "cosine between the tasks' gradients",
}


@dataclass(frozen=True)
class Setting:
    """What one experiment trains: whose tables, and the weights of ranking and rating."""

    shared: bool
    weights: tuple[float, float]


SETTINGS = {
    "shared-99": Setting(shared=True, weights=(0.99, 0.01)),
    "shared-50": Setting(shared=True, weights=(0.5, 0.5)),
    "separate-99": Setting(shared=False, weights=(0.99, 0.01)),
    "separate-50": Setting(shared=False, weights=(0.5, 0.5)),
}


def arguments():
    """The command line."""
    parser = options.parser(
        "Train a recommender with two tasks: what will be watched, and how many stars it gets.",
        "  python -m hw0.train --experiment shared-99\n"
        "  python -m hw0.train --experiment all --predict    all four, and a picture of them\n"
        "  python -m hw0.train --experiment shared-50 --cosine\n"
        "  python -m hw0.train --experiment shared-50 --surgery",
    )
    names = [*SETTINGS, "all"]
    parser.add_argument("--experiment", choices=names, default="shared-99", metavar="NAME",
                        help=", ".join(names))  # fmt: skip
    parser.add_argument("--epochs", type=int, default=30, help="times through the data (30)")
    parser.add_argument("--batch", type=int, default=1024, help="ratings in a batch (1024)")
    parser.add_argument("--lr", type=float, default=1e-2, help="learning rate (0.01)")
    parser.add_argument("--dim", type=int, default=32, help="length of a vector (32)")
    parser.add_argument("--cosine", action="store_true",
                        help="extra X1: log the angle between the tasks' gradients")  # fmt: skip
    parser.add_argument("--surgery", action="store_true",
                        help="extra X2: gradient surgery on the shared tables")  # fmt: skip
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Train what was asked for."""
    chosen = arguments()
    if chosen.tiny:
        chosen.epochs, chosen.batch = min(chosen.epochs, 3), min(chosen.batch, 128)
    if min(chosen.epochs, chosen.batch, chosen.dim) < 1:
        raise KitError("--epochs, --batch and --dim must be at least 1")
    names = list(SETTINGS) if chosen.experiment == "all" else [chosen.experiment]
    if chosen.cosine or chosen.surgery:
        names = [name for name in names if SETTINGS[name].shared]
        if not names:
            raise KitError("--cosine and --surgery need shared tables: --experiment shared-50")

    from common.data import recommender

    data = recommender.load(chosen.data, chosen.tiny)
    groups.train_each(
        "hw0", names, chosen, lambda name, folder: train(name, data, chosen, folder),
        ("val_mrr", "val_mse", "rating"), LABELS, "-surgery" if chosen.surgery else "",
    )  # fmt: skip


def train(name: str, data, chosen, folder: Path) -> None:
    """Train one setting; test each task once, with the weights that were its best on validation."""
    import numpy as np
    import torch

    from common.experiments import reference_band
    from common.training.step_timer import Clock
    from common.training.trainer import Trainer
    from hw0.model import MultiTaskNet

    setting = SETTINGS[name]
    device = options.device(chosen.device)
    config = {
        "homework": "hw0", "experiment": name, "data": data.source, "seed": chosen.seed,
        "epochs": chosen.epochs, "batch": chosen.batch, "lr": chosen.lr, "dim": chosen.dim,
        "tiny": chosen.tiny, "surgery": chosen.surgery, "cosine": chosen.cosine,
        **asdict(setting), "weights": list(setting.weights),
    }  # fmt: skip
    run = runs.RunFolder(folder, config, chosen.resume)
    print(f"{name}: {folder}")
    torch.manual_seed(chosen.seed)
    mean = float(data.split("train")[2].mean())
    net = MultiTaskNet(
        data.num_users, data.num_items, chosen.dim, shared=setting.shared, mean=mean
    ).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=chosen.lr)
    rng = np.random.default_rng(chosen.seed)
    batches = Batches(data, chosen.batch, chosen.seed, device)
    every = batches.steps
    trainer = Trainer(
        run,
        net,
        optimizer,
        rng,
        chosen.epochs * every,
        every,
        clock=Clock(chosen.profile),
        reference=reference_band.of_run(run),
    )
    validation = Exam(data, "val", ("train",), device)
    sample = batches.at(0, np.random.default_rng(7))

    def loss_of():
        with trainer.clock("data"):
            batch = batches.at(trainer.step, rng)
        return losses(net, batch, setting, rng if chosen.surgery else None)

    def evaluate():
        figures = {"val_mse": validation.error(net), "val_mrr": validation.rank(net)}
        keep_best(run, net, trainer.rows, figures)
        if chosen.cosine:
            figures["cosine"] = angle(net, sample, setting)
        return {"epoch": trainer.step / every, **figures}

    began = time.monotonic()
    rows = trainer.fit(loss_of, evaluate)
    report(run, net, rows, Exam(data, "test", ("train", "val"), device), time.monotonic() - began)
    metrics = ["val_mrr", "val_mse", "rating", "ranking", *(["cosine"] if chosen.cosine else [])]
    bands = trainer.reference.bands
    plots.curves({name: rows}, metrics, folder / "curves.png", LABELS, bands)


class Batches:
    """The training ratings in batches: each once an epoch, in an order drawn anew.

    Args:
        data: Ratings.
        batch: how many at a time; what is left at the end of an epoch is left out.
        seed: of the orders; the order of an epoch does not depend on where a run was resumed.
    """

    def __init__(self, data, batch: int, seed: int, device) -> None:
        import torch

        self.parts = [torch.from_numpy(part) for part in data.split("train")]
        self.batch, self.seed, self.device = min(batch, len(self.parts[0])), seed, device
        self.num_items = data.num_items
        self.steps = len(self.parts[0]) // self.batch  # of an epoch
        self.epoch, self.order = -1, None

    def at(self, step: int, rng):
        """Users, items, stars of the batch of this step, and an item at random for each."""
        import numpy as np
        import torch

        epoch, place = divmod(step, self.steps)
        if epoch != self.epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.parts[0]))
            self.epoch, self.order = epoch, torch.from_numpy(order)
        rows = self.order[place * self.batch : (place + 1) * self.batch]
        negatives = torch.from_numpy(rng.integers(0, self.num_items, len(rows)))
        return [part.to(self.device) for part in (*(part[rows] for part in self.parts), negatives)]


def losses(net, batch, setting: Setting, rng):
    """The loss to train on, and figures; with a generator, after gradient surgery."""
    from hw0.losses import joint_loss

    loss, ranking, rating = joint_loss(net, *batch, setting.weights)
    figures = {"ranking": ranking.item(), "rating": rating.item()}
    if rng is not None:
        loss = operated(loss, ranking, rating, net, setting, rng)
    return loss, figures


def operated(loss, ranking, rating, net, setting: Setting, rng):
    """The same loss, whose gradient by the shared tables is the one after surgery."""
    import torch

    from hw0.surgery import surgery

    tables = list(net.watch_tables.parameters())
    rows = []
    for weight, part in zip(setting.weights, (ranking, rating)):
        found = torch.autograd.grad(weight * part, tables, retain_graph=True, allow_unused=True)
        found = [torch.zeros_like(p) if g is None else g for p, g in zip(tables, found)]
        rows.append(torch.cat([gradient.flatten() for gradient in found]))
    gradients = torch.stack(rows)
    change = surgery(gradients, rng).sum(0) - gradients.sum(0)
    linear = torch.cat([table.flatten() for table in tables]) @ change
    return loss + linear - linear.detach()


def angle(net, batch, setting: Setting) -> float:
    """The cosine between the two tasks' gradients on the shared tables."""
    from hw0.losses import joint_loss
    from hw0.surgery import gradient_cosine

    _, ranking, rating = joint_loss(net, *batch, setting.weights)
    return float(gradient_cosine(ranking, rating, list(net.watch_tables.parameters())))


class Exam:
    """The held-out ratings of one split."""

    def __init__(self, data, split: str, seen: tuple[str, ...], device) -> None:
        import torch

        self.pairs = [torch.from_numpy(part).to(device) for part in data.split(split)]
        self.wanted, self.seen = data.watched(split), data.watched(*seen)
        self.users, self.items = data.num_users, data.num_items

    def error(self, net) -> float:
        """The mean squared error of the stars."""
        import torch

        from hw0.losses import rating_loss

        users, items, stars = self.pairs
        net.eval()
        with torch.no_grad():
            return float(rating_loss(net(users, items)[1], stars))

    def rank(self, net) -> float:
        """The mean reciprocal rank of what was watched among all items not seen in training."""
        import torch

        from common.statistics.metrics import mean_reciprocal_rank

        device, scores = self.pairs[0].device, []
        items = torch.arange(self.items, device=device)
        net.eval()
        with torch.no_grad():
            for some in torch.arange(self.users, device=device).split(USERS_AT_ONCE):
                pairs = some.repeat_interleave(len(items)), items.repeat(len(some))
                scores.append(net.watch_logits(*pairs).reshape(len(some), -1).cpu())
        return mean_reciprocal_rank(torch.cat(scores).numpy(), self.wanted, self.seen)


def keep_best(run, net, rows, figures: dict[str, float]) -> None:
    """Keep the weights that are the best so far on validation: best_mse.pt and best_mrr.pt."""
    import torch

    for name, sign in (("mse", -1), ("mrr", 1)):
        value = sign * figures[f"val_{name}"]
        if all(value > sign * row[f"val_{name}"] for row in rows):
            with replacing(run.path / f"best_{name}.pt") as temporary:
                torch.save(net.state_dict(), temporary)


def report(run, net, rows, exam: Exam, seconds: float) -> None:
    """Test each task at its own best epoch; write result.json and say it."""
    import torch

    result = {}
    for name, judge in (("mse", exam.error), ("mrr", exam.rank)):
        path = run.path / f"best_{name}.pt"
        try:
            net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except (OSError, RuntimeError) as error:
            raise KitError(f"{path} cannot be read ({error}); train again") from None
        values = [row[f"val_{name}"] for row in rows]
        best = values.index(min(values) if name == "mse" else max(values))
        result |= {f"test_{name}": judge(net), f"epoch_{name}": round(rows[best]["epoch"])}
    result["seconds"] = round(seconds, 1)
    run.finish(result)
    print(
        f"test: stars MSE {result['test_mse']:.3f} (epoch {result['epoch_mse']}), ranking MRR "
        f"{result['test_mrr']:.3f} (epoch {result['epoch_mrr']}), {seconds:.0f} s"
    )


if __name__ == "__main__":
    options.run_main(main)
