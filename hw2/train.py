"""Experiments of homework 2: `python -m hw2.train --help`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from common import comparison, options, plots, runs
from common.errors import KitError
from common.files import write_text

WAY = 5
CHOOSING_TASKS = 200  # for validation during training
REPORTED_TASKS = 600  # for validation and test at the end
ALONE_TASKS, ALONE_QUERIES = 200, 3
SUPPORT_SIZES = (1, 2, 4, 6, 8, 10)
CHOOSE_SEED, VAL_SEED, TEST_SEED = 20, 21, 22  # tasks of every evaluation are the same for all runs
TINY = {"steps": 8, "choosing": 20, "reported": 20}

PROTONET = {"filters": (32, 32, 32, 64), "shrink": ("stride", "norm-pool", "norm-pool", "norm-pool"),
            "running": True}  # fmt: skip
MAML = {"filters": (32, 32, 32, 32), "shrink": ("stride", "pool", "pool", "none"), "outputs": WAY,
        "zero_head": True}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """What one experiment trains, and on which tasks: the recipe, in one table.

    Attributes:
        method: protonet or maml.
        shot: K of the tasks that it is chosen and tested by.
        way, train_shot, query: N, K and Q of training tasks.
        batch: tasks of a step.
        shift: pixels by which a training drawing is moved at most.
        lr: the largest learning rate of Adam.
        inner_rate, inner_steps, learned, first_order: MAML's inner loop.
        rate_factor: learned rates are stepped by lr times this.
    """

    method: str
    shot: int
    steps: int
    way: int = 5
    train_shot: int = 1
    query: int = 5
    batch: int = 4
    shift: int = 2
    lr: float = 2e-3
    inner_rate: float = 0.4
    inner_steps: int = 1
    learned: bool = False
    first_order: bool = False
    rate_factor: float = 5.0


# ProtoNet trains on one large task a step: more classes than in a test (Snell et al., section 3.2).
_PROTONET = Setting("protonet", shot=5, steps=2000, way=60, train_shot=5, batch=1)
_MAML = Setting("maml", shot=1, steps=8000)
_SHORT = replace(_MAML, steps=1500)  # the comparisons, all equally long

REQUIRED = {
    "protonet-5-shot": _PROTONET,
    "protonet-1-shot": replace(_PROTONET, shot=1, steps=4500),
    "maml": _MAML,
}
COMPARISON = {
    "rate-0.4": _SHORT,
    "rate-0.04": replace(_SHORT, inner_rate=0.04),
    "rate-0.04-5-steps": replace(_SHORT, inner_rate=0.04, inner_steps=5),
    "learned-rates": replace(_SHORT, inner_rate=0.04, learned=True),
    "first-order": replace(_SHORT, first_order=True),
}
LONG = {
    "protonet-long": replace(_PROTONET, steps=10000, shot=1),
    "maml-long": replace(_MAML, steps=40000),
}
SETTINGS = REQUIRED | COMPARISON | LONG
GROUPS = {"required": REQUIRED, "comparison": COMPARISON, "all": REQUIRED | COMPARISON}
PHOTOS = "photos"
PANELS = ("val_accuracy", "support_accuracy", "loss")


def arguments():
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
    parser.add_argument("--support", type=int, nargs="+", default=list(SUPPORT_SIZES), metavar="K",
                        help="support sizes for --evaluate (1 2 4 6 8 10)")  # fmt: skip
    parser.add_argument("--one-at-a-time", action="store_true",
                        help="for --evaluate: predict queries together, and one by one")  # fmt: skip
    parser.add_argument("--statistics", choices=["as-trained", "batch"], default="as-trained",
                        help="for --evaluate: batch normalisation by the batch at hand")  # fmt: skip
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Train or evaluate what was asked for."""
    from common.memory import keep_large_blocks

    chosen = arguments()
    keep_large_blocks()  # before the first large tensor
    for name in ("steps", "batch"):
        value = getattr(chosen, name)
        if value is not None and value < 1:
            raise KitError(f"--{name} must be at least 1")
    if chosen.experiment == PHOTOS and not chosen.evaluate:
        from hw2.photos import experiment

        experiment(chosen, chosen.out or options.RUNS / "hw2" / f"{PHOTOS}-seed{chosen.seed}")
        return

    from common.data import fewshot

    data = fewshot.load(chosen.data, chosen.tiny)
    if chosen.evaluate:
        evaluate_runs(chosen, data)
        return
    group = GROUPS.get(chosen.experiment)
    names = list(group) if group else [chosen.experiment]
    comparison.train_each(
        "hw2", names, chosen, lambda name, folder: train(name, data, chosen, folder), PANELS
    )


def setting_of(name: str, chosen) -> Setting:
    """The setting's row of the table, with what the command line changes."""
    setting = SETTINGS[name]
    given = {key: getattr(chosen, key) for key in ("steps", "batch", "lr")}
    setting = replace(setting, **{key: value for key, value in given.items() if value is not None})
    if chosen.tiny:
        setting = replace(
            setting, steps=min(setting.steps, TINY["steps"]), way=min(setting.way, 10)
        )
    return setting


