"""Compare a student's claims about a curve with the curve itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from common.diagnose.curves import Columns, Setting

LEAST_ROWS = 3  # of a range of steps
MOVE = 0.1  # of the metric's span in the picture: less than that is no rise and no fall
MOST = 0.8  # share of the rows of a range that must be above, below or inside the band
SLACK = 0.05  # of the span: how far outside the band a row still counts as inside

DIRECTIONS = {
    "rises": "the metric ends higher than it begins",
    "falls": "it ends lower than it begins",
    "stays": "it does neither",
    "above": "it lies above the band of the sound runs",
    "below": "it lies below that band",
    "inside": "it lies inside that band, or just beside it",
}
OF_BAND = ("above", "below", "inside")


@dataclass(frozen=True)
class Claim:
    """One piece of evidence: what a metric does between two steps.

    Attributes:
        direction: a key of DIRECTIONS.
    """

    metric: str
    first: float
    last: float
    direction: str

    def __str__(self) -> str:
        verb = f"is {self.direction} the band" if self.direction in OF_BAND else self.direction
        return f"{self.metric} {verb} from step {self.first:g} to {self.last:g}"


def rows_between(columns: Columns, first: float, last: float) -> list[int]:
    """The rows of a range of steps, both ends included."""
    return [row for row, step in enumerate(columns["step"]) if first <= step <= last]


def holds(claim: Claim, columns: Columns, setting: Setting) -> bool:
    """Whether a run does what the claim says.

    Args:
        columns: of the run; the range holds at least LEAST_ROWS of its rows.
        setting: whose sound runs it is compared with.
    """
    rows = rows_between(columns, claim.first, claim.last)
    if claim.direction in OF_BAND:
        distances = [
            distance
            for row, distance in distances_to_band(claim.metric, columns, setting)
            if row in rows
        ]
        slack = SLACK if claim.direction == "inside" else 0.0
        fitting = {
            "above": [d > slack for d in distances],
            "below": [d < -slack for d in distances],
            "inside": [abs(d) <= slack for d in distances],
        }[claim.direction]
        return sum(fitting) >= MOST * len(rows)
    begin, end = ends(claim, columns, setting)
    moved = (end - begin) / _span(claim.metric, columns, setting)
    return {"rises": moved > MOVE, "falls": moved < -MOVE, "stays": abs(moved) <= MOVE}[
        claim.direction
    ]


def ends(claim: Claim, columns: Columns, setting: Setting) -> tuple[float, float]:
    """Return the means of a metric over the first and the last third of a range."""
    rows = rows_between(columns, claim.first, claim.last)
    scaled = scale(claim.metric, columns, setting)
    values = [scaled(columns[claim.metric][row]) for row in rows]
    third = max(1, len(values) // 3)
    return sum(values[:third]) / third, sum(values[-third:]) / third


def says_something(claim: Claim, setting: Setting) -> bool:
    """Whether the claim tells a run from the sound reference, of which it must not be true."""
    return not holds(claim, setting.reference, setting)


def widest_gap(columns: Columns, setting: Setting) -> tuple[str, float, float] | None:
    """The metric that is farthest from the band of the sound runs, and between which steps.

    Returns:
        metric, first and last step of the longest stretch outside; None when none of them is
        outside for LEAST_ROWS rows.
    """
    best, found = 0.0, None
    for metric in setting.metrics:
        for stretch in stretches(distances_to_band(metric, columns, setting)):
            size = sum(abs(distance) for _, distance in stretch)
            if len(stretch) >= LEAST_ROWS and size > best:
                best = size
                steps = columns["step"]
                found = metric, steps[stretch[0][0]], steps[stretch[-1][0]]
    return found


def stretches(distances: list[tuple[int, float]]) -> Iterator[list[tuple[int, float]]]:
    """Stretches of neighbouring rows that lie clearly on one side of the band."""
    stretch: list[tuple[int, float]] = []
    for row, distance in [*distances, (-1, 0.0)]:
        outside = abs(distance) > SLACK
        if stretch and not (outside and distance * stretch[-1][1] > 0):
            yield stretch
            stretch = []
        if outside:
            stretch.append((row, distance))


def distances_to_band(metric: str, columns: Columns, setting: Setting) -> list[tuple[int, float]]:
    """Return the distance of each row above (negative: below) the band, in spans; 0 inside it."""
    span, scaled = _span(metric, columns, setting), scale(metric, columns, setting)
    found = []
    for row, band in enumerate(zip(columns[metric], *setting.band[metric])):
        value, low, high = (scaled(number) for number in band)
        found.append((row, (max(value - high, 0.0) + min(value - low, 0.0)) / span))
    return found


def _span(metric: str, columns: Columns, setting: Setting) -> float:
    """Return the length of the axis that the run and the sound ones take up together."""
    scaled = scale(metric, columns, setting)
    values = [scaled(x) for part in (columns[metric], *setting.band[metric]) for x in part]
    return max(max(values) - min(values), 1e-9)


def is_logarithmic(metric: str, columns: Columns, setting: Setting) -> bool:
    """Whether a run's metric is drawn on a logarithmic axis: where no number forbids it."""
    return metric in setting.log and min(columns[metric]) > 0


def scale(metric: str, columns: Columns, setting: Setting) -> Callable[[float], float]:
    """Numbers as they are drawn: their logarithms where the axis is logarithmic."""
    return math.log10 if is_logarithmic(metric, columns, setting) else float
