"""Runs the planned checks of a homework and gives one record.

The parent's half: it collects checks with pytest, calls them itself (two at a time where each has a
process of its own), and never imports torch or the student's code.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.judge import plugin
from autograder.judge.answers import Answers, Echo, Reference
from autograder.judge.comparing import Mismatch
from autograder.judge.knowledge import Knowledge
from autograder.judge.known import MISTAKE
from autograder.judge.words import worded
from autograder.report.record import CheckResult, HomeworkResult
from autograder.run.launch import Worker, isolation_of_this_system, start
from autograder.run.overlay import overlay
from autograder.run.student import Call, Student, StudentError
from autograder.surveying import explain
from common import interrupts
from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework

THREADS = 2


@dataclass(frozen=True)
class PlannedCheck:
    """A check that will have a row, whatever happens."""

    id: str
    problem: str
    title: str
    points: float
    after: str | None
    random: bool
    function: Callable[..., None]
    arguments: dict[str, Any]  # of a parametrized check


@dataclass
class Desk:
    """What one check works with."""

    student: Student
    reference: Reference
    rng: Any


class Bench:
    """A worker, a tree and the answers: everything a homework's checks need.

    Args:
        homework: what to grade.
        worker: a worker with the homework's preloaded modules; the bench does not close it.
        tree: a tree made by `overlay`.
        answers: the seed's record, or None to record: the student is then its own reference.
        seed: which inputs to draw.
        knowledge: what is known to go wrong on the public inputs, or None.
    """

    def __init__(
        self,
        homework: Homework,
        worker: Worker,
        tree: Path,
        answers: Answers | None,
        seed: int,
        knowledge: Knowledge | None = None,
    ) -> None:
        self.homework, self.worker, self.tree = homework, worker, tree
        self.answers, self.seed, self.knowledge = answers, seed, knowledge

    def desk(self, check: str) -> Desk:
        """What the check of this id works with; its process starts at the first call."""
        limit = self.homework.time_limit
        student = Student(
            self.homework, lambda: self.worker.open(self.tree, self.homework.name, limit)
        )
        reference: Reference
        if self.answers is None:
            reference = Echo(student)
        else:
            reference = Reference(self.answers.calls.get(check, []), student)
        return Desk(student, reference, plugin.generator(self.seed, check))


# --- what is planned ----------------------------------------------------------------------------


class _Collector:
    def __init__(self) -> None:
        self.items: list[pytest.Function] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = [item for item in session.items if isinstance(item, pytest.Function)]


_planned: dict[Path, list[PlannedCheck]] = {}


def plan(homework: Homework, only: str | None = None) -> list[PlannedCheck]:
    """The checks of a homework, or of one problem, in the order of homework.toml.

    Raises:
        KitError: when a check file is broken or the points do not add up.
    """
    if homework.checks not in _planned:
        _planned[homework.checks] = _collect(homework)
    checks = _planned[homework.checks]
    if only is not None:
        homework.problem(only)
        checks = [check for check in checks if check.problem == only]
    return checks


def _collect(homework: Homework) -> list[PlannedCheck]:
    collector, said, known = _Collector(), io.StringIO(), set(sys.modules)
    # pytest would keep Ctrl-C to itself, or take it for a fault of the check that it reads.
    with interrupts.held(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(
            [
                str(homework.checks), "--collect-only", "-q", "--noconftest",
                "-c", str(homework.checks.parent / "pytest.ini"),
            ],
            plugins=[collector],
        )  # fmt: skip
        # Check folders are called like the homeworks: a homework can still be imported afterwards.
        for module in [m for m in sys.modules if m.split(".")[0] == homework.name]:
            if module not in known:
                del sys.modules[module]
    if code != pytest.ExitCode.OK:
        last = next((line for line in said.getvalue().splitlines() if line.startswith("E ")), "")
        raise KitError(f"the checks of {homework.name} cannot be collected: {last or code}")
    order = {problem.id: index for index, problem in enumerate(homework.problems)}
    checks = [_planned_check(item, homework) for item in collector.items]
    checks.sort(key=lambda check: order[check.problem])
    for problem in homework.problems:
        total = sum(check.points for check in checks if check.problem == problem.id)
        wanted = problem.points if problem.kind == "code" else 0
        if abs(total - wanted) > 1e-9 and problem.checked:
            raise KitError(
                f"the checks of {homework.name} {problem.id} are worth {total:g} points, "
                f"homework.toml says {wanted:g}"
            )
    return checks


def _planned_check(item: pytest.Function, homework: Homework) -> PlannedCheck:
    marker = item.get_closest_marker("problem")
    if marker is None:
        raise KitError(f"the check {plugin.check_id(item)} names no problem")
    (ident,) = marker.args
    homework.problem(ident)
    title = (inspect.getdoc(item.function) or item.name).splitlines()[0].rstrip(".")
    return PlannedCheck(
        id=plugin.check_id(item),
        problem=ident,
        title=title,
        points=marker.kwargs["points"],
        after=marker.kwargs["after"],
        random=marker.kwargs["random"],
        function=item.function,
        arguments=dict(item.callspec.params) if hasattr(item, "callspec") else {},
    )


# --- running ------------------------------------------------------------------------------------


def grade(
    homework: Homework,
    *,
    submission: Path | None = None,
    only: str | None = None,
    seed: int = PUBLIC_SEED,
    isolation: str | None = None,
    hint: int | None = None,
    worker: Worker | None = None,
    progress: Callable[[CheckResult], None] = lambda result: None,
) -> HomeworkResult:
    """Grade one homework.

    Args:
        submission: a folder of handed-in files; None grades the kit's own.
        only: a problem's id; None for all.
        seed: which recorded seed to use.
        isolation: fork, spawn or in-process; None takes the best of this system.
        hint: 1 to 3, how much a message says; None takes the homework's.
        worker: a warm worker to use; None starts one and ends it.
        progress: called after each check, from any thread.

    Raises:
        KitError: when nothing can be graded.
    """
    began = time.monotonic()
    isolation = isolation or isolation_of_this_system()
    with contextlib.ExitStack() as stack:
        if worker is None:  # first: its imports take longest, and go on beside the rest
            worker = stack.enter_context(start(isolation, homework.preload))
        answers = Answers.load(homework, seed)
        checks = plan(homework, only)
        tree = overlay(homework, stack.enter_context(_folder()) / "tree", submission)
        bench = Bench(homework, worker, tree, answers, seed, Knowledge.load(homework))
        result = HomeworkResult(homework.name, homework.title, worker.isolation)
        result.checks = run_checks(bench, checks, hint or homework.hint_level, progress, isolation)
    result.seconds = time.monotonic() - began
    return result


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that is removed whole, also when Ctrl-C comes at its end."""
    with interrupts.held():
        folder = tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
    try:
        yield Path(folder.name)
    finally:
        with interrupts.held():
            folder.cleanup()


