"""How the weights in hw3/weights were made: `python -m hw3.pretrain --help`."""

from __future__ import annotations

import importlib
from argparse import Namespace

from common import options
from common.errors import KitError

# what can be pre-trained; each is a module of hw3/pretrain with run(chosen, folder)
RECIPES = ("vision", "language")


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Pre-train the kit's own models. The weights of the kit were made in this way. A run "
        "writes its own weights into the run folder and changes nothing else.",
        "  python -m hw3.pretrain vision                      about 2 minutes on one core\n"
        "  python -m hw3.pretrain language --size small       about 8 minutes on one core\n"
        "  python -m hw3.pretrain language --size large       about 13 minutes on one core",
    )
    parser.add_argument("model", choices=RECIPES, metavar="MODEL", help=", ".join(RECIPES))
    parser.add_argument("--steps", type=int, help="batches, in place of the recipe's number")
    parser.add_argument(
        "--size",
        choices=("small", "large"),
        default="small",
        help="language: small (default) or large",
    )
    return parser.parse_args()


def main() -> None:
    """Pre-train what was asked for."""
    chosen = arguments()
    if chosen.steps is not None and chosen.steps < 1:
        raise KitError("--steps must be at least 1")
    folder = chosen.out or options.RUNS / "hw3" / f"pretrain-{chosen.model}-seed{chosen.seed}"
    print(f"pre-training {chosen.model}: {folder}")
    importlib.import_module(f"hw3.pretrain.{chosen.model}").run(chosen, folder)


if __name__ == "__main__":
    options.run_main(main)
