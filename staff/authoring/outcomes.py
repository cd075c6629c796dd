"""Learning outcomes: `[[outcomes]]` of staff/writeup/hwN.toml, and the problems that show each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from common.errors import KitError
from common.homework import Homework


@dataclass(frozen=True)
class Outcome:
    """One thing that students can do afterwards, and the problems and parts that show it."""

    text: str
    by: tuple[str, ...]

    def covers(self, problem: str, part: str = "") -> bool:
        """Whether a problem, or this part of it, shows the outcome."""
        return problem in self.by or (bool(part) and f"{problem}.{part}" in self.by)

    def touches(self, problem: str) -> bool:
        """Whether any part of a problem shows it."""
        return any(name.partition(".")[0] == problem for name in self.by)


def load(homework: Homework) -> list[Outcome]:
    """The outcomes of a homework.

    Raises:
        KitError: when they cannot be read.
    """
    path = homework.root / "staff" / "writeup" / f"{homework.name}.toml"
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("outcomes", [])
        return [Outcome(str(row["text"]), tuple(map(str, row["by"]))) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KitError(f"{path.name}: its outcomes cannot be read: {error}") from None
