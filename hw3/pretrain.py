"""The recipes of the kit's own weights: `python -m hw3.pretrain --help`."""

from __future__ import annotations

import importlib

from common import options
from common.errors import KitError

RECIPES = {"language": "language"}  # each is a module of hw3/pretraining


def main() -> None:
    """Run one recipe."""
    parser = options.parser(
        "Make the kit's pre-trained weights again, from nothing.",
        "  python -m hw3.pretrain language --size small       about 8 minutes on one core\n"
        "  python -m hw3.pretrain language --size large       about 12 minutes on one core",
    )
    parser.add_argument("recipe", choices=[*RECIPES], help=", ".join(RECIPES))
    parser.add_argument("--size", choices=["small", "large"], default="small", help="of the model")
    parser.add_argument("--steps", type=int, help="batches, in place of the recipe's number")
    chosen = parser.parse_args()
    if chosen.data not in (None, "generated"):
        raise KitError(f"--data {chosen.data}: the documents are generated; leave it out")
    if chosen.steps is not None and chosen.steps < 1:
        raise KitError("--steps must be at least 1")
    importlib.import_module(f"hw3.pretraining.{RECIPES[chosen.recipe]}").run(chosen)


if __name__ == "__main__":
    options.run_main(main)
