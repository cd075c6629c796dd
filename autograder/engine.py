"""Runs the planned checks of a homework and gives one record.

The parent's half: it collects checks with pytest, calls them itself (two at a time where each has a
process of its own), and never imports torch or the student's code.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.comparing import Mismatch
from autograder.judge.knowledge import Knowledge
from autograder.judge.known import MISTAKE
from autograder.judge.words import worded
from autograder.planning import PlannedCheck, plan
from autograder.report.record import CheckResult, HomeworkResult
from autograder.run.base import Worker
from autograder.run.launch import isolation_of_this_system, start
from autograder.run.overlay import overlay
from autograder.run.student import Call, StudentError
from autograder.surveying import explain
from common import interrupts
from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework

THREADS = 2


# --- running ------------------------------------------------------------------------------------


def grade(
    homework: Homework,
    *,
    submission: Path | None = None,
    only: str | Collection[str] | None = None,
    seed: int = PUBLIC_SEED,
    isolation: str | None = None,
    hint: int | None = None,
    worker: Worker | None = None,
    progress: Callable[[CheckResult], None] = lambda result: None,
) -> HomeworkResult:
    """Grade one homework.

    Args:
        submission: a folder of handed-in files; None grades the kit's own.
        only: a problem's id, or several; None for all.
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
        context = CheckContext(homework, worker, tree, answers, seed, Knowledge.load(homework))
        result = HomeworkResult(homework.name, homework.title, worker.isolation)
        result.checks = run_checks(context, checks, homework.hints(hint), progress, isolation)
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
    context: CheckContext,
    checks: list[PlannedCheck],
    hint: int,
    progress: Callable[[CheckResult], None] = lambda result: None,
    isolation: str = "fork",
) -> list[CheckResult]:
    """Run checks in a context; a row for each, in order."""
    broken = _unimportable(context)
    empty: dict[str, bool] = {}
    calls: dict[str, list[Call]] = {}

    def one(check: PlannedCheck) -> CheckResult:
        if broken is not None:
            result = _row(check, broken, 0.0, hint)
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
    return results


def _is_empty(calls: list[Call]) -> bool:
    return bool(calls) and calls[-1].outcome.get("error", {}).get("kind") == "empty"


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
        print(f"note: {problem}: no cause was found ({type(error).__name__})", file=sys.stderr)
        return
    told = [one for one in found if one.level <= hint]
    mistake = next((one.slug for one in told if one.sure and one.kind == MISTAKE), None)
    for row in lost:
        row.mistake, row.causes = mistake, [one.as_json() for one in told]
    said = {text for row in lost for text in (row.what, row.idea)}
    lost[0].told = worded([one for one in told if one.text not in said])


def _unimportable(context: CheckContext) -> StudentError | None:
    """The first handed-in file that cannot be imported: then nothing can be judged."""
    student = context.fixtures("import").student
    try:
        for name in context.homework.files:
            if not (context.tree / context.homework.name / name).is_file():
                return StudentError(
                    "error", f"{context.homework.name}/{name} is missing; it is one of the files "
                    "to hand in"
                )  # fmt: skip
            student.import_file(name)
    except StudentError as error:
        return StudentError("error" if error.status == "failed" else error.status, error.what,
                            error.idea)  # fmt: skip
    finally:
        student.close()
    return None


def run_check(
    context: CheckContext, check: PlannedCheck, hint: int
) -> tuple[CheckResult, list[Call]]:
    """Run one check; its row, and the calls that it made."""
    began = time.monotonic()
    fixtures = context.fixtures(check.id)
    failure: StudentError | Mismatch | None = None
    try:
        check.function(**fixtures.wanted_by(check.function), **check.arguments)
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
        fixtures.student.close()
    result = _row(check, failure, time.monotonic() - began, hint)
    result.printed = fixtures.student.printed
    return result, fixtures.student.calls


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
