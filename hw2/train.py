"""Experiments of homework 2: `python -m hw2.train --help`."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path

from common import options, plots
from common.errors import KitError
from common.experiments import groups
from common.training import runs
from hw2.experiments.settings import (
    CHOOSE_SEED,
    CHOOSING_TASKS,
    GROUPS,
    REPORTED_TASKS,
    SETTINGS,
    SUPPORT_SIZES,
    TEST_SEED,
    TINY,
    VAL_SEED,
    Setting,
)

PHOTOS = "photos"
PANELS = ("val_accuracy", "query_accuracy", "support_accuracy", "loss")


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Train prototypical networks and MAML on few-shot tasks.",
        "  python -m hw2.train --experiment protonet-5-shot\n"
        "  python -m hw2.train --experiment required     the three that are handed in\n"
        "  python -m hw2.train --experiment comparison --predict   MAML's variants, equally long\n"
        "  python -m hw2.train --experiment photos       problem 5: another kind of data\n"
        "  python -m hw2.train --evaluate runs/hw2/maml-seed0 runs/hw2/protonet-1-shot-seed0\n"
        "  python -m hw2.train --evaluate runs/hw2/maml-seed0 --one-at-a-time",
    )
    names = [*SETTINGS, PHOTOS, *GROUPS]
    parser.add_argument("--experiment", choices=names, default="protonet-5-shot", metavar="NAME",
                        help=", ".join(names))  # fmt: skip
    parser.add_argument("--steps", type=int, help="in place of the setting's")
    parser.add_argument("--batch", type=int, help="tasks of a step, in place of the setting's")
    parser.add_argument("--lr", type=float, help="largest learning rate, in place of the setting's")
    parser.add_argument("--evaluate", type=Path, nargs="+", metavar="DIR",
                        help="no training: test trained runs on other tasks")  # fmt: skip
    parser.add_argument("--support", type=int, nargs="+", default=[*SUPPORT_SIZES], metavar="K",
                        help="support sizes for --evaluate (1 2 4 6 8 10)")  # fmt: skip
    parser.add_argument("--one-at-a-time", action="store_true",
                        help="for --evaluate: predict queries together, and one by one")  # fmt: skip
    parser.add_argument("--statistics", choices=["as-trained", "batch"], default="as-trained",
                        help="for --evaluate: batch normalisation by the batch at hand")  # fmt: skip
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Train or evaluate what was asked for."""
    from common.training.memory import keep_large_blocks

    chosen = arguments()
    keep_large_blocks()  # before the first large tensor
    for name in ("steps", "batch"):
        value = getattr(chosen, name)
        if value is not None and value < 1:
            raise KitError(f"--{name} must be at least 1")
    if chosen.experiment == PHOTOS and not chosen.evaluate:
        from hw2.experiments.photos import experiment

        experiment(chosen, chosen.out or options.RUNS / "hw2" / f"{PHOTOS}-seed{chosen.seed}")
        return

    from common.data import fewshot

    data = fewshot.load(chosen.data, chosen.tiny)
    if chosen.evaluate:
        from hw2.experiments import trained

        trained.evaluate(chosen, data)
        return
    group = GROUPS.get(chosen.experiment)
    names = list(group) if group else [chosen.experiment]
    groups.train_each(
        "hw2", names, chosen, lambda name, folder: train(name, data, chosen, folder), PANELS
    )


def setting_of(name: str, chosen: Namespace) -> Setting:
    """The setting's row of the table, with what the command line changes."""
    setting = SETTINGS[name]
    given = {key: getattr(chosen, key) for key in ("steps", "batch", "lr")}
    setting = replace(setting, **{key: value for key, value in given.items() if value is not None})
    if chosen.tiny:
        setting = replace(
            setting, steps=min(setting.steps, TINY["steps"]), way=min(setting.way, TINY["way"])
        )
    return setting


