"""Take out of an archive everything above its hint level.

The archive knows its level by `hint_level` in hwN/homework.toml, which is written here, and by a
record of causes that names none. What a check says of an idea stands in its source and ships: level 1
does not show it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.judge.knowledge import Knowledge
from common import homework as homeworks
from common.homework import Homework
from staff.course import policy

CAUSES = 3  # the level at which causes are told


def levels(names: list[str], asked: int | None, rules: policy.Policy) -> dict[str, tuple[int, str]]:
    """Homework → its level in a release of this moment, and the day on which all opens, or "".

    Args:
        asked: one level for all; None takes that of course.toml.
    """
    found = {}
    for name in names:
        row, now = rules.named(name), datetime.now(UTC)
        level = asked or (row.hints_at(now) if row else CAUSES)
        opens = row.hints_open if row and not asked and level < CAUSES else None
        found[name] = level, opens.date().isoformat() if opens else ""
    return found


def close(kit: Path, found: dict[str, tuple[int, str]]) -> None:
    """Write each homework's level into a kit, and take out of its record what lies above.

    Args:
        kit: the tree that is to ship.
        found: as `levels` gives it.
    """
    for name, (level, opens) in found.items():
        table = kit / name / "homework.toml"
        table.write_text(_with_level(table.read_text(encoding="utf-8"), level, opens), "utf-8")
        if level < CAUSES:
            _without_causes(homeworks.load(name, kit))


def _with_level(table: str, level: int, opens: str) -> str:
    """The text of homework.toml with another level, before its first table."""
    line = f"hint_level = {level}\n" + (f'hints_open = "{opens}"\n' if opens else "")
    head, bracket, tables = table.partition("\n[[")
    head = re.sub(r"(?m)^(hint_level|hints_open) *=.*\n?", "", head + "\n")
    return head.rstrip("\n") + "\n" + line + bracket + tables


def _without_causes(homework: Homework) -> None:
    """Return what is known without anything that could be named: what says nothing stays known."""
    known = Knowledge.load(homework)
    bare = {name: replace(one, things=[]) for name, one in known.problems.items()}
    Knowledge(bare).save(homework)
