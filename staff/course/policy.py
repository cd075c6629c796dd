"""course.toml → Policy: assignments, weights and rules, checked before anything is computed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common import homework as homeworks
from common.errors import KitError
from common.homework import ROOT

COURSE_FILE = ROOT / "staff" / "course.toml"
KINDS = ("homework", "optional", "project")
CODE, WRITTEN = ("code", "run"), ("plot", "written")


@dataclass(frozen=True)
class Assignment:
    """One thing to hand in.

    Attributes:
        kind: homework, optional (a homework that may replace something) or project.
        weight: per cent of the course.
        code, written: the most points of each half; a project component has the written half only.
        diagnosis: those of the written half that the course grader gives.
        late: whether late days may be used.
        replaces: per cent that an optional homework may take over.
    """

    name: str
    kind: str
    weight: float
    due: datetime
    code: float
    written: float
    late: bool = True
    replaces: float = 0
    diagnosis: float = 0

    @property
    def points(self) -> float:
        return self.code + self.written


@dataclass(frozen=True)
class Policy:
    """The rules of the course; assignments in the order in which they are due."""

    assignments: tuple[Assignment, ...]
    zone: ZoneInfo
    late_days: int
    most_late_days: int
    grace_minutes: float
    most_participation: float

    def named(self, name: str) -> Assignment | None:
        return next((one for one in self.assignments if one.name == name), None)

    def moment(self, text: str) -> datetime:
        """An ISO 8601 time; without an offset it is the course's own.

        Raises:
            ValueError: when it is none.
        """
        moment = datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)


def load(path: Path = COURSE_FILE, root: Path = homeworks.ROOT) -> Policy:
    """Read the rules.

    Raises:
        KitError: when a table cannot be read or the weights do not sum to 100.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        zone = ZoneInfo(table["timezone"])
        rows = [_assignment(row, zone, root) for row in table["assignments"]]
        policy = Policy(
            assignments=tuple(sorted(rows, key=lambda one: one.due)),
            zone=zone,
            late_days=int(table["late"]["days"]),
            most_late_days=int(table["late"]["most"]),
            grace_minutes=float(table["late"].get("grace_minutes", 0)),
            most_participation=float(table["participation"]["most"]),
        )
    except (OSError, tomllib.TOMLDecodeError, ZoneInfoNotFoundError) as error:
        raise KitError(f"{path.name} cannot be read: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise KitError(f"{path.name}: {type(error).__name__}: {error}") from None
    total = sum(one.weight for one in rows)
    if abs(total - 100) > 1e-9:
        raise KitError(f"{path.name}: the weights sum to {total:g}, not to 100")
    if len({one.name for one in rows}) < len(rows):
        raise KitError(f"{path.name}: two assignments have one name")
    return policy


def _assignment(row: dict, zone: ZoneInfo, root: Path) -> Assignment:
    if row["kind"] not in KINDS:
        raise ValueError(f"{row['name']} has kind {row['kind']!r}, not one of {', '.join(KINDS)}")
    code, written, diagnosis = _points(row, root)
    due = row["due"]
    return Assignment(
        name=row["name"],
        kind=row["kind"],
        weight=float(row["weight"]),
        due=due if due.tzinfo else due.replace(tzinfo=zone),
        code=code,
        written=written,
        late=bool(row.get("late", True)),
        replaces=float(row.get("replaces", 0)),
        diagnosis=diagnosis,
    )


def _points(row: dict, root: Path) -> tuple[float, float, float]:
    """Of the code half, of the written half, and what of that the course grader gives.

    homework.toml is the one source for homeworks.
    """
    if "points" in row:
        return 0.0, float(row["points"]), 0.0
    if row["name"] not in homeworks.names(root):
        return 0.0, 0.0, 0.0  # not written yet: nothing can be graded
    homework = homeworks.load(row["name"], root)
    code, written = (
        float(sum(problem.points for problem in homework.problems if problem.kind in kinds))
        for kinds in (CODE, WRITTEN)
    )
    return code, written, homework.diagnosis.points if homework.diagnosis else 0.0
