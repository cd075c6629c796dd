"""Run every required experiment: `python -m common.experiments --help`."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common import options
from common.errors import KitError
from common.experiments import given_code, groups, parallel, prediction
from common.experiments.jobs import Job, Plan
from common.experiments.pace import Pace, last_progress
from common.kit.machine import usable_cores
from common.options.command_line import Parser, add_shared
from common.options.terminal import can_ask, live
from common.training.runs import read_config
from common.training.state import FINISHED

FIGURES = 2  # of a result, in the table
STOPPED = 130  # exit code of a training after Ctrl-C
AT_ONCE = 2  # trainings: their small networks keep one core busy, and hardly a second
QUARTER = 0.25  # without a terminal, a line is printed whenever so much more of a training is done


@dataclass(frozen=True)
class Outcome:
    """How a job ended: `state` is finished, failed, stopped, left out (what it draws is not there),
    or "as it was": it had ended before."""

    job: Job
    state: str
    seconds: float = 0.0


def main(argv: list[str] | None = None, module: Callable[[str], list[str]] | None = None) -> int:
    """Run what is not finished; return 0 when everything is, 1 when something failed, 130 after Ctrl-C.

    Args:
        module: a homework's name → what follows `python -m` to train it; default: hwN.train.
    """
    chosen = arguments(argv)
    root = options.RUNS / "tiny" if chosen.tiny else options.RUNS
    names = chosen.homework or homeworks.names()
    plans = [Plan(homeworks.load(name), chosen, root) for name in names]
    trainings = [job for plan in plans for job in plan.trainings()]
    drawings = [job for plan in plans for job in plan.drawings()]
    if not trainings:
        raise KitError("nothing to run: these homeworks have no experiments")
    if chosen.list:
        print("\n".join(_listed([*trainings, *drawings])))
        return 0
    for plan in plans:
        print("".join(f"{note}\n" for note in given_code.notes(plan.homework)), end="")
        _ask_for_predictions(plan)
    module = module or (lambda name: [f"{name}.train"])
    began = time.monotonic()
    outcomes = run_all(trainings, chosen.at_once, chosen.tiny, module)
    if not any(outcome.state == "stopped" for outcome in outcomes):
        ready = [job for job in drawings if job.can_begin]
        outcomes += run_all(ready, chosen.at_once, chosen.tiny, module)
        outcomes += [Outcome(job, "left out") for job in drawings if job not in ready]
    print("\n" + "\n".join(_table(outcomes)))
    print(_total(outcomes, time.monotonic() - began))
    states = {outcome.state for outcome in outcomes}
    if "finished" in states and not chosen.tiny:
        for plan in plans:
            _show_predictions(plan)
    if not states & {"stopped", "failed", "left out"} and not chosen.tiny:
        for plan in plans:
            print(f"next: python -m common.report {plan.homework.name} makes the report")
    return STOPPED if "stopped" in states else 1 if "failed" in states else 0


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        prog="python -m common.experiments",
        description="Run every experiment that a problem with points asks for. What is finished is "
        "left as it is, and what was stopped goes on: give the same command again.",
        epilog="example:\n  python -m common.experiments hw1        one homework\n"
        "  python -m common.experiments --list     what there is, and what is finished\n"
        "  python -m common.experiments --tiny     all of them on little data, in runs/tiny",
    )
    add = parser.add_argument
    add_shared(parser, "homeworks", "--seed", "--data")
    add("--list", action="store_true", help="run nothing: what there is, and what is finished")
    add("--tiny", action="store_true", help="every path in seconds, in runs/tiny")
    add(
        "--at-once",
        type=int,
        metavar="N",
        default=min(AT_ONCE, usable_cores()),
        help=f"trainings in parallel (default {AT_ONCE}, on one core 1)",
    )
    add("--optional", action="store_true", help="with the experiments of extra problems")
    add(
        "--predict",
        default="",
        metavar="skip",
        choices=[prediction.SKIP],
        help="ask for no predictions: open the reference bands without",
    )
    options.add_plain(parser)
    chosen = parser.parse_args(argv)
    if chosen.at_once < 1:
        raise KitError("--at-once must be at least 1")
    return chosen


def _ask_for_predictions(plan: Plan) -> None:
    """Ask which curve will win, before the training; the reference bands open afterwards."""
    unfinished = {
        folder.name
        for job in plan.trainings()
        for folder, state in job.states().items()
        if state.kind != FINISHED
    }
    seed, answer = plan.chosen.seed, plan.chosen.predict
    for comparison in plan.homework.comparisons:
        runs = {f"{experiment}-seed{seed}" for experiment in comparison.experiments}
        known = prediction.read(plan.place, comparison) is not None
        if plan.chosen.tiny or known or not runs & unfinished:
            continue
        if answer or can_ask():
            print(f"{plan.homework.name}, {comparison.name}:")
            prediction.settle(comparison, plan.place, answer)


def _show_predictions(plan: Plan) -> None:
    """Say what became of the predictions about a homework's runs."""
    seed = plan.chosen.seed
    for comparison in plan.homework.comparisons:
        folders = {name: plan.place / f"{name}-seed{seed}" for name in comparison.experiments}
        groups.show_prediction(comparison, folders, plan.place, seed)


