"""Reference runs → hwN/bands.json: where one more honest run is expected at every evaluation."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from common import homework as homeworks
from common.errors import KitError
from common.experiments import reference_band
from common.files import write_text
from common.statistics.intervals import quantile
from common.training import runs
from staff import command

LEAST_SEEDS = 3
LEAST_WIDTH = 0.02  # of the mean: seeds that agree by chance make no band that nobody can meet
LEAST_ERRORS = 0.5  # of the errors, where an accuracy is so high that they are fewer than that

# Ask a training script what it would write down, experiment by experiment, and train nothing.
CONFIGS = """
import json, runpy, sys
from common.training import runs
module, *asked = sys.argv[1:]
def configured(self, path, config, resume=False):
    print("\\nCONFIG " + json.dumps(config), flush=True)
    raise SystemExit
runs.RunFolder.__init__ = configured
for pair in asked:
    experiment, source = pair.split("=", 1)
    sys.argv = [module, "--experiment", experiment, "--data", source]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise
"""


def main(argv: list[str]) -> int:
    """Make bands; say of what."""
    options = command.parser(
        "bands",
        "Make the reference bands of hwN/bands.json from run folders. Runs are grouped by experiment\n"
        "and data source; what is in the file and not among them stays.",
        "example:\n  python -m staff bands hw1 runs/hw1/*-seed?",
    )
    command.add_shared(options, "homework")
    options.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN_FOLDER", help="of finished runs, several seeds"
    )
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.homework)
    watched = homework.watched
    if not watched:
        raise KitError(f'{homework.name}/homework.toml: add watched = ["val_accuracy", …]')
    bands = reference_band.read(homework.name, homework.root)
    groups = group_runs(homework.name, chosen.runs)
    defaults = default_configs(homework, list(groups))
    for (experiment, source), folders in groups.items():
        settings = defaults[experiment, source]
        require_same_settings(folders, settings)
        made = band(folders, settings, watched)
        bands.setdefault(experiment, {})[source] = made
        seeds = ", ".join(map(str, made["seeds"]))
        print(
            f"{experiment} on {source}: seeds {seeds}; {len(made['steps'])} evaluations of "
            f"{', '.join(made['metrics'])}"
        )
    path = homework.folder / reference_band.FILE
    write_text(path, as_text(bands))
    print(f"{path.relative_to(homework.root)}: {path.stat().st_size / 1024:.0f} kB")
    return 0


def group_runs(homework: str, folders: list[Path]) -> dict[tuple[str, str], list[Path]]:
    """Run folders by experiment and data source, each group in the order of its seeds.

    Raises:
        KitError: for a run that is no reference, and for a group that is too small.
    """
    groups: dict[tuple[str, str], dict[int, Path]] = defaultdict(dict)
    for folder in folders:
        config = runs.read_config(folder)
        if config.get("homework") != homework:
            raise KitError(f"{folder} is a run of {config.get('homework')}, not of {homework}")
        if config.get("tiny"):
            raise KitError(f"{folder} was made with --tiny: leave it out")
        if not runs.is_finished(folder):
            raise KitError(f"{folder} has not ended: go on with --resume, or leave it out")
        group = groups[config["experiment"], config["data"]]
        if config["seed"] in group:
            raise KitError(f"{folder} has the seed of {group[config['seed']]}: name one of them")
        group[config["seed"]] = folder
    for (experiment, source), group in groups.items():
        if len(group) < LEAST_SEEDS:
            raise KitError(
                f"{experiment} on {source} has {len(group)} seeds: a band needs "
                f"{LEAST_SEEDS} or more"
            )
    return {key: [group[seed] for seed in sorted(group)] for key, group in groups.items()}


def default_configs(
    homework: homeworks.Homework, asked: list[tuple[str, str]]
) -> dict[tuple[str, str], dict]:
    """Return the settings that the training script writes down when no option changes them.

    Args:
        asked: (experiment, data source).

    Raises:
        KitError: when it cannot say, for want of the data for instance.
    """
    done = subprocess.run(
        [sys.executable, "-c", CONFIGS, f"{homework.name}.train", *map("=".join, asked)],
        cwd=homework.root,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [json.loads(line) for line in re.findall(r"(?m)^CONFIG (.*)$", done.stdout)]
    if len(found) < len(asked):
        why = (done.stderr.strip().splitlines() or ["it made no run folder"])[-1]
        raise KitError(
            f"{homework.name}.train does not tell the settings of "
            f"{' on '.join(asked[len(found)])}: {why}"
        )
    return dict(zip(asked, found))


def require_same_settings(folders: list[Path], settings: dict) -> None:
    """Refuse a run whose settings are not those that the kit trains with today."""
    for folder in folders:
        for name, own, default in reference_band.differences(runs.read_config(folder), settings):
            raise KitError(
                f"{folder} was made with {name} = {own!r}, and the kit has "
                f"{default!r}: leave it out, or train it again"
            )


def band(folders: list[Path], settings: dict, watched: dict[str, bool]) -> dict:
    """The entry of bands.json for runs that differ in their seeds alone.

    Args:
        watched: metric → whether lower is better.
    """
    rows_of = [runs.read_metrics(folder) for folder in folders]
    steps = [int(row["step"]) for row in rows_of[0]]
    for folder, rows in zip(folders, rows_of):
        if [int(row["step"]) for row in rows] != steps:
            raise KitError(f"{folder} was evaluated at other steps than {folders[0]}")
    metrics = {}
    for metric, lower in watched.items():
        if metric in rows_of[0][0]:
            values = np.array([[row[metric] for row in rows] for rows in rows_of])
            low, high = interval(values, share=not lower)
            metrics[metric] = {
                "better": "lower" if lower else "higher",
                "low": _rounded(low),
                "high": _rounded(high),
            }
    seeds = [runs.read_config(folder)["seed"] for folder in folders]
    kept = {key: v for key, v in settings.items() if key not in reference_band.NOT_SETTINGS}
    return {"seeds": seeds, "settings": kept, "steps": steps, "metrics": metrics}


def interval(values: np.ndarray, share: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the range of one more run, with 95 % at each step: mean ± t · sd · sqrt(1 + 1/n).

    The variance is averaged with those of the neighbouring evaluations, since one of few seeds
    is uncertain. Values that are never negative have no negative bound.

    Args:
        values: [seeds, evaluations].
        share: they are accuracies or reciprocal ranks, at most 1.

    Returns:
        Low and high, [evaluations].
    """
    count = len(values)
    mean, variance = values.mean(0), values.var(0, ddof=1)
    padded = np.concatenate([variance[:1], variance, variance[-1:]])
    sd = np.sqrt((padded[:-2] + padded[1:-1] + padded[2:]) / 3)
    t = round(quantile(count - 1), 2)  # as in tables, and in every band so far
    least = LEAST_WIDTH * np.abs(mean)
    if share:
        least = np.minimum(least, LEAST_ERRORS * (1 - mean))
    half = np.maximum(t * sd * np.sqrt(1 + 1 / count), least)
    low, high = np.minimum(mean - half, values.min(0)), np.maximum(mean + half, values.max(0))
    low = np.maximum(low, 0) if (values >= 0).all() else low
    return low, np.minimum(high, 1) if share else high


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def as_text(bands: dict) -> str:
    """JSON with one line for each list."""
    text = json.dumps(bands, indent=1)
    return re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"
