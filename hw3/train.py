"""Experiments of homework 3: `python -m hw3.train --help`."""

from __future__ import annotations

import importlib
from argparse import Namespace
from pathlib import Path

from common import options
from common.errors import KitError
from common.experiments import groups

# what is measured; each is a module of hw3/experiments with SETTINGS and run(chosen, folder)
VISION = {
    "shifts": "shifts",
    "shots": "shots",
    "probe-then-tune": "probing",
}
LANGUAGE = {
    "stars": "stars",
    "in-context": "asking",
    "orders": "orders",
    "tune-or-ask": "tune_or_ask",
    "summaries": "summaries",
}
REQUIRED = VISION | LANGUAGE
WATCHED = {  # a single tuning, step by step
    "watch-block": "watch_block",
    "watch-probe": "watch_probe",
    "watch-lora": "watch_lora",
}
OPTIONAL = WATCHED | {
    "merging": "merging",
    "photos": "photos",
    "regression": "regression",
    "real-language": "real_language",
}
EXPERIMENTS = REQUIRED | OPTIONAL
GROUPS = {"vision": VISION, "language": LANGUAGE, "all": REQUIRED}
MODELS = {  # experiment → the models it can tune, its default first
    "photos": ("squeezenet", "resnet20", "resnet18", "kit"),
    "real-language": ("stories260K", "gpt2", "bert-tiny"),
}


def arguments() -> Namespace:
    """The command line."""
    parser = options.parser(
        "Fine-tuning pre-trained models: what to tune, how much of it, or whether just to ask.",
        "  python -m hw3.train --experiment shifts\n"
        "  python -m hw3.train --experiment in-context\n"
        "  python -m hw3.train --experiment all          all that are required\n"
        "  python -m hw3.train --experiment photos --model squeezenet",
    )
    names = [*EXPERIMENTS, *GROUPS]
    parser.add_argument(
        "--experiment", choices=names, default="shifts", metavar="NAME", help=", ".join(names)
    )
    parser.add_argument(
        "--steps", type=options.count, help="of tuning, in place of the experiment's number"
    )
    parser.add_argument(
        "--seeds", type=options.count, help="repetitions, in place of the experiment's number"
    )
    parser.add_argument(
        "--lr",
        type=options.positive,
        help="language and probe-then-tune: learning rate of tuning, in place of the experiment's",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="; ".join(f"{name}: {', '.join(models)}" for name, models in MODELS.items()),
    )
    options.add_predict(parser)
    return parser.parse_args()


def main() -> None:
    """Run what was asked for."""
    chosen = arguments()
    names = list(GROUPS.get(chosen.experiment, [chosen.experiment]))
    if chosen.data not in (None, "generated") and set(names) & set(REQUIRED):
        raise KitError(f"--data {chosen.data}: this experiment draws its own data; leave it out")
    chosen.model = model_of(names, chosen.model)
    groups.train_each("hw3", names, chosen, lambda name, folder: run(name, chosen, folder))


def model_of(names: list[str], model: str | None) -> str | None:
    """The model that these experiments tune: the one asked for, or the default.

    Raises:
        KitError: when they cannot tune it.
    """
    known = MODELS.get(names[0], ())
    if model is None:
        return known[0] if known else None
    if model not in known:
        there = f"there is {', '.join(known)}" if known else "leave --model out"
        raise KitError(f"--model {model}: {names[0]} cannot tune it; {there}")
    return model


def run(name: str, chosen: Namespace, folder: Path) -> None:
    """Run one experiment; before the first long one of its kind, a rehearsal."""
    options.begin_on_cpu(chosen)
    rehearsing = importlib.import_module("hw3.experiments.rehearsing")  # it loads torch
    if name in rehearsing.MODES and rehearsing.wanted(name, chosen, folder):
        rehearsing.rehearse(name, chosen, folder)
        if chosen.check:
            return
    importlib.import_module(f"hw3.experiments.{EXPERIMENTS[name]}").run(chosen, folder)


if __name__ == "__main__":
    options.run_main(main)