def run_checks(
    bench: Bench,
    checks: list[PlannedCheck],
    hint: int,
    progress: Callable[[CheckResult], None] = lambda result: None,
    isolation: str = "fork",
) -> list[CheckResult]:
    """Run checks on a bench; a row for each, in order."""
    broken = _unimportable(bench)
    empty: dict[str, bool] = {}
    calls: dict[str, list[Call]] = {}

    def one(check: PlannedCheck) -> CheckResult:
        if broken is not None:
            result = _row(check, broken, 0.0, hint)
        elif check.after is not None and empty.get(check.after, False):
            what = f"not run: problem {check.after} comes first, and is still empty"
            result = _row(check, StudentError("not_run", what), 0.0, hint)
        else:
            result, calls[check.id] = run_check(bench, check, hint)
            if _is_empty(calls[check.id]):
                empty[check.problem] = True
        progress(result)
        return result

    if isolation == "fork":
        with ThreadPoolExecutor(THREADS) as pool:
            results = list(pool.map(one, checks))
    else:
        results = [one(check) for check in checks]
    if bench.knowledge is not None and bench.seed == PUBLIC_SEED:
        for problem in dict.fromkeys(row.problem for row in results if not row.passed):
            if not empty.get(problem, False):
                _explain(bench, problem, results, calls, hint)
    return results


