"""Run every required experiment: `python -m common.experiments --help`."""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common import options
from common.errors import KitError
from common.experiments import parallel
from common.homework import Experiment, Homework
from common.training import runs

FIGURES = 2  # of a result, in the table
STOPPED = 130  # exit code of a training after Ctrl-C
AT_ONCE = 2  # trainings: their small networks keep one core busy, and hardly a second


@dataclass(frozen=True)
class Job:
    """One experiment of one homework, and the folders that its command fills."""

    homework: str
    experiment: Experiment
    folders: tuple[Path, ...]
    arguments: tuple[str, ...]  # of hwN.train
    log: Path

    @property
    def title(self) -> str:
        return f"{self.homework} {self.experiment.name}"

    @property
    def finished(self) -> bool:
        return all(runs.is_finished(folder) for folder in self.folders)


@dataclass(frozen=True)
class Outcome:
    """How a job ended: `state` is finished, failed, stopped, or "as it was": it had ended before."""

    job: Job
    state: str
    seconds: float = 0.0


def main(argv: list[str] | None = None, module: Callable[[str], list[str]] | None = None) -> int:
    """Run what is not finished; 0 when everything is, 1 when something failed, 130 after Ctrl-C.

    Args:
        module: a homework's name → what follows `python -m` to train it; default: hwN.train.
    """
    chosen = arguments(argv)
    root = options.RUNS / "tiny" if chosen.tiny else options.RUNS
    jobs: list[Job] = []
    for name in chosen.homework or homeworks.names():
        jobs += jobs_of(homeworks.load(name), chosen, root)
    if not jobs:
        raise KitError("nothing to run: these homeworks have no experiments")
    if chosen.list:
        print("\n".join(_listed(jobs)))
        return 0
    module = module or (lambda name: [f"{name}.train"])
    outcomes = run_all(jobs, chosen.at_once, chosen.tiny, module)
    print("\n" + "\n".join(_table(outcomes)))
    states = {outcome.state for outcome in outcomes}
    return STOPPED if "stopped" in states else 1 if "failed" in states else 0


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m common.experiments",
        description="Run every experiment that a problem with points asks for. What is finished is "
        "left as it is, and what was stopped goes on: give the same command again.",
        epilog="example:\n  python -m common.experiments hw1        one homework\n"
        "  python -m common.experiments --list     what there is, and what is finished\n"
        "  python -m common.experiments --tiny     all of them on little data, in runs/tiny",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("homework", nargs="*", help="none means all")
    add("--list", action="store_true", help="run nothing")
    add("--tiny", action="store_true", help="every path in seconds, in runs/tiny")
    add(
        "--at-once", type=int, metavar="N", default=min(AT_ONCE, os.cpu_count() or 1),
        help=f"trainings side by side (default {AT_ONCE}, on one core 1)",
    )  # fmt: skip
    add("--optional", action="store_true", help="with the experiments of extra problems")
    add("--seed", type=int, default=0, help="of weights and tasks (default 0)")
    add("--data", metavar="SOURCE", help="a data set's name or a folder, for every homework")
    options.add_plain(parser)
    chosen = parser.parse_args(argv)
    if chosen.at_once < 1:
        raise KitError("--at-once must be at least 1")
    return chosen


def jobs_of(homework: Homework, chosen: argparse.Namespace, root: Path) -> Iterator[Job]:
    """The experiments of a homework, in the order of its table."""
    extra = ["--resume", "--seed", str(chosen.seed)]
    extra += ["--tiny"] if chosen.tiny else []
    extra += ["--data", chosen.data] if chosen.data else []
    for experiment in homework.experiments:
        if experiment.optional and not chosen.optional:
            continue
        made = homework.runs_of(experiment)
        place = root / homework.name
        folders = tuple(place / f"{name}-seed{chosen.seed}" for name in made)
        out = folders[0] if made == (experiment.name,) else place
        given = shlex.split(experiment.command)[3:]  # after "python -m hwN.train"
        arguments = (*given, *extra, "--out", str(out))
        log = place / f"{experiment.name}-seed{chosen.seed}.log"
        yield Job(homework.name, experiment, folders, arguments, log)


