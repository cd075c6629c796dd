"""What is known to go wrong: recorded runs of mistakes, of small changes, and of pairs of them.

A known thing is kept as fingerprints of the units in which it differs from the solution. For one
problem they form a table, with which a student's units are compared all at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from autograder.judge.fingerprints import ABSENT, WIDTH, close, fingerprint
from autograder.judge.units import ERROR, Units, call_of, same, stands_alone

MISTAKE, CHANGE = "mistake", "change"
# How far a student's random numbers may lie from a band that a few runs have drawn:
WIDTHS = 3  # of the band
SHARE_OF_SIZE = 0.05  # of the largest number of the output
SHARE_SAID = 0.25  # of a number in a text
MANY_TIMES = 10  # in size, where the signs are those of the band
SHARE_OF_ZEROS = 0.1  # by which the share of zeros may differ

Print = tuple[int, np.ndarray]  # a mark, and numbers [WIDTH]


@dataclass(frozen=True)
class Cause:
    """What a known thing is called, and what a student may be told of it."""

    kind: str  # MISTAKE or CHANGE
    slug: str
    text: str


@dataclass
class Known:
    """One known thing.

    `causes` are its names: one, or two for a pair. `others` are the names of things that no check
    tells apart from it. `prints` holds the units in which it differs from the solution, `unknown`
    those in which it came out differently from one run to the next. `bands` holds where its numbers
    lie, the least and the largest: [2, 4] of `units.summaries`, [2, n] of `units.numbers_said`.
    """

    causes: tuple[Cause, ...]
    prints: dict[str, Print] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    others: tuple[tuple[Cause, ...], ...] = ()
    bands: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """MISTAKE where all causes are mistakes of the catalogue, else CHANGE."""
        return MISTAKE if all(cause.kind == MISTAKE for cause in self.causes) else CHANGE


@dataclass
class OfProblem:
    """What is known of one problem.

    `conditions` are the keys of the conditions that the solution's checks state; `free` are units in
    which right versions differ, so that they say nothing.
    """

    conditions: list[str] = field(default_factory=list)
    free: list[str] = field(default_factory=list)
    things: list[Known] = field(default_factory=list)


def take_fingerprints(
    causes: tuple[Cause, ...], run: Units, solution: Units, unknown: Iterable[str]
) -> Known:
    """Take fingerprints of a run wherever it differs from the solution's."""
    answered = _answered(run)
    unknown = frozenset(unknown) | {key for key in solution if not _is_seen(key, run, answered)}
    prints = {}
    for key in {**solution, **run}:
        if key not in unknown and not (
            key in run and key in solution and same(run[key], solution[key])
        ):
            prints[key] = fingerprint(run[key]) if key in run else _absent()
    return Known(causes, prints, unknown)


def _answered(run: Units) -> set[str]:
    """The calls that gave a value: of the other units of the rest nothing is known."""
    return {call_of(key) for key, leaf in run.items() if key.endswith(f"/{ERROR}") and not leaf}


def _is_seen(key: str, run: Units, answered: set[str]) -> bool:
    """Whether a run says something of a unit, if only that it is not there."""
    return key in run or (call_of(key) in answered and not stands_alone(key))


def _absent() -> Print:
    return ABSENT, np.zeros(WIDTH, np.float32)


class Table:
    """Known things by units, as arrays: C known things, U units.

    Attributes:
        keys: the units, those of the student included.
        things: those known things whose numbers may be the student's.
        single: [C] those of one cause; the others are pairs.
        wrong: [U] where the student differs from the solution.
        hits: [C, U] wrong units in which a known thing gives what the student gave.
        misses: [C, U] wrong units in which it gives something else.
        seen: [U] units of which the student's run says something.
        certain: [C, U] those of them in which a known thing always comes out the same.
        differs: [C, U] units in which a known thing differs from the solution.
        clashes: [C, U] right units that would be wrong, were the known thing there.
    """

    def __init__(
        self,
        things: list[Known],
        student: Units,
        solution: Units,
        summaries: Units | None = None,
        free: Iterable[str] = (),
    ) -> None:
        self.things = possible(things, summaries or {})
        things, answered = self.things, _answered(student)
        self.single = np.array([len(thing.causes) == 1 for thing in things], bool)
        known_keys = dict.fromkeys(k for t in things for k in t.prints if not stands_alone(k))
        self.keys = list({**solution, **student, **known_keys})
        self.place = {key: index for index, key in enumerate(self.keys)}
        self.seen = np.array([_is_seen(key, student, answered) for key in self.keys], bool)
        self.seen[[self.place[key] for key in free if key in self.place]] = False
        self.marks, self.numbers = self._row(student)
        self.right_marks, self.right_numbers = self._row(solution)
        self.wrong = self.seen & ~np.array([_alike(k, student, solution) for k in self.keys], bool)
        self._compare()

    def _row(self, run: Units) -> tuple[np.ndarray, np.ndarray]:
        prints = [fingerprint(run[key]) if key in run else _absent() for key in self.keys]
        marks = np.array([mark for mark, _ in prints], np.int64)
        return marks, np.array([numbers for _, numbers in prints]).reshape(-1, WIDTH)

    def _compare(self) -> None:
        shape = len(self.things), len(self.keys)
        self.candidate_marks = np.broadcast_to(self.right_marks, shape).copy()
        self.candidate_numbers = np.broadcast_to(self.right_numbers, (*shape, WIDTH)).copy()
        self.certain = np.broadcast_to(self.seen, shape).copy()
        self.differs = np.zeros(shape, bool)
        for row, thing in enumerate(self.things):
            for key, (mark, numbers) in thing.prints.items():
                column = self.place.get(key)
                if column is None:
                    continue
                self.differs[row, column] = True
                self.candidate_marks[row, column] = mark
                self.candidate_numbers[row, column] = numbers
            self.certain[row, [self.place[k] for k in thing.unknown if k in self.place]] = False
        equal = (self.candidate_marks == self.marks) & close(self.candidate_numbers, self.numbers)
        self.hits = equal & self.wrong & self.differs & self.certain
        self.misses = ~equal & self.wrong & self.certain
        self.clashes = self.differs & ~self.wrong & self.certain


