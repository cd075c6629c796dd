"""How long a verdict takes: cold, warm, and what isolation costs. `python -m benchmarks.autograder`"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.planning import plan
from autograder.run.launch import start
from autograder.run.overlay import overlay
from benchmarks import table
from common import homework as homeworks


def wall(*command: str) -> float:
    """Seconds of one whole process."""
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False, cwd=homeworks.ROOT)
    return time.perf_counter() - began


def cold(name: str, rounds: int) -> tuple[float, float, float]:
    """Medians of importing the preloaded modules, of grading, and of their paired difference."""
    homework = homeworks.load(name)
    imports = "; ".join(f"import {module}" for module in homework.preload)
    solutions = str(homeworks.ROOT / "staff" / "solutions")
    pairs = []
    for _ in range(rounds):
        only_import = wall(sys.executable, "-I", "-c", imports)
        grade = wall(sys.executable, "-m", "autograder", name, "--submission", solutions)
        pairs.append((only_import, grade))
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b - a for a, b in pairs),
    )


def warm(name: str, rounds: int) -> tuple[float, float]:
    """Medians of all checks with a warm worker, and of one empty conversation, in seconds."""
    homework = homeworks.load(name)
    answers = Answers.load(homework, 0)
    with start("fork", homework.preload) as worker, tempfile.TemporaryDirectory() as folder:
        tree = overlay(homework, Path(folder), homeworks.ROOT / "staff" / "solutions")
        context = CheckContext(homework, worker, tree, answers, 0)
        checks = plan(homework)
        engine.run_checks(context, checks, 1)
        whole, single = [], []
        for _ in range(rounds):
            began = time.perf_counter()
            engine.run_checks(context, checks, 1)
            whole.append(time.perf_counter() - began)
        for _ in range(20):
            began = time.perf_counter()
            worker.open(tree, name, 10).finish()
            single.append(time.perf_counter() - began)
    return statistics.median(whole), statistics.median(single)


def main() -> None:
    """Measure every homework and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homework", nargs="*", help="none means all")
    parser.add_argument(
        "--rounds", type=int, default=5, metavar="N", help="how often each is measured (5)"
    )
    options = parser.parse_args()
    rows = [
        (
            "homework",
            "imports alone, s",
            "cold verdict, s",
            "difference, s",
            "all checks, warm, s",
            "isolation a check, ms",
        )
    ]
    for name in options.homework or homeworks.names():
        imports, grade, extra = cold(name, options.rounds)
        whole, single = warm(name, options.rounds)
        rows.append(
            (
                name,
                f"{imports:.2f}",
                f"{grade:.2f}",
                f"{extra:.2f}",
                f"{whole:.2f}",
                f"{1000 * single:.1f}",
            )
        )
    table.write(
        "autograder",
        "A verdict of the autograder",
        rows,
        f"Medians of {options.rounds} rounds, imports and verdict in turn.",
    )


if __name__ == "__main__":
    main()
