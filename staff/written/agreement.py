"""Agreement of two graders: Cohen's κ with its interval."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence

RESAMPLES = 2000
ENOUGH = 0.8  # a rubric below this is to be reworded


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's κ: agreement beyond chance, as a share of what is possible (Cohen 1960).

    Args:
        pairs: what the two graders said of each thing.

    Returns:
        None where nothing is left to agree on: there are no pairs, or both said one and the same
        of all.
    """
    if not pairs:
        return None
    count = len(pairs)
    agreed = sum(a == b for a, b in pairs) / count
    said = {category for pair in pairs for category in pair}
    chance = sum(
        sum(a == one for a, _ in pairs) * sum(b == one for _, b in pairs) for one in said
    ) / (count * count)
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def interval(
    answers: Sequence[Sequence[tuple[Hashable, Hashable]]], seed: int = 0
) -> tuple[float, float] | None:
    """The 95 % interval of κ by resampling answers, whose decisions belong together.

    Args:
        answers: for each answer, the pairs of its decisions.

    Returns:
        None where κ is not defined, or there is one answer.
    """
    if len(answers) < 2:
        return None
    draw = random.Random(seed)
    found = []
    for _ in range(RESAMPLES):
        sample = [pair for answer in draw.choices(answers, k=len(answers)) for pair in answer]
        value = kappa(sample)
        if value is not None:
            found.append(value)
    if not found:
        return None
    found.sort()
    return found[int(0.025 * len(found))], found[min(int(0.975 * len(found)), len(found) - 1)]
