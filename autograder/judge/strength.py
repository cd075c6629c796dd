"""One change whose effect is there more or less often than in its recorded run.

What differs from the solution is then a multiple of what differs in that run: of a term that counts n
times it is n - 1 times the effect of the term counted twice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.judge.factors import CLOSE, Factors, by_call, is_one
from autograder.judge.fingerprints import DIRECTIONS, FLOOR
from autograder.judge.known import Known, Table

OF_A_TERM = {"term_left_out": -1.0, "term_halved": -0.5, "term_doubled": 1.0}  # what it adds of it
OF_ANY_STRENGTH = {"targets_smoothed"}
CLEAR = 30  # times the room for rounding: an effect that is smaller is a multiple of anything


def of_another_strength(
    table: Table, sizes: np.ndarray, is_named: Callable[[Factors], bool]
) -> tuple[Known, Factors] | None:
    """A change of any strength, or one term of a sum and how often it counts in each call.

    Args:
        sizes, is_named: as of `explaining.explain`.
    """
    for row, thing in enumerate(table.things):
        slugs = {names[0].slug for names in (thing.causes, *thing.others) if len(names) == 1}
        added = next((part for slug, part in OF_A_TERM.items() if slug in slugs), None)
        if added is None and not slugs & OF_ANY_STRENGTH:
            continue
        multiples = _multiples(table, row)
        if not multiples:
            continue
        times = {call: 1 + (added or 0.0) * multiple for call, multiple in multiples.items()}
        if added is None and 0.0 in multiples.values():
            continue
        several = len(multiples) > 2 or int(sizes[table.wrong].max()) > 2
        if added is None and several and is_one(multiples):
            return thing, {}
        if added is not None and ((several and is_one(times)) or is_named(times)):
            return thing, times
    return None


def _multiples(table: Table, row: int) -> Factors:
    """How often a thing's effect is there in each call: not at all in one that is right, though the
    thing is seen there; none where a call is no multiple."""
    found = {}
    wrong = by_call(table, table.wrong)
    for call, columns in by_call(table, table.wrong | table.clashes[row]).items():
        multiple = _multiple(table, row, columns) if call in wrong else 0.0
        if multiple is None:
            return {}
        found[call] = multiple
    return found


def _multiple(table: Table, row: int, columns: np.ndarray) -> float | None:
    marks = [table.marks[columns], table.candidate_marks[row, columns]]
    if any((mark != table.right_marks[columns]).any() for mark in marks):
        return None
    right = table.right_numbers[columns].astype(float)
    came, changed = (
        numbers[columns].astype(float) for numbers in (table.numbers, table.candidate_numbers[row])
    )
    seen, effect = (one[:, :DIRECTIONS] - right[:, :DIRECTIONS] for one in (came, changed))
    room = 10 * FLOOR + CLOSE * np.maximum(right[:, DIRECTIONS:], came[:, DIRECTIONS:])
    clear = all((np.abs(one) > CLEAR * room).any() for one in (seen, effect))
    if not clear or not table.certain[row, columns].all():
        return None
    found = float((effect * seen).sum() / (effect**2).sum())
    return found if bool((np.abs(seen - found * effect) <= room).all()) else None
