"""The relations of a problem's outputs, in words: how what came follows from what was expected."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import Any

import numpy as np

from autograder.judge.comparing import is_whole
from autograder.judge.known import Table
from autograder.judge.quantities import name_quantity, proportional, setting_of, with_sums
from autograder.judge.relations import (
    ENOUGH,
    SIMPLE,
    Relation,
    bounded,
    function,
    moved,
    nearly,
    number,
    offset,
    relation,
)
from autograder.judge.seen import Seen
from autograder.judge.survey import Inputs
from autograder.judge.units import Units, call_of, is_numeric, leaf_of, same, stands_alone
from autograder.judge.words import Told

RELATION = "relation"
Group = list[tuple[str, Relation]]  # units, and how each follows from what was expected
MOST_RELATIONS = 2  # of different outputs


def relations_told(table: Table, student: Units, solution: Units, seen: Seen) -> list[Told]:
    """The relations that hold over most numbers, of different outputs; none that may be a
    coincidence."""
    groups = [_holding(group, table) for group in _groups(table, student, solution, seen)]
    told: list[Told] = []
    spoken_of: set[str] = set()
    for group in sorted(groups, key=lambda group: -_evidence(group, solution)):
        outputs = {leaf_of(key) for key, _ in group}
        found = [] if outputs & spoken_of else _group_told(group, table, solution, seen)
        spoken_of |= outputs if found else set()
        told += found
    return (told or _over_calls(table, student, solution))[:MOST_RELATIONS]


def _over_calls(table: Table, student: Units, solution: Units) -> list[Told]:
    """Relations that can be seen in all calls together only."""
    told = []
    wrong = [table.keys[column] for column in np.flatnonzero(table.wrong)]
    for leaf in sorted({leaf_of(key) for key in wrong}):
        keys = [
            k for k in solution if leaf_of(k) == leaf and _are_alike(student.get(k), solution[k])
        ]
        found = bounded(*_joined(keys, student, solution)) if keys else None
        if found is not None:
            what = _what([(keys[0], found)])
            told.append(Told(RELATION, found.slug, f"{what} is {found.text}.", True))
    outputs = [key for key in wrong if not stands_alone(key)]
    if told or not all(_are_alike(student.get(k), solution.get(k)) for k in outputs):
        return told
    found = nearly(*_joined(outputs, student, solution)) if outputs else None
    return [Told(RELATION, found.slug, f"What differs is {found.text}.", True)] if found else []


def _joined(keys: list[str], *runs: Units) -> tuple[np.ndarray, ...]:
    """The numbers of some units in a row, of each run."""
    return tuple(np.concatenate([np.ravel(run[key]).astype(float) for key in keys]) for run in runs)


def _are_alike(one: Any, other: Any) -> bool:
    """Whether two leaves are finite real numbers of one shape."""
    if not (_is_real(one) and _is_real(other)):
        return False
    return np.shape(one) == np.shape(other) and bool(np.isfinite([one, other]).all())


def _groups(table: Table, student: Units, solution: Units, seen: Seen) -> list[Group]:
    """The units that are wrong and follow from what was expected, those of one kind together."""
    groups: dict[tuple[str, str], Group] = defaultdict(list)
    outputs = _by_call(solution)
    for column in np.flatnonzero(table.wrong):
        key = table.keys[column]
        one, other = student.get(key), solution.get(key)
        if not (_can_be_related(one) and _can_be_related(other)):
            continue
        others = {
            leaf: value for leaf, value in outputs[call_of(key)].items() if leaf != leaf_of(key)
        }
        given = seen.inputs(call_of(key))
        for found in _follows(np.asarray(one), np.asarray(other), others, given):
            text = "" if found.slug == "factor" else found.text
            groups[found.slug, text].append((key, found))
            if found.slug == "offset":
                groups["offset", ""].append((key, found))
    return list(groups.values())


def _by_call(solution: Units) -> dict[str, dict[str, Any]]:
    """Call → output → its value."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for key, leaf in solution.items():
        if leaf_of(key):
            found[call_of(key)][leaf_of(key)] = leaf
    return found


