"""The rule for vivas: a student who cannot explain the homework loses a share of what it earned."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 10.0  # points of one viva: five questions of two


@dataclass(frozen=True)
class VivaRule:
    """`[viva]` of course.toml.

    Attributes:
        sample: the share of a class that is asked.
        weight: per cent of a homework's points that hang on it for those who are.
    """

    sample: float = 0.1
    weight: float = 0.0


def rule(table: dict) -> VivaRule:
    """Read the rule; without one a viva counts nothing.

    Raises:
        ValueError: when a number is impossible.
    """
    part = table.get("viva", {})
    sample = float(part.get("sample", VivaRule.sample))
    weight = float(part.get("weight", VivaRule.weight))
    if not 0 < sample <= 1:
        raise ValueError(f"[viva] sample is {sample:g}; it is a share, above 0 and at most 1")
    if not 0 <= weight <= 100:
        raise ValueError(f"[viva] weight is {weight:g}; it is 0 to 100 per cent")
    return VivaRule(sample, weight)


def file_of(assignment: str) -> str:
    """The file that holds the scores of an assignment's vivas."""
    return f"{assignment}-viva.csv"


def points_lost(points: float, score: float, rule: VivaRule) -> float:
    """The points that a viva of this score takes from a homework's."""
    return points * rule.weight / 100 * (1 - score / MOST)
