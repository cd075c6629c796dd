"""course.toml → what the kit itself must know of the course: what is left out, due when, allowed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.errors import KitError

# Students have the release's excerpt; the staff's own file holds every rule.
PLACES = (Path("course.toml"), Path("staff", "course.toml"))
NONE, EXPLAIN, OPEN = "none", "explain", "open"  # what AI tools may do for graded work


@dataclass(frozen=True)
class Deadline:
    """When a homework is due, and how many late days may be used: in all, and on one assignment.

    Attributes:
        hours: what a student should plan for; 0 where the course does not say.
    """

    due: datetime
    late_days: int
    most: int
    hours: float = 0

    def told(self, now: datetime) -> str:
        """One line for whoever works on it; empty when nothing can be handed in any more."""
        left = self.due - now
        if left < -timedelta(days=self.most):
            return ""
        when = f"{self.due:%a %d %b, %H:%M} {self.due.tzname()}"
        days = f"{self.late_days} late days in all, at most {self.most} on one homework"
        if self.hours:
            days += f"; plan for {self.hours:g} hours"
        if left < timedelta():
            return f"was due {_span(-left)} ago ({when}); {days}"
        return f"due in {_span(left)} ({when}); {days}"


def _span(time: timedelta) -> str:
    hours = int(time.total_seconds() // 3600)
    count, unit = (hours // 24, "day") if hours >= 48 else (hours, "hour")
    return f"{count} {unit}{'s' * (count != 1)}"


def deadline(homework: str, root: Path) -> Deadline | None:
    """Return when a homework is due; None where no course says so, or its zone is not known here.

    Raises:
        KitError: when the course's file cannot be read.
    """
    table = _table(root)
    rows = [row for row in table.get("assignments", ()) if row.get("name") == homework]
    if not rows or not isinstance(rows[0].get("due"), datetime):
        return None
    try:
        zone = ZoneInfo(table["timezone"])
        due = rows[0]["due"]
        due = due.astimezone(zone) if due.tzinfo else due.replace(tzinfo=zone)
        hours = float(rows[0].get("hours", 0))
        return Deadline(due, int(table["late"]["days"]), int(table["late"]["most"]), hours)
    except (KeyError, TypeError, ValueError, ZoneInfoNotFoundError):
        return None  # Windows knows zones only with a further package


def assistants(root: Path) -> str:
    """The policy on AI tools; they may do nothing where there is no course.

    Raises:
        KitError: when the file cannot be read, or names another policy.
    """
    try:
        return policy_of(_table(root))
    except ValueError as error:
        raise KitError(f"course.toml: {error}") from None


def policy_of(table: dict) -> str:
    """`[assistants] policy` of a course's table.

    Raises:
        ValueError: when it is none that the kit knows.
    """
    part = table.get("assistants", {})
    policy = part.get("policy", NONE) if isinstance(part, dict) else part
    if policy not in (NONE, EXPLAIN, OPEN):
        raise ValueError(f'[assistants] policy is {policy!r}; write "none", "explain" or "open"')
    return policy


def dropped_problems(root: Path) -> tuple[str, ...]:
    """The problems that are left out this term, such as "hw1.X"; none where there is no course.

    Raises:
        KitError: when the file cannot be read, or `drop` is no list of such names.
    """
    try:
        return listed(_table(root))
    except ValueError as error:
        raise KitError(f"course.toml: {error}") from None


def _table(root: Path) -> dict:
    path = next((root / place for place in PLACES if (root / place).is_file()), None)
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KitError(f"{path.name} cannot be read: {error}") from None


def listed(table: dict) -> tuple[str, ...]:
    """Return `drop` of a course's table.

    Raises:
        ValueError: when it is no list of names like "hw1.X".
    """
    drop = table.get("drop", [])
    if not isinstance(drop, list) or not all(isinstance(name, str) for name in drop):
        raise ValueError(f'drop is {drop!r}; write a list such as ["hw1.X", "hw3.4e"]')
    for name in drop:
        homework, dot, problem = name.partition(".")
        if not (homework and dot and problem):
            raise ValueError(f'drop holds {name!r}; write the homework too, such as "hw1.X"')
    return tuple(drop)
