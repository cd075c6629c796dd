"""Experiments of homework 1: `python -m hw1.train --help`."""

from __future__ import annotations

from argparse import Namespace

from common import options
from common.experiments import groups
from hw1.experiments.settings import PANELS, REQUIRED, SETTINGS


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Train a memory-augmented network on few-shot tasks.",
        "  python -m hw1.train --experiment 1-shot-2-way\n"
        "  python -m hw1.train --experiment all --predict    the four required ones, compared\n"
        "  python -m hw1.train --experiment 1-shot-3-way --lr 0.01 --out runs/hw1/lr-0.01",
    )
    names = [*SETTINGS, "all"]
    parser.add_argument(
        "--experiment", choices=names, default="1-shot-2-way", metavar="NAME", help=", ".join(names)
    )
    parser.add_argument("--steps", type=options.count, default=3000, help="batches (default 3000)")
    parser.add_argument(
        "--batch", type=options.count, default=128, help="tasks in a batch (default 128)"
    )
    parser.add_argument(
        "--lr", type=options.positive, default=3e-3, help="largest learning rate (0.003)"
    )
    parser.add_argument(
        "--hidden", type=options.count, help="size of the memory, in place of the setting's"
    )
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Train what was asked for."""
    chosen = arguments()
    if chosen.tiny:
        chosen.steps, chosen.batch = min(chosen.steps, 30), min(chosen.batch, 16)
    names = list(REQUIRED) if chosen.experiment == "all" else [chosen.experiment]

    from common.data import fewshot
    from hw1.experiments import few_shot

    data = fewshot.load(chosen.data, chosen.tiny)
    groups.train_each(
        "hw1",
        names,
        chosen,
        lambda name, folder: few_shot.train(name, data, chosen, folder),
        PANELS,
    )


if __name__ == "__main__":
    options.run_main(main)