def train(name: str, data, chosen, folder: Path) -> None:
    """Train one setting, keep the weights that are best on validation, test those once."""
    import numpy as np
    import torch

    from common.clock import Clock
    from common.data.images import rotations
    from common.training import Trainer, warm_up_then_cosine
    from hw2.evaluation import fixed_tasks
    from hw2.tasks import TaskSampler, shifted

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
    counts = (
        (TINY["choosing"], TINY["reported"]) if chosen.tiny else (CHOOSING_TASKS, REPORTED_TASKS)
    )
    choosing = [t.ready(device) for t in
                fixed_tasks(data.split("val"), setting.shot, counts[0], CHOOSE_SEED)]  # fmt: skip
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
        clock=Clock(chosen.profile),
    )  # fmt: skip
    began = time.monotonic()
    rows = trainer.fit(loss_of, evaluate)
    trainer.load_best()
    found = {
        part: method.accuracies(
            [t.ready(device) for t in fixed_tasks(data.split(part), setting.shot, counts[1], seed)]
        )
        for part, seed in (("val", VAL_SEED), ("test", TEST_SEED))
    }
    report(run, found, method.rates(), trainer.best["step"], time.monotonic() - began)
    if method.rates():
        draw_rates(method.rates(), setting.inner_rate, folder / "rates.png")
    plots.curves({name: rows}, PANELS, folder / "curves.png", bands=trainer.corridor.bands)


def build(setting: Setting, device):
    """What knows how to train and to judge the setting's method."""
    return {"protonet": ProtoNet, "maml": Maml}[setting.method](setting, device)


class ProtoNet:
    """The student's prototypical network."""

    def __init__(self, setting: Setting, device) -> None:
        import torch

        from common.networks import Conv4

        self.module = Conv4(**PROTONET).to(device, memory_format=torch.channels_last)
        self.way = setting.way

    def groups(self, lr: float, rate_factor: float) -> list[dict]:
        """For the optimizer."""
        return [{"params": list(self.module.parameters()), "lr": lr}]

    def loss(self, tasks):
        """Loss and figures of a batch of training tasks."""
        from hw2.evaluation import plain
        from hw2.protonet import protonet_loss

        loss, support, query = protonet_loss(self.module, tasks, self.way)
        return loss, {"support_accuracy": plain(support), "query_accuracy": plain(query)}

    def accuracies(self, batches, alone: bool = False):
        """The query accuracy of every task."""
        from hw2.evaluation import protonet_accuracies

        return protonet_accuracies(self.module, batches, alone)

    def figures(self) -> dict[str, float]:
        """What else a row of metrics holds."""
        return {}

    def rates(self) -> dict[str, float]:
        """It has no inner rates."""
        return {}

    def use_batch_statistics(self) -> None:
        """Let batch normalisation use the batch at hand."""
        from hw2.evaluation import with_batch_statistics

        self.module = with_batch_statistics(self.module)


class Maml:
    """The student's MAML."""

    def __init__(self, setting: Setting, device) -> None:
        from common.networks import Conv4
        from hw2.learner import Learner
        from hw2.mapping import OverTasks

        self.module = Learner(
            Conv4(**MAML).to(device), setting.inner_rate, setting.inner_steps, setting.learned,
            setting.first_order,
        ).to(device)  # fmt: skip
        self.mapped = OverTasks(self.module)

    def groups(self, lr: float, rate_factor: float) -> list[dict]:
        """For the optimizer."""
        return self.module.groups(lr, rate_factor)

    def loss(self, tasks):
        """Loss and figures of a batch of training tasks."""
        self.module.limit_rates()
        losses, support, query = self.mapped(self.module.of_task, tasks)
        before, after = support.mean(0)[[0, -1]].tolist()
        figures = {"before_accuracy": before, "support_accuracy": after}
        return losses.mean(), figures | {"query_accuracy": query.mean().item()}

    def accuracies(self, batches, alone: bool = False):
        """The query accuracy of every task."""
        from hw2.evaluation import maml_accuracies

        return maml_accuracies(self.module, self.mapped, batches, alone)

    def figures(self) -> dict[str, float]:
        """What else a row of metrics holds: the mean of the learned rates."""
        rates = list(self.rates().values())
        return {"mean_rate": sum(rates) / len(rates)} if rates else {}

    def rates(self) -> dict[str, float]:
        """The learned rates by name."""
        rates = self.module.rates.items()
        return {name: rate.mean().item() for name, rate in rates if rate.requires_grad}

    def use_batch_statistics(self) -> None:
        """It never uses any other."""


