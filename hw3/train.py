"""Experiments of homework 3: `python -m hw3.train --help`."""

from __future__ import annotations

import importlib
from argparse import Namespace
from pathlib import Path

from common import options
from common.errors import KitError

# what is measured; each is a module of hw3/experiments with SETTINGS and run(chosen, folder)
EXPERIMENTS = {
    "shifts": "shifts",
    "shots": "shots",
    "probe-then-tune": "probing",
}
OPTIONAL = {
    "photos": "photos",
}
MODELS = ("kit", "resnet20", "squeezenet", "resnet18")


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Fine-tuning pre-trained models: what to tune, and how much of it.",
        "  python -m hw3.train --experiment shifts\n"
        "  python -m hw3.train --experiment all          all that are required\n"
        "  python -m hw3.train --experiment photos --model squeezenet",
    )
    names = [*EXPERIMENTS, *OPTIONAL, "all"]
    parser.add_argument("--experiment", choices=names, default=names[0], metavar="NAME",
                        help=", ".join(names))  # fmt: skip
    parser.add_argument("--steps", type=int, help="of tuning, in place of the experiment's number")
    parser.add_argument("--seeds", type=int, help="how many repetitions (default: at least 5)")
    parser.add_argument("--model", choices=MODELS, default="squeezenet", metavar="NAME",
                        help=f"photos: {', '.join(MODELS)}")  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Run what was asked for."""
    chosen = arguments()
    for name in ("steps", "seeds"):
        if getattr(chosen, name) is not None and getattr(chosen, name) < 1:
            raise KitError(f"--{name} must be at least 1")
    names = list(EXPERIMENTS) if chosen.experiment == "all" else [chosen.experiment]
    if chosen.data not in (None, "generated") and set(names) & set(EXPERIMENTS):
        raise KitError(f"--data {chosen.data}: this experiment draws its own data; leave it out")
    root = chosen.out or options.RUNS / "hw3"
    several = len(names) > 1 or chosen.out is None
    for name in names:
        folder = root / f"{name}-seed{chosen.seed}" if several else root
        run(name, chosen, folder)


def run(name: str, chosen: Namespace, folder: Path) -> None:
    """Run one experiment."""
    import torch

    options.device(chosen.device)
    if chosen.device not in ("cpu", "auto"):
        print("these networks are so small that the CPU is the fastest device; it is used")
    torch.manual_seed(chosen.seed)
    print(f"{name}: {folder}")
    module = (EXPERIMENTS | OPTIONAL)[name]
    importlib.import_module(f"hw3.experiments.{module}").run(chosen, folder)


if __name__ == "__main__":
    options.run_main(main)
