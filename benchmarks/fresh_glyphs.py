"""How much a network's accuracy varies from one set of fresh glyphs to the next:
`python -m benchmarks.fresh_glyphs hw1 RUNS`. RUNS holds runs trained on glyphs, as `train` leaves them.

What the course grader grants beside the interval of its tasks (`hwN.spread`) is read off here.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autograder.run.launch import start
from autograder.run.overlay import overlay
from autograder.run.student import Student
from benchmarks import table
from common import homework as homeworks
from common.kit.seeds import BYTES, Secret
from common.options.command_line import Parser
from staff.grading.trained import _Measurement, generator, images
from staff.grading.trained.outcome import Measured


def accuracies(
    measurement: _Measurement, name: str, run: Path, sets: int, times: int
) -> Iterator[np.ndarray]:
    """The accuracies of a run's best weights on the tasks of each set, [tasks]."""
    stored = measurement._stored(run, name)
    student = Student(measurement.homework, lambda: measurement._open(measurement._students))
    for number in range(sets):
        seed = Secret(number.to_bytes(BYTES, "big")).derive("spread")
        pool, rng = images.pool("glyphs", "test", seed), generator(seed, name)
        student.begin_anew()
        student.take(name, "best", stored["best"])
        exam = measurement.held_out
        parts = [exam.accuracies(student, name, "best", pool, rng) for _ in range(times)]
        yield np.concatenate(parts)
    student.close()


def row(name: str, found: list[np.ndarray]) -> tuple[str, ...]:
    """A line of the table: the spread of the sets is what their tasks do not explain."""
    means = np.array([one.mean() for one in found])
    of_tasks = np.sqrt(np.mean([one.var(ddof=1) / one.size for one in found]))
    between = np.sqrt(max(0.0, means.var(ddof=1) - of_tasks**2))
    numbers = (means.mean(), means.min(), means.max(), means.std(ddof=1), of_tasks, between)
    return (name, *(f"{number:.4f}" for number in numbers))


def main() -> None:
    """Measure every run that is handed in, and print the table."""
    parser = Parser(prog="python -m benchmarks.fresh_glyphs", description=__doc__)
    parser.add_argument("homework", help="hw1 or hw2")
    parser.add_argument("runs", type=Path, help="a folder with <experiment>-seed0 folders")
    parser.add_argument("--sets", type=int, default=16, metavar="N", help="of glyphs (16)")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="exams for each set")
    options = parser.parse_args()
    homework = homeworks.load(options.homework)
    exam = importlib.import_module(f"staff.grading.trained.{homework.name}")
    solutions = homeworks.ROOT / "staff" / "solutions" / homework.name
    rows = [("experiment", "mean", "least", "most", "deviation", "of its tasks", "of the glyphs")]
    with start("fork", homework.preload) as worker, tempfile.TemporaryDirectory() as place:
        tree = overlay(homework, Path(place, "tree"), solutions)
        measurement = _Measurement(
            homework, worker, solutions, tree, Path(place), Secret(bytes(BYTES)), exam, Measured()
        )
        for experiment in homework.measured:
            run = options.runs / f"{experiment.name}-seed0"
            if (run / "checkpoint.pt").is_file():
                found = accuracies(measurement, experiment.name, run, options.sets, options.times)
                rows.append(row(experiment.name, list(found)))
    title = f"Accuracy on {options.sets} sets of fresh glyphs, {homework.name}"
    table.write(f"fresh_glyphs_{homework.name}", title, rows)


if __name__ == "__main__":
    main()
