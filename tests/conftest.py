"""What the tests share: warm workers for all homeworks, and graded folders."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.planning import plan
from autograder.run.launch import isolation_of_this_system, start
from autograder.run.overlay import overlay
from common import homework as homeworks
from staff.authoring.stubs import copy_solutions
from staff.gate.shared_worker import start_shared_worker
from tests.helpers.forks import Forks
from tests.helpers.homeworks import OFFLINE

# `make test` has a process for each core: more threads would wait for one another. torch reads it when
# it is imported, here and in commands that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

HOMEWORKS = homeworks.names()
PRELOAD = tuple(sorted({name for hw in HOMEWORKS for name in homeworks.load(hw).preload}))


@pytest.fixture(scope="session")
def worker():
    """A worker that has imported what any homework preloads."""
    with start(isolation_of_this_system(), PRELOAD) as warm:
        yield warm


@pytest.fixture(scope="session")
def shared_worker():
    """One process for submissions of the staff's own, of any homework: no check needs a sandbox."""
    with start_shared_worker(PRELOAD) as warm:
        yield warm


@pytest.fixture(scope="session")
def forks():
    """A process that has imported torch: commands that need it run in forks of it, offline."""
    commands = Forks(OFFLINE)
    yield commands
    commands.close()


@functools.cache
def known(name: str) -> tuple[Answers, Knowledge]:
    """The records of a homework, read once."""
    homework = homeworks.load(name)
    return Answers.load(homework, 0), Knowledge.load(homework)


@pytest.fixture
def run(worker, tmp_path):
    """Grade a folder of files with the warm worker: run(homework, folder, only) → rows."""

    def rows(name: str, folder: Path | None, only: str | None = None):
        homework = homeworks.load(name)
        tree = overlay(homework, tmp_path / "tree", folder)
        answers, knowledge = known(name)
        context = CheckContext(homework, worker, tree, answers, 0, knowledge)
        return engine.run_checks(context, plan(homework, only), homework.hint_level)

    return rows


@pytest.fixture
def solved(tmp_path):
    """A folder with the solutions of a homework, to spoil: solved(homework, file, text at its end)."""

    def copy(name: str, file: str | None = None, more: str = "") -> Path:
        folder = tmp_path / "solved"
        folder.mkdir()
        copy_solutions(homeworks.ROOT, name, folder)
        if file is not None:
            with (folder / file).open("a", encoding="utf-8") as stream:
                stream.write(more)
        return folder

    return copy