def train(name: str, data, chosen: Namespace, folder: Path) -> None:
    """Train one setting, keep the weights that are best on validation, test those once."""
    import numpy as np
    import torch

    from common.data.images import rotations
    from common.experiments import reference_band
    from common.training.step_timer import Clock
    from common.training.trainer import Trainer, warm_up_then_cosine
    from hw2.experiments.evaluation import fixed_tasks
    from hw2.experiments.methods import build
    from hw2.experiments.tasks import TaskSampler, shifted

    setting = setting_of(name, chosen)
    device = options.device(chosen.device)
    config = {"homework": "hw2", "experiment": name, "data": data.source, "seed": chosen.seed,
              "tiny": chosen.tiny, **asdict(setting)}  # fmt: skip
    run = runs.RunFolder(folder, config, chosen.resume)
    print(f"{name}: {folder}")
    torch.manual_seed(chosen.seed)
    rng = np.random.default_rng(chosen.seed)
    method = build(setting, device)
    characters = rotations(data.split("train"), mirrored=True)
    sampler = TaskSampler(characters, setting.way, setting.train_shot, setting.query)
    count = TINY["choosing"] if chosen.tiny else CHOOSING_TASKS
    choosing = fixed_tasks(data.split("val"), setting.shot, count, CHOOSE_SEED, device=device)
    optimizer = torch.optim.Adam(method.groups(setting.lr, setting.rate_factor))
    schedule = warm_up_then_cosine(optimizer, min(50, setting.steps // 10), setting.steps)

    def loss_of():
        with trainer.clock("data"):
            drawn = shifted(sampler.draw(setting.batch, rng), setting.shift, rng)
            tasks = drawn.ready(device)
        return method.loss(tasks)

    def evaluate():
        return {"val_accuracy": float(method.accuracies(choosing).mean()), **method.figures()}

    every = max(1, setting.steps // (2 if chosen.tiny else 10))
    trainer = Trainer(
        run, method.module, optimizer, rng, setting.steps, every, schedule, best_by="val_accuracy",
        clock=Clock(chosen.profile), reference=reference_band.of_run(run),
    )  # fmt: skip
    began = time.monotonic()
    rows = trainer.fit(loss_of, evaluate)
    trainer.load_best()
    found = judged(method, data, setting, chosen)
    report(run, found, method.rates(), trainer.best["step"], time.monotonic() - began)
    if method.rates():
        draw_rates(method.rates(), setting.inner_rate, folder / "rates.png")
    plots.curves({name: rows}, PANELS, folder / "curves.png", bands=trainer.reference.bands)


def judged(method, data, setting: Setting, chosen: Namespace) -> dict:
    """The accuracy of every task that is reported, of validation and of meta-test."""
    from hw2.experiments.evaluation import fixed_tasks

    count = TINY["reported"] if chosen.tiny else REPORTED_TASKS
    device = options.device(chosen.device)
    return {
        part: method.accuracies(
            fixed_tasks(data.split(part), setting.shot, count, seed, device=device)
        )
        for part, seed in (("val", VAL_SEED), ("test", TEST_SEED))
    }


def report(run, found: dict, rates: dict[str, float], best_step: int, seconds: float) -> None:
    """Write result.json and say it."""
    from common.statistics.intervals import confidence_interval

    result = {}
    for part, values in found.items():
        result[f"{part}_accuracy"] = float(values.mean())
        result[f"{part}_interval"] = confidence_interval(values)
    result |= {"interval": result["test_interval"], "tasks": len(found["test"]),
               "best_step": best_step, "seconds": round(seconds, 1)}  # fmt: skip
    if rates:
        result["rates"] = rates
    run.finish(result)
    for part, name in (("val", "validation"), ("test", "meta-test")):
        accuracy, interval = result[f"{part}_accuracy"], result[f"{part}_interval"]
        print(f"{name} accuracy {accuracy:.4f} ± {interval:.4f} ({result['tasks']} tasks)")
    print(f"weights of step {best_step}; {seconds:.0f} s")


def draw_rates(rates: dict[str, float], began: float, path: Path) -> None:
    """What each inner rate became."""
    figure, axis = plots.new(height=3 + 0.1 * len(rates))
    axis.barh(list(rates), list(rates.values()), color=plots.COLOURS[0])
    axis.axvline(began, color="black", linestyle=":", label="at the beginning")
    axis.invert_yaxis()
    axis.set_xlabel("learned inner rate")
    axis.legend(frameon=False)
    plots.save(figure, path)


if __name__ == "__main__":
    options.run_main(main)
