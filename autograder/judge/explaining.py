"""The smallest set of known things that explains everything that is wrong.

It must give every wrong unit the value that the student gave, and must not spoil a unit that is right:
what would be seen and is not seen did not happen. Tried in this order, the simplest first: one known
thing; one of two that multiplies the other; one times a simple factor; a recorded pair; one that counts
more or less often; one times a named quantity; one that spares an output; two of any kind; and at last
the one that gives most of what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.judge.factors import CLOSE, Factors, are_near, factor, is_one, wrong_by_call
from autograder.judge.fingerprints import DIRECTIONS, FLOOR
from autograder.judge.known import MISTAKE, Known, Table
from autograder.judge.relations import ENOUGH, SIMPLE
from autograder.judge.strength import of_another_strength
from autograder.judge.units import leaf_of


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
        factor(table.right_marks, table.right_numbers, table, columns, sizes)
        for columns in wrong_by_call(table).values()
    ]
    if found is not None or _are_one(multiples):
        return found  # one factor everywhere: a relation says it better
    simple = (
        _multiplied(table, sizes) or _scaled(table, sizes, _is_simple) or _one(table, singles=False)
    )
    simple = simple or _of_another_strength(table, sizes, is_named)
    if simple is not None or None not in multiples:
        return simple
    any_named = _scaled(table, sizes, lambda factors: is_one(factors) or is_named(factors))
    return any_named or _spared(table, sizes) or _two(table, sizes) or _most(table, sizes)


def _are_one(factors: list[float | None]) -> bool:
    """Whether the factors of all calls are one number."""
    known = [factor for factor in factors if factor is not None]
    return len(known) == len(factors) > 0 and are_near(known, known[0])


def _one(table: Table, singles: bool) -> Explanation | None:
    """One known thing, or one recorded pair, that is seen everywhere: the one that says most."""
    hits = table.hits.sum(1)
    fits = ~table.misses.any(1) & ~table.clashes.any(1) & (hits > 0) & (table.single == singles)
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
    calls = wrong_by_call(table)
    found = []
    for row in np.flatnonzero(~table.clashes.any(1) & table.differs.any(1) & table.single):
        factors = _factors(table, int(row), calls, sizes)
        if factors and not are_near([*factors.values()], 1.0) and counts(factors):
            found.append((table.things[row], tuple(factors.items())))
    best = _best([(thing,) for thing, _ in found])
    if best is None:
        return None
    kept = next(times for thing, times in found if thing is best.things[0])
    return Explanation(best.things, 1.0, kept, best.alone)


def _factors(table: Table, row: int, calls: dict[str, np.ndarray], sizes: np.ndarray) -> Factors:
    """Return the factor of a known thing in each call; none where a call's outputs are no multiple."""
    marks, numbers = table.candidate_marks[row], table.candidate_numbers[row]
    found = {}
    for call, columns in calls.items():
        times = factor(marks, numbers, table, columns, sizes)
        if times is None or abs(times) < CLOSE or not table.certain[row, columns].all():
            return {}
        found[call] = times
    return found


def _of_another_strength(
    table: Table, sizes: np.ndarray, is_named: Callable[[Factors], bool]
) -> Explanation | None:
    """One change whose effect is there more or less often."""
    found = of_another_strength(table, sizes, is_named)
    if found is None:
        return None
    thing, times = found
    return Explanation((thing,), counted=tuple(times.items()), whole=False)


def _is_simple(factors: Factors) -> bool:
    return any(are_near([*factors.values()], one) for one in SIMPLE)


# --- two ----------------------------------------------------------------------------------------


def _two(table: Table, sizes: np.ndarray) -> Explanation | None:
    """Two known things: each unit comes from one of them, or their effects add up."""
    rows = np.flatnonzero(
        ~table.clashes.any(1) & (table.differs & table.wrong).any(1) & table.single
    )
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
    rows = np.flatnonzero(
        ~table.clashes.any(1) & (table.differs & table.wrong).any(1) & table.single
    )
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
