"""Experiments of homework 2: `python -m hw2.train --help`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from common import options
from common.experiments import groups
from hw2.experiments.settings import GROUPS, PANELS, SETTINGS, SUPPORT_SIZES

PHOTOS = "photos"


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
        beside=("evaluate", "support", "one_at_a_time", "statistics"),
    )
    names = [*SETTINGS, PHOTOS, *GROUPS]
    parser.add_argument(
        "--experiment",
        choices=names,
        default="protonet-5-shot",
        metavar="NAME",
        help=", ".join(names),
    )
    parser.add_argument("--steps", type=options.count, help="in place of the setting's")
    parser.add_argument(
        "--batch", type=options.count, help="tasks of a step, in place of the setting's"
    )
    parser.add_argument(
        "--lr", type=options.positive, help="largest learning rate, in place of the setting's"
    )
    parser.add_argument(
        "--evaluate",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="no training: test trained runs on other tasks",
    )
    parser.add_argument(
        "--support",
        type=options.count,
        nargs="+",
        default=[*SUPPORT_SIZES],
        metavar="K",
        help="support sizes for --evaluate (1 2 4 6 8 10)",
    )
    parser.add_argument(
        "--one-at-a-time",
        action="store_true",
        help="for --evaluate: predict queries together, and one by one",
    )
    parser.add_argument(
        "--statistics",
        choices=["as-trained", "batch"],
        default="as-trained",
        help="for --evaluate: batch normalisation by the batch at hand",
    )
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Train or evaluate what was asked for."""
    chosen = arguments()
    from common.training.memory import keep_large_blocks

    keep_large_blocks()  # before the first large tensor
    if chosen.experiment == PHOTOS and not chosen.evaluate:
        from hw2.experiments import photos

        groups.train_each("hw2", [PHOTOS], chosen, lambda _, folder: photos.train(chosen, folder))
        return

    from common.data import fewshot

    data = fewshot.load(chosen.data, chosen.tiny)
    if chosen.evaluate:
        from hw2.experiments import trained

        trained.evaluate(chosen, data)
        return
    from hw2.experiments import few_shot

    group = GROUPS.get(chosen.experiment)
    names = list(group) if group else [chosen.experiment]
    groups.train_each(
        "hw2",
        names,
        chosen,
        lambda name, folder: few_shot.train(name, data, chosen, folder),
        PANELS,
    )


if __name__ == "__main__":
    options.run_main(main)
