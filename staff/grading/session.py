"""One submission → one record: unpacked, judged with secret inputs, its trained runs measured.

A `Session` holds what every submission of a homework shares, a warm worker above all. Each process
of a batch has one; so has the program on Gradescope.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.planning import plan
from autograder.report.record import CheckResult
from autograder.run.base import Worker, WorkerDied
from autograder.run.launch import isolation_of_this_system, start
from autograder.run.notes import STAFF, Note, Tell
from autograder.run.overlay import overlay
from common import homework as homeworks
from common.files.untrusted import writable
from common.homework import PUBLIC_SEED, Homework
from common.kit.seeds import Seed
from staff.grading import archives, diagnosis, memory, receipts, trained, unpack
from staff.grading.clean_kit import originals
from staff.grading.jobs import PUBLIC, Job, choose_seeds, held_out_seed
from staff.grading.permissions import close_to_others
from staff.grading.trained.hidden import folders_of_images

HINT = 3
Progress = Callable[[CheckResult], None]  # told of each row when it is known
OTHER_INPUTS = (
    "It passes with the inputs of the local autograder, and fails with others of the same kind. "
    "Does the code rely on a size, an order or a value that only those have?"
)


class Session:
    """Everything that submissions of one homework share.

    Args:
        name: the homework.
        isolation: fork or spawn; None takes the best of this system.
        worker: a warm one to use; None starts one.
    """

    def __init__(
        self, name: str, isolation: str | None = None, worker: Worker | None = None
    ) -> None:
        self.homework = homeworks.load(name)
        self.isolation = isolation or isolation_of_this_system()
        self.worker = worker or self._start()
        self.checks = plan(self.homework)
        self.records: dict[Seed, tuple[Answers, Knowledge]] = {}

    def close(self) -> None:
        self.worker.close()

    def _start(self) -> Worker:
        hidden = (*folders_of_images(), *originals())
        return start(self.isolation, self.homework.preload, hidden)

    def grade(self, job: Job, progress: Progress = lambda row: None) -> dict:
        """Grade one submission; return its record.

        When the worker dies, another one is started, and the submission is graded once more.

        Raises:
            KitError: when the grader itself cannot go on.
        """
        try:
            return self._grade(job, progress)
        except (WorkerDied, OSError):
            self.worker.close()
            self.worker = self._start()
            return self._grade(job, progress)

    def _grade(self, job: Job, progress: Progress) -> dict:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as folder:
            root = Path(folder)
            (root / "files").mkdir()
            source = Path(job.source)
            if job.content is not None:
                suffix = source.suffix if source.suffix.lower() in archives.SUFFIXES else ".zip"
                source = root / f"submission{suffix}"
                source.write_bytes(job.content)
            try:
                taken = unpack.accept(source, root / "files", self.homework)
            except unpack.Refused as refusal:
                record = refused_record(self.homework, job, str(refusal))
            else:
                record = self._judge(job, taken, root, progress)
        record["seconds"] = round(time.monotonic() - began, 2)
        record["memory_mb"] = memory.of_this_process_and_its_children()
        return record

    def _judge(self, job: Job, taken: unpack.Unpacked, root: Path, progress: Progress) -> dict:
        self.protect_answers()
        seeds = choose_seeds(self.homework, job, taken.digest)
        record = self._begin_record(job, taken, seeds)
        notes: list[Note] = []
        tree = overlay(self.homework, root / "tree", taken.folder, notes.append)
        rows = self.judge_sets(tree, seeds, progress, notes.append)
        record["notes"] += _plain(notes)
        if job.for_student and not is_public(record):
            self._explain(rows, tree)
        measured = self._measure_runs(record, job, taken, tree, progress)
        fill(record, self.homework, rows + measured.rows)
        self._grade_diagnosis(record, job, taken)
        return record

    def _begin_record(self, job: Job, taken: unpack.Unpacked, seeds: list[Seed]) -> dict:
        """Return the record of a submission before anything is judged."""
        record = blank_record(self.homework, job) | {
            "status": "graded",
            "seeds": list(map(str, seeds)),
            "isolation": self.worker.isolation,
            "notes": _plain(taken.notes),
            "manifest": taken.manifest,
            "packed": taken.packed,
        }
        if is_public(record):
            text = "graded under the public seed: its answers are known"
            record["notes"] += _plain([Note("public seed", STAFF, text)])
        return record

    def _measure_runs(
        self, record: dict, job: Job, taken: unpack.Unpacked, tree: Path, progress: Progress
    ) -> trained.Measured:
        """Measure the trained runs; enter what is noted of them."""
        held_out = held_out_seed(self.homework, job, taken.digest)
        measured = trained.measure(self.homework, self.worker, taken.folder, tree, held_out)
        for row in measured.rows:
            progress(row)
        if job.for_student and held_out != PUBLIC_SEED:
            self.explain_runs(measured, taken.folder, tree)
        record["notes"] += _plain(measured.notes) + _plain(receipts.verify(taken.folder))
        record["runs"] = receipts.identities(taken.folder)
        record["accuracy"] = measured.accuracy
        return measured

    def _grade_diagnosis(self, record: dict, job: Job, taken: unpack.Unpacked) -> None:
        """Enter the points, rows and notes of recorded curves."""
        graded = diagnosis.grade(
            self.homework, taken.folder, taken.manifest, told_causes=not job.for_student
        )
        record["diagnosis"] = whole(sum(row.points for row in graded.rows))
        record["checks"] += [row.as_json() for row in graded.rows]
        record["notes"] += _plain(graded.notes)

    def protect_answers(self) -> None:
        """Protect answers by file permissions, too, where students' code runs as another user."""
        if "user" in self.worker.isolation.split("+"):
            close_to_others(self.homework.root)

    def judge_sets(
        self, tree: Path, seeds: list[Seed], progress: Callable[[CheckResult], None], tell: Tell
    ) -> list[CheckResult]:
        """The rows of all checks: a check counts when it passes under all sets of inputs."""
        final: dict[str, CheckResult] = {}
        for seed in seeds:
            last = seed is seeds[-1]

            def keep(row: CheckResult, last: bool = last) -> None:
                if last or not row.passed:
                    progress(row)

            undecided = [check for check in self.checks if check.id not in final]
            if undecided:
                rows = self.judge_tree(tree, seed, keep, undecided, tell)
                final |= {row.id: row for row in rows if last or not row.passed}
            tell = _quietly  # another set says the same of the files
        return [final[check.id] for check in self.checks]

    def judge_tree(
        self,
        tree: Path,
        seed: Seed,
        progress: Progress = lambda row: None,
        checks: list | None = None,
        tell: Tell = lambda note: None,
    ) -> list[CheckResult]:
        """The rows of all checks, or of some, for one tree and one set of inputs."""
        if seed not in self.records:
            self.records[seed] = (
                Answers.load(self.homework, seed),
                Knowledge.load(self.homework),
            )
        answers, knowledge = self.records[seed]
        context = CheckContext(self.homework, self.worker, tree, answers, seed, knowledge)
        rows = engine.run_checks(context, checks or self.checks, HINT, progress, self.isolation)
        for note in context.notes:
            tell(note)
        return rows

    def _explain(self, rows: list[CheckResult], tree: Path) -> None:
        """Exchange what is said of secret inputs for what the public ones show, as at home."""
        lost = {row.problem for row in rows if not row.passed}
        if not lost:
            return
        checks = [check for check in self.checks if check.problem in lost]
        public = {row.id: row for row in self.judge_tree(tree, PUBLIC_SEED, checks=checks)}
        for row in rows:
            row.printed = ""
            if row.passed:
                continue
            at_home = public[row.id]
            row.what = OTHER_INPUTS if at_home.passed else at_home.what
            row.idea, row.told, row.hole = at_home.idea, at_home.told, at_home.hole
            row.mistake, row.causes = at_home.mistake, at_home.causes

    def explain_runs(self, measured: trained.Measured, folder: Path, tree: Path) -> None:
        """The same for trained runs: what a network raised may hold the tasks it was shown."""
        names = [row.id.removeprefix("run::") for row in measured.rows]
        raised = {name for name in names if name not in measured.accuracy}
        experiments = [e for e in self.homework.experiments if e.name in raised]
        homework = replace(self.homework, experiments=tuple(experiments))
        public = trained.measure(homework, self.worker, folder, tree, PUBLIC_SEED)
        told = {row.id: row for row in public.rows}
        for name, row in zip(names, measured.rows):
            if name in raised:
                row.what = OTHER_INPUTS if name in public.accuracy else told[row.id].what
                row.idea, row.told = "", []


