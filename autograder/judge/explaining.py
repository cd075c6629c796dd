"""The smallest set of known things that explains everything that is wrong.

An explanation is one known thing, two of them, or one whose outputs all came out larger by one
factor. It must give every wrong unit the value that the student gave, and must not spoil a unit that
is right: what would be seen and is not seen did not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.judge.fingerprints import DIRECTIONS, FLOOR
from autograder.judge.known import MISTAKE, Known, Table
from autograder.judge.relations import SIMPLE
from autograder.judge.units import leaf_of

ENOUGH = 8  # independent numbers, or two calls, make a coincidence unlikely
CLOSE = 1e-3  # of the largest number, where fingerprints are added or divided

Factors = dict[str, float]  # call → what its outputs are multiplied by


@dataclass(frozen=True)
class Explanation:
    """Known things that account for what is wrong.

    `share` is the part of the wrong units that they give; `factor` is what their outputs are
    multiplied by, call by call; `counted` is how often a term counts, call by call, where the thing
    is a change of one term; `alone` says that nothing else known explains as much; `whole` that the
    thing, as it is recorded, gives no more than was seen.
    """

    things: tuple[Known, ...]
    share: float = 1.0
    factor: tuple[tuple[str, float], ...] = ()
    alone: bool = True
    counted: tuple[tuple[str, float], ...] = ()
    whole: bool = True


def explain(
    table: Table, sizes: np.ndarray, is_named: Callable[[Factors], bool] = lambda factors: False
) -> Explanation | None:
    """The best explanation of a student's units, or None.

    Args:
        sizes: [U] how many numbers each unit holds.
        is_named: whether factors that differ from call to call are a quantity of the calls.
    """
    if not table.wrong.any() or not table.things:
        return None
    found = _one(table, singles=True)
    multiples = [
        _factor(table.right_marks, table.right_numbers, table, columns, sizes)
        for columns in _calls(table).values()
    ]
    if found is not None or _are_one(multiples):
        return found  # one factor everywhere: a relation says it better
    simple = (
        _multiplied(table, sizes) or _scaled(table, sizes, _is_simple) or _one(table, singles=False)
    )
    simple = simple or _counted(table, sizes, is_named)
    if simple is not None or None not in multiples:
        return simple
    any_named = _scaled(table, sizes, lambda factors: _is_one(factors) or is_named(factors))
    return any_named or _spared(table, sizes) or _two(table, sizes) or _most(table, sizes)


def _are_one(factors: list[float | None]) -> bool:
    """Whether the factors of all calls are one number."""
    known = [factor for factor in factors if factor is not None]
    return len(known) == len(factors) > 0 and _near(known, known[0])


def _near(factors: list[float], one: float) -> bool:
    return all(abs(factor - one) <= CLOSE * abs(one) for factor in factors)


def _one(table: Table, singles: bool) -> Explanation | None:
    """One known thing, or one recorded pair, that is seen everywhere: the one that says most."""
    single = np.array([len(thing.causes) == 1 for thing in table.things])
    hits = table.hits.sum(1)
    fits = ~table.misses.any(1) & ~table.clashes.any(1) & (hits > 0) & (single == singles)
    if not fits.any():
        return None
    rows = np.flatnonzero(fits & (hits == hits[fits].max()))
    return _best([(table.things[row],) for row in rows])


def _best(found: Sequence[tuple[Known, ...]]) -> Explanation | None:
    """Those of the catalogue first; several are no certainty."""
    if not found:
        return None
    found = sorted(found, key=_rank)
    equals = [things for things in found[1:] if _rank(things) == _rank(found[0])]
    return Explanation(found[0], alone=not equals)


def _rank(things: tuple[Known, ...]) -> tuple[int, int]:
    causes = [cause for thing in things for cause in thing.causes]
    return len(causes), sum(cause.kind != MISTAKE for cause in causes)


# --- one, times a factor ------------------------------------------------------------------------


def _scaled(
    table: Table, sizes: np.ndarray, counts: Callable[[Factors], bool]
) -> Explanation | None:
    """One known thing all of whose wrong outputs are multiplied by one factor a call.

    Args:
        counts: whether such factors are more than a coincidence.
    """
    calls = _calls(table)
    single = np.array([len(thing.causes) == 1 for thing in table.things])
    found = []
    for row in np.flatnonzero(~table.clashes.any(1) & table.differs.any(1) & single):
        factors = _factors(table, int(row), calls, sizes)
        if factors and not _near([*factors.values()], 1.0) and counts(factors):
            found.append((table.things[row], tuple(factors.items())))
    best = _best([(thing,) for thing, _ in found])
    if best is None:
        return None
    factor = next(factor for thing, factor in found if thing is best.things[0])
    return Explanation(best.things, 1.0, factor, best.alone)


def _factors(table: Table, row: int, calls: dict[str, np.ndarray], sizes: np.ndarray) -> Factors:
    """What a known thing is multiplied by in each call; none where a call is no multiple."""
    marks, numbers = table.candidate_marks[row], table.candidate_numbers[row]
    found = {}
    for call, columns in calls.items():
        factor = _factor(marks, numbers, table, columns, sizes)
        if factor is None or abs(factor) < CLOSE or not table.certain[row, columns].all():
            return {}
        found[call] = factor
    return found


def _is_simple(factors: Factors) -> bool:
    return any(_near([*factors.values()], one) for one in SIMPLE)


def _is_one(factors: Factors) -> bool:
    """Whether the factor is the same in every call."""
    values = list(factors.values())
    return _near(values, values[0])


def _calls(table: Table) -> dict[str, np.ndarray]:
    """Call → its wrong units."""
    found: dict[str, list[int]] = {}
    for column in np.flatnonzero(table.wrong).tolist():
        found.setdefault("/".join(table.keys[column].split("/", 2)[:2]), []).append(column)
    return {call: np.array(columns) for call, columns in found.items()}


def _factor(
    marks: np.ndarray, numbers: np.ndarray, table: Table, columns: np.ndarray, sizes: np.ndarray
) -> float | None:
    """What outputs of one call are multiplied by to be the student's; None where it is no factor.

    Args:
        marks, numbers: fingerprints of the outputs, [U] and [U, WIDTH].
        columns: the units of the call.
    """
    if (marks[columns] != table.marks[columns]).any():
        return None
    known = numbers[columns, :DIRECTIONS].astype(float)
    seen = table.numbers[columns, :DIRECTIONS].astype(float)
    if sizes[columns][(np.abs(known) > FLOOR).any(1)].max(initial=0) < 2:
        return None  # any two single numbers are multiples of each other
    factor = float((known * seen).sum() / (known**2).sum())
    room = 10 * FLOOR + CLOSE * np.abs(table.numbers[columns, DIRECTIONS:])
    return factor if bool((np.abs(seen - factor * known) <= room).all()) else None


# --- one effect, of another strength ------------------------------------------------------------

OF_A_TERM = {"term_left_out": -1.0, "term_halved": -0.5, "term_doubled": 1.0}  # what it adds of it
OF_ANY_STRENGTH = {"targets_smoothed"}


def _counted(
    table: Table, sizes: np.ndarray, is_named: Callable[[Factors], bool]
) -> Explanation | None:
    """A change of any strength, or one term of a sum that counts another number of times: what
    differs is a multiple of what the change does."""
    calls = _calls(table)
    for row, thing in enumerate(table.things):
        slugs = {names[0].slug for names in (thing.causes, *thing.others) if len(names) == 1}
        added = next((part for slug, part in OF_A_TERM.items() if slug in slugs), None)
        if (added is None and not slugs & OF_ANY_STRENGTH) or table.clashes[row].any():
            continue
        times = {}
        for call, columns in calls.items():
            multiple = _multiple(table, row, columns)
            if multiple is None:
                break
            times[call] = multiple if added is None else 1 + added * multiple
        else:
            several = len(times) > 2 or int(sizes[table.wrong].max()) > 2
            if added is None and several and _is_one(times):
                return Explanation((thing,), whole=False)
            if added is not None and ((several and _is_one(times)) or is_named(times)):
                return Explanation((thing,), counted=tuple(times.items()))
    return None


def _multiple(table: Table, row: int, columns: np.ndarray) -> float | None:
    """How often a thing's effect is there in the outputs of one call; None where it is no multiple."""
    marks = [table.marks[columns], table.candidate_marks[row, columns]]
    if any((mark != table.right_marks[columns]).any() for mark in marks):
        return None
    if not table.certain[row, columns].all():
        return None
    right = table.right_numbers[columns].astype(float)
    effect, seen = (
        numbers[columns].astype(float) - right
        for numbers in (table.candidate_numbers[row], table.numbers)
    )
    effect, seen = effect[:, :DIRECTIONS], seen[:, :DIRECTIONS]
    size = float((effect**2).sum())
    if size <= FLOOR**2:
        return None
    multiple = float((effect * seen).sum()) / size
    room = 10 * FLOOR + CLOSE * np.maximum(
        right[:, DIRECTIONS:], np.abs(seen).max(1, keepdims=True)
    )
    return multiple if bool((np.abs(seen - multiple * effect) <= room).all()) else None


