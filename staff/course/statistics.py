"""Mean, median and quartiles of every assignment and of the course."""

from __future__ import annotations

import csv
import io
import statistics

from staff.course.policy import Policy
from staff.course.rules import Grade


def as_csv(grades: list[Grade], policy: Policy) -> str:
    """One row an assignment, in per cent; what is open or excused is left out, and counted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "assignment",
            "students",
            "open",
            "mean",
            "lowest",
            "quarter",
            "median",
            "three_quarters",
            "highest",
        ]
    )
    for one in policy.assignments:
        marks = [grade.marks[one.name] for grade in grades if one.name in grade.marks]
        closed = [100 * mark.share for mark in marks if not mark.open]
        if marks:
            writer.writerow([one.name, len(closed), len(marks) - len(closed), *_numbers(closed)])
    whole = [grade.so_far for grade in grades if grade.marks and not grade.open]
    writer.writerow(["so_far", len(whole), len(grades) - len(whole), *_numbers(whole)])
    return text.getvalue()


def _numbers(values: list[float]) -> list[str]:
    """Mean, lowest, quartiles (as numpy computes them), highest."""
    if not values:
        return [""] * 6
    quartiles = (
        statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    )
    found = (statistics.fmean(values), min(values), *quartiles, max(values))
    return [f"{value:.2f}" for value in found]
