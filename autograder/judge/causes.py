"""From a problem's outputs to what is told of them: causes, then a relation, then facts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from autograder.judge.explaining import ENOUGH, Explanation, explain
from autograder.judge.facts import facts
from autograder.judge.known import MISTAKE, Known, OfProblem, Table
from autograder.judge.quantities import named
from autograder.judge.relations import SIMPLE, Relation, number, relation
from autograder.judge.survey import Survey
from autograder.judge.units import (
    Units,
    call_of,
    is_numeric,
    leaf_of,
    stands_alone,
    summaries,
    units,
)
from autograder.judge.words import Told

RELATION = "relation"
# Changes that speak of how code is written: other code that gives the same outputs is called so in vain.
OF_THE_WRITING = {
    "another_number", "another_position", "arguments_exchanged", "operands_exchanged", "other_function",
    "other_arithmetic", "parts_exchanged", "results_exchanged", "switch_turned",
}  # fmt: skip


@dataclass
class Seen:
    """A problem as a student's code answered it.

    Args:
        surveys: check → what it saw.
        random: the checks whose outcomes depend on how numbers are drawn.
    """

    surveys: dict[str, Survey]
    random: set[str]

    def units(self) -> Units:
        """The units of all checks."""
        found: Units = {}
        for check, survey in self.surveys.items():
            found |= units(check, survey, check in self.random)
        return found

    def summaries(self) -> Units:
        """Where the numbers of the checks lie that draw at random."""
        found: Units = {}
        for check in self.random & self.surveys.keys():
            found |= summaries(check, self.surveys[check])
        return found

    def quantities(self, call: str) -> dict[str, float]:
        """What the numbers of a call (`check/number`) are called."""
        check, _, number = call.rpartition("/")
        return self.surveys[check].quantities[int(number)]


def causes(seen: Seen, answers: Units, known: OfProblem) -> list[Told]:
    """What is told of a problem that is not passed, the most telling first.

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
    table = Table(known.things, student, solution, seen.summaries(), known.free)
    sizes = np.array(
        [max(_independent(run.get(key)) for run in (student, solution)) for key in table.keys]
    )
    explanation = explain(table, sizes)
    told = [] if explanation is None else _named(explanation, table, sizes, seen)
    if not any(one.kind == RELATION for one in told):
        told += _relation(table, student, solution, seen)
    said, right = (
        {k: v for k, v in run.items() if k not in known.free} for run in (student, solution)
    )
    return told + facts(seen.surveys, said, right)


def _without_derived(run: Units, random: set[str], free: list[str]) -> Units:
    """Without the conditions that only say again what the outputs say.

    They count where a check draws at random, and where right versions give other outputs.
    """
    counting = random | {key.split("/")[0] for key in free}
    return {k: v for k, v in run.items() if not stands_alone(k) or k.split("/")[0] in counting}


def _independent(leaf: object) -> int:
    """How many different numbers a leaf holds."""
    if not is_numeric(leaf):
        return 1
    return int(np.unique(np.round(np.asarray(leaf, np.float64), 6)).size)


# --- causes -------------------------------------------------------------------------------------


def _named(explanation: Explanation, table: Table, sizes: np.ndarray, seen: Seen) -> list[Told]:
    sure = _is_sure(explanation, table, sizes)
    told = [
        Told(cause.kind, cause.slug, cause.text, sure)
        for thing in explanation.things
        for cause in thing.causes
    ]
    if explanation.factor:
        told += _factor_told(dict(explanation.factor), seen, "What came", "what that would give")
    return told


def _is_sure(explanation: Explanation, table: Table, sizes: np.ndarray) -> bool:
    """One thing that all outputs agree with, no other, and more than a coincidence."""
    if explanation.share < 1 or explanation.factor or not explanation.alone:
        return False
    thing = explanation.things[0]
    if len(explanation.things) > 1 or len(thing.causes) > 1:
        return False
    if not _has_one_name(thing) or thing.causes[0].slug in OF_THE_WRITING:
        return False
    row = next(i for i, one in enumerate(table.things) if one is thing)
    hits = table.hits[row]
    calls = {call_of(table.keys[column]) for column in np.flatnonzero(hits)}
    return thing.kind == MISTAKE or len(calls) > 1 or int(sizes[hits].sum()) >= ENOUGH


