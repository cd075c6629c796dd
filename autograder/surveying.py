"""Runs checks to their ends in a context, and explains a problem that is not passed."""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import Any

import numpy as np

from autograder.context import CheckContext, Fixtures
from autograder.judge import plugin
from autograder.judge.answers import Reference
from autograder.judge.causes import causes
from autograder.judge.known import OfProblem
from autograder.judge.seen import Seen
from autograder.judge.survey import Survey, survey
from autograder.judge.units import Units, units
from autograder.judge.words import Told
from autograder.planning import PlannedCheck
from autograder.run.student import Call
from common.homework import PUBLIC_SEED, Homework


def explain(
    context: CheckContext,
    checks: list[PlannedCheck],
    calls: dict[str, list[Call]],
    known: OfProblem,
) -> list[Told]:
    """Return what is told of a problem that is not passed.

    Args:
        context: one on the public inputs.
        checks: all checks of the problem.
        calls: check → the calls that were made on these inputs already.
        known: what is known to go wrong in the problem.
    """
    seen = Seen(
        {
            # The calls of statistics are many: what was not reached stays unknown there.
            check.id: survey_check(context, check, calls.get(check.id, []), ask=not check.random)
            for check in checks
        },
        {check.id for check in checks if check.random},
    )
    with np.errstate(all="ignore"):  # outputs may be infinite, or no numbers at all
        return causes(seen, answers_of(context, checks), known)


def answers_of(context: CheckContext, checks: list[PlannedCheck]) -> Units:
    """The units of the solution's outcomes, without its conditions."""
    assert context.answers is not None
    found: Units = {}
    for check in checks:
        outcomes = context.answers.calls.get(check.id, [])
        found |= units(check.id, Survey([], outcomes), check.random)
    return found


def survey_check(
    context: CheckContext,
    check: PlannedCheck,
    calls: list[Call],
    seed: int = PUBLIC_SEED,
    ask: bool = True,
) -> Survey:
    """Run one check to its end; the process starts at the first call that was not made before.

    Args:
        calls: those that were made already.
        ask: whether to make the others.
    """
    assert context.answers is not None
    student = context.fixtures(check.id).student
    expected = context.answers.calls.get(check.id, [])

    def run(stand_in: Any) -> None:
        rng = plugin.generator(seed, check.id)
        fixtures = Fixtures(stand_in, Reference(expected, stand_in), rng)
        check.function(**fixtures.wanted_by(check.function), **check.arguments)

    try:
        with np.errstate(all="ignore"):
            return survey(
                run,
                [(call.probe, call.outcome) for call in calls],
                student.ask if ask else None,
                expected,
                parameters(context.homework),
                student.begin_anew,
            )
    finally:
        student.close()


def parameters(homework: Homework) -> dict[str, list[str]]:
    """Return the names of each probe's arguments, without the modules that come first."""
    return _parameters(homework.checks / "probes.py")


@functools.cache
def _parameters(probes: Path) -> dict[str, list[str]]:
    text = probes.read_text(encoding="utf-8")
    return {
        node.name: [arg.arg for arg in node.args.args[1:]]
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
    }
