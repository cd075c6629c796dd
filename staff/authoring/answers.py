"""Record what the solution answers to the checks, for one set of inputs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.planning import plan
from autograder.run.base import Worker
from autograder.run.overlay import overlay
from common.errors import KitError
from common.homework import Homework
from common.kit.seeds import Seed
from staff.authoring.catalogue import Entry, submission


class NotASolution(KitError):
    """The solution itself fails a check: there is nothing to record."""


def record(homework: Homework, seed: Seed, worker: Worker) -> Answers:
    """Run the solution through every check with itself as the reference.

    Raises:
        NotASolution: when a check fails all the same, with the check and its message.
    """
    calls = {}
    with tempfile.TemporaryDirectory(prefix="answers-") as folder:
        solutions = homework.root / "staff" / "solutions" / homework.name
        tree = overlay(homework, Path(folder), solutions)
        context = CheckContext(homework, worker, tree, None, seed)
        for check in plan(homework):
            fixtures = context.fixtures(check.id)
            try:
                check.function(**fixtures.wanted_by(check.function), **check.arguments)
            except AssertionError as error:
                raise NotASolution(f"{homework.name} {check.id}, seed {seed}: {error}") from error
            finally:
                fixtures.student.close()
            calls[check.id] = [call.outcome for call in fixtures.student.calls]
    return Answers(calls)


def context_of(
    entry: Entry,
    homework: Homework,
    seed: Seed,
    worker: Worker,
    answers: Answers,
    folder: Path,
    knowledge: Knowledge | None = None,
) -> CheckContext:
    """A context in which the entry's submission is judged."""
    files = folder / "files"
    files.mkdir()
    tree = overlay(homework, folder / "tree", submission(entry, files, homework.root))
    return CheckContext(homework, worker, tree, answers, seed, knowledge)
