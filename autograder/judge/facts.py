"""What can be seen in a student's outputs and is true whatever the cause."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.judge.exceptions import FACT, meaning
from autograder.judge.survey import Survey
from autograder.judge.units import Units, is_numeric, leaf_of, same, stands_alone
from autograder.judge.words import Told

MOST_CONDITIONS = 3  # of a problem: more are a list that nobody reads


def facts(surveys: dict[str, Survey], student: Units, solution: Units) -> list[Told]:
    """Exceptions, conditions that do not hold, gradients that are zero or alone wrong."""
    found = [
        *_exceptions(surveys), *_conditions(surveys), *_gradients(student, solution)
    ]  # fmt: skip
    return list({(one.slug, one.text): one for one in found}.values())


def _exceptions(surveys: dict[str, Survey]) -> Iterator[Told]:
    errors = [o["error"] for s in surveys.values() for o in s.outcomes if "error" in o]
    for error in errors:
        said = meaning(error)
        if said is not None:
            yield Told(said.kind, said.slug, said.text, sure=True)


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


def _gradients(student: Units, solution: Units) -> Iterator[Told]:
    numeric = [
        key for key, leaf in solution.items()
        if is_numeric(leaf) and not stands_alone(key) and is_numeric(student.get(key))
    ]  # fmt: skip
    wrong = [key for key in numeric if not same(student[key], solution[key])]
    gradients = [key for key in wrong if "grad" in key.lower()]
    if wrong and len(gradients) == len(wrong) and len(wrong) < len(numeric):
        yield Told(
            FACT, "only_gradients_are_wrong",
            "Every value is right and a gradient is not: a path is cut, or runs where it should "
            "not.", sure=True,
        )  # fmt: skip
    zero = {
        leaf_of(key)
        for key in gradients
        if np.any(solution[key]) and not np.any(student[key]) and leaf_of(key)
    }
    if zero:
        names = ", ".join(f"`{name}`" for name in sorted(zero)[:4])
        yield Told(FACT, "gradient_zero", f"No gradient reaches {names}.", sure=True)