def report(run, found: dict, rates: dict[str, float], best_step: int, seconds: float) -> None:
    """Write result.json and say it."""
    from common.metrics import confidence_interval

    result = {}
    for part, values in found.items():
        result[f"{part}_accuracy"] = float(values.mean())
        result[f"{part}_interval"] = confidence_interval(values)
    result |= {"interval": result["test_interval"], "tasks": len(found["test"]),
               "best_step": best_step, "seconds": round(seconds, 1)}  # fmt: skip
    if rates:
        result["rates"] = rates
    write_text(run.path / "result.json", json.dumps(result, indent=2) + "\n")
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


# --- trained runs on other tasks ----------------------------------------------------------------


def evaluate_runs(chosen, data) -> None:
    """Test trained runs with other support sizes, or one query at a time; on meta-test."""
    root = chosen.out or options.RUNS / "hw2"
    rows_of = {}
    for folder in chosen.evaluate:
        method, config = trained(folder, chosen)
        if config["data"] != data.source:
            print(f"note: {folder} was trained on {config['data']}, and is tested on {data.source}")
        if chosen.statistics == "batch":
            method.use_batch_statistics()
        name = folder.name
        if chosen.one_at_a_time:
            rows_of[name] = together_and_alone(name, method, config, data, chosen)
        else:
            rows_of[name] = support_sizes(name, method, data, chosen)
    kind = "one-at-a-time" if chosen.one_at_a_time else "support"
    file = root / f"{kind}{'-batch' if chosen.statistics == 'batch' else ''}.json"
    write_text(file, json.dumps({"data": data.source, "rows": rows_of}, indent=2) + "\n")
    picture = draw(rows_of, file.with_suffix(".png"), alone=chosen.one_at_a_time)
    print(f"numbers: {file}\npicture: {picture}")


def trained(folder: Path, chosen):
    """The method of a run folder with its best weights, and the run's configuration."""
    config = runs.read_config(folder)
    if config.get("homework") != "hw2" or "method" not in config:
        raise KitError(f"{folder} holds no ProtoNet or MAML run; name one below runs/hw2")
    fields = {key: config[key] for key in Setting.__dataclass_fields__}
    method = build(Setting(**fields), options.device(chosen.device))
    state = runs.read_checkpoint(folder / "checkpoint.pt")
    weights = state["best"]["module"] if state["best"] else state["module"]
    runs.load_weights(method.module, weights, str(folder))
    return method, config


def support_sizes(name: str, method, data, chosen) -> list[dict]:
    """Accuracy for each support size, with intervals."""
    from common.metrics import confidence_interval
    from hw2.evaluation import fixed_tasks

    images, rows = data.split("test"), []
    count = TINY["reported"] if chosen.tiny else REPORTED_TASKS
    for shot in chosen.support:
        if not 1 <= shot < images.shape[1]:
            raise KitError(f"--support {shot}: a class has {images.shape[1]} drawings; leave some "
                           "for the queries")  # fmt: skip
        queries = min(10, images.shape[1] - shot)  # the same for 1 to 10
        device = options.device(chosen.device)
        batches = [t.ready(device) for t in fixed_tasks(images, shot, count, TEST_SEED, queries)]
        values = method.accuracies(batches)
        rows.append({"shot": shot, "accuracy": float(values.mean()),
                     "interval": confidence_interval(values)})  # fmt: skip
        print(f"{name}, {shot} shot: {rows[-1]['accuracy']:.4f} ± {rows[-1]['interval']:.4f}")
    return rows


def together_and_alone(name: str, method, config: dict, data, chosen) -> list[dict]:
    """Accuracy with all queries of a task in one batch, and with each by itself."""
    from common.metrics import confidence_interval
    from hw2.evaluation import fixed_tasks

    count = TINY["choosing"] if chosen.tiny else ALONE_TASKS
    device = options.device(chosen.device)
    batches = fixed_tasks(data.split("test"), config["shot"], count, TEST_SEED, ALONE_QUERIES)
    batches, rows = [t.ready(device) for t in batches], []
    for alone in (False, True):
        values = method.accuracies(batches, alone)
        rows.append({"alone": alone, "accuracy": float(values.mean()),
                     "interval": confidence_interval(values)})  # fmt: skip
        how = "one at a time" if alone else "together"
        print(f"{name}, queries {how}: {rows[-1]['accuracy']:.4f} ± {rows[-1]['interval']:.4f}")
    return rows


def draw(rows_of: dict, path: Path, alone: bool) -> Path:
    """Accuracies with intervals, one curve a run."""
    figure, axis = plots.new()
    key = "alone" if alone else "shot"
    for index, (name, rows) in enumerate(rows_of.items()):
        axis.errorbar(
            [row[key] for row in rows], [row["accuracy"] for row in rows],
            [row["interval"] for row in rows], label=name, capsize=3, **plots.style(index),
        )  # fmt: skip
    if alone:
        axis.set_xticks([0, 1], ["together", "one at a time"])
        axis.set_xlim(-0.3, 1.3)
    axis.set_xlabel("queries of a task" if alone else "support images of a class, at test time")
    axis.set_ylabel("meta-test accuracy (95 % interval)")
    axis.legend(frameon=False)
    return plots.save(figure, path)


if __name__ == "__main__":
    options.run_main(main)
