"""Trained runs: a handed-in checkpoint, asked about fresh tasks, scored in this process.

A worker loads the checkpoint with `weights_only=True` beside the kit's own code alone; the student's
code gets the parameters of its network, nothing else of the file, and answers with predictions. The
labels of the query images never leave this process. Which tasks a homework asks about stands in
`hwN.py`, what runs in the worker in `hwN_probe.py`.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import shutil
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from autograder.report.record import CheckResult
from autograder.run.base import Conversation, Worker
from autograder.run.notes import (
    CONTRADICTION,
    LOW_THRESHOLD,
    NO_NETWORK,
    NOT_MEASURED,
    OPEN_EXAM,
    READS_FILES,
    STAFF,
    Note,
)
from autograder.run.overlay import files_to_judge, overlay
from autograder.run.student import Student, StudentError
from autograder.submit import LARGEST_FILE
from common.files import untrusted
from common.homework import Experiment, Homework
from common.kit.seeds import Secret, Seed
from common.statistics.intervals import confidence_interval
from staff.grading.trained import hidden, lookups
from staff.grading.trained.outcome import Measured, NotHere, Unusable

HERE = Path(__file__).parent
SECONDS = 90.0  # for one run: loading it, and all its tasks
MOST_CODE = 2**17  # bytes of all that a student wrote: a network is learned, not written
SLACK = 0.03  # beyond chance, by how much metrics.csv and the measurement may differ

LARGEST_CONFIG = 2**20  # bytes
CONFIG: dict[str, untrusted.Shape] = {"data": untrusted.text(40), "tiny": untrusted.flag}


def measure(homework: Homework, worker: Worker, folder: Path, tree: Path, seed: Seed) -> Measured:
    """Measure every required run that was handed in.

    Args:
        folder: the files of the submission, with `runs/<experiment>/`.
        tree: the tree made for the checks; its probes are exchanged for those of trained runs.
        seed: decides which fresh tasks are drawn; a secret one is of this submission alone.
    """
    measured = Measured()
    wanted = homework.measured
    problem = next((p for p in homework.problems if p.kind == "run"), None)
    if not wanted or problem is None:
        return measured
    held_out = _held_out_tasks(homework.name)
    if held_out is None:
        measured.notes.append(
            Note(NOT_MEASURED, STAFF, f"{homework.name}: the grader has no tasks for trained runs")
        )
    for experiment in wanted:
        measured.rows.append(
            CheckResult(
                id=f"run::{experiment.name}",
                problem=problem.id,
                title=f"Trained run {experiment.name} on fresh tasks",
                points=0,
                max_points=experiment.points,
                status="failed",
                seconds=0.0,
            )
        )
    with tempfile.TemporaryDirectory(prefix="runs-", ignore_cleanup_errors=True) as place:
        measurement = _Measurement(
            homework, worker, folder, tree, Path(place), seed, held_out, measured
        )
        for experiment, row in zip(wanted, measured.rows):
            measurement.judge(experiment, row)
    return measured


def _held_out_tasks(name: str) -> ModuleType | None:
    if importlib.util.find_spec(f"staff.grading.trained.{name}") is None:
        return None
    return importlib.import_module(f"staff.grading.trained.{name}")


@dataclass
class _Measurement:
    """One submission's runs, one after another.

    Attributes:
        tree: where the student's code runs.
        place: an empty folder, for a tree of the kit's own code.
    """

    homework: Homework
    worker: Worker
    folder: Path
    tree: Path
    place: Path
    seed: Seed
    held_out: ModuleType | None
    found: Measured

    def judge(self, experiment: Experiment, row: CheckResult) -> None:
        """Fill in a run's row, whatever becomes of it."""
        if self.held_out is None:
            row.status, row.what = "not_run", "not measured yet"
            return
        try:
            self._judge(experiment, row, self.held_out)
        except Unusable as error:
            row.what = str(error)
        except StudentError as error:
            row.status, row.what = error.status, error.what
        except NotHere as error:
            row.status, row.what = "not_run", "not measured yet: the staff have been told"
            self._tell(NOT_MEASURED, f"{experiment.name}: not measured: {error}")

    def _judge(self, experiment: Experiment, row: CheckResult, held_out: ModuleType) -> None:
        name, run = experiment.name, self.folder / "runs" / experiment.name
        if not (run / "checkpoint.pt").is_file():
            raise Unusable(f"no run was handed in; make it with: {experiment.command}")
        source = source_of(run)
        if source not in experiment.least:
            known = ", ".join(experiment.least)
            raise Unusable(f"config.json says data {source!r}; thresholds are set for {known}")
        from staff.grading.trained import images  # its libraries take time, and few need them

        self._look_at_the_code()
        if hidden.are_open(source, self.worker.isolation):
            layers = " nor ".join(hidden.HIDING)
            told = f"its code could read the images of its exam: this machine has neither {layers}"
            self._tell_once(OPEN_EXAM, told)
        pools = [images.pool(source, part, self.seed) for part in ("test", "val")]
        best, last = self._accuracies(name, self._stored(run, name), pools, held_out)
        accuracy, interval = float(best.mean()), confidence_interval(best)
        least = experiment.least[source]
        self.found.accuracy[name] = round(accuracy, 4)
        if least <= held_out.chance(name):
            told = f"{name}: the threshold for {source} is {least:g}, no more than chance"
            self._tell(LOW_THRESHOLD, told)
        # The benefit of sampling is the student's: fresh tasks are a draw, and so are fresh glyphs.
        spread = held_out.spread(name) if images.are_fresh(source, self.seed) else 0.0
        reached = accuracy + math.hypot(interval, 2 * spread) >= least
        row.status = "passed" if reached else "failed"
        row.points = row.max_points if reached else 0
        row.what = (
            f"accuracy {accuracy:.3f} ± {interval:.3f} on {best.size} fresh tasks of {source}; "
            f"{'at least' if reached else 'this needs'} {least:g}"
        )
        _compare(run, name, last, self.found)

    def _stored(self, run: Path, name: str) -> dict[str, Any]:
        """The weights of a run by "best" and "last": what the kit's own network takes, no more.

        Raises:
            StudentError: when the checkpoint does not hold exactly its parameters.
        """
        place = self._kit / "runs" / name
        place.mkdir(parents=True)
        shutil.copyfile(run / "checkpoint.pt", place / "checkpoint.pt")
        kit = Student(self.homework, lambda: self._open(self._kit))
        try:
            return {weights: kit.stored(name, weights) for weights in ("best", "last")}
        except StudentError as error:
            told = f"{name}: the checkpoint does not hold the network's parameters: {error.what}"
            self._tell(NO_NETWORK, told)
            raise
        finally:
            kit.close()

    def _accuracies(
        self, name: str, stored: dict[str, Any], pools: list[np.ndarray], held_out: ModuleType
    ) -> list[np.ndarray]:
        """Two accuracies a run: of the best weights on test tasks, of the last weights on validation tasks."""
        rng = generator(self.seed, name)
        student = Student(self.homework, lambda: self._open(self._students))
        try:
            for weights, held in stored.items():
                student.take(name, weights, held)
            return [
                held_out.accuracies(student, name, weights, pool, rng)
                for weights, pool in zip(stored, pools)
            ]
        finally:
            student.close()

    def _open(self, tree: Path) -> Conversation:
        return self.worker.open(tree, self.homework.name, SECONDS)

    @functools.cached_property
    def _students(self) -> Path:
        return self._with_probe(self.tree)

    @functools.cached_property
    def _kit(self) -> Path:
        return self._with_probe(overlay(self.homework, self.place / "kit"))

    def _with_probe(self, tree: Path) -> Path:
        probe = tree / "probes" / f"{self.homework.name}.py"
        shutil.copyfile(HERE / f"{self.homework.name}_probe.py", probe)
        return tree

    def _look_at_the_code(self) -> None:
        """Tell staff of code that reads files.

        Raises:
            Unusable: when there is so much code that it may hold what it should have learned.
        """
        total, lines = self._code
        if total > MOST_CODE:
            raise Unusable(
                f"its code has {total // 1024} kB; runs are measured with at most {MOST_CODE // 1024}"
            )
        if lines:
            told = f"the code of its networks reads files: {'; '.join(lines[:3])}"
            self._tell_once(READS_FILES, told)

    @functools.cached_property
    def _code(self) -> tuple[int, list[str]]:
        """Return how many bytes of code there are, and the lines that read files."""
        files = files_to_judge(self.homework, self.folder)
        lines = [
            f"{file.name}, line {line}: {what}"
            for file in files
            if file.source.tree is not None
            for line, what in lookups.reading(file.source.tree)
        ]
        return sum(len(file.source.text.encode("utf-8", "replace")) for file in files), lines

    def _tell_once(self, kind: str, text: str) -> None:
        if not any(note.kind == kind for note in self.found.notes):
            self._tell(kind, text)

    def _tell(self, kind: str, text: str) -> None:
        self.found.notes.append(Note(kind, STAFF, text))