# --- two ----------------------------------------------------------------------------------------


def _two(table: Table, sizes: np.ndarray) -> Explanation | None:
    """Two known things: each unit comes from one of them, or their effects add up."""
    single = np.array([len(thing.causes) == 1 for thing in table.things])
    rows = np.flatnonzero(~table.clashes.any(1) & (table.differs & table.wrong).any(1) & single)
    change = (table.candidate_numbers - table.right_numbers)[rows][..., :DIRECTIONS]
    seen = (table.numbers - table.right_numbers)[:, :DIRECTIONS]
    plain = (table.marks == table.right_marks) & (table.numbers[:, DIRECTIONS] > 0)
    plain = plain & (table.candidate_marks[rows] == table.right_marks)  # [R, U]
    room = 10 * FLOOR + CLOSE * np.maximum(
        table.numbers[:, DIRECTIONS:], table.right_numbers[:, DIRECTIONS:]
    )
    differs = table.differs[rows] & table.wrong
    hits, certain = table.hits[rows], table.certain[rows]
    found = []
    for index in range(len(rows) - 1):
        others = slice(index + 1, None)
        left = seen - change[index]
        added = (np.abs(left - change[others]) <= room).all(-1) & plain[index] & plain[others]
        only_one = hits[index] & ~differs[others]
        only_other = hits[others] & ~differs[index]
        either = hits[index] | hits[others]
        explained = added | only_one | only_other | either | ~table.wrong
        explained &= certain[index] & certain[others] | ~table.wrong
        both = differs[index] & differs[others]
        own = (differs[index] & ~hits[others] | both & added & ~hits[others]).any(-1)
        other = (differs[others] & ~hits[index] | both & added & ~hits[index]).any(-1)
        for place in np.flatnonzero(explained.all(-1) & own & other):
            second = index + 1 + int(place)
            if not _are_multiples(change[index][table.wrong], change[second][table.wrong]):
                found.append((table.things[rows[index]], table.things[rows[second]]))
    return _best(found)