# --- records ------------------------------------------------------------------------------------


def _quietly(note: Note) -> None:
    """Tell nobody."""


def is_public(record: dict) -> bool:
    """Whether a record was made with the inputs that students have."""
    return record["seeds"] == [PUBLIC]


def _plain(notes: list[Note]) -> list[dict]:
    return [note.as_json() for note in notes]


def blank_record(homework: Homework, job: Job) -> dict:
    """A record of nothing yet: every planned point is there, none is earned."""
    planned = [p for p in homework.problems if p.kind in ("code", "run")]
    return {
        "id": job.ident,
        "students": list(job.students) or [job.ident],
        "homework": homework.name,
        "submitted": job.submitted,
        "packed": "",
        "fingerprint": job.fingerprint,
        "status": "failed",
        "reason": "",
        "seeds": [],  # the names of the inputs
        "isolation": "",
        "score": 0,
        "max_score": whole(sum(p.points for p in planned)),
        "extra": 0,
        "diagnosis": 0,  # of the written half: merged by the gradebook
        "problems": {p.id: 0 for p in planned},
        "accuracy": {},
        "runs": {},  # what tells each from every other run
        "checks": [],
        "notes": [],
        "manifest": {},
        "seconds": 0.0,
        "memory_mb": 0,
    }


def refused_record(homework: Homework, job: Job, reason: str) -> dict:
    """The record of a submission that was not taken in."""
    return blank_record(homework, job) | {"status": "refused", "reason": reason}


