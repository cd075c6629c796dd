"""Mean, median and quartiles of every assignment and of the course."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from staff.course.csv_cell import csv_text
from staff.course.policy import Policy
from staff.course.rules import Grade


def as_csv(grades: list[Grade], policy: Policy) -> str:
    """Return a row for each assignment and one for the course: students, open grades, and per cents.

    Open and excused grades enter no mean or quartile; the column `open` counts the open ones.
    """
    rows: list[Sequence[object]] = [
        (
            "assignment",
            "students",
            "open",
            "mean",
            "lowest",
            "quarter",
            "median",
            "three_quarters",
            "highest",
        )
    ]
    for one in policy.assignments:
        marks = [grade.marks[one.name] for grade in grades if one.name in grade.marks]
        closed = [100 * mark.share for mark in marks if not mark.open]
        if marks:
            rows.append([one.name, len(closed), len(marks) - len(closed), *_numbers(closed)])
    marked = [grade for grade in grades if grade.marks]
    whole = [grade.so_far for grade in marked if not grade.open]
    rows.append(["so_far", len(whole), len(marked) - len(whole), *_numbers(whole)])
    return csv_text(rows)


def _numbers(values: list[float]) -> list[str]:
    """Mean, lowest, quartiles (as numpy computes them), highest."""
    if not values:
        return [""] * 6
    quartiles = (
        statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    )
    found = (statistics.fmean(values), min(values), *quartiles, max(values))
    return [f"{value:.2f}" for value in found]
