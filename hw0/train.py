"""Experiments of homework 0: `python -m hw0.train --help`."""

from __future__ import annotations

from argparse import Namespace

from common import options
from common.errors import KitError
from common.experiments import groups
from hw0.experiments.settings import LABELS, PANELS, SETTINGS


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Train a recommender with two tasks: what will be watched, and how many stars it gets.",
        "  python -m hw0.train --experiment shared-99\n"
        "  python -m hw0.train --experiment all --predict    all four, and a picture of them\n"
        "  python -m hw0.train --experiment shared-50 --cosine\n"
        "  python -m hw0.train --experiment shared-50 --surgery",
        beside=("cosine", "surgery"),
    )
    names = [*SETTINGS, "all"]
    parser.add_argument(
        "--experiment", choices=names, default="shared-99", metavar="NAME", help=", ".join(names)
    )
    parser.add_argument(
        "--epochs", type=options.count, default=30, help="times through the data (30)"
    )
    parser.add_argument(
        "--batch", type=options.count, default=1024, help="ratings in a batch (1024)"
    )
    parser.add_argument("--lr", type=options.positive, default=1e-2, help="learning rate (0.01)")
    parser.add_argument("--dim", type=options.count, default=32, help="length of a vector (32)")
    parser.add_argument(
        "--cosine", action="store_true", help="extra X1: log the angle between the tasks' gradients"
    )
    parser.add_argument(
        "--surgery", action="store_true", help="extra X2: gradient surgery on the shared tables"
    )
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Train what was asked for."""
    chosen = arguments()
    if chosen.tiny:
        chosen.epochs, chosen.batch = min(chosen.epochs, 3), min(chosen.batch, 128)
    names = list(SETTINGS) if chosen.experiment == "all" else [chosen.experiment]
    if chosen.cosine or chosen.surgery:
        names = [name for name in names if SETTINGS[name].shared]
        if not names:
            raise KitError("--cosine and --surgery need shared tables: --experiment shared-50")

    from common.data import recommender as ratings
    from hw0.experiments import recommender

    data = ratings.load(chosen.data, chosen.tiny)
    groups.train_each(
        "hw0",
        names,
        chosen,
        lambda name, folder: recommender.train(name, data, chosen, folder),
        PANELS,
        LABELS,
        "-surgery" if chosen.surgery else "",
    )


if __name__ == "__main__":
    options.run_main(main)
