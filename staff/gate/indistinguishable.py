"""Mistakes that no check tells apart, and mistakes that are none: read off the record, nothing runs."""

from __future__ import annotations

from autograder.judge.answers import Answers
from autograder.judge.recognition import SOLUTION, Catalogue, Mistake, Run


def no_mistakes(catalogue: Catalogue) -> list[str]:
    """Those that give what the solution gives, on every check."""
    return [
        mistake.slug
        for mistake in catalogue.mistakes
        if all(
            run.ending == "passed" and all(outcome is SOLUTION for outcome in run.outcomes)
            for run in mistake.runs.values()
        )
    ]


def groups(catalogue: Catalogue, answers: Answers, random: set[str]) -> list[tuple[str, ...]]:
    """Groups of mistakes of one problem whose record is the same: none of them can be named.

    Args:
        random: checks whose outcomes depend on how random numbers are drawn.
    """
    found: list[list[Mistake]] = []
    for mistake in catalogue.mistakes:
        runs = _in_full(mistake, answers)
        for group in found:
            known = Catalogue([group[0]])
            if known.recognise(mistake.problem, runs, answers.calls, random) is not None:
                group.append(mistake)
                break
        else:
            found.append([mistake])
    return [tuple(one.slug for one in group) for group in found if len(group) > 1]


def _in_full(mistake: Mistake, answers: Answers) -> dict[str, Run]:
    """A mistake's runs as a student's would be: with outcomes where "as the solution" stands."""
    return {
        check: Run(
            run.ending,
            [
                answers.calls[check][index] if outcome is SOLUTION else outcome
                for index, outcome in enumerate(run.outcomes)
            ],
        )
        for check, run in mistake.runs.items()
    }
