"""`--watch`: a warm worker, and a verdict on the problems of a file each time it is saved."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Collection
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
from autograder.run.notes import Note
from autograder.run.overlay import overlay
from common.homework import Homework
from common.kit.seeds import Seed

POLL_SECONDS = 0.05
SETTLING = 0.1  # seconds without a change after which a file is whole
MOST_WAITING = 1.0  # seconds for a file that stays empty, or away

Snapshot = dict[str, tuple[int, int]]


def watch(
    homework: Homework,
    worker: Worker,
    screen: Screen,
    *,
    submission: Path | None,
    seed: Seed,
    hint: int | None,
    isolation: str,
    only: Collection[str] | str | None = None,
    html: Path | None = None,
    rounds: int | None = None,
) -> HomeworkResult:
    """Grade, then grade again what a change concerns, until Ctrl-C.

    Args:
        only: a problem's id, or several: nothing else is graded; None for all.
        html: the page to write anew after every verdict; None: no page.
        rounds: end after so many verdicts (for tests); None goes on.

    Returns:
        The last result.
    """
    folder = homework.folder if submission is None else submission
    answers, knowledge = Answers.load(homework, seed), Knowledge.load(homework)
    result = HomeworkResult(homework.name, homework.title, worker.isolation)
    result.chosen = only is not None
    rows: dict[str, CheckResult] = {}
    seen: Snapshot = {}
    goes_on = f"watching {folder}{f'; reload {html} in the browser' if html else ''}; Ctrl-C ends"
    screen.say(goes_on)
    try:
        while rounds is None or rounds > 0:
            now = snapshot(homework, folder)
            if rows and now == seen:
                time.sleep(POLL_SECONDS)
                continue
            now = wait_until_settled(homework, folder, now)
            began = time.monotonic()
            changed = {name for name in now.keys() | seen.keys() if now.get(name) != seen.get(name)}
            with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as place:
                notes: list[Note] = []
                tree = overlay(homework, Path(place) / "tree", submission, notes.append)
                if snapshot(homework, folder) != now:
                    continue  # saved again while it was read: the half of it is not judged
                seen = now
                context = CheckContext(homework, worker, tree, answers, seed, knowledge)
                checks = checks_concerned(homework, changed, rows, only)
                fresh = engine.run_checks(
                    context, checks, homework.hints(hint), isolation=isolation
                )
            rows |= {row.id: row for row in fresh}
            result.checks = [rows[check.id] for check in plan(homework, only)]
            result.notes = notes + context.notes
            result.seconds = time.monotonic() - began
            _say(result, fresh, homework, screen)
            if html is not None:
                page.write([result], {homework.name: homework}, html)
            screen.say(f"  {goes_on}")
            rounds = None if rounds is None else rounds - 1
    except KeyboardInterrupt:
        screen.say("\nno longer watching")
    return result


def snapshot(homework: Homework, folder: Path) -> Snapshot:
    """Time and size of every module in the folder; a file that is being renamed is absent."""
    found: Snapshot = {}
    for place in (folder, folder / homework.name):
        with contextlib.suppress(OSError):
            for path in place.iterdir():
                if ".py" in path.suffixes:
                    status = path.stat()
                    found[path.name] = (status.st_mtime_ns, status.st_size)
    return found


def wait_until_settled(homework: Homework, folder: Path, now: Snapshot) -> Snapshot:
    """The snapshot when nothing has been written for a moment, and no file is empty or gone."""
    until, before = time.monotonic() + MOST_WAITING, now
    while time.monotonic() < until:
        time.sleep(SETTLING)
        later = snapshot(homework, folder)
        whole = now.keys() <= later.keys() and all(size for _, size in later.values())
        if later == before and whole:
            break
        before = later
    return before


def checks_concerned(
    homework: Homework,
    changed: set[str],
    rows: dict[str, CheckResult],
    only: Collection[str] | str | None = None,
) -> list[PlannedCheck]:
    """The checks of the problems whose file changed; all of them at first, and after a file that
    could not be imported or is none of those to hand in (others may import it)."""
    checks = plan(homework, only)
    if not rows or any(row.status == "error" for row in rows.values()):
        return checks
    if not changed <= set(homework.files):
        return checks
    problems = {p.id for p in homework.problems if p.file in changed}
    return [check for check in checks if check.problem in problems] or checks


def _say(
    result: HomeworkResult, fresh: list[CheckResult], homework: Homework, screen: Screen
) -> None:
    ids = {row.id for row in fresh}
    part = HomeworkResult(
        result.homework,
        result.title,
        result.isolation,
        fresh,
        result.seconds,
        result.chosen,
        result.notes,
    )
    screen.clear()
    screen.show(part if len(ids) < len(result.checks) else result, homework)
    if len(ids) < len(result.checks):
        screen.say(f"  all of {result.homework}: {result.score:g} of {result.max_score:g}")
