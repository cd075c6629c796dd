"""`python -m staff curves hw2`: train every run of a recipe once, and keep its metrics alone."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from staff import command
from staff.authoring import catalogue
from staff.authoring.curves import recipe as recipes
from staff.authoring.curves.recipe import Recipe, Run, Setting
from staff.authoring.stubs import copy_solutions
from staff.authoring.with_solutions import training_tree

# What the slow imports cost is paid once: every training is a fork of one process that has them.
DRIVER = """
import functools, importlib, json, os, sys
sys.path[0] = sys.argv[1]
import numpy, torch
import torch._dynamo, torch.func
from common import options
from common.training import trainer
from common.data import glyphs

glyphs.load = functools.cache(glyphs.load)
glyphs.load()


def train(job):
    sys.path[0], sys.argv = job["tree"], ["train", *job["options"]]
    class Watched(trainer.Trainer):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.every = max(1, self.steps // job["rows"])
    trainer.Trainer = Watched
    homework = job["homework"]
    if job["constants"]:
        settings = importlib.import_module(f"{homework}.experiments.settings")
        for name, value in job["constants"].items():  # before those who use them are imported
            assert hasattr(settings, name), name
            setattr(settings, name, value)
    importlib.import_module(f"{homework}.train").main()


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.stdout = open(os.devnull, "w")
        options.run_main(lambda: train(json.loads(line)))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Trainings:
    """One process that has imported everything, and forks for every training."""

    def __init__(self, homework: Homework) -> None:
        self.homework, self.number = homework, 0

    def __enter__(self) -> Trainings:
        self.folder = tempfile.TemporaryDirectory(prefix="curves-")
        first = self._tree(None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(first)],
            cwd=self.folder.name,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1", "KIT_OFFLINE": "1"},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._pipes()[0].close()
        self.process.wait()
        self.folder.cleanup()

    def _tree(self, entry: catalogue.Entry | None) -> Path:
        """A kit with the solutions, or with one of them gone wrong."""
        self.number += 1
        root = Path(self.folder.name, str(self.number))
        files = root / "files"
        files.mkdir(parents=True)
        if entry is None:
            copy_solutions(self.homework.root, self.homework.name, files)
        else:
            catalogue.submission(entry, files, self.homework.root)
        return training_tree(self.homework, root / "tree", files)

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self.process.stdin is not None and self.process.stdout is not None
        return self.process.stdin, self.process.stdout

    def train(self, recipe: Recipe, run: Run, entry: catalogue.Entry | None) -> dict:
        """One training run; its columns of numbers.

        Raises:
            KitError: when the training ends with an error.
        """
        setting, tree = recipe.settings[run.setting], self._tree(entry)
        out = tree.parent / "run"
        job = {
            "tree": str(tree),
            "homework": self.homework.name,
            "rows": recipe.rows,
            "constants": recipe.constants,
            "options": [
                *setting.command,
                "--steps",
                str(setting.steps),
                "--seed",
                str(run.seed),
                "--out",
                str(out),
                "--no-check",
            ],
        }
        print(f"{run.name}: {run.mistake or 'sound'}, {setting.steps} steps", flush=True)
        jobs, codes = self._pipes()
        jobs.write(json.dumps(job) + "\n")
        jobs.flush()
        if (code := codes.readline().strip()) != "0":
            raise KitError(f"run {run.name} ({run.mistake or 'sound'}) ended with code {code}")
        return columns(out / "metrics.csv", setting)


def main(argv: list[str]) -> int:
    """Record; the exit code."""
    options = command.parser(
        "curves",
        "Train the runs of staff/authoring/curves/hwN.toml and write hwN/curves.json.",
        "example:\n  python -m staff curves hw2\n"
        "  python -m staff curves hw3 --only K T    record two runs again, keep the others",
    )
    options.add_argument("homework", nargs="+", help="those with curves to diagnose")
    options.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="runs, or settings for their sound runs: the rest stays as it is recorded",
    )
    chosen = options.parse_args(argv)
    for name in chosen.homework:
        homework = homeworks.load(name)
        path = homework.folder / "curves.json"
        known = json.loads(path.read_text(encoding="utf-8")) if chosen.only else None
        write_text(path, as_json(record(recipes.load(name), homework, chosen.only, known)))
        print(f"{path.relative_to(homework.root)}: {path.stat().st_size / 1024:.0f} kB")
    return 0


def record(
    recipe: Recipe,
    homework: Homework,
    only: list[str] | None = None,
    known: dict | None = None,
) -> dict:
    """Train; what students get, without a cause.

    Args:
        only: names of runs and settings to train; None is all.
        known: what is recorded already, for the others.
    """
    parts = [*recipe.settings, *(run.name for run in recipe.runs)]
    if unknown := set(only or ()) - set(parts):
        raise KitError(f"--only {min(unknown)}: {recipe.homework} has {', '.join(parts)}")
    entries = {e.slug: e for e in catalogue.entries(recipe.homework, "mistake", homework.root)}
    for run in recipe.runs:
        if run.mistake and run.mistake not in entries:
            raise KitError(f"{recipe.homework} has no mistake {run.mistake!r} (run {run.name})")
    settings, runs = (known["settings"], known["runs"]) if known else ({}, {})
    with Trainings(homework) as trainings:
        for name, setting in recipe.settings.items():
            if only and name not in only:
                continue
            sound = [
                trainings.train(recipe, Run(f"seed {seed}", name, seed, recipes.SOUND), None)
                for seed in setting.sound
            ]
            settings[name] = describe(setting, sound)
        for run in sorted(recipe.runs, key=lambda run: run.name):
            if only and run.name not in only:
                continue
            found = trainings.train(recipe, run, entries.get(run.mistake))
            runs[run.name] = {"setting": run.setting, "columns": found}
    runs = {run.name: runs[run.name] for run in sorted(recipe.runs, key=lambda run: run.name)}
    return {"homework": recipe.homework, "settings": settings, "runs": runs}


def describe(setting: Setting, sound: list[dict]) -> dict:
    """Return a setting as students get it: its causes, the reference, and the band of sound runs."""
    band = {
        metric: [[ends(row) for row in zip(*(run[metric] for run in sound))] for ends in (min, max)]
        for metric in setting.metrics
    }
    return {
        "title": setting.title,
        "metrics": setting.metrics,
        "log": list(setting.log),
        "causes": setting.causes,
        "reference": sound[0],
        "band": band,
        "seeds": len(sound),
    }


def columns(path: Path, setting: Setting) -> dict[str, list[float]]:
    """The step and the setting's metrics, to four digits: nothing that depends on the machine."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if missing := [name for name in setting.metrics if name not in rows[0]]:
        raise KitError(f"metrics.csv has no {', '.join(missing)}; it has {', '.join(rows[0])}")
    found: dict[str, list] = {"step": [int(row["step"]) for row in rows]}
    for name in setting.metrics:
        found[name] = [float(f"{float(row[name]):.4g}") for row in rows]
    return found


def as_json(curves: dict) -> str:
    """A line for each list of numbers."""
    text = json.dumps(curves, indent=1, ensure_ascii=False)
    return (
        re.sub(r"\[\s+([-+.\de,\s]+?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text) + "\n"
    )
