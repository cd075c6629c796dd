"""Trained runs: a handed-in checkpoint, asked about fresh tasks, scored in this process.

The worker loads the checkpoint with `weights_only=True` beside the student's own code and answers
with predictions; the labels of the query images never leave this process. Which tasks a homework
asks about stands in `staff/trained/hwN.py`, what runs in the worker in `hwN_probe.py`.
"""

from __future__ import annotations

import importlib.util
import math
import shutil
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np

from autograder.report.record import CheckResult
from autograder.run.base import Worker
from autograder.run.notes import CONTRADICTION, NOT_MEASURED, STAFF, Note
from autograder.run.student import Student, StudentError
from autograder.submit import LARGEST_FILE
from common.files import untrusted
from common.homework import Experiment, Homework
from common.kit.seeds import Secret, Seed
from common.statistics.intervals import confidence_interval

HERE = Path(__file__).parent
SECONDS = 90.0  # for one run: loading it, and all its tasks
SLACK = 0.03  # beyond chance, by how much metrics.csv and the measurement may differ

LARGEST_CONFIG = 2**20  # bytes
CONFIG: dict[str, untrusted.Shape] = {"data": untrusted.text(40), "tiny": untrusted.flag}


@dataclass
class Measured:
    """What became of the runs of one submission."""

    rows: list[CheckResult] = field(default_factory=list)
    accuracy: dict[str, float] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


class Unusable(Exception):
    """A run that earns nothing; the text says why."""


class NotHere(Exception):
    """The grader lacks the data that a run was trained on: staff must act, not the student."""


def measure(homework: Homework, worker: Worker, folder: Path, tree: Path, seed: Seed) -> Measured:
    """Measure every required run that was handed in.

    Args:
        folder: the files of the submission, with `runs/<experiment>/`.
        tree: the tree made for the checks; its probes are exchanged for those of trained runs.
        seed: decides which fresh tasks are drawn; a secret one is of this submission alone.
    """
    found = Measured()
    wanted = homework.measured
    problem = next((p for p in homework.problems if p.kind == "run"), None)
    if not wanted or problem is None:
        return found
    exam = _exam(homework.name)
    if exam is None:
        found.notes.append(
            Note(NOT_MEASURED, STAFF, f"{homework.name}: the grader has no tasks for trained runs")
        )
    else:
        shutil.copyfile(HERE / f"{homework.name}_probe.py",
                        tree / "probes" / f"{homework.name}.py")  # fmt: skip
    for experiment in wanted:
        row = CheckResult(
            id=f"run::{experiment.name}", problem=problem.id,
            title=f"Trained run {experiment.name} on fresh tasks", points=0,
            max_points=experiment.points, status="failed", seconds=0.0,
        )  # fmt: skip
        found.rows.append(row)
        if exam is None:
            row.status, row.what = "not_run", "not measured yet"
            continue
        try:
            _one(homework, worker, experiment, folder, tree, seed, exam, row, found)
        except Unusable as error:
            row.what = str(error)
        except StudentError as error:
            row.status, row.what = error.status, error.what
        except NotHere as error:
            row.status, row.what = "not_run", "not measured yet: the staff have been told"
            found.notes.append(
                Note(NOT_MEASURED, STAFF, f"{experiment.name}: not measured: {error}")
            )
    return found


def _exam(name: str) -> ModuleType | None:
    if importlib.util.find_spec(f"staff.grading.trained.{name}") is None:
        return None
    return importlib.import_module(f"staff.grading.trained.{name}")


def _one(
    homework: Homework, worker: Worker, experiment: Experiment, folder: Path, tree: Path,
    seed: int, exam: ModuleType, row: CheckResult, found: Measured,
) -> None:  # fmt: skip
    name = experiment.name
    run = folder / "runs" / name
    if not (run / "checkpoint.pt").is_file():
        raise Unusable(f"no run was handed in; make it with: {experiment.command}")
    source = _source(run)
    if source not in experiment.least:
        known = ", ".join(experiment.least)
        raise Unusable(f"config.json says data {source!r}; thresholds are set for {known}")
    place = tree / "runs" / name
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / "checkpoint.pt", place / "checkpoint.pt")
    rng = generator(seed, name)
    student = Student(homework, lambda: worker.open(tree, homework.name, SECONDS))
    try:
        best = exam.accuracies(student, name, source, "test", "best", rng)
        last = exam.accuracies(student, name, source, "val", "last", rng)
    finally:
        student.close()
    accuracy, interval = float(best.mean()), confidence_interval(best)
    least = experiment.least[source]
    found.accuracy[name] = round(accuracy, 4)
    if least <= exam.chance(name):
        told = f"{name}: the threshold for {source} is {least:g}, no more than chance"
        found.notes.append(Note("low threshold", STAFF, told))
    # The benefit of sampling is the student's: fresh tasks are a draw.
    reached = accuracy + interval >= least
    row.status = "passed" if reached else "failed"
    row.points = row.max_points if reached else 0
    row.what = (
        f"accuracy {accuracy:.3f} ± {interval:.3f} on {best.size} fresh tasks of {source}; "
        f"{'at least' if reached else 'this needs'} {least:g}"
    )
    _compare(run, name, last, found)


def generator(seed: Seed, purpose: str) -> np.random.Generator:
    """A stream of random numbers that belongs to a seed and a purpose."""
    if isinstance(seed, Secret):
        return np.random.default_rng(seed.words(purpose))
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def share_right(logits: np.ndarray, answer: np.ndarray, way: int) -> np.ndarray:
    """The share of the queries of each task that a run's logits get right, [T].

    Args:
        logits: [T, Q, way], as the student's network gave them.
        answer: the right classes, [T, Q].

    Raises:
        Unusable: when they are not logits for these queries.
    """
    logits, shape = np.asarray(logits), (*answer.shape, way)
    if logits.shape != shape or logits.dtype.kind != "f":
        raise Unusable(
            f"the network gave logits of shape {list(logits.shape)}, expected {list(shape)}"
        )
    if not np.isfinite(logits).all():
        raise Unusable("the network gave logits that are not finite")
    return (logits.argmax(-1) == answer).mean(-1)


def _source(run: Path) -> str:
    """The data source that the run says it used."""
    try:
        data = untrusted.read(run / "config.json", LARGEST_CONFIG)
        config, _ = untrusted.fields(untrusted.json_of(data), CONFIG)
    except untrusted.Unreadable as error:
        raise Unusable(f"config.json of the run is missing or damaged: {error}") from None
    if config["tiny"]:
        raise Unusable("it was made with --tiny, which only tries the path; train without it")
    return config["data"] or ""


def _compare(run: Path, name: str, last: np.ndarray, found: Measured) -> None:
    """Note where the last row of metrics.csv and the last weights contradict each other."""
    told = _last_told(run / "metrics.csv")
    seen = float(last.mean())
    if told is None:
        found.notes.append(Note("no metrics", STAFF, f"{name}: metrics.csv has no val_accuracy"))
    elif abs(told - seen) > SLACK + 2 * confidence_interval(last):
        text = (
            f"{name}: metrics.csv ends with val_accuracy {told:.3f}, the last weights give "
            f"{seen:.3f}"
        )
        found.notes.append(Note(CONTRADICTION, STAFF, text))


def _last_told(path: Path) -> float | None:
    try:
        row = untrusted.last_row(untrusted.read(path, LARGEST_FILE))
    except untrusted.Unreadable:
        return None
    value = row.get("val_accuracy", math.nan)
    return value if 0 <= value <= 1 else None