def _follows(
    came: np.ndarray, expected: np.ndarray, others: dict[str, Any], given: Inputs
) -> list[Relation]:
    """How an output follows from what was expected; a single number in several ways at once.

    Args:
        others: the other outputs of the call, as they should be.
        given: its inputs.
    """
    found = _taken_from(came, others, given) or _moved(came, expected, given)
    found = found or relation(came, expected)
    if found is not None and found.slug == "factor" and came.size == 1:
        more = () if are_shares(expected) else (offset(came, expected), function(came, expected))
        return [found, *itertools.chain(*more)]
    return [] if found is None else [found]


def _taken_from(came: Any, others: dict[str, Any], given: Inputs) -> Relation | None:
    """Whether an output is what another output should be, or an input as it was given."""
    if not _is_telling(came):
        return None
    for name, value in others.items():
        if same(came, value):
            return Relation("other_output", f"what is expected of `{name}`")
    for name, value in given.items():
        if isinstance(value, np.ndarray) and same(came, value):
            return Relation("input", f"the input `{name}` as it was given")
    return None


def _moved(came: np.ndarray, expected: np.ndarray, given: Inputs) -> Relation | None:
    """A step from an input that is too long, too short, or turned round."""
    for name, value in given.items():
        if _is_real(value) and np.shape(value) == came.shape == expected.shape:
            found = next(moved(came, expected, value, name), None)
            if found is not None:
                return found
    return None


def _is_telling(leaf: Any) -> bool:
    """Whether a value is hardly another one by chance: some numbers, or one that is no fraction."""
    numbers = np.asarray(leaf, np.float64)
    if not np.isfinite(numbers).all():
        return False
    return np.unique(np.round(numbers, 6)).size > 2 or _are_no_fractions(numbers)


def _can_be_related(leaf: Any) -> bool:
    """Whether a leaf holds real numbers, or several whole ones."""
    return _is_real(leaf) or (is_numeric(leaf) and is_whole(leaf) and np.size(leaf) > 1)


def _is_real(leaf: object) -> bool:
    return is_numeric(leaf) and np.asarray(leaf).dtype.kind == "f"


def _holding(group: Group, table: Table) -> Group:
    """The outputs of a group for which the relation holds wherever they are wrong; where there are
    none, those for which it holds in at least half of the calls."""
    held = Counter(leaf_of(key) for key, _ in group)
    wrong = _times_wrong(table)
    for share in (1.0, 0.5):
        kept = [one for one in group if held[leaf_of(one[0])] >= share * wrong[leaf_of(one[0])]]
        if kept:
            return kept
    return []


def _times_wrong(table: Table) -> Counter[str]:
    """Output → in how many calls it is wrong."""
    return Counter(leaf_of(table.keys[column]) for column in np.flatnonzero(table.wrong))


def _evidence(group: Group, solution: Units) -> int:
    """How many numbers a group holds; the same call made twice says nothing new."""
    return sum({_bytes(solution[key]): independent(solution[key]) for key, _ in group}.values())


def _bytes(leaf: Any) -> bytes:
    return np.round(np.asarray(leaf, np.float64), 6).tobytes()


def _is_chance(group: Group, solution: Units) -> bool:
    """Whether a relation may be a coincidence; of single numbers an offset needs three."""
    different = len({_bytes(solution[key]) for key, _ in group})
    singles = group[0][1].slug == "offset" and all(np.size(solution[key]) == 1 for key, _ in group)
    return different < 3 if singles else different < 2 and _evidence(group, solution) < ENOUGH


def _group_told(group: Group, table: Table, solution: Units, seen: Seen) -> list[Told]:
    if not group or _is_chance(group, solution):
        return []
    held, wrong = len(group), _times_wrong(table)
    whole = held == sum(wrong[leaf] for leaf in {leaf_of(key) for key, _ in group})
    what = _what(group) if whole else f"In some calls {_what(group).replace('The', 'the')}"
    first = group[0][1]
    if len({found.text for _, found in group}) > 1 and first.slug == "offset":
        return _offset_told(group, seen, what)
    if first.slug == "one_place":
        return _one_place_told(group, seen, what)
    if first.slug != "factor":
        return [Told(RELATION, first.slug, f"{what} {_verb(what)} {first.text}.", True)]
    largest = max(independent(solution[key]) for key, _ in group)
    factors = {call_of(key): found.value for key, found in group if found.value is not None}
    if largest < 3 and not _telling(list(factors.values())) and not names_of(factors, seen):
        return []
    return factor_told(factors, seen, what)


