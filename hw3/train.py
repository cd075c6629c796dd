"""Experiments of homework 3: `python -m hw3.train --help`."""

from __future__ import annotations

import importlib
from argparse import Namespace
from pathlib import Path

from common import options
from common.errors import KitError

# what is measured; each is a module of hw3/experiments with SETTINGS and run(chosen, folder)
EXPERIMENTS = {
    "stars": "stars",
    "in-context": "asking",
    "orders": "orders",
    "tune-or-ask": "tune_or_ask",
    "summaries": "summaries",
}
OPTIONAL = {"regression": "regression", "real-language": "real_language"}


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Tune a pre-trained model, or just ask it.",
        "  python -m hw3.train --experiment in-context\n"
        "  python -m hw3.train --experiment all          all that are required\n"
        "  python -m hw3.train --experiment tune-or-ask --lr 3e-3 --out runs/hw3/other-rate",
    )
    names = [*EXPERIMENTS, *OPTIONAL, "all"]
    parser.add_argument("--experiment", choices=names, default="in-context", metavar="NAME",
                        help=", ".join(names))  # fmt: skip
    parser.add_argument("--steps", type=int, help="of tuning, in place of the experiment's number")
    parser.add_argument("--seeds", type=int, help="how many repetitions (default: at least 3)")
    parser.add_argument("--lr", type=float, help="learning rate, in place of the experiment's")
    parser.add_argument("--model", default="stories260K", metavar="NAME",
                        help="real-language: stories260K (default), gpt2 or bert-tiny")  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Run what was asked for."""
    chosen = arguments()
    for name in ("steps", "seeds"):
        if getattr(chosen, name) is not None and getattr(chosen, name) < 1:
            raise KitError(f"--{name} must be at least 1")
    names = [*EXPERIMENTS] if chosen.experiment == "all" else [chosen.experiment]
    if chosen.data not in (None, "generated") and names != ["real-language"]:
        raise KitError(f"--data {chosen.data}: the texts are generated; leave it out")
    root = chosen.out or options.RUNS / "hw3"
    several = len(names) > 1 or chosen.out is None
    for name in names:
        run(name, chosen, root / f"{name}-seed{chosen.seed}" if several else root)


def run(name: str, chosen: Namespace, folder: Path) -> None:
    """Run one experiment."""
    import torch

    options.device(chosen.device)
    if chosen.device not in ("cpu", "auto"):
        print("these models are so small that the CPU is the fastest device; it is used")
    torch.manual_seed(chosen.seed)
    print(f"{name}: {folder}")
    importlib.import_module(f"hw3.experiments.{(EXPERIMENTS | OPTIONAL)[name]}").run(chosen, folder)


if __name__ == "__main__":
    options.run_main(main)
