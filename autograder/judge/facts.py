"""What can be seen in a student's outputs and is true whatever the cause."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from autograder.judge.exceptions import FACT, meaning
from autograder.judge.quantities import is_size
from autograder.judge.related import are_shares
from autograder.judge.rows import rows_where
from autograder.judge.survey import Survey
from autograder.judge.units import Units, call_of, is_numeric, leaf_of, same, stands_alone
from autograder.judge.words import Told

MOST_CONDITIONS = 3  # of a problem: more are a list that nobody reads
MOST_LEAVES = 2  # that are named as the only wrong ones
FEW_CALLS = 3  # in fewer any setting tells right calls from wrong ones
NOT_OF_THE_STUDENT = ("`stand_ins`",)  # what stands in the place of other holes


def facts(surveys: dict[str, Survey], student: Units, solution: Units) -> list[Told]:
    """Find exceptions, conditions that do not hold, and gradients that are zero or alone wrong."""
    wrong = _wrong(student, solution)
    found = [
        *_exceptions(surveys),
        *_conditions(surveys),
        *_not_finite(student, solution),
        *_gradients(student, solution),
        *_rows(surveys, student, solution),
        *_only_where(surveys, wrong, solution),
        *_only_outputs(student, solution, wrong),
    ]
    return list({(one.slug, one.text): one for one in found}.values())


def _exceptions(surveys: dict[str, Survey]) -> Iterator[Told]:
    """Return the meaning of exceptions, once for each kind: the first sizes that do not fit suffice."""
    errors = [o["error"] for s in surveys.values() for o in s.outcomes if "error" in o]
    said = {one.slug: one for one in map(meaning, reversed(errors)) if one is not None}
    for one in reversed(said.values()):
        yield Told(one.kind, one.slug, one.text, sure=True)


def _conditions(surveys: dict[str, Survey]) -> Iterator[Told]:
    """The conditions that do not hold, each place of a check once."""
    seen: set[str] = set()
    for survey in surveys.values():
        for condition in survey.conditions:
            place = condition.key.partition("#")[0]
            if condition.holds or condition.compares or place in seen:
                continue
            seen.add(place)
            if len(seen) <= MOST_CONDITIONS:
                yield Told(FACT, place.partition(":")[0], condition.what, sure=True)


def _rows(surveys: dict[str, Survey], student: Units, solution: Units) -> Iterator[Told]:
    """Say what the wrong rows of an output have in common."""
    for text in itertools.islice(rows_where(surveys, student, solution), 1):
        yield Told(FACT, "rows_where", text, sure=True)


def _wrong(student: Units, solution: Units) -> set[str]:
    """The units in which the two differ."""
    return {
        key
        for key in {**student, **solution}
        if not (key in student and key in solution and same(student[key], solution[key]))
    }


def _only_where(surveys: dict[str, Survey], wrong: set[str], solution: Units) -> Iterator[Told]:
    """A setting that tells the calls that are wrong from those that are right."""
    bad = {call_of(key) for key in wrong if not stands_alone(key)}
    known = {call_of(key) for key in solution if not stands_alone(key)}
    for check, survey in surveys.items():
        calls = [(f"{check}/{n}", chosen) for n, chosen in enumerate(survey.settings)]
        rows = [(call in bad, chosen) for call, chosen in calls if call in known]
        for name in rows[0][1] if len(rows) >= FEW_CALLS else ():
            if name in NOT_OF_THE_STUDENT or not all(name in chosen for _, chosen in rows):
                continue
            here = [chosen[name] for is_bad, chosen in rows if is_bad]
            there = [chosen[name] for is_bad, chosen in rows if not is_bad]
            for how, those, others in (("wrong", here, there), ("right", there, here)):
                if others and _tells(name, those, others):
                    value = _said(those[0])
                    text = f"Of {len(rows)} calls those are {how} where {name} is {value}."
                    yield Told(FACT, f"{how}_where", text, sure=True)
                    return


def _tells(name: str, those: list, others: list) -> bool:
    """Whether one value marks some calls, and more than by chance: any number of one call does, and a
    size tells where it is 0 or 1."""
    if len(set(those)) != 1 or those[0] in others:
        return False
    is_number = isinstance(those[0], (int, float)) and not isinstance(those[0], bool)
    several = len(those) > 1 and not is_size(name)
    return not is_number or several or those[0] in (0, 1)


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _only_outputs(student: Units, solution: Units, wrong: set[str]) -> Iterator[Told]:
    """The outputs that are wrong, where others of the same calls are always right."""
    values = [key for key in solution if key in student and is_numeric(solution[key])]
    leaves = dict.fromkeys(leaf_of(k) for k in values if not stands_alone(k) and leaf_of(k))
    bad = {leaf_of(key) for key in wrong if not stands_alone(key)}
    those, others = (
        [leaf for leaf in leaves if (leaf in bad) == is_bad] for is_bad in (True, False)
    )
    gradients = all("grad" in leaf.lower() for leaf in those)
    if bad <= set(those) and others and not gradients and 0 < len(those) <= MOST_LEAVES:
        one, other = (" and ".join(f"`{leaf}`" for leaf in part) for part in (those, others[:2]))
        alone = "is" if len(those) == 1 else "are"
        text = f"Only {one} {alone} wrong; {other}{' …' if len(others) > 2 else ''} never."
        yield Told(FACT, "only_outputs", text, sure=True)


def _not_finite(student: Units, solution: Units) -> Iterator[Told]:
    """Outputs that hold NaN or infinities where the solution has numbers."""
    leaves = dict.fromkeys(
        f"`{leaf_of(key)}`" if leaf_of(key) else "the result"
        for key, leaf in student.items()
        if is_numeric(leaf)
        and not np.isfinite(leaf).all()
        and is_numeric(solution.get(key))
        and np.isfinite(solution[key]).all()
    )
    if leaves:
        names = ", ".join(list(leaves)[:3])
        yield Told(
            FACT,
            "not_finite",
            f"Numbers in {names} are not finite: something is divided by zero or overflows, or a "
            "logarithm of zero is taken. NaN times zero is NaN.",
            sure=True,
        )


def _is_a_value(leaf: object) -> bool:
    """Whether a leaf holds real numbers, and not whether something holds or how often."""
    values = np.asarray(leaf)
    return values.dtype.kind == "f" and bool(values.any())


def _gradients(student: Units, solution: Units) -> Iterator[Told]:
    numeric = [
        key
        for key, leaf in solution.items()
        if is_numeric(leaf) and not stands_alone(key) and is_numeric(student.get(key))
    ]
    wrong = [key for key in numeric if not same(student[key], solution[key])]
    gradients = [
        key
        for key in wrong
        if "grad" in key.lower() and not are_shares(np.asarray(solution[key], float))
    ]
    values = [key for key in numeric if "grad" not in key.lower() and _is_a_value(solution[key])]
    if wrong and len(gradients) == len(wrong) and values:
        yield Told(
            FACT,
            "only_gradients_are_wrong",
            "Every value is right and a gradient is wrong: a path is cut, or leads to the wrong "
            "place.",
            sure=True,
        )
    zero = {
        leaf_of(key)
        for key in gradients
        if np.any(solution[key]) and not np.any(student[key]) and leaf_of(key)
    }
    if zero:
        names = ", ".join(f"`{name}`" for name in sorted(zero)[:4])
        yield Told(FACT, "gradient_zero", f"No gradient reaches {names}.", sure=True)
