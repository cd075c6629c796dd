"""course.toml → Policy: assignments, weights and rules, checked before anything is computed."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common import homework as homeworks
from common.errors import KitError
from common.homework import ROOT, Homework
from common.kit.course import listed, policy_of
from staff.course.moments import read_moment
from staff.course.viva import VivaRule, rule

COURSE_FILE = ROOT / "staff" / "course.toml"
KINDS = ("homework", "optional", "project")
CODE, WRITTEN = ("code", "run"), ("plot", "written")
OTHER_KIND, ERROR = "other kind", "error"
TABLES = {  # every key that course.toml may hold: a misspelt one would be a rule that is not kept
    "": {"title", "contact", "timezone", "late", "participation", "extra", "excused", "roster",
         "assignments", "drop", "assistants", "canaries", "viva"},
    "assistants": {"policy"},
    "viva": {"sample", "weight"},
    "late": {"days", "most", "grace_minutes", "most_extension"},
    "participation": {"most"},
    "extra": {"above_full"},
    "excused": {"all_of_a_kind"},
    "roster": {"graded", "left_out"},
    "assignments": {"name", "kind", "weight", "due", "due_written", "points", "late", "replaces",
                    "hints", "hints_open", "hours"},
}  # fmt: skip


@dataclass(frozen=True)
class Assignment:
    """One thing to hand in.

    Attributes:
        kind: homework, optional (a homework that may replace something) or project.
        weight: per cent of the course.
        due: of the whole; of the code half where the written half has a date of its own.
        code, written: the most points of each half; a project component has the written half only.
        late: whether late days may be used.
        replaces: per cent that an optional homework may take over.
        diagnosis: those of the written half that the course grader gives.
        extra: the most extra points, by checks and by people together.
        extra_checks: those of them that checks can give.
        due_written: a date of the written half's own; lateness then counts for each half.
        hints: the most that the students' kit tells: 1 what differed, 2 the idea, 3 causes.
        hints_open: from when on it tells all.
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
    extra: float = 0
    extra_checks: float = 0
    due_written: datetime | None = None
    hints: int = 3
    hints_open: datetime | None = None

    def hints_at(self, moment: datetime) -> int:
        """The hint level of a kit that is released at this moment."""
        return 3 if self.hints_open and moment >= self.hints_open else self.hints

    @property
    def points(self) -> float:
        return self.code + self.written

    @functools.cached_property
    def halves(self) -> tuple[str, ...]:
        """The halves that have points."""
        return tuple(half for half in ("code", "written") if getattr(self, half))

    def half_points(self, half: str) -> float:
        return self.code if half == "code" else self.written

    def most(self, part: str) -> float:
        """The most points of a part that one may enter: code, written (by people), …"""
        return self.written - self.diagnosis if part == "written" else getattr(self, part)

    @property
    def extra_people(self) -> float:
        return self.extra - self.extra_checks


@dataclass(frozen=True)
class Policy:
    """The rules of the course; assignments in the order in which they are due.

    Attributes:
        above_full: whether extra credit can bring a homework above its points.
        all_of_a_kind: what happens when all of a student's homeworks (or project parts) are excused:
            their weight goes to the other kind, or it is an error.
        graded, left_out: statuses of the roster.
    """

    assignments: tuple[Assignment, ...]
    zone: ZoneInfo
    late_days: int
    most_late_days: int
    grace_minutes: float
    most_participation: float
    most_extension: float = 60
    above_full: bool = True
    all_of_a_kind: str = OTHER_KIND
    graded: tuple[str, ...] = ("",)
    left_out: tuple[str, ...] = ("dropped", "auditor")
    viva: VivaRule = field(default_factory=VivaRule)

    def named(self, name: str) -> Assignment | None:
        return next((one for one in self.assignments if one.name == name), None)

    def moment(self, text: str) -> datetime:
        """A time; without an offset it is the course's own.

        Raises:
            ValueError: when it is none.
        """
        return read_moment(text, self.zone)


