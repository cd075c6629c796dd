"""Points from rubric lines: what was pressed on a page → the score of a question."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from staff.written.rubric import ALL, EACH_PART, HALF, Loss, Rubric


def version(rubric: Rubric) -> str:
    """A short name that changes when any item or loss does."""
    text = repr((rubric.items, rubric.losses))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def lines_of(rubric: Rubric) -> list[tuple[str, Loss, str]]:
    """The losses as they can be pressed: (id, loss, part), one for each part of an "each"."""
    found = []
    for loss in rubric.losses:
        if loss.parts == EACH_PART:
            found += [
                (f"{loss.id}.{part}" if part else loss.id, loss, part) for part in rubric.parts
            ]
        else:
            found.append((loss.id, loss, loss.parts))
    return found


def score(rubric: Rubric, pressed: Mapping[str, int]) -> float:
    """The points of one answer; a loss never takes a part, or the question, below 0.

    Args:
        pressed: id of an item or loss → how often it counts.
    """
    earned = dict.fromkeys(rubric.parts, 0.0)
    for item in rubric.items:
        earned[item.part] += item.points if pressed.get(item.id) else 0.0
    whole = [
        (loss, pressed[ident])
        for ident, loss, part in lines_of(rubric)
        if pressed.get(ident) and part not in earned
    ]
    for ident, loss, part in lines_of(rubric):
        if pressed.get(ident) and part in earned:
            earned[part] = max(0.0, earned[part] - points_lost(loss, earned[part], pressed[ident]))
    total = sum(earned.values())
    for loss, times in whole:
        total = max(0.0, total - points_lost(loss, total, times))
    return total


def points_lost(loss: Loss, earned: float, times: int) -> float:
    """The points that a loss takes from what was earned."""
    if loss.points == ALL:
        return earned
    if loss.points == HALF:
        return earned / 2
    return float(loss.points) * times


def in_words(rubric: Rubric, pressed: Mapping[str, int], comments: list[str]) -> str:
    """Rubric lines for the student: what earned, what was lost, and comments."""
    said = [
        f"{item.id}: {'+' if pressed.get(item.id) else '0 of '}{item.points:g} {item.earns}"
        for item in rubric.items
    ]
    for ident, loss, _ in lines_of(rubric):
        if times := pressed.get(ident, 0):
            points = loss.points if isinstance(loss.points, str) else f"{loss.points * times:g}"
            said.append(f"{ident}: −{points} {loss.loses}")
    return "; ".join([*said, *(f"“{comment}”" for comment in comments)])
