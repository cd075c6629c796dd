"""Runs the planned checks of a homework and gives one record.

The parent's half: it collects checks with pytest, calls them itself (two at a time where each has a
process of its own), and never imports torch or the student's code.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from autograder.context import CheckContext, Fixtures
from autograder.judge.answers import Answers
from autograder.judge.comparing import Mismatch, show_drawn
from autograder.judge.knowledge import Knowledge
from autograder.judge.known import MISTAKE
from autograder.judge.words import words_of
from autograder.planning import PlannedCheck, plan
from autograder.report.record import (
    PASSES_AS_CHANGED,
    RUNS_AS_CHANGED,
    CheckResult,
    HomeworkResult,
)
from autograder.run import finding
from autograder.run.base import Worker
from autograder.run.launch import isolation_of_this_system, start
from autograder.run.notes import PUT_BACK, STAFF, UNEXPLAINED, Note
from autograder.run.overlay import handed_in_files, overlay
from autograder.run.student import Call, StudentError
from autograder.surveying import explain
from common import interrupts
from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework
from common.kit.seeds import Seed

THREADS = 2


# --- running ------------------------------------------------------------------------------------


def grade(
    homework: Homework,
    *,
    submission: Path | None = None,
    only: str | Collection[str] | None = None,
    seed: Seed = PUBLIC_SEED,
    isolation: str | None = None,
    hint: int | None = None,
    worker: Worker | None = None,
    progress: Callable[[CheckResult], None] = lambda result: None,
) -> HomeworkResult:
    """Grade one homework.

    Args:
        submission: a folder of handed-in files; None grades the kit's own.
        only: a problem's id, or several; None for all.
        seed: which recorded set of inputs to use.
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
        result = HomeworkResult(homework.name, homework.title, worker.isolation)
        result.chosen = only is not None
        folder = stack.enter_context(scratch_folder())
        tree = overlay(homework, folder / "tree", submission, result.notes.append)
        context = CheckContext(homework, worker, tree, answers, seed, Knowledge.load(homework))
        result.checks = run_checks(context, checks, homework.hints(hint), progress, isolation)
        result.notes += context.notes
    result.seconds = time.monotonic() - began
    return result


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder that is removed whole, also when Ctrl-C comes at its end."""
    with interrupts.hold_signals():
        folder = tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
    try:
        yield Path(folder.name)
    finally:
        with interrupts.hold_signals():
            folder.cleanup()


def run_checks(
    context: CheckContext,
    checks: list[PlannedCheck],
    hint: int,
    progress: Callable[[CheckResult], None] = lambda result: None,
    isolation: str = "fork",
) -> list[CheckResult]:
    """Run checks in a context; return a row for each, in order."""
    broken = _import_files(context)
    empty: dict[str, bool] = {}
    calls: dict[str, list[Call]] = {}

    def one(check: PlannedCheck) -> CheckResult:
        file = (context.homework.problem(check.problem).hole or "").partition(":")[0]
        if file in broken:
            result = _row(check, broken[file], 0.0, hint)
        elif check.after is not None and empty.get(check.after, False):
            what = f"not run: problem {check.after} comes first, and is still empty"
            result = _row(check, StudentError("not_run", what), 0.0, hint)
        else:
            result, calls[check.id] = run_check(context, check, hint)
            if _is_empty(calls[check.id]):
                empty[check.problem] = True
        progress(result)
        return result

    if isolation == "fork":
        with ThreadPoolExecutor(THREADS) as pool:
            results = list(pool.map(one, checks))
    else:
        results = [one(check) for check in checks]
    if context.knowledge is not None and context.seed == PUBLIC_SEED:
        for problem in dict.fromkeys(row.problem for row in results if not row.passed):
            if not empty.get(problem, False):
                _explain(context, problem, results, calls, hint)
    if any(note.kind == PUT_BACK for note in context.notes):
        _blame_given_code(context, checks, results, calls)
    return results


def _blame_given_code(
    context: CheckContext,
    checks: list[PlannedCheck],
    results: list[CheckResult],
    calls: dict[str, list[Call]],
) -> None:
    """Say of a check that fails because given code was put back that this is why."""
    for check, row in zip(checks, results):
        if row.status == "failed" and not row.hole:
            failure = _failure(check, context.fixtures(check.id, keep_changes=True))
            if failure is None:
                row.aside = PASSES_AS_CHANGED
            elif failure.what != row.what and _raised(calls.get(check.id, [])):
                row.aside = RUNS_AS_CHANGED


def _is_empty(calls: list[Call]) -> bool:
    return bool(calls) and calls[-1].outcome.get("error", {}).get("kind") == "empty"


def _raised(calls: list[Call]) -> bool:
    return bool(calls) and "error" in calls[-1].outcome


def _explain(
    context: CheckContext,
    problem: str,
    results: list[CheckResult],
    calls: dict[str, list[Call]],
    hint: int,
) -> None:
    """Add to the rows of a problem that are lost what is told of it; the first says it in words."""
    assert context.knowledge is not None
    checks = plan(context.homework, problem)
    if any(check.id not in calls for check in checks):
        return
    lost = [row for row in results if row.problem == problem and not row.passed]
    try:
        found = explain(context, checks, calls, context.knowledge.of(problem))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Outputs of a form that nobody foresaw: the verdict stands, and that no cause was looked
        # for to the end is said.
        text = f"{problem}: no cause was found ({type(error).__name__})"
        context.notes.append(Note(UNEXPLAINED, STAFF, text))
        return
    told = [one for one in found if one.level <= hint]
    mistake = next((one.slug for one in told if one.sure and one.kind == MISTAKE), None)
    for row in lost:
        row.mistake, row.causes = mistake, [one.as_json() for one in told]
    said = {text for row in lost for text in (row.what, row.idea)}
    lost[0].told = words_of([one for one in told if one.text not in said])


def _import_files(context: CheckContext) -> dict[str, StudentError]:
    """Import every handed-in file; those that give nothing to judge, and why."""
    there, broken = handed_in_files(context.tree), {}
    student = context.fixtures("import").student
    for name in context.homework.files:
        if name not in there:
            broken[name] = _absent(context.homework, name)
            continue
        try:
            context.notes += student.import_file(name)
        except StudentError as error:
            status = "error" if error.status == "failed" else error.status
            broken[name] = StudentError(status, error.what, error.idea)
            student.close()  # it may be gone, or hold what the file left behind
            student = context.fixtures("import").student
    student.close()
    return broken


def _absent(homework: Homework, name: str) -> StudentError:
    """Return the error of the holes of a file that is not there."""
    if finding.needed(name, homework):
        what = f"{homework.name}/{name} is missing; it is one of the files to hand in"
        return StudentError("error", what)
    return StudentError("not_run", f"extra credit; {homework.name}/{name} is not handed in")


def run_check(
    context: CheckContext, check: PlannedCheck, hint: int
) -> tuple[CheckResult, list[Call]]:
    """Run one check; return its row, and the calls that it made."""
    began = time.monotonic()
    fixtures = context.fixtures(check.id)
    failure = _failure(check, fixtures)
    result = _row(check, failure, time.monotonic() - began, hint)
    result.printed = fixtures.student.printed
    context.notes += fixtures.student.advice
    return result, fixtures.student.calls


def _failure(check: PlannedCheck, fixtures: Fixtures) -> StudentError | Mismatch | None:
    """Call a check; why it fails, or None."""
    show_drawn(None)
    try:
        check.function(**fixtures.wanted_by(check.function), **check.arguments)
    except (StudentError, Mismatch) as error:
        return error
    except KitError:
        raise
    except Exception as error:  # a value of a form the check did not foresee
        return Mismatch(
            f"the result has a form that cannot be judged ({type(error).__name__}: {error})",
            "Compare the shapes and types that you return with those the docstring promises.",
        )
    finally:
        fixtures.student.close()
    return None


def _elsewhere(problem: str, failure: Any) -> str:
    """Say that an exception comes from another problem's hole, which this one calls; else ""."""
    other = getattr(failure, "raised_in", None)
    if other in (None, problem):
        return ""
    return f"This line is in the hole of problem {other}: begin there."


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
        aside=_elsewhere(check.problem, failure),
        picture=getattr(failure, "pair", None),
        task=getattr(failure, "drawn", None),
    )