def _has_one_name(thing: Known) -> bool:
    """Whether nothing of another name is the same; a family's name holds for all that it has."""
    own, others = thing.causes[0], {cause for other in thing.others for cause in other}
    if thing.kind == MISTAKE:
        return not others or (own not in others and all(one.kind == MISTAKE for one in others))
    return all(one.slug == own.slug for one in others)


# --- relations ----------------------------------------------------------------------------------


def _relation(table: Table, student: Units, solution: Units, seen: Seen) -> list[Told]:
    """The relation that holds over most numbers; none where it may be a coincidence."""
    groups: dict[tuple[str, str], list[tuple[str, Relation]]] = defaultdict(list)
    for column in np.flatnonzero(table.wrong):
        key = table.keys[column]
        one, other = student.get(key), solution.get(key)
        if not (_is_real(one) and _is_real(other)):
            continue
        found = relation(np.asarray(one), np.asarray(other))
        if found is not None:
            text = "" if found.slug == "factor" else found.text
            groups[found.slug, text].append((key, found))
    counted = sorted(
        ((_evidence(group, solution), group) for group in groups.values()),
        key=lambda pair: -pair[0],
    )  # fmt: skip
    for _, group in counted:
        told = _group_told(group, solution, seen)
        if told:
            return told
    return []


def _is_real(leaf: object) -> bool:
    return is_numeric(leaf) and np.asarray(leaf).dtype.kind == "f"


def _evidence(group: list[tuple[str, Relation]], solution: Units) -> int:
    return sum(_independent(solution[key]) for key, _ in group)


def _group_told(group: list[tuple[str, Relation]], solution: Units, seen: Seen) -> list[Told]:
    calls = {call_of(key) for key, _ in group}
    if _evidence(group, solution) < ENOUGH and len(calls) < 2:
        return []
    what = _what(group)
    first = group[0][1]
    if first.slug != "factor":
        return [Told(RELATION, first.slug, f"{what} {_verb(what)} {first.text}.", True)]
    largest = max(_independent(solution[key]) for key, _ in group)
    factors = {call_of(key): found.value for key, found in group if found.value is not None}
    if largest < 3 and not _telling(list(factors.values())) and not _names(factors, seen):
        return []
    return _factor_told(factors, seen, what)


def _what(group: list[tuple[str, Relation]]) -> str:
    leaves = list(dict.fromkeys(leaf_of(key) for key, _ in group if leaf_of(key)))
    if not leaves:
        return "The result"
    return ", ".join(f"`{leaf}`" for leaf in leaves[:3]) + (" …" if len(leaves) > 3 else "")


def _verb(what: str) -> str:
    return "are" if "," in what else "is"


def _telling(values: list[float]) -> bool:
    """Whether one simple factor holds everywhere."""
    return any(all(abs(v - simple) <= 1e-3 * abs(simple) for v in values) for simple in SIMPLE)


def _names(factors: dict[str, float], seen: Seen) -> list[str]:
    calls = [seen.quantities(call) for call in factors]
    if len({round(value, 4) for value in factors.values()}) < 2:
        return []
    return list(named(list(factors.values()), calls))


def _factor_told(
    factors: dict[str, float], seen: Seen, what: str, than: str = "what was expected"
) -> list[Told]:
    """A factor in words: one number, or the quantity that it is in every call."""
    values = list(factors.values())
    what = what[:1].upper() + what[1:]
    if max(values) - min(values) <= 1e-3 * max(abs(v) for v in values):
        text = f"{what} {_verb(what)} {number(values[0])} times {than}."
        return [Told(RELATION, "factor", text, True)]
    names = _names(factors, seen)
    if names:
        text = f"{what} {_verb(what)} {than}, times a factor that is {names[0]} in every call."
        return [Told(RELATION, "factor", text, True)]
    shown = ", ".join(number(value) for value in dict.fromkeys(round(v, 4) for v in values))
    text = f"{what} {_verb(what)} {than}, times a factor that differs from call to call: {shown}."
    return [Told(RELATION, "factor", text, True)]