def run_all(
    jobs: list[Job], at_once: int, tiny: bool, module: Callable[[str], list[str]]
) -> list[Outcome]:
    """Train, each in a process of its own, what is not finished; in the order of the jobs."""
    outcomes = {job.title: Outcome(job, "as it was") for job in jobs if job.finished}
    waiting = {job.title: job for job in jobs if not job.finished}
    progress = Progress(waiting, at_once, tiny)
    commands = [
        parallel.Command(
            title, (sys.executable, "-m", *module(job.homework), *job.arguments), job.log
        )
        for title, job in waiting.items()
    ]
    for command, code, seconds in parallel.run(commands, at_once, progress.tell):
        job = waiting[command.title]
        if code is None:
            print(f"{job.title} begins{progress.about()}; log: {job.log}", flush=True)
            continue
        outcome = Outcome(job, _state(job, code), seconds)
        outcomes[job.title] = outcome
        progress.ended(outcome)
        ended = f"{job.title} {outcome.state}, {seconds:.0f} s"
        print(f"{ended} [{len(outcomes)}/{len(jobs)}]", flush=True)
        if outcome.state == "failed":
            print(f"  {parallel.last_line(job.log)}\n  all of it: {job.log}")
    return [outcomes[job.title] for job in jobs if job.title in outcomes]


class Progress:
    """How far the running jobs are, and how long all of them will take.

    Args:
        jobs: by title, those that are to do.
        tiny: they take seconds; nothing is said of their time.
    """

    def __init__(self, jobs: dict[str, Job], at_once: int, tiny: bool) -> None:
        self.jobs, self.at_once, self.tiny = jobs, at_once, tiny
        self.pace = Pace({title: job.minutes for title, job in jobs.items()})
        self.told = dict.fromkeys(jobs, 0.0)

    def about(self) -> str:
        """Return the time left as words that follow a semicolon, or "" with --tiny."""
        return "" if self.tiny else f"; about {self.pace.left(self.at_once):.0f} min left"

    def tell(self, running: list[parallel.Running]) -> tuple[list[str], str]:
        """Show the progress of each in percent, and a line about all; without a terminal, print it."""
        parts = []
        for one in running:
            title = one.command.title
            part = self._part(self.jobs[title])
            self.pace.note(title, part, time.monotonic() - one.began)
            parts.append(f"{part:4.0%}")
            if part >= self.told[title] + QUARTER and part < 1:
                self.told[title] = part
                if not live():
                    print(f"{title} {part:.0%}{self.about()}", flush=True)
        logs = ", ".join(sorted({str(one.command.log.parent) for one in running}))
        return parts, f"{self.about().removeprefix('; ')}; logs in {logs}; Ctrl-C stops, and saves"

    def ended(self, outcome: Outcome) -> None:
        """Note what a job took."""
        if outcome.state == "finished":
            self.pace.note(outcome.job.title, 1.0, outcome.seconds)
        self.pace.leave(outcome.job.title)

    def _part(self, job: Job) -> float:
        """The part of a job that is done: of several runs, those that have ended and the present."""
        now = last_progress(job.log, parallel.TAIL)
        count = max(len(job.folders), 1)
        done = sum(state.kind == FINISHED for state in job.states().values())
        return min((done + now * (done < count)) / count, 1.0) if count > 1 else now


