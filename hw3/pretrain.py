"""How the weights in hw3/weights were made: `python -m hw3.pretrain --help`."""

from __future__ import annotations

import importlib
from argparse import Namespace

from common import options

# what can be pre-trained; each is a module of hw3/pretraining with run(chosen, folder)
RECIPES = {
    "vision": "vision",
}


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Pre-train the kit's own models. The weights that come with the kit were made so; a run "
        "leaves its own in the run folder and changes nothing else.",
        "  python -m hw3.pretrain vision\n"
        "  python -m hw3.pretrain vision --seed 1 --out runs/hw3/vision-seed1",
    )
    parser.add_argument("model", choices=list(RECIPES), metavar="MODEL", help=", ".join(RECIPES))
    parser.add_argument("--steps", type=int, help="batches, in place of the recipe's number")
    return parser.parse_args()


def main() -> None:
    """Pre-train what was asked for."""
    chosen = arguments()
    folder = chosen.out or options.RUNS / "hw3" / f"pretrain-{chosen.model}-seed{chosen.seed}"
    print(f"pre-training {chosen.model}: {folder}")
    importlib.import_module(f"hw3.pretraining.{RECIPES[chosen.model]}").run(chosen, folder)


if __name__ == "__main__":
    options.run_main(main)