def _are_multiples(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two effects are multiples of each other: then many pairs add up to a third."""
    product = float((one * other).sum())
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return abs(product) > (1 - CLOSE) * size > 0


def _multiplied(table: Table, sizes: np.ndarray) -> Explanation | None:
    """Two known things, one of which multiplies every output by a number, as a sum for a mean does:
    what came is what the other gives, times that."""
    numeric = (table.marks == table.right_marks) & (table.numbers[:, DIRECTIONS] > 0)
    wrong = np.flatnonzero(table.wrong & numeric)
    single = np.array([len(thing.causes) == 1 for thing in table.things])
    rows = np.flatnonzero(~table.clashes.any(1) & (table.differs & table.wrong).any(1) & single)
    rows = rows[table.certain[np.ix_(rows, np.flatnonzero(table.wrong))].all(1)]
    if not rows.size or not wrong.size:
        return None
    hits = table.hits[np.ix_(rows, np.flatnonzero(table.wrong & ~numeric))]
    given = table.candidate_numbers[np.ix_(rows, wrong)][..., :DIRECTIONS].astype(float)
    alike = (table.candidate_marks[np.ix_(rows, wrong)] == table.marks[wrong]).all(1)
    right, seen = (
        numbers[wrong][:, :DIRECTIONS].astype(float)
        for numbers in (table.right_numbers, table.numbers)
    )
    room = 10 * FLOOR + CLOSE * table.numbers[wrong][:, DIRECTIONS:]
    ratio = (given * right).sum(-1) / np.maximum((right**2).sum(-1), FLOOR**2)  # [R, wrong]
    multiples = ratio[..., None] * right
    scale = np.maximum(np.abs(given).max(-1, keepdims=True), np.abs(right).max(-1, keepdims=True))
    plain = (np.abs(given - multiples) <= 10 * FLOOR + CLOSE * scale).all((1, 2)) & alike
    found = []
    for row in np.flatnonzero(plain):
        product = ratio[row][:, None] * given
        fits = (np.abs(seen - product) <= room).all((1, 2)) & alike & (hits | hits[row]).all(1)
        factor_seen = (np.abs(product - given) > room).any(-1)  # [R, wrong]
        other_seen = (np.abs(product - multiples[row]) > room).any(-1).any(-1)
        for other in np.flatnonzero(fits & other_seen):
            if _are_enough(table, wrong[factor_seen[other]], sizes):
                found.append((table.things[rows[other]], table.things[rows[row]]))
    return _best(found)


def _are_enough(table: Table, columns: np.ndarray, sizes: np.ndarray) -> bool:
    """Whether units are too many for a coincidence."""
    calls = {table.keys[column].rsplit("/", 1)[0] for column in columns}
    numbers = int(sizes[columns].sum())
    return numbers >= ENOUGH or (len(calls) > 1 and numbers > 2)


# --- most ---------------------------------------------------------------------------------------


def _spared(table: Table, sizes: np.ndarray) -> Explanation | None:
    """The known thing that gives everything that is wrong, though another output would be wrong too:
    it can be written so that this one stays right."""
    outputs = np.array([leaf_of(key) for key in table.keys])
    found = []
    for row in np.flatnonzero(table.clashes.any(1) & ~table.misses.any(1)):
        hit, spared = (
            set(outputs[np.flatnonzero(part[row])]) for part in (table.hits, table.clashes)
        )
        columns = np.flatnonzero(table.hits[row] & (table.numbers[:, DIRECTIONS] > FLOOR))
        if not hit & spared and _are_enough(table, columns, sizes):
            found.append((int(table.hits[row].sum()), table.things[row]))
    most = max((count for count, _ in found), default=0)
    best = _best([(thing,) for count, thing in found if count == most])
    return best and Explanation(best.things, alone=best.alone, whole=False)


def _most(table: Table, sizes: np.ndarray) -> Explanation | None:
    """The known thing that gives the larger part of what is wrong, or one output in all calls, and
    spoils nothing."""
    weight = np.minimum(sizes, ENOUGH) * table.wrong
    shares = (table.hits * weight).sum(1) / max(weight.sum(), 1)
    shares = np.where(table.clashes.any(1), 0.0, shares)
    best = float(shares.max(initial=0.0))
    if best < 0.5:
        shares = np.where(_whole_outputs(table, sizes), shares, 0.0)
        best = float(shares.max(initial=0.0))
    if best <= 0:
        return None
    found = _best([(table.things[row],) for row in np.flatnonzero(shares >= best - 1e-9)])
    return found and Explanation(found.things, best, (), found.alone)


def _whole_outputs(table: Table, sizes: np.ndarray) -> np.ndarray:
    """[C] whether a thing gives some output that is wrong everywhere that it is wrong.

    Zeros say little: many things give them.
    """
    found = np.zeros(len(table.things), bool)
    told = table.wrong & (table.numbers[:, DIRECTIONS] > FLOOR)
    outputs = np.array([leaf_of(key) for key in table.keys])
    for output in set(outputs[told]):
        columns = np.flatnonzero(table.wrong & (outputs == output))
        several = sizes[columns].max() > 2 and int(sizes[columns].sum()) >= ENOUGH
        if told[columns].all() and several:
            found |= table.hits[:, columns].all(1)
    return found