def generator(seed: Seed, purpose: str) -> np.random.Generator:
    """A stream of random numbers that belongs to a seed and a purpose."""
    if isinstance(seed, Secret):
        return np.random.default_rng(seed.words(purpose))
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def source_of(run: Path) -> str:
    """The data source that the run says it used."""
    try:
        data = untrusted.read(run / "config.json", LARGEST_CONFIG)
        config, _ = untrusted.fields(untrusted.json_of(data), CONFIG)
    except untrusted.Unreadable as error:
        raise Unusable(f"config.json of the run is missing or damaged: {error}") from None
    if config["tiny"]:
        raise Unusable("it was made with --tiny, which only tries the path; train without it")
    return config["data"] or ""


def _compare(run: Path, name: str, last: np.ndarray, measured: Measured) -> None:
    """Note where the last row of metrics.csv and the last weights contradict each other."""
    written = last_told(run / "metrics.csv")
    measured_now = float(last.mean())
    if written is None:
        measured.notes.append(Note("no metrics", STAFF, f"{name}: metrics.csv has no val_accuracy"))
    elif abs(written - measured_now) > SLACK + 2 * confidence_interval(last):
        text = (
            f"{name}: metrics.csv ends with val_accuracy {written:.3f}, the last weights give "
            f"{measured_now:.3f}"
        )
        measured.notes.append(Note(CONTRADICTION, STAFF, text))


def last_told(path: Path) -> float | None:
    """Return the last validation accuracy that a run wrote down; None for none."""
    try:
        row = untrusted.last_row(untrusted.read(path, LARGEST_FILE))
    except untrusted.Unreadable:
        return None
    value = row.get("val_accuracy", math.nan)
    return value if 0 <= value <= 1 else None
