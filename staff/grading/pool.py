"""Processes that grade, one submission at a time, each with a warm worker of its own.

A process that dies or hangs is replaced. The submission it had gets one more try, behind all that wait,
and is then recorded as failed. When the kit was changed, those that were at work are graded again one by
one. Each process has a folder for all that it and its worker leave behind; it goes when the process goes.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import platform
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

from autograder.run.clearing import remove
from autograder.run.notes import KIT_CHANGED, STAFF, Note
from common.homework import ROOT
from staff.grading.clean_kit import CleanKit
from staff.grading.jobs import Job
from staff.grading.session import Session, failed_record

TRIES = 2
CHANGED_KIT = "the kit was changed while it alone was graded"
START = 180.0  # seconds that the imports of a fresh process may take
PATIENCE = 5.0  # seconds in which a worker should have ended its checks


class Grader:
    """A process and what it is doing."""

    def __init__(self, kit: CleanKit | None = None) -> None:
        self.job: Job | None = None
        self._kit = kit
        self._begin()

    def _begin(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="grading-")
        os.chmod(self.folder, 0o711)  # checks run as other users, in folders below
        # Spawned, never forked: this process may have threads, and each needs a worker of its own.
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, self.folder), daemon=False)
        with self._kit.first_to_import() if self._kit else contextlib.nullcontext():
            self.process.start()
        theirs.close()
        self.deadline, self.warm = float("inf"), False

    def hand_out(self, job: Job, seconds: float) -> None:
        """Let the process grade a job, for at most so many seconds."""
        self.job, self.seconds = job, seconds
        self.deadline = time.monotonic() + seconds + (0 if self.warm else START)
        with contextlib.suppress(OSError):  # a dead process is noticed when its answer is read
            self.line.send(job)

    def result(self, ready: bool) -> dict | str | None:
        """The record; or why there will be none: the process is then a new one; or None: not yet.

        Args:
            ready: whether the line has something to read.
        """
        if ready:
            try:
                record = self.line.recv()
            except (EOFError, OSError):
                self.process.join(5)
                ended = f"the grading process ended (exit code {self.process.exitcode})"
            else:
                self.job, self.warm = None, True
                return record
        elif time.monotonic() > self.deadline:
            ended = f"not finished after {self.seconds:.0f} s"
        else:
            return None
        self.begin_anew()
        return ended

    def begin_anew(self) -> Job | None:
        """End the process and start another; return the job that it had."""
        self.end()
        job, self.job = self.job, None
        self._begin()
        return job

    def end(self) -> None:
        """End the process, its worker, and what they wrote."""
        self.line.close()
        if self.job is None:
            self.process.join(5)  # it ends its own worker when the line closes
        workers = []
        if self.process.pid is not None and self.process.is_alive():
            workers = children_of(self.process.pid)
            self.process.kill()
        self.process.join()
        _end_workers(workers)
        remove(self.folder)


def run(jobs: Iterable[Job], workers: int, seconds: float, keep: Callable[[dict], None]) -> None:
    """Grade all jobs; `keep` gets each record, in the order in which they are finished.

    Args:
        jobs: of one homework.
        workers: how many processes.
        seconds: what one submission may take before its process is ended.
    """
    batch = _Batch(deque(jobs), seconds, keep, CleanKit(ROOT))
    try:
        batch.graders += [Grader(batch.kit) for _ in range(min(workers, len(batch.waiting)))]
        while batch.waiting or batch.suspects or any(grader.job for grader in batch.graders):
            batch.hand_out()
            batch.take_in()
    finally:
        for grader in batch.graders:
            grader.end()
        batch.kit.close()


@dataclass
class _Batch:
    """What is still to be graded, and by whom.

    Attributes:
        suspects: jobs that were at work when the kit was changed: they are graded one by one.
    """

    waiting: deque[Job]
    seconds: float
    keep: Callable[[dict], None]
    kit: CleanKit
    suspects: deque[Job] = field(default_factory=deque)
    graders: list[Grader] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)

    def hand_out(self) -> None:
        """Give jobs to the processes that have none: a suspect only when nobody else works."""
        for grader in self.graders:
            if grader.job is None and self.waiting:
                grader.hand_out(self.waiting.popleft(), self.seconds)
        if self.suspects and not any(grader.job for grader in self.graders):
            self.graders[0].hand_out(self.suspects.popleft(), self.seconds)

    def take_in(self) -> None:
        """Keep the records that have come, unless the kit was changed meanwhile."""
        ready = wait([grader.line for grader in self.graders if grader.job], timeout=1.0)
        results: list[tuple[Job, dict | str]] = []
        for grader in self.graders:
            job = grader.job
            if job is None or (result := grader.result(grader.line in ready)) is None:
                continue
            results.append((job, result))
        if results and (changed := self.kit.changes()):
            self._renew(changed, [job for job, _ in results])
            return
        for job, result in results:
            if isinstance(result, dict):
                self.keep(result)
                continue
            self.tries[job.ident] += 1
            if self.tries[job.ident] < TRIES:
                self.waiting.append(job)
            else:
                self.keep(failed_record(job, result))

    def _renew(self, changed: list[str], finished: list[Job]) -> None:
        """Say that the kit was changed; go on from a clean copy, and grade again who was at work."""
        names = listed(changed)
        self.kit.renew()
        at_work = [job for grader in self.graders if (job := grader.begin_anew()) is not None]
        suspects = [*finished, *at_work]
        print(
            f"the kit was changed while {', '.join(one.ident for one in suspects)} were graded: "
            f"{names}; it goes on from a clean copy. Look at: git status",
            file=sys.stderr,
        )
        if len(suspects) == 1:
            self.keep(failed_record(suspects[0], f"{CHANGED_KIT}: {names}"))
        else:
            self.suspects += suspects


class Alone:
    """One process that stays warm, where somebody else hands out the jobs; and the kit that it
    grades from."""

    def __init__(self) -> None:
        multiprocessing.current_process().daemon = False  # else it may start no process
        self.kit = CleanKit(ROOT)
        self.grader = Grader(self.kit)
        atexit.register(self.end)

    def end(self) -> None:
        """End the process, and remove the copy of the kit, if there is one."""
        self.grader.end()
        self.kit.close()
        atexit.unregister(self.end)

    def grade(self, job: Job, seconds: float) -> dict:
        """Return the record of a job; it is made with a kit that nobody has changed.

        Whoever works beside it on this machine may change the kit as well: after the first change the
        job is graded again, from a copy that nobody else knows.
        """
        notes, ended = [], Counter[str]()
        while True:
            result = self._once(job, seconds)
            if changed := self.kit.changes():
                copied, told = self.kit.is_copy, f"{CHANGED_KIT}: {listed(changed)}"
                self._renew()
                if copied:
                    return failed_record(job, told)
                notes.append(f"the kit on {platform.node()} was changed: {listed(changed)}")
            elif isinstance(result, dict):
                told_staff = [Note(KIT_CHANGED, STAFF, text).as_json() for text in notes]
                return result | {"notes": [*result["notes"], *told_staff]}
            else:
                ended[result] += 1
                if ended.total() == TRIES:
                    return failed_record(job, result)

    def _once(self, job: Job, seconds: float) -> dict | str:
        self.grader.hand_out(job, seconds)
        while (result := self.grader.result(self.grader.line.poll(1.0))) is None:
            pass
        return result

    def _renew(self) -> None:
        self.kit.renew()
        self.grader.begin_anew()


def listed(changed: list[str]) -> str:
    """Return the first names of what was changed, and how many more there are."""
    return ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if changed[3:] else "")


def _end_workers(workers: list[int]) -> None:
    """Wait until workers whose process was killed have ended their checks, and themselves.

    They know best what a check has started. One that takes too long is killed, and before it the
    group of each of its checks.
    """
    until = time.monotonic() + PATIENCE
    while (left := list(filter(_lives, workers))) and time.monotonic() < until:
        time.sleep(0.02)
    for worker in left:
        for check in children_of(worker):
            with contextlib.suppress(OSError):
                os.killpg(check, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.kill(worker, signal.SIGKILL)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    children: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children += map(int, tasks.read_text().split())
    return children


def _lives(pid: int) -> bool:
    """Whether a process has not ended, be it waited for or not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def serve(line: Connection, folder: str) -> None:
    """Grade what comes over the line until it closes.

    Args:
        folder: for all temporary files.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    session: Session | None = None
    homework = ""
    try:
        while True:
            try:
                job = line.recv()
            except (EOFError, OSError):
                return
            try:
                if session is None or job.homework != homework:
                    if session is not None:
                        session.close()
                    session, homework = Session(job.homework), job.homework
                record = session.grade(job)
            except Exception as error:  # the grader's own fault: recorded, and the rest goes on
                record = failed_record(job, f"{type(error).__name__}: {error}"[:500])
                if session is not None:
                    session.close()
                session = None
            try:
                line.send(record)
            except OSError:
                return
    finally:
        if session is not None:
            session.close()
        remove(folder)  # where nobody is left to do it