def load(path: Path = COURSE_FILE, root: Path = ROOT) -> Policy:
    """Read the rules.

    Raises:
        KitError: when a table cannot be read, a number is impossible, a key is unknown, or the
            weights do not sum to 100.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        _check_keys(table, path.name)
        zone = ZoneInfo(table["timezone"])
        drop = listed(table)
        policy_of(table)  # a wrong one is told with all else
        rows = [_assignment(row, zone, root, drop) for row in table["assignments"]]
        policy = Policy(
            assignments=tuple(sorted(rows, key=lambda one: one.due)),
            zone=zone,
            late_days=_whole(table["late"], "days"),
            most_late_days=_whole(table["late"], "most"),
            grace_minutes=_amount(table["late"], "grace_minutes"),
            most_extension=_amount(table["late"], "most_extension"),
            most_participation=_amount(table["participation"], "most"),
            above_full=bool(table["extra"]["above_full"]),
            all_of_a_kind=table["excused"]["all_of_a_kind"],
            graded=_texts(table["roster"], "graded"),
            left_out=_texts(table["roster"], "left_out"),
            viva=rule(table),
        )
    except (OSError, tomllib.TOMLDecodeError, ZoneInfoNotFoundError) as error:
        raise KitError(f"{path.name} cannot be read: {error}") from None
    except KeyError as error:
        raise KitError(f"{path.name} lacks {error}") from None
    except (TypeError, ValueError) as error:
        raise KitError(f"{path.name}: {error}") from None
    _check(policy, path.name)
    return policy


def _check(policy: Policy, name: str) -> None:
    total = sum(one.weight for one in policy.assignments)
    if abs(total - 100) > 1e-9:
        raise KitError(f"{name}: the weights sum to {total:g}, not to 100")
    if len({one.name for one in policy.assignments}) < len(policy.assignments):
        raise KitError(f"{name}: two assignments have one name")
    if policy.all_of_a_kind not in (OTHER_KIND, ERROR):
        raise KitError(
            f"{name}: excused.all_of_a_kind is {policy.all_of_a_kind!r}, not {OTHER_KIND!r} or "
            f"{ERROR!r}"
        )
    if twice := set(policy.graded) & set(policy.left_out):
        raise KitError(f"{name}: status {twice.pop()!r} is both graded and left out")


def _check_keys(table: dict, name: str) -> None:
    for part, known in TABLES.items():
        found = table if not part else table.get(part, {})
        for row in found if isinstance(found, list) else [found]:
            for key in row:
                if key not in known:
                    where = f"[{part}] " if part else ""
                    raise KitError(
                        f"{name}: {where}has no rule {key!r}; choose one of "
                        f"{', '.join(sorted(known))}"
                    )


def _amount(table: dict, key: str) -> float:
    value = float(table[key])
    if not 0 <= value < float("inf"):
        raise ValueError(f"{key} is {value:g}; it must be 0 or more")
    return value


def _whole(table: dict, key: str) -> int:
    value = _amount(table, key)
    if not value.is_integer():
        raise ValueError(f"{key} is {value:g}; it must be a whole number")
    return int(value)


def _texts(table: dict, key: str) -> tuple[str, ...]:
    value = table[key]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{key} is {value!r}; it must be a list of texts")
    return tuple(value)


def _assignment(row: dict, zone: ZoneInfo, root: Path, drop: tuple[str, ...]) -> Assignment:
    if not isinstance(row["name"], str):
        raise ValueError(f"an assignment has the name {row['name']!r}; it must be a text")
    if row["kind"] not in KINDS:
        raise ValueError(f"{row['name']} has kind {row['kind']!r}, not one of {', '.join(KINDS)}")
    own, opens, hints = row.get("due_written"), row.get("hints_open"), row.get("hints", 3)
    if hints not in (1, 2, 3):
        raise ValueError(f"{row['name']} has hints = {hints!r}, not 1, 2 or 3")
    return Assignment(
        name=row["name"],
        kind=row["kind"],
        weight=_amount(row, "weight"),
        due=_with_zone(row["due"], zone),
        late=bool(row.get("late", True)),
        replaces=_amount({"replaces": 0, **row}, "replaces"),
        due_written=own and _with_zone(own, zone),
        hints=hints,
        hints_open=opens and _with_zone(opens, zone),
        **_points(row, root, drop),
    )


def _with_zone(due: datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(due, datetime):
        raise ValueError(f"{due!r} is not a time such as 2026-10-14T23:59:00")
    return due if due.tzinfo else due.replace(tzinfo=zone)


def _points(row: dict, root: Path, drop: tuple[str, ...]) -> dict[str, float]:
    """The points of each part; homework.toml is the one source for homeworks."""
    if "points" in row:
        return {"code": 0.0, "written": _amount(row, "points")}
    if row["name"] not in homeworks.names(root):
        return {"code": 0.0, "written": 0.0}  # not written yet: nothing can be graded
    homework = homeworks.load(row["name"], root, drop)
    return {
        "code": _sum(homework, CODE),
        "written": _sum(homework, WRITTEN),
        "diagnosis": homework.diagnosis.points if homework.diagnosis else 0.0,
        "extra": _sum(homework, ("extra",)),
        "extra_checks": float(sum(p.by_checks for p in homework.problems if p.kind == "extra")),
    }


def _sum(homework: Homework, kinds: tuple[str, ...]) -> float:
    return float(sum(problem.points for problem in homework.problems if problem.kind in kinds))
