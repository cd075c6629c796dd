"""`--watch`: a warm worker, and a verdict on the problems of a file each time it is saved."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.planning import PlannedCheck, plan
from autograder.report import page
from autograder.report.record import CheckResult, HomeworkResult
from autograder.report.screen import Screen
from autograder.run.base import Worker
from autograder.run.overlay import overlay
from common.homework import Homework

POLL_SECONDS = 0.05

Snapshot = dict[str, tuple[int, int]]


def watch(
    homework: Homework,
    worker: Worker,
    screen: Screen,
    *,
    submission: Path | None,
    seed: int,
    hint: int | None,
    isolation: str,
    html: Path | None = None,
    rounds: int | None = None,
) -> HomeworkResult:
    """Grade, then grade again what a change concerns, until Ctrl-C.

    Args:
        html: the page to write anew after every verdict; None: no page.
        rounds: end after so many verdicts (for tests); None goes on.

    Returns:
        The last result.
    """
    folder = homework.folder if submission is None else submission
    answers, knowledge = Answers.load(homework, seed), Knowledge.load(homework)
    result = HomeworkResult(homework.name, homework.title, worker.isolation)
    rows: dict[str, CheckResult] = {}
    seen: Snapshot = {}
    screen.say(f"watching {folder}; Ctrl-C ends")
    try:
        while rounds is None or rounds > 0:
            now = snapshot(homework, folder)
            if rows and now == seen:
                time.sleep(POLL_SECONDS)
                continue
            began = time.monotonic()
            changed = {name for name in now.keys() | seen.keys() if now.get(name) != seen.get(name)}
            seen = now
            with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as place:
                tree = overlay(homework, Path(place) / "tree", submission)
                context = CheckContext(homework, worker, tree, answers, seed, knowledge)
                checks = concerned(homework, changed, rows)
                fresh = engine.run_checks(
                    context, checks, homework.hints(hint), isolation=isolation
                )
            rows |= {row.id: row for row in fresh}
            result.checks = [rows[check.id] for check in plan(homework)]
            result.seconds = time.monotonic() - began
            _say(result, fresh, homework, screen)
            if html is not None:
                page.write([result], {homework.name: homework}, html)
            rounds = None if rounds is None else rounds - 1
    except KeyboardInterrupt:
        screen.say("\nno longer watching")
    return result


def snapshot(homework: Homework, folder: Path) -> Snapshot:
    """Time and size of every file to hand in; a file that is being renamed is absent."""
    found: Snapshot = {}
    for name in homework.files:
        for path in (folder / homework.name / name, folder / name):
            try:
                status = path.stat()
            except OSError:
                continue
            found[name] = (status.st_mtime_ns, status.st_size)
            break
    return found


def concerned(
    homework: Homework, changed: set[str], rows: dict[str, CheckResult]
) -> list[PlannedCheck]:
    """The checks of the problems whose file changed; all of them at first, and after a file that
    could not be imported (every row then tells of that file)."""
    checks = plan(homework)
    if not rows or any(row.status == "error" for row in rows.values()):
        return checks
    problems = {p.id for p in homework.problems if p.file in changed}
    return [check for check in checks if check.problem in problems] or checks


def _say(
    result: HomeworkResult, fresh: list[CheckResult], homework: Homework, screen: Screen
) -> None:
    ids = {row.id for row in fresh}
    part = HomeworkResult(result.homework, result.title, result.isolation, fresh, result.seconds)
    screen.clear()
    screen.show(part if len(ids) < len(result.checks) else result, homework)
    if len(ids) < len(result.checks):
        screen.say(f"  all of {result.homework}: {result.score:g} of {result.max_score:g}")
