"""The fixtures of a check for plain `pytest autograder/checks/hw1` and for editors' test explorers.

The autograder itself collects the checks and hands them the same three things.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.context import CheckContext, Fixtures
from autograder.judge.answers import Answers
from autograder.judge.plugin import check_id
from autograder.run.launch import isolation_of_this_system, start
from autograder.run.overlay import overlay
from common import homework as homeworks
from common.homework import PUBLIC_SEED


@pytest.fixture(scope="session")
def _context_of() -> Iterator[Callable[[str], CheckContext]]:
    """One worker and one tree for all checks of a homework, made when first asked for."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def context_of(name: str) -> CheckContext:
            homework = homeworks.load(name)
            answers = Answers.load(homework, PUBLIC_SEED)
            worker = stack.enter_context(start(isolation_of_this_system(), homework.preload))
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
            )
            tree = overlay(homework, Path(folder) / "tree")
            return CheckContext(homework, worker, tree, answers, PUBLIC_SEED)

        yield context_of


@pytest.fixture
def _fixtures(
    request: pytest.FixtureRequest, _context_of: Callable[[str], CheckContext]
) -> Iterator[Fixtures]:
    fixtures = _context_of(request.path.parent.name).fixtures(check_id(request.node))
    yield fixtures
    fixtures.student.close()


@pytest.fixture
def student(_fixtures: Fixtures):
    """Probes that run beside the student's code."""
    return _fixtures.student


@pytest.fixture
def reference(_fixtures: Fixtures):
    """What the solution gave for the same call."""
    return _fixtures.reference


@pytest.fixture
def rng(_fixtures: Fixtures):
    """A RandomState that belongs to this check and seed."""
    return _fixtures.rng