def run_all(
    jobs: list[Job], at_once: int, tiny: bool, module: Callable[[str], list[str]]
) -> list[Outcome]:
    """Train, each in a process of its own, what is not finished; in the order of the jobs."""
    found = {job.title: Outcome(job, "as it was") for job in jobs if job.finished}
    left = {job.title: job for job in jobs if not job.finished}
    commands = [
        parallel.Command(
            title, (sys.executable, "-m", *module(job.homework), *job.arguments), job.log
        )
        for title, job in left.items()
    ]
    for command, code, seconds in parallel.run(commands, at_once):
        job = left[command.title]
        if code is None:
            minutes = sum(left[title].experiment.minutes for title in left if title not in found)
            about = "" if tiny else f"; about {minutes / at_once:.0f} min for all that is left"
            print(f"{job.title} begins{about}", flush=True)
            continue
        outcome = Outcome(job, _state(job, code), seconds)
        found[job.title] = outcome
        ended = f"{job.title} {outcome.state}, {seconds:.0f} s"
        print(f"{ended} [{len(found)}/{len(jobs)}]", flush=True)
        if outcome.state == "failed":
            print(f"  {parallel.last_line(job.log)}\n  all of it: {job.log}")
    return [found[job.title] for job in jobs if job.title in found]


def _state(job: Job, code: int) -> str:
    if code in (STOPPED, -signal.SIGINT, -signal.SIGTERM):
        return "stopped"
    return "failed" if code or not job.finished else "finished"


def _listed(jobs: list[Job]) -> Iterator[str]:
    width = max(len(job.title) for job in jobs)
    for job in jobs:
        state = "finished" if job.finished else "to do"
        yield f"{job.title:{width}}  {job.experiment.minutes:3g} min  {state}"
    left = sum(job.experiment.minutes for job in jobs if not job.finished)
    yield f"{len(jobs)} experiments, about {left:g} min to do"


def _table(outcomes: list[Outcome]) -> Iterator[str]:
    """A line for each run: its time and its first figures."""
    width = max(
        len(f"{one.job.homework} {folder.name}") for one in outcomes for folder in one.job.folders
    )
    for outcome in outcomes:
        for folder in outcome.job.folders:
            seconds, figures = _result(folder)
            title = f"{outcome.job.homework} {folder.name}"
            spent = f"{seconds:6.0f} s" if seconds is not None else 8 * " "
            yield f"{title:{width}}  {outcome.state:9}  {spent}  {figures}"
    failed = [outcome.job.title for outcome in outcomes if outcome.state == "failed"]
    if failed:
        yield f"failed, see above: {', '.join(failed)}"
    stopped = [outcome.job.title for outcome in outcomes if outcome.state == "stopped"]
    if stopped:
        yield f"stopped in {', '.join(stopped)}: give the same command again to go on"


def _result(folder: Path) -> tuple[float | None, str]:
    """Seconds and the first figures of result.json."""
    try:
        found = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, ""
    seconds = found.get("seconds") if isinstance(found, dict) else None
    figures = [row for row in _figures(found, "") if not row[0].endswith(("interval", "seconds"))]
    figures.sort(key=lambda row: row[0].startswith("val_"))  # those of tests first
    return seconds, "  ".join(f"{name} {value:.4g}" for name, value in figures[:FIGURES])


def _figures(found, name: str) -> Iterator[tuple[str, float]]:
    """Every number with a fraction, by its path."""
    if isinstance(found, dict):
        for key, part in found.items():
            yield from _figures(part, f"{name}.{key}" if name else key)
    elif isinstance(found, list):
        for place, part in enumerate(found):
            yield from _figures(part, f"{name}[{place}]")
    elif isinstance(found, float) and math.isfinite(found):
        yield name, found