def _what(group: Group) -> str:
    leaves = list(dict.fromkeys(leaf_of(key) for key, _ in group if leaf_of(key)))
    if not leaves:
        return "The result"
    return ", ".join(f"`{leaf}`" for leaf in leaves[:3]) + (" …" if len(leaves) > 3 else "")


def _verb(what: str) -> str:
    return "are" if "," in what else "is"


def _offset_told(group: Group, seen: Seen, what: str) -> list[Told]:
    """An offset that grows with a quantity of the calls."""
    offsets = {call_of(key): found.value for key, found in group if found.value is not None}
    calls = [seen.quantities(call) for call in offsets]
    found = next(proportional(list(offsets.values()), calls), None)
    if found is None:
        return []
    share, name = found
    text = f"{what} {_verb(what)} what was expected plus {number(share)} times {name}."
    return [Told(RELATION, "offset", text, True)]


def _one_place_told(group: Group, seen: Seen, what: str) -> list[Told]:
    """The only number that is wrong, with its name where it is a setting or the sum of two."""
    values = [found.value for _, found in group if found.value is not None]
    calls = [with_sums(seen.quantities(call_of(key))) for key, _ in group]
    name = next(name_quantity(values, calls), "") if len(set(values)) > 1 else ""
    there = f"; there it is {name}" if name else ""
    return [Told(RELATION, "one_place", f"{what} {_verb(what)} {group[0][1].text}{there}.", True)]


def _telling(values: list[float]) -> bool:
    """Whether one simple factor holds everywhere."""
    return any(all(abs(v - simple) <= 1e-3 * abs(simple) for v in values) for simple in SIMPLE)


def names_of(factors: dict[str, float], seen: Seen) -> list[str]:
    """The sizes that factors follow, call by call; none where they are all the same."""
    calls = [seen.quantities(call) for call in factors]
    if len({round(value, 4) for value in factors.values()}) < 2:
        return []
    return list(name_quantity(list(factors.values()), calls))


def factor_told(
    factors: dict[str, float], seen: Seen, what: str, than: str = "what was expected"
) -> list[Told]:
    """A factor in words: one number, or the quantity that it is in every call."""
    values = list(factors.values())
    what = what[:1].upper() + what[1:]
    if _are_one(values):
        name = (
            setting_of(values[0], seen.quantities(next(iter(factors))))
            if not _telling(values)
            else ""
        )
        also = f" That is {name}." if name else ""
        text = f"{what} {_verb(what)} {number(values[0])} times {than}.{also}"
        return [Told(RELATION, "factor", text, True)]
    names = names_of(factors, seen)
    if names:
        text = f"{what} {_verb(what)} {than}, times a factor that is {names[0]} in every call."
        return [Told(RELATION, "factor", text, True)]
    shown = ", ".join(number(value) for value in dict.fromkeys(round(v, 4) for v in values))
    text = f"{what} {_verb(what)} {than}, times a factor that differs from call to call: {shown}."
    return [Told(RELATION, "factor", text, True)]


def _are_one(values: list[float]) -> bool:
    return max(values) - min(values) <= 1e-3 * max(abs(value) for value in values)


def number_told(times: dict[str, float], seen: Seen) -> str:
    """How often something is there: a number, or the quantity that it is in every call."""
    values = list(times.values())
    if _are_one(values):
        return number(values[0])
    return next(iter(names_of(times, seen)), ", ".join(map(number, values)))


# --- how much numbers say ------------------------------------------------------------------------


def independent(leaf: object) -> int:
    """How many different numbers a leaf holds; shares such as accuracies are often alike by chance."""
    if not is_numeric(leaf) or (_is_real(leaf) and are_shares(np.asarray(leaf))):
        return 1
    return int(np.unique(np.round(np.asarray(leaf, np.float64), 6)).size)


def are_shares(numbers: np.ndarray) -> bool:
    """Whether numbers lie between 0 and 1 and are simple fractions."""
    inside = bool(((numbers >= 0) & (numbers <= 1)).all())
    return inside and not _are_no_fractions(numbers)


def _are_no_fractions(numbers: np.ndarray) -> bool:
    """Whether at least one number is no multiple of 1/5040, as fractions of numbers up to ten are."""
    parts = np.asarray(numbers, np.float64) * 5040  # a multiple of every number up to ten
    return bool((np.abs(parts - np.round(parts)) > 0.02).any())