def failed_record(job: Job, reason: str) -> dict:
    """The record of a submission that the grader could not finish; staff must look at it."""
    return blank_record(homeworks.load(job.homework), job) | {"reason": reason}


def unwritable(record: dict, error: Exception) -> dict:
    """The failed record in place of one that cannot be written."""
    homework = homeworks.load(record["homework"])
    students = tuple(map(writable, record["students"]))
    job = Job(record["id"], homework.name, "", record["fingerprint"], students)
    reason = f"its record cannot be written ({type(error).__name__}: {archives.printable_name(str(error))})"
    return blank_record(homework, job) | {"reason": reason}


def fill(record: dict, homework: Homework, rows: list[CheckResult]) -> None:
    """Enter rows and what they sum to."""
    for problem in homework.problems:
        of_problem = [row for row in rows if row.problem == problem.id]
        if problem.kind in ("code", "run"):
            record["problems"][problem.id] = whole(sum(row.points for row in of_problem))
        elif problem.kind == "extra" and of_problem:
            passed = sum(row.passed for row in of_problem) / len(of_problem)
            record["problems"][problem.id] = whole(problem.by_checks * passed)
            record["extra"] = whole(record["extra"] + problem.by_checks * passed)
    record["score"] = whole(sum(row.points for row in rows))
    record["checks"] = [row.as_json() for row in rows]


def whole(points: float) -> float:
    """Without the dust of binary fractions; an int where it is one."""
    points = round(points, 6)
    return int(points) if points == int(points) else points
