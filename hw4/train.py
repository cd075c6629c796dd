"""Experiments of homework 4: `python -m hw4.train --help`."""

from __future__ import annotations

import importlib
from argparse import Namespace
from pathlib import Path

from common import options
from common.errors import KitError
from common.experiments import groups

# what is measured; each is a module of hw4/experiments with SETTINGS and run(chosen, folder)
EXPERIMENTS = {
    "prior": "prior",
    "neural-process": "process",
    "memorisation": "memorisation",
    "calibration": "calibration",
    "meta-overfitting": "overfitting",
}


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Bayesian meta-learning: five experiments on tasks whose truth is known.",
        "  python -m hw4.train --experiment prior\n"
        "  python -m hw4.train --experiment all          all five\n"
        "  python -m hw4.train --experiment memorisation --predict\n"
        "  python -m hw4.train --experiment memorisation --beta 0.5 --out runs/hw4/beta-0.5",
    )
    names = [*EXPERIMENTS, "all"]
    parser.add_argument(
        "--experiment", choices=names, default="prior", metavar="NAME", help=", ".join(names)
    )
    parser.add_argument(
        "--steps", type=options.count, help="batches, in place of the experiment's number"
    )
    parser.add_argument(
        "--batch", type=options.count, help="tasks in a batch, in place of the experiment's"
    )
    parser.add_argument("--lr", type=options.positive, help="learning rate to begin with")
    parser.add_argument(
        "--beta",
        type=float,
        default=0.05,
        help="memorisation: price of a nat in a weight (default 0.05)",
    )
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Run what was asked for."""
    chosen = arguments()
    if chosen.data not in (None, "generated"):
        raise KitError(f"--data {chosen.data}: the tasks of homework 4 are generated; leave it out")
    names = list(EXPERIMENTS) if chosen.experiment == "all" else [chosen.experiment]
    print("data: generated (every task is drawn by the kit)")
    groups.train_each("hw4", names, chosen, lambda name, folder: run(name, chosen, folder))


def run(name: str, chosen: Namespace, folder: Path) -> None:
    """Run one experiment."""
    options.begin_on_cpu(chosen)
    importlib.import_module(f"hw4.experiments.{EXPERIMENTS[name]}").run(chosen, folder)


if __name__ == "__main__":
    options.run_main(main)