def _state(job: Job, code: int) -> str:
    if code in (STOPPED, -signal.SIGINT, -signal.SIGTERM):
        return "stopped"
    return "failed" if code or not job.finished else "finished"


def _listed(jobs: list[Job]) -> Iterator[str]:
    width = max(len(job.title) for job in jobs)
    for job in jobs:
        yield f"{job.title:{width}}  {job.minutes:3g} min  {job.told()}"
    left = sum(job.minutes for job in jobs if not job.finished)
    trainings = sum(not job.makes for job in jobs)
    drawn = len(jobs) - trainings
    files = f" and {drawn} file{'s' * (drawn > 1)} of reports" if drawn else ""
    yield f"{trainings} experiments{files}, about {left:g} min to do"


def _table(outcomes: list[Outcome]) -> Iterator[str]:
    """A line for each run: its time and its first figures."""
    rows = [(one, folder) for one in outcomes for folder in one.job.folders or one.job.makes[-1:]]
    width = max(len(f"{one.job.homework} {path.name}") for one, path in rows)
    for outcome, folder in rows:
        seconds, figures = result_of(folder)
        title = f"{outcome.job.homework} {folder.name}"
        spent = f"{seconds:6.0f} s" if seconds is not None else 8 * " "
        yield f"{title:{width}}  {outcome.state:9}  {spent}  {figures}"
    yield from _trained_on(outcomes)
    waiting = [outcome.job.title for outcome in outcomes if outcome.state == "left out"]
    if waiting:
        yield f"left out, their runs are not finished: {', '.join(waiting)}"
    failed = [outcome.job.title for outcome in outcomes if outcome.state == "failed"]
    if failed:
        yield f"failed, see above: {', '.join(failed)}"
    stopped = [outcome.job.title for outcome in outcomes if outcome.state == "stopped"]
    if stopped:
        yield f"stopped in {', '.join(stopped)}: give the same command again to go on"


def _total(outcomes: list[Outcome], seconds: float) -> str:
    """Say what was done now, and the time that all of it took."""
    done = sum(outcome.state == "finished" for outcome in outcomes)
    minutes, rest = divmod(round(seconds), 60)
    return f"{done} of {len(outcomes)} done now, in {minutes} min {rest} s"


def _trained_on(outcomes: list[Outcome]) -> Iterator[str]:
    """A line a homework: the data of its runs, which may be a stand-in."""
    sources: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        for folder in outcome.job.folders:
            with contextlib.suppress(KitError):
                data = str(read_config(folder).get("data", ""))
                sources.setdefault(outcome.job.homework, {})[data] = None
    for homework, found in sources.items():
        if any(found):
            yield f"{homework}: trained on {', '.join(filter(None, found))}"


def result_of(folder: Path) -> tuple[float | None, str]:
    """The run's seconds, and its main figures in one line, test figures first."""
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, ""
    seconds = result.get("seconds") if isinstance(result, dict) else None
    figures = [row for row in _figures(result, "") if not row[0].endswith(("interval", "seconds"))]
    figures.sort(key=lambda row: row[0].startswith("val_"))  # those of tests first
    return seconds, "  ".join(f"{name} {value:.4g}" for name, value in figures[:FIGURES])


def _figures(value: object, name: str) -> Iterator[tuple[str, float]]:
    """Every number with a fraction, by its path."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _figures(part, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _figures(part, f"{name}[{place}]")
    elif isinstance(value, float) and math.isfinite(value):
        yield name, value
