"""The planned checks of a homework: collected with pytest, and what they are worth."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from autograder.judge import plugin
from common import interrupts
from common.errors import KitError
from common.homework import Homework


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


class _Collector:
    def __init__(self) -> None:
        self.items: list[pytest.Function] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = [item for item in session.items if isinstance(item, pytest.Function)]


planned: dict[tuple, list[PlannedCheck]] = {}


def plan(homework: Homework, only: str | Collection[str] | None = None) -> list[PlannedCheck]:
    """The checks of a homework, or of one problem, in the order of homework.toml.

    Raises:
        KitError: when a check file is broken or the points do not add up.
    """
    key = homework.checks, homework.dropped
    if key not in planned:
        planned[key] = collect(homework)
    checks = planned[key]
    if only is not None:
        wanted = {only} if isinstance(only, str) else set(only)
        for ident in wanted:
            homework.problem(ident)
        checks = [check for check in checks if check.problem in wanted]
    return checks


def collect(homework: Homework) -> list[PlannedCheck]:
    """Return the checks that pytest finds in a homework's folder."""
    collector, said, known = _Collector(), io.StringIO(), set(sys.modules)
    # pytest would keep Ctrl-C to itself, or take it for a fault of the check that it reads.
    with (
        interrupts.hold_signals(),
        _without_plugins(),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        code = pytest.main(
            [
                str(homework.checks),
                "--collect-only",
                "-q",
                "--noconftest",
                "-c",
                str(homework.checks.parent / "pytest.ini"),
            ],
            plugins=[collector],
        )
        # Check folders are called like the homeworks: a homework can still be imported afterwards.
        for module in [m for m in sys.modules if m.split(".")[0] == homework.name]:
            if module not in known:
                del sys.modules[module]
    if code != pytest.ExitCode.OK:
        last = next((line for line in said.getvalue().splitlines() if line.startswith("E ")), "")
        raise KitError(f"the checks of {homework.name} cannot be collected: {last or code}")
    order = {problem.id: index for index, problem in enumerate(homework.problems)}
    left_out = {problem.id for problem in homework.dropped}
    checks = [
        _planned_check(item, homework)
        for item in collector.items
        if _marker(item).args[0] not in left_out
    ]
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


@contextlib.contextmanager
def _without_plugins() -> Iterator[None]:
    """Leave out what this machine would change in pytest: options, plugins, a random order."""
    names = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    kept = {name: os.environ.pop(name, None) for name in names}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None)
            os.environ |= {} if value is None else {name: value}


def _marker(item: pytest.Function) -> pytest.Mark:
    marker = item.get_closest_marker("problem")
    if marker is None:
        raise KitError(f"the check {plugin.check_id(item)} names no problem")
    return marker


def _planned_check(item: pytest.Function, homework: Homework) -> PlannedCheck:
    marker = _marker(item)
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