def _is_empty(calls: list[Call]) -> bool:
    return bool(calls) and calls[-1].outcome.get("error", {}).get("kind") == "empty"


def _explain(
    bench: Bench, problem: str, results: list[CheckResult], calls: dict[str, list[Call]], hint: int
) -> None:
    """Add to the rows of a problem that are lost what is told of it; the first says it in words."""
    assert bench.knowledge is not None
    checks = plan(bench.homework, problem)
    if any(check.id not in calls for check in checks):
        return
    lost = [row for row in results if row.problem == problem and not row.passed]
    try:
        found = explain(bench, checks, calls, bench.knowledge.of(problem))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Outputs of a form that nobody foresaw: the verdict stands, and that no cause was looked
        # for to the end is said.
        print(f"note: {problem}: no cause was found ({type(error).__name__})", file=sys.stderr)
        return
    told = [one for one in found if one.level <= hint]
    mistake = next((one.slug for one in told if one.sure and one.kind == MISTAKE), None)
    for row in lost:
        row.mistake, row.causes = mistake, [one.as_json() for one in told]
    said = {text for row in lost for text in (row.what, row.idea)}
    lost[0].told = worded([one for one in told if one.text not in said])


def _unimportable(bench: Bench) -> StudentError | None:
    """The first handed-in file that cannot be imported: then nothing can be judged."""
    student = bench.desk("import").student
    try:
        for name in bench.homework.files:
            if not (bench.tree / bench.homework.name / name).is_file():
                return StudentError(
                    "error", f"{bench.homework.name}/{name} is missing; it is one of the files "
                    "to hand in"
                )  # fmt: skip
            student.import_file(name)
    except StudentError as error:
        return StudentError("error" if error.status == "failed" else error.status, error.what,
                            error.idea)  # fmt: skip
    finally:
        student.close()
    return None


def run_check(bench: Bench, check: PlannedCheck, hint: int) -> tuple[CheckResult, list[Call]]:
    """Run one check; its row, and the calls that it made."""
    began = time.monotonic()
    desk = bench.desk(check.id)
    wanted = inspect.signature(check.function).parameters
    fixtures = {"student": desk.student, "reference": desk.reference, "rng": desk.rng}
    given = {name: value for name, value in fixtures.items() if name in wanted}
    failure: StudentError | Mismatch | None = None
    try:
        check.function(**given, **check.arguments)
    except (StudentError, Mismatch) as error:
        failure = error
    except KitError:
        raise
    except Exception as error:  # a value of a form the check did not foresee
        failure = Mismatch(
            f"the result has a form that cannot be judged ({type(error).__name__}: {error})",
            "Compare the shapes and types that you return with those the docstring promises.",
        )
    finally:
        desk.student.close()
    result = _row(check, failure, time.monotonic() - began, hint)
    result.printed = desk.student.printed
    return result, desk.student.calls


def _row(check: PlannedCheck, failure: Any, seconds: float, hint: int) -> CheckResult:
    return CheckResult(
        id=check.id,
        problem=check.problem,
        title=check.title,
        points=check.points if failure is None else 0,
        max_points=check.points,
        status="passed" if failure is None else getattr(failure, "status", "failed"),
        seconds=round(seconds, 3),
        what=failure.what if failure else "",
        idea=failure.idea if failure and hint >= 2 else "",
        hole=getattr(failure, "hole", None),
        picture=getattr(failure, "pair", None),
    )
