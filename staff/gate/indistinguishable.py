"""Mistakes that no check tells apart, and mistakes that are none: read off the record, nothing runs."""

from __future__ import annotations

from autograder.judge.knowledge import Knowledge
from autograder.judge.known import MISTAKE
from staff.authoring import families


def no_mistakes(knowledge: Knowledge, slugs: list[str]) -> list[str]:
    """Return those that give what the solution gives on every check: none is recorded."""
    recorded = {slug for group in _groups(knowledge) for slug in group}
    return [slug for slug in slugs if slug not in recorded]


def groups(knowledge: Knowledge) -> list[tuple[str, ...]]:
    """Groups of mistakes whose record is the same and that no family holds: none can be named."""
    return [group for group in _groups(knowledge) if len(group) > 1 and not families.family(group)]


def _groups(knowledge: Knowledge) -> list[tuple[str, ...]]:
    """The mistakes of each record of one cause."""
    return [
        tuple(
            names[0].slug
            for names in (thing.causes, *thing.others)
            if names[0].slug not in families.slugs()
        )
        for problem in knowledge.problems.values()
        for thing in problem.things
        if thing.kind == MISTAKE and len(thing.causes) == 1
    ]
