"""From a problem's outputs to what is told of them: causes, then a relation, then facts."""

from __future__ import annotations

import numpy as np

from autograder.judge.explaining import Explanation, explain
from autograder.judge.facts import facts
from autograder.judge.known import CHANGE, MISTAKE, Known, OfProblem, Table
from autograder.judge.related import (
    RELATION,
    factor_told,
    independent,
    names_of,
    number_told,
    relations_told,
)
from autograder.judge.relations import ENOUGH
from autograder.judge.seen import Seen
from autograder.judge.units import ERROR, Units, call_of, of_free_numbers, stands_alone
from autograder.judge.words import Told

# Changes that speak of how code is written: other code that gives the same outputs is called so in vain.
OF_THE_WRITING = {
    "another_number",
    "another_position",
    "arguments_exchanged",
    "operands_exchanged",
    "other_function",
    "other_arithmetic",
    "parts_exchanged",
    "results_exchanged",
    "switch_turned",
}
# Changes whose texts are true of many others.
OF_ANY_NUMBER = {"one_too_far", "one_too_near"}


def causes(seen: Seen, answers: Units, known: OfProblem) -> list[Told]:
    """Return what is told of a problem that is not passed, the most telling first.

    Args:
        answers: the units of the solution's outcomes.
        known: what is known to go wrong in the problem.
    """
    solution = answers | dict.fromkeys(known.conditions, True)
    student = {
        key: leaf for key, leaf in seen.units().items() if key in solution or not stands_alone(key)
    }
    solution = _without_derived(solution, seen.random, known.free)
    student = _without_derived(student, seen.random, known.free)
    summaries = seen.summaries() | of_free_numbers(student, known.free)
    table = Table(known.things, student, solution, summaries, known.free)
    sizes = np.array(
        [max(independent(run.get(key)) for run in (student, solution)) for key in table.keys]
    )
    explanation = explain(table, sizes, lambda factors: bool(names_of(factors, seen)))
    told = [] if explanation is None else _named(explanation, table, sizes, seen)
    if not any(one.kind == RELATION for one in told):
        told += relations_told(table, student, solution, seen)
    said, right = (
        {k: v for k, v in run.items() if k not in known.free} for run in (student, solution)
    )
    return told + facts(seen.surveys, said, right)


def _without_derived(run: Units, random: set[str], free: list[str]) -> Units:
    """Leave out the conditions: they only repeat what the outputs say.

    They are kept for checks that draw at random, and for those where right versions give other outputs.
    """
    counting = random | {key.split("/")[0] for key in free}
    return {k: v for k, v in run.items() if not stands_alone(k) or k.split("/")[0] in counting}


# --- causes -------------------------------------------------------------------------------------


def _named(explanation: Explanation, table: Table, sizes: np.ndarray, seen: Seen) -> list[Told]:
    if explanation.counted:
        return [_counted_told(dict(explanation.counted), seen)]
    sure = _is_sure(explanation, table, sizes)
    told = [
        Told(cause.kind, cause.slug, cause.text, sure)
        for thing in explanation.things
        for cause in thing.causes
    ]
    if explanation.factor:
        told += factor_told(dict(explanation.factor), seen, "What came", "what that would give")
    return told


def _counted_told(times: dict[str, float], seen: Seen) -> Told:
    """A term that counts otherwise, and how often."""
    text = f"A term of a sum counts {number_told(times, seen)} times; it should count once."
    return Told(CHANGE, "term_counted_otherwise", text, sure=False)


def _is_sure(explanation: Explanation, table: Table, sizes: np.ndarray) -> bool:
    """One thing that all outputs agree with, no other, and more than a coincidence."""
    if explanation.share < 1 or explanation.factor:
        return False
    if not explanation.alone or not explanation.whole:
        return False
    thing = explanation.things[0]
    if len(explanation.things) > 1 or len(thing.causes) > 1:
        return False
    if not _has_one_name(thing) or thing.causes[0].slug in OF_THE_WRITING:
        return False
    return thing.kind == MISTAKE or _are_enough(thing, table, sizes)


def _are_enough(thing: Known, table: Table, sizes: np.ndarray) -> bool:
    """Whether a change is seen in so many outputs that nothing else would give them; many things end
    in the same exception."""
    row = next(i for i, one in enumerate(table.things) if one is thing)
    outputs = [
        c for c in np.flatnonzero(table.hits[row]) if not table.keys[c].endswith(f"/{ERROR}")
    ]
    calls = {call_of(table.keys[column]) for column in outputs}
    return len(calls) > 1 or int(sizes[outputs].sum()) >= ENOUGH


def _has_one_name(thing: Known) -> bool:
    """Whether nothing of another name is the same; a family's name holds for all that it has."""
    own, others = thing.causes[0], {cause for other in thing.others for cause in other}
    if thing.kind == MISTAKE:
        return not others or (own not in others and all(one.kind == MISTAKE for one in others))
    return all(one.slug in {own.slug} | OF_ANY_NUMBER for one in others)