def may_be(thing: Known, summaries: Units) -> bool:
    """Whether the student's random numbers have the signs and the sizes of the thing's, and the
    check says the same whole numbers of both."""
    return bool(possible([thing], summaries))


def possible(things: list[Known], summaries: Units) -> list[Known]:
    """The things that may be the student's: see `may_be`. All numbers are compared at once."""
    things = [thing for thing in things if _all_said(thing, summaries)]
    drawn = [
        (row, summaries[key], band)
        for row, thing in enumerate(things)
        for key, band in thing.bands.items()
        if key in summaries and not is_said(key)
    ]
    if not drawn:
        return things
    rows, seen, bands = zip(*drawn)
    lost = set(np.array(rows)[~_lie_in(np.array(seen), np.array(bands))].tolist())
    return [thing for row, thing in enumerate(things) if row not in lost]


def is_said(key: str) -> bool:
    """Whether a band is that of a text and not of outputs."""
    return stands_alone(key) or key.endswith(f"/{ERROR}")


def _says(seen: np.ndarray, least: np.ndarray, largest: np.ndarray) -> bool:
    """Whether a text has the whole numbers that are the same in every run of the thing, and all
    others about where they were, or at least their signs and sizes."""
    if seen.shape != least.shape:
        return True
    fixed = (least == largest) & (least == np.round(least))
    smallest, biggest = np.sort(np.abs([least, largest]), axis=0)
    room = WIDTHS * (largest - least) + SHARE_SAID * biggest
    near = (seen >= least - room) & (seen <= largest + room)
    sized = (np.abs(seen) * MANY_TIMES >= smallest) & (np.abs(seen) <= MANY_TIMES * biggest)
    signed = (seen * least > 0) & (seen * largest > 0)
    return bool(np.where(fixed, seen == least, near | sized & signed).all())


def _all_said(thing: Known, summaries: Units) -> bool:
    return all(
        _says(summaries[key], *band)
        for key, band in thing.bands.items()
        if key in summaries and is_said(key)
    )


def _lie_in(seen: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """[M] whether a summary lies near a band, or has its signs, its size and its share of zeros.

    Args:
        seen: [M, 4], see `units.summary`.
        bands: [M, 2, 4], the least and the largest of each number.
    """
    least, largest = bands[:, 0], bands[:, 1]
    size = np.abs(bands).max(1)
    room = WIDTHS * (largest - least) + SHARE_OF_SIZE * size.max(1, keepdims=True) + 1e-3
    outside = (seen < least - room) | (seen > largest + room)
    sign = (least < 0) & (seen > 0) | (largest > 0) & (seen < 0)
    sign |= (least - room > 0) & (seen <= 0)
    larger = (np.abs(seen) > MANY_TIMES * size + room) | (MANY_TIMES * np.abs(seen) + room < size)
    few = SHARE_OF_ZEROS + WIDTHS * (largest[:, -1] - least[:, -1])
    zeros = (seen[:, -1] < least[:, -1] - few) | (seen[:, -1] > largest[:, -1] + few)
    return ~(zeros | (outside & (sign | larger))[:, :-1].any(1))


def _alike(key: str, student: Units, solution: Units) -> bool:
    if key in student and key in solution:
        return same(student[key], solution[key])
    return key not in student and key not in solution
