"""Trained runs on other tasks: `python -m hw2.train --evaluate`."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import fields
from pathlib import Path

import numpy as np

from common import options, plots
from common.data.images import FewShotImages
from common.errors import KitError
from common.files import write_text
from common.statistics.intervals import confidence_interval
from common.training import runs
from hw2.experiments.evaluation import fixed_tasks
from hw2.experiments.methods import Method, build
from hw2.experiments.settings import REPORTED_TASKS, SUPPORT_SIZES, TEST_SEED, TINY, Setting

ALONE_TASKS, ALONE_QUERIES = 200, 3
REPORTED = {"protonet-1-shot-seed0", "maml-seed0"}  # the runs whose tests a report shows


def evaluate(chosen: Namespace, data: FewShotImages) -> None:
    """Test trained runs with other support sizes, or one query at a time; on meta-test."""
    root = chosen.out or options.RUNS / "hw2"
    rows_of, sources = {}, set()
    for folder in chosen.evaluate:
        method, config = load(folder, chosen.device)
        sources.add(config["data"])
        if config["data"] != data.source:
            print(f"note: {folder} was trained on {config['data']}, and is tested on {data.source}")
        if chosen.statistics == "batch":
            method.use_batch_statistics()
        name = folder.name
        if chosen.one_at_a_time:
            rows_of[name] = together_and_alone(name, method, config["shot"], data, chosen)
        else:
            rows_of[name] = support_sizes(name, method, data, chosen)
    reported = {(root / name).resolve() for name in REPORTED}
    others = {folder.resolve() for folder in chosen.evaluate} != reported
    file = root / f"{file_name(chosen, list(rows_of), others, data.source, sources)}.json"
    write_text(file, json.dumps({"data": data.source, "rows": rows_of}, indent=2) + "\n")
    picture = draw(rows_of, file.with_suffix(".png"), alone=chosen.one_at_a_time)
    print(f"numbers: {file}\npicture: {picture}")


def file_name(
    chosen: Namespace, names: list[str], others: bool, source: str, trained_on: set[str]
) -> str:
    """Return the name of what is written, which says everything that differs from a report's tests.

    So no other test ever overwrites the file that a report reads.

    Args:
        names: of the runs.
        others: whether they are others than the two that a report shows, if by their folders alone.
    """
    parts = ["one-at-a-time" if chosen.one_at_a_time else "support"]
    if chosen.statistics == "batch":
        parts.append("batch")
    if chosen.tiny:
        parts.append("tiny")
    if not chosen.one_at_a_time and tuple(chosen.support) != SUPPORT_SIZES:
        parts += map(str, chosen.support)
    if trained_on != {source}:
        parts.append(f"on-{source}")
    if others:
        parts += sorted(names)
    return "-".join(parts)


def load(folder: Path, device: str) -> tuple[Method, dict]:
    """The method of a run folder with its best weights, and the run's configuration.

    Raises:
        KitError: when the folder holds no run of a method of this homework.
    """
    config = runs.read_config(folder)
    if config.get("homework") != "hw2" or "method" not in config:
        raise KitError(f"{folder} holds no ProtoNet or MAML run; name one below runs/hw2")
    setting = Setting(**{field.name: config[field.name] for field in fields(Setting)})
    method = build(setting, options.device(device))
    state = runs.read_checkpoint(folder / "checkpoint.pt")
    weights = state["best"]["module"] if state["best"] else state["module"]
    runs.load_weights(method.module, weights, str(folder))
    return method, config


def support_sizes(name: str, method: Method, data: FewShotImages, chosen: Namespace) -> list[dict]:
    """Accuracy for each support size, with intervals."""
    images, rows = data.split("test"), []
    count = TINY["reported"] if chosen.tiny else REPORTED_TASKS
    device = options.device(chosen.device)
    for shot in chosen.support:
        if not 1 <= shot < images.shape[1]:
            raise KitError(
                f"--support {shot}: a class has {images.shape[1]} drawings; leave some "
                "for the queries"
            )
        queries = min(10, images.shape[1] - shot)  # the same for 1 to 10
        tasks = fixed_tasks(images, shot, count, TEST_SEED, queries, device)
        found = report_mean(f"{name}, {shot} shot", method.accuracies(tasks))
        rows.append({"shot": shot, **found})
    return rows


def together_and_alone(
    name: str, method: Method, shot: int, data: FewShotImages, chosen: Namespace
) -> list[dict]:
    """Accuracy with all queries of a task in one batch, and with each by itself."""
    count = TINY["choosing"] if chosen.tiny else ALONE_TASKS
    device = options.device(chosen.device)
    tasks = fixed_tasks(data.split("test"), shot, count, TEST_SEED, ALONE_QUERIES, device)
    rows = []
    for alone in (False, True):
        how = "one at a time" if alone else "together"
        found = report_mean(f"{name}, queries {how}", method.accuracies(tasks, alone))
        rows.append({"alone": alone, **found})
    return rows


def report_mean(what: str, accuracies: np.ndarray) -> dict[str, float]:
    """The mean over tasks with its interval; says it."""
    found = {"accuracy": float(accuracies.mean()), "interval": confidence_interval(accuracies)}
    print("{}: {accuracy:.4f} ± {interval:.4f}".format(what, **found))
    return found


def draw(rows_of: dict, path: Path, alone: bool) -> Path:
    """Accuracies with intervals, one curve a run."""
    figure, axis = plots.new()
    key = "alone" if alone else "shot"
    for index, (name, rows) in enumerate(rows_of.items()):
        axis.errorbar(
            [row[key] for row in rows],
            [row["accuracy"] for row in rows],
            [row["interval"] for row in rows],
            label=name,
            capsize=3,
            **plots.style(index),
        )
    if alone:
        axis.set_xticks([0, 1], ["together", "one at a time"])
        axis.set_xlim(-0.3, 1.3)
    axis.set_xlabel("queries of a task" if alone else "support images of a class, at test time")
    axis.set_ylabel("meta-test accuracy (95 % interval)")
    plots.legend(figure)
    return plots.save(figure, path)
