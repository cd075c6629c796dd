"""Train named experiments one after the other; put their curves, and a prediction, in pictures."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from common import homework as homeworks
from common import options, plots
from common.errors import KitError
from common.experiments import given_code, prediction
from common.homework import Comparison
from common.training import runs


class AlreadyFinished(Exception):
    """A run that was to be gone on with has come to its end before."""


class Rehearsed(Exception):
    """All that --check asks for is done."""


def train_each(
    homework: str,
    names: Sequence[str],
    chosen: Namespace,
    train: Callable[[str, Path], None],
    panels: Sequence[str] = (),
    labels: dict[str, str] | None = None,
    suffix: str = "",
) -> None:
    """Train every experiment that was asked for.

    Args:
        names: of the experiments.
        chosen: the command line: out, seed, experiment, predict.
        train: trains one, in the folder that it is given.
        panels: metrics of the picture of several experiments; none: no such picture.
        labels: their axis labels.
        suffix: of the folders' names, before the seed.
    """
    table = homeworks.load(homework)
    print("".join(f"{note}\n" for note in given_code.notes(table)), end="", flush=True)
    root = chosen.out or options.RUNS / homework
    if chosen.check:
        for name in names:
            with contextlib.suppress(Rehearsed):
                train(name, root / "check" / f"{name}{suffix}-seed{chosen.seed}")
        return
    single = len(names) == 1 and chosen.out is not None
    folders = {
        name: root if single else root / f"{name}{suffix}-seed{chosen.seed}" for name in names
    }
    group = root.parent if single else root
    comparisons = [
        one for one in table.comparisons if not suffix and set(names) & set(one.experiments)
    ]
    if chosen.predict is not None:
        if not comparisons:
            raise KitError(f"--predict: {', '.join(names)} is compared with nothing; leave it out")
        for comparison in comparisons:
            prediction.settle(comparison, group, chosen.predict, chosen.tiny)
    for name, folder in folders.items():
        try:
            train(name, folder)
        except AlreadyFinished:
            print(f"{name}: {folder} is finished")
    if len(names) > 1 and panels:
        rows = {name: runs.read_metrics(folder) for name, folder in folders.items()}
        which = "" if chosen.experiment == "all" else f"-{chosen.experiment}"
        picture = root / f"compare{which}{suffix}-seed{chosen.seed}.png"
        print(f"picture: {plots.curves(rows, panels, picture, labels)}")
    for comparison in comparisons:
        where = {
            name: folders.get(name, group / f"{name}-seed{chosen.seed}")
            for name in comparison.experiments
        }
        show_prediction(comparison, where, group, chosen.seed)


def show_prediction(
    comparison: Comparison, folders: dict[str, Path], group: Path, seed: int
) -> None:
    """Say what became of a prediction once every run that it is about has ended."""
    if not all(runs.is_finished(folder) for folder in folders.values()):
        return
    configs = [runs.read_config(folder) for folder in folders.values()]
    if len({(config["data"], config["tiny"]) for config in configs}) > 1:
        return
    found = prediction.read(group, comparison, configs[0]["tiny"])
    if found is None or found.winner is None:
        return
    rows = {name: runs.read_metrics(folder) for name, folder in folders.items()}
    path = group / f"prediction-{comparison.name}-seed{seed}.png"
    print(f"{prediction.draw(comparison, rows, found, path)}\npicture: {path}")
