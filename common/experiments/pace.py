"""Estimate how long trainings will take, from how long they have taken so far."""

from __future__ import annotations

import re
from pathlib import Path

_PROGRESS = re.compile(r"(?:step|cell) (\d+)/(\d+)")
LEAST = 0.2  # minutes of work: what is done after less says nothing of the pace


def progress(line: str) -> float | None:
    """The part that is done by the last line of a log; None when the line does not say."""
    found = _PROGRESS.findall(line)
    return int(found[-1][0]) / max(int(found[-1][1]), 1) if found else None


class Pace:
    """Time left, which adapts to this machine.

    Args:
        minutes: title → minutes that a training takes on the machine of the tables.
    """

    def __init__(self, minutes: dict[str, float]) -> None:
        self.minutes, self.done = minutes, dict.fromkeys(minutes, 0.0)
        self.spent: dict[str, float] = {}

    def note(self, title: str, part: float, seconds: float) -> None:
        """A training has done this part of its work in so many seconds."""
        self.done[title] = max(self.done[title], min(part, 1.0))
        self.spent[title] = seconds / 60

    def leave(self, title: str) -> None:
        """A training has ended, whatever came of it."""
        self.done[title] = 1.0

    @property
    def ratio(self) -> float:
        """Minutes here for a minute of the tables; 1 as long as nothing is known."""
        work = sum(self.minutes[title] * self.done[title] for title in self.spent)
        return sum(self.spent.values()) / work if work > LEAST else 1.0

    def left(self, at_once: int) -> float:
        """Minutes until everything is done."""
        rest = [self.minutes[title] * (1 - part) for title, part in self.done.items()]
        return self.ratio * max(sum(rest) / at_once, max(rest, default=0.0))


def last_progress(log: Path, tail: int) -> float:
    """Return a training's progress by the last lines of its log; 0 when they do not say."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - tail))
            found = progress(file.read().decode("utf-8", "replace"))
    except OSError:
        return 0.0
    return found or 0.0
