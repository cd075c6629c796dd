"""How long every command takes to say its help, and what grading weighs: `python -m benchmarks.startup`.

The weight is that of the process that reads the record and judges; student code runs in another.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from benchmarks import table
from common import homework as homeworks

COMMANDS = (
    "autograder", "autograder submit", "autograder doctor", "common.data", "common.report",
    "common.diagnose", "common.compare", "common.experiments", "hw0.train", "hw1.train",
    "hw2.train", "hw3.train", "hw4.train", "staff", "staff grade", "staff mutate",
    "staff gradescope", "staff gradebook",
)  # fmt: skip
GRADE = (
    "import resource, sys; from autograder.__main__ import main; "
    "main([sys.argv[1], '--submission', 'staff/solutions', '--plain']); "
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


def help_time(command: str, rounds: int) -> float:
    """Median seconds of `python -m COMMAND --help`."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", *command.split(), "--help"],
            cwd=homeworks.ROOT,
            capture_output=True,
            check=True,
        )
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def weight(name: str) -> float:
    """Largest resident size in MB of the process that grades a homework (Linux)."""
    done = subprocess.run(
        [sys.executable, "-c", GRADE, name],
        cwd=homeworks.ROOT,
        text=True,
        capture_output=True,
        check=True,
    )
    return int(done.stdout.split()[-1]) / 1024


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=5, metavar="N", help="how often each is measured (5)"
    )
    options = parser.parse_args()
    rows = [("command", "--help, s", "weight of the parent, MB")]
    bare = statistics.median(help_time("this", 1) for _ in range(options.rounds))
    rows.append(("an empty Python program", f"{bare:.2f}", ""))
    rows += [(f"{name} --help", f"{help_time(name, options.rounds):.2f}", "") for name in COMMANDS]
    rows += [(f"autograder {name}", "", f"{weight(name):.0f}") for name in homeworks.names()]
    table.write("startup", "Start-up", rows, f"Medians of {options.rounds} rounds.")


if __name__ == "__main__":
    main()
