"""What the required experiments take, with the solutions: `python -m benchmarks.experiments`.

Runs all of them in a new folder as `make experiments` does (about half an hour on two cores), and writes
benchmarks/results/experiments.md and experiments.png.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import table
from common import homework as homeworks
from common import options
from common.experiments import runner
from common.experiments.jobs import Job, Plan
from common.experiments.runner import Outcome
from common.training import runs


def main() -> int:
    """Run, and write the table; 1 when something failed."""
    chosen = runner.arguments(["--seed", "0", *sys.argv[1:]])
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    jobs = [
        job
        for name in chosen.homework or homeworks.names()
        for job in Plan(homeworks.load(name), chosen, folder).trainings()
    ]
    began = time.monotonic()
    outcomes = runner.run_all(
        jobs, chosen.at_once, chosen.tiny, lambda homework: ["staff", "train", homework]
    )
    minutes = (time.monotonic() - began) / 60
    rows = [("homework", "experiment", "data", "steps a second", "minutes")]
    rows += [_row(outcome) for outcome in outcomes]
    table.write(
        "experiments",
        "The required experiments",
        rows,
        f"{minutes:.0f} minutes in all, {chosen.at_once} at once.",
    )
    bars: dict[str, dict[str, float]] = {}
    for one in outcomes:
        bars.setdefault(one.job.homework, {})[_experiment(one.job)] = one.seconds / 60
    print(f"picture: {table.picture('experiments', bars, 'minutes')}")
    print(f"the runs: {folder}")
    return 0 if all(outcome.state == "finished" for outcome in outcomes) else 1


def _row(outcome: Outcome) -> tuple[str, ...]:
    job = outcome.job
    if outcome.state != "finished":
        return job.homework, _experiment(job), "", "", outcome.state
    data = str(runs.read_config(job.folders[0])["data"])
    return job.homework, _experiment(job), data, _speed(job), f"{outcome.seconds / 60:.1f}"


def _experiment(job: Job) -> str:
    return job.title.partition(" ")[2]


def _speed(job: Job) -> str:
    """Steps a second, from the slowest to the fastest of its runs; "" without steps."""
    speeds = [
        statistics.median(row["steps_per_second"] for row in rows)
        for folder in job.folders
        if (rows := [row for row in runs.read_metrics(folder) if "steps_per_second" in row])
    ]
    return (
        " to ".join(f"{speed:.1f}" for speed in sorted({min(speeds), max(speeds)}))
        if speeds
        else ""
    )


if __name__ == "__main__":
    options.run_main(main)
