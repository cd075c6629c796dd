"""The training of homework 0: one network for two tasks, tested at its best epochs."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from common import options, plots
from common.data.ratings import Ratings
from common.errors import KitError
from common.experiments.training import check_first, open_run, trainer_of
from common.files import replacing
from common.training.runs import RunFolder
from hw0.experiments.batches import Batch, Batches
from hw0.experiments.held_out import HeldOut
from hw0.experiments.settings import LABELS, METRICS, SETTINGS, Setting
from hw0.losses import joint_loss
from hw0.model import MultiTaskNet


def train(name: str, data: Ratings, chosen: Namespace, folder: Path) -> None:
    """Train one setting; test each task once, with the weights that were its best on validation."""
    setting = SETTINGS[name]
    device = options.device(chosen.device)
    settings = {
        "epochs": chosen.epochs,
        "batch": chosen.batch,
        "lr": chosen.lr,
        "dim": chosen.dim,
        "surgery": chosen.surgery,
        "cosine": chosen.cosine,
        **asdict(setting),
        "weights": list(setting.weights),
    }
    run = open_run("hw0", name, folder, chosen, data.source, **settings)
    torch.manual_seed(chosen.seed)
    mean = float(data.split("train")[2].mean())
    net = MultiTaskNet(
        data.num_users, data.num_items, chosen.dim, shared=setting.shared, mean=mean
    ).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=chosen.lr)
    rng = np.random.default_rng(chosen.seed)
    batches = Batches(data, chosen.batch, chosen.seed, device)
    every = batches.steps
    trainer = trainer_of(run, chosen, net, optimizer, rng, chosen.epochs * every, every)
    validation = HeldOut(data, "val", ("train",), device)
    sample = batches.at(0, np.random.default_rng(7))

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        with trainer.timer("data"):
            batch = batches.at(trainer.step, rng)
        return losses(net, batch, setting, rng if chosen.surgery else None)

    def evaluate() -> dict[str, float]:
        figures = {"val_mse": validation.error(net), "val_mrr": validation.rank(net)}
        keep_best(run, net, trainer.rows, figures)
        if chosen.cosine:
            from hw0.experiments.gradients import cosine  # an extra: its file may be empty

            figures["cosine"] = cosine(net, sample, setting)
        return {"epoch": trainer.step / every, **figures}

    bands, picture = trainer.reference.bands, folder / "curves.png"
    trainer.draw = lambda rows: plots.curves({name: rows}, METRICS, picture, LABELS, bands)
    check_first(trainer, chosen, {"ranking": 0.5})
    rows = trainer.fit(loss_of, evaluate)
    report(run, net, rows, HeldOut(data, "test", ("train", "val"), device))
    if chosen.cosine:
        plots.curves({name: rows}, ["cosine"], folder / "cosine.png", LABELS)
    trainer.draw(rows)


def losses(
    net: MultiTaskNet, batch: Batch, setting: Setting, rng: np.random.Generator | None
) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss to train on, and figures; with a generator, after gradient surgery."""
    loss, ranking, rating = joint_loss(net, *batch, setting.weights)
    figures = {"ranking": ranking.item(), "rating": rating.item()}
    if rng is not None:
        from hw0.experiments.gradients import with_surgery

        loss = with_surgery(loss, ranking, rating, net, setting, rng)
    return loss, figures


def keep_best(
    run: RunFolder, net: MultiTaskNet, rows: list[dict[str, float]], figures: dict[str, float]
) -> None:
    """Keep the weights that are the best so far on validation: best_mse.pt and best_mrr.pt."""
    for name, sign in (("mse", -1), ("mrr", 1)):
        value = sign * figures[f"val_{name}"]
        if all(value > sign * row[f"val_{name}"] for row in rows):
            with replacing(run.path / f"best_{name}.pt") as temporary:
                torch.save(net.state_dict(), temporary)


def report(
    run: RunFolder, net: MultiTaskNet, rows: list[dict[str, float]], held_out: HeldOut
) -> None:
    """Test each task at its own best epoch; write result.json and say it."""
    result: dict[str, float] = {}
    for name, judge in (("mse", held_out.error), ("mrr", held_out.rank)):
        path = run.path / f"best_{name}.pt"
        try:
            net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except (OSError, RuntimeError) as error:
            raise KitError(f"{path} cannot be read ({error}); train again") from None
        values = [row[f"val_{name}"] for row in rows]
        best = values.index(min(values) if name == "mse" else max(values))
        result |= {f"test_{name}": judge(net), f"epoch_{name}": round(rows[best]["epoch"])}
    run.finish(result)
    print(
        f"test: stars MSE {result['test_mse']:.3f} (epoch {result['epoch_mse']}), ranking MRR "
        f"{result['test_mrr']:.3f} (epoch {result['epoch_mrr']}), {run.seconds:.0f} s"
    )
