"""A step, drawn in the plane of the step that came and the one that was expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from common.pages.templates import fragment

TEMPLATE = "autograder/report/steps.html"
WIDTH, HEIGHT, EDGE = 300, 200, 30
HEAD = 8  # length of an arrow's head
TINY = 1e-9  # of the expected step: no step at all


@dataclass(frozen=True)
class Arrow:
    """A step as drawn: the points of its line, where its name stands, and its numbers."""

    name: str
    points: str
    x: float
    y: float
    along: float
    across: float
    length: float


def is_step(given: np.ndarray, expected: np.ndarray, start: np.ndarray | None) -> bool:
    """Whether there is a step to draw."""
    if start is None or start.shape != expected.shape or not np.isfinite(given).all():
        return False
    return float(np.linalg.norm(expected - start)) > TINY


def draw(given: np.ndarray, expected: np.ndarray, start: np.ndarray) -> Markup:
    """Both steps from one start. The expected one points to the right.

    Args:
        given, expected, start: arrays of one shape.
    """
    came, right = (np.ravel(one - start).astype(float) for one in (given, expected))
    length = float(np.linalg.norm(right))
    along = float(came @ right) / length
    across = float(np.sqrt(max(float(came @ came) - along**2, 0.0)))
    across = 0.0 if across <= 1e-4 * length else across
    tips = {"expected": (length, 0.0), "given": (along, across)}
    low, high = min(0.0, along), max(length, along)
    scale = min((WIDTH - 2 * EDGE) / (high - low), (HEIGHT - 2 * EDGE) / max(across, TINY))
    origin = EDGE - low * scale, HEIGHT - EDGE - (0 if across else HEIGHT / 4)
    arrows = [_arrow(name, tip, origin, scale, across == 0) for name, tip in tips.items()]
    return fragment(
        TEMPLATE,
        arrows=arrows,
        origin=origin,
        text=_words(along, across, length),
        width=WIDTH,
        height=HEIGHT,
    )


def _arrow(
    name: str,
    tip: tuple[float, float],
    origin: tuple[float, float],
    scale: float,
    on_one_line: bool,
) -> Arrow:
    """A line with a head. Steps on one line are drawn beside each other."""
    aside = 6.0 if on_one_line and name == "given" else 0.0
    start = np.array([origin[0], origin[1] - aside])
    end = start + np.array([tip[0], -tip[1]]) * scale
    length = float(np.linalg.norm(end - start))
    forward = (end - start) / max(length, 1.0)
    side = np.array([-forward[1], forward[0]])
    head = min(HEAD, length)
    wings = [end - head * forward + turn * head / 2 * side for turn in (1, -1)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (start, end, wings[0], end, wings[1]))
    above = -10.0 if name == "given" else 18.0
    place = float(np.clip(end[0], 24, WIDTH - 24)), float(end[1] + above)
    return Arrow(name, points, *place, *tip, float(np.hypot(*tip)))


def _words(along: float, across: float, length: float) -> str:
    size = float(np.hypot(along, across))
    if size <= TINY:
        return "No step was made"
    angle = float(np.degrees(np.arctan2(across, along)))
    way = {0: "the same way", 180: "the opposite way"}.get(
        round(angle), f"{angle:.0f}° away from it"
    )
    return (
        f"The step given is {size / length:.3g} times as long as the one expected, and points {way}"
    )
