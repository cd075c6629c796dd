"""The record of everything that is known to go wrong in one homework, on the public inputs.

It ships with the kit as `causes.npz` beside the answers: fingerprints, never outputs, and texts that
are told one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge import record_file
from autograder.judge.known import Cause, Known, OfProblem, is_said
from common.homework import Homework


class Knowledge:
    """Problem → what is known of it."""

    def __init__(self, problems: Mapping[str, OfProblem]) -> None:
        self.problems = problems

    def of(self, problem: str) -> OfProblem:
        """Return what is known of one problem; nothing, where nothing is recorded."""
        return self.problems.get(problem, OfProblem())

    def causes(self) -> set[Cause]:
        """Everything that may be told by name."""
        return {
            cause
            for one in self.problems.values()
            for thing in one.things
            for cause in thing.causes
        }

    def save(self, homework: Homework) -> Path:
        """Write the record; the old one stays until the new one is whole."""
        path = path_of(homework)
        causes = CauseTable([])
        problems = {name: pack(one, causes) for name, one in self.problems.items()}
        told = [[cause.kind, cause.slug, cause.text] for cause in causes.all]
        return record_file.save(path, homework, {"causes": told, "problems": problems})

    @classmethod
    def load(cls, homework: Homework) -> Knowledge:
        """Read the record; an empty one when there is none.

        Raises:
            KitError: when it cannot be read or was made with other checks.
        """
        path = path_of(homework)
        if not path.is_file():
            return cls({})
        with record_file.open_record(path, homework) as record:
            causes = CauseTable([Cause(*one) for one in record["causes"]])
            return cls(_WhenAsked(record["problems"], causes))


def path_of(homework: Homework) -> Path:
    """Return the file of the record, beside the answers."""
    return homework.checks / "causes.npz"


class _WhenAsked(Mapping[str, OfProblem]):
    """Problem → what is known of it, taken apart once somebody asks: most verdicts need none."""

    def __init__(self, packed: dict[str, Any], causes: CauseTable) -> None:
        self._packed, self._causes = packed, causes
        self._known: dict[str, OfProblem] = {}

    def __getitem__(self, problem: str) -> OfProblem:
        if problem not in self._known:
            self._known[problem] = unpack(self._packed[problem], self._causes)
        return self._known[problem]

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


class CauseTable:
    """Causes by number: most are shared by many known things."""

    def __init__(self, known: list[Cause]) -> None:
        self.all = known
        self._place = {cause: index for index, cause in enumerate(known)}

    def numbers(self, causes: tuple[Cause, ...]) -> list[int]:
        for cause in causes:
            if cause not in self._place:
                self._place[cause] = len(self.all)
                self.all.append(cause)
        return [self._place[cause] for cause in causes]

    def of(self, numbers: list[int]) -> tuple[Cause, ...]:
        return tuple(self.all[number] for number in numbers)


def pack(problem: OfProblem, causes: CauseTable) -> dict[str, Any]:
    """Plain lists and arrays: a row of `units` is a thing's number and a key's number."""
    things = problem.things
    keys = list(dict.fromkeys(k for t in things for k in (*t.prints, *t.bands, *sorted(t.unknown))))
    place = {key: index for index, key in enumerate(keys)}
    prints = [(n, place[k], *p) for n, t in enumerate(things) for k, p in t.prints.items()]
    unknown = [(n, place[k]) for n, t in enumerate(things) for k in sorted(t.unknown)]
    all_bands = [(n, k, b) for n, t in enumerate(things) for k, b in t.bands.items()]
    bands = [(n, place[k], b) for n, k, b in all_bands if not is_said(k)]
    said = [(n, place[k], b) for n, k, b in all_bands if is_said(k)]
    return {
        "conditions": problem.conditions,
        "free": problem.free,
        "names": [
            [causes.numbers(t.causes), [causes.numbers(o) for o in t.others]] for t in things
        ],
        "keys": keys,
        "units": np.array([row[:2] for row in prints], np.int32).reshape(-1, 2),
        "marks": np.array([row[2] for row in prints], np.int64),
        "numbers": np.array([row[3] for row in prints], np.float32),
        "unknown": np.array(unknown, np.int32).reshape(-1, 2),
        "banded": np.array([row[:2] for row in bands], np.int32).reshape(-1, 2),
        "bands": np.array([row[2] for row in bands], np.float32),
        "said": np.array([(n, k, b.shape[1]) for n, k, b in said], np.int32).reshape(-1, 3),
        "numbers_said": np.concatenate([np.zeros((2, 0), np.float32), *(b for *_, b in said)], 1),
    }


def unpack(record: dict[str, Any], causes: CauseTable) -> OfProblem:
    """Return what `pack` took apart."""
    keys = record["keys"]
    things = [
        Known(causes.of(names), others=tuple(causes.of(o) for o in others))
        for names, others in record["names"]
    ]
    rows = zip(record["units"].tolist(), record["marks"].tolist(), np.asarray(record["numbers"]))
    for (thing, key), mark, numbers in rows:
        things[thing].prints[keys[key]] = (mark, numbers)
    for thing, key in record["unknown"].tolist():
        things[thing].unknown |= {keys[key]}
    for (thing, key), band in zip(record["banded"].tolist(), np.asarray(record["bands"])):
        things[thing].bands[keys[key]] = band
    if "said" in record:  # older records lack it
        ends = np.cumsum(record["said"][:, 2])[:-1]
        said = np.split(np.asarray(record["numbers_said"]), ends, axis=1)
        for (thing, key, _), band in zip(record["said"].tolist(), said):
            things[thing].bands[keys[key]] = band
    return OfProblem(record["conditions"], record["free"], things)
