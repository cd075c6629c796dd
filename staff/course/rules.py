"""Turn what is known of a student into a grade, with a reason for each change of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from common.errors import KitError
from staff.course.book import Person, Work
from staff.course.lateness import late_days
from staff.course.policy import ERROR, Assignment, Policy
from staff.course.viva import MOST, points_lost

OPEN = "open: "


@dataclass
class Mark:
    """One assignment of one student, after the rules.

    Attributes:
        points: what counts, extra credit included.
        known: the points possible of what is graded.
        cell: what the gradebook shows.
        open: half → why it has no grade yet.
    """

    points: float
    known: float
    full: float
    cell: str = ""
    open: dict[str, str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.points / self.full


@dataclass
class Grade:
    """A student's line of the gradebook.

    Attributes:
        marks: assignment → mark.
        late: assignment → late days used.
        total: per cent of the course; what is not graded yet counts nothing.
        so_far: per cent of what is graded.
        open: what has no grade yet, in words.
    """

    person: Person
    marks: dict[str, Mark]
    late: dict[str, int]
    homework: float
    project: float
    total: float
    so_far: float
    replaced: str
    reasons: list[str]
    open: list[str] = field(default_factory=list)

    @property
    def shares(self) -> dict[str, float]:
        """Assignment → score as a share of its points; extra credit can bring it above 1."""
        return {name: mark.share for name, mark in self.marks.items()}


def grade(person: Person, policy: Policy, graded: dict[str, set[str]]) -> Grade:
    """Apply every rule to one student.

    Args:
        graded: assignment → the halves that have scores; the others are left out.

    Raises:
        KitError: when all of a kind is excused and course.toml forbids it.
    """
    reasons = list(person.told)
    late, refused = use_late_days(person, policy, reasons)
    marks = {}
    for assignment in policy.assignments:
        mark = assess(
            assignment,
            person.works.get(assignment.name, Work()),
            graded.get(assignment.name, set()),
            refused.get(assignment.name, set()),
            policy,
            reasons,
        )
        if mark is not None:
            marks[assignment.name] = mark
    weights = excuse(person, policy, reasons)
    weights, replaced = apply_optional_homework(policy, marks, weights, reasons)
    parts = _parts(policy, marks, weights)
    participation = min(person.participation, policy.most_participation)
    if person.participation > policy.most_participation:
        reasons.append(f"participation: {person.participation:g} counts as {participation:g}")
    elif participation:
        reasons.append(f"participation: +{participation:g}")
    earned = parts["homework"] + parts["project"]
    known = sum(weights[name] * mark.known / mark.full for name, mark in marks.items())
    open_ = [
        f"{OPEN}{name} {half}: {why}"
        for name, mark in marks.items()
        for half, why in mark.open.items()
    ]
    return Grade(
        person=person,
        marks=marks,
        late=late,
        homework=parts["homework"],
        project=parts["project"],
        total=earned + participation,
        so_far=100 * earned / known if known else 0.0,
        replaced=replaced,
        reasons=open_ + reasons,
        open=open_,
    )


def _parts(policy: Policy, marks: dict[str, Mark], weights: dict[str, float]) -> dict[str, float]:
    """Per cent of the course from homeworks (optional ones, too) and from the project."""
    earned = {"homework": 0.0, "project": 0.0}
    for assignment in policy.assignments:
        if assignment.name in marks:
            kind = "project" if assignment.kind == "project" else "homework"
            earned[kind] += weights[assignment.name] * marks[assignment.name].share
    return earned


# --- one assignment -----------------------------------------------------------------------------


def assess(
    assignment: Assignment,
    work: Work,
    graded: set[str],
    refused: set[str],
    policy: Policy,
    reasons: list[str],
) -> Mark | None:
    """The mark of one assignment; None when it has none, or is excused.

    Args:
        graded: the halves that have scores.
        refused: the halves that came too late.
    """
    if not graded or work.excused or not assignment.points:
        return None
    open_ = dict(work.open)
    for half in assignment.halves:
        if half not in graded:
            open_[half] = "not graded yet"
    if (
        assignment.kind == "optional"
        and not any(map(work.has, assignment.halves))
        and not work.open
    ):
        return None
    known = [half for half in assignment.halves if half not in open_]
    if not open_:
        _say_missing(assignment, work, reasons)
    counting = [half for half in known if half not in refused]
    points = sum(work.earned(half) for half in counting)
    points += _extra(assignment, work, counting, policy, reasons)
    points -= _viva(assignment, work, points, policy, reasons)
    mark = Mark(
        points,
        sum(assignment.half_points(half) for half in known),
        assignment.points,
        open=open_,
    )
    mark.cell = _cell(assignment, work, mark, counting)
    return mark


def _say_missing(assignment: Assignment, work: Work, reasons: list[str]) -> None:
    missing = [half for half in assignment.halves if not work.has(half)]
    if not missing:
        return
    if len(missing) == len(assignment.halves):
        reasons.append(f"{assignment.name}: nothing handed in")
    else:
        reasons.append(f"{assignment.name}: {missing[0]} half: nothing handed in")


def _extra(
    assignment: Assignment, work: Work, counting: list[str], policy: Policy, reasons: list[str]
) -> float:
    """Extra credit that counts: each side has its limit, and so has their sum."""
    checks = work.extra if "code" in counting else 0.0
    people = work.extra_people if "written" in counting else 0.0
    for what, given, most in (
        ("checks", checks, assignment.extra_checks),
        ("people", people, assignment.extra_people),
    ):
        if given > most + 1e-9:
            reasons.append(f"{assignment.name}: extra by {what} {given:g} counts as {most:g}")
    extra = min(checks, assignment.extra_checks) + min(people, assignment.extra_people)
    if policy.above_full:
        return extra
    room = assignment.points - sum(work.earned(half) for half in counting)
    if extra > room:
        reasons.append(
            f"{assignment.name}: extra {extra:g} counts as {room:g} (at most all points)"
        )
    return min(extra, room)


def _viva(
    assignment: Assignment, work: Work, points: float, policy: Policy, reasons: list[str]
) -> float:
    """The points that the student's viva takes."""
    if work.viva is None:
        return 0.0
    taken = points_lost(points, work.viva, policy.viva)
    reasons.append(f"{assignment.name}: viva {work.viva:g} of {MOST:g}, takes {taken:.3g} points")
    return taken


def _cell(assignment: Assignment, work: Work, mark: Mark, counting: list[str]) -> str:
    """Return the share in per cent, or, while a half is open, the state of each half."""
    if not mark.open:
        return f"{100 * mark.share:.2f}"
    if assignment.kind == "project":
        return "open"
    parts = []
    for half in assignment.halves:
        if half in mark.open:
            parts.append(f"{half} open")
        else:
            earned = work.earned(half) if half in counting else 0.0
            parts.append(f"{half} {earned:g}/{assignment.half_points(half):g}")
    return ", ".join(parts)


# --- late days ----------------------------------------------------------------------------------


def use_late_days(
    person: Person, policy: Policy, reasons: list[str]
) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Late days used on each assignment, in the order of due dates; and the halves too late.

    What is too late uses no day, and earns nothing. Where the halves have due dates of their own,
    each is late by itself, and a day used on one covers the other.
    """
    left = policy.late_days
    used: dict[str, int] = {}
    refused: dict[str, set[str]] = {}
    for assignment in policy.assignments:
        work = person.works.get(assignment.name)
        if work is None or work.excused:
            continue
        for halves, days, what in days_late(work, assignment, policy):
            name, before = assignment.name, used.get(assignment.name, 0)
            if why := _too_late(assignment, policy, days, left + before):
                refused.setdefault(name, set()).update(halves)
                both = " for both halves" if what and len(halves) > 1 else ""
                reasons.append(f"{name}: {what}{in_days(days)} late, earns 0{both} ({why})")
                continue
            left -= max(0, days - before)
            used[name] = max(days, before)
            reasons.append(f"{name}: {what}{in_days(days)} late, {left} left")
    return used, refused


def _too_late(assignment: Assignment, policy: Policy, days: int, left: int) -> str:
    """Return why late days do not cover a late hand-in; empty when they do."""
    if not assignment.late:
        return "late days cannot be used on it"
    if days > policy.most_late_days:
        return f"at most {policy.most_late_days} late days on one assignment"
    if days > left:
        return f"{left} of {policy.late_days} late days were left"
    return ""


def days_late(
    work: Work, assignment: Assignment, policy: Policy
) -> list[tuple[tuple[str, ...], int, str]]:
    """(halves that it concerns, days, the half in words) of all that is late."""
    days = {
        half: late_days(moment, _due(assignment, half, work), policy.grace_minutes)
        for half, moment in work.submitted.items()
    }
    if assignment.due_written is not None:
        return [((half,), count_, f"{half} half ") for half, count_ in days.items() if count_]
    latest = max(days.values(), default=0)
    if not latest:
        return []
    those = [half for half in days if days[half] == latest]
    what = f"{those[0]} half " if len(those) < len(days) else ""
    return [(assignment.halves, latest, what)]


def _due(assignment: Assignment, half: str, work: Work) -> datetime:
    own = assignment.due_written if half == "written" else None
    return (own or assignment.due) + timedelta(days=work.extension)


def in_days(days: int) -> str:
    """A number of days in words."""
    return f"{days} day{'s' if days != 1 else ''}"


# --- weights ------------------------------------------------------------------------------------


def excuse(person: Person, policy: Policy, reasons: list[str]) -> dict[str, float]:
    """Weights for this student: an excused assignment's goes to the others of its kind.

    Raises:
        KitError: when all of a kind is excused and course.toml forbids it.
    """
    excused = {name for name, work in person.works.items() if work.excused}
    weights = {one.name: one.weight for one in policy.assignments}
    names = {
        kind: [one.name for one in policy.assignments if one.kind == kind and one.weight]
        for kind in ("homework", "project")
    }
    kept = {kind: [n for n in those if n not in excused] for kind, those in names.items()}
    for kind, those in names.items():
        other = "project" if kind == "homework" else "homework"
        if those and not kept[kind]:
            _move_all(person, policy, kind, other, kept, weights, reasons)
            continue
        rest = "other homeworks" if kind == "homework" else "rest of the project"
        for name in those:
            if name in excused:
                whole = next(one.weight for one in policy.assignments if one.name == name)
                reasons.append(f"{name}: excused, its {whole:g} % go to the {rest}")
        _spread(weights, [n for n in those if n in excused], kept[kind])
    return weights


def _move_all(
    person: Person,
    policy: Policy,
    kind: str,
    other: str,
    kept: dict[str, list[str]],
    weights: dict[str, float],
    reasons: list[str],
) -> None:
    """Give the weight of a kind that is excused as a whole to the other kind."""
    whole = sum(one.weight for one in policy.assignments if one.kind == kind)
    plural = "homeworks are" if kind == "homework" else "project parts are"
    if policy.all_of_a_kind == ERROR:
        raise KitError(
            f"excused.csv: all {plural} excused for {person.student}; course.toml "
            "([excused] all_of_a_kind) does not allow that"
        )
    if not kept[other]:
        raise KitError(f"excused.csv: everything is excused for {person.student}: no grade is left")
    to = "project" if other == "project" else "homeworks"
    reasons.append(f"all {plural} excused, their {whole:g} % go to the {to}")
    _spread(weights, [one.name for one in policy.assignments if one.kind == kind], kept[other])


def _spread(weights: dict[str, float], given: list[str], to: list[str]) -> None:
    """Move weight from some assignments to others, by the weights that these have."""
    moved = sum(weights[name] for name in given)
    base = sum(weights[name] for name in to)
    for name in to:
        weights[name] *= 1 + moved / base
    for name in given:
        weights[name] = 0.0


def apply_optional_homework(
    policy: Policy, marks: dict[str, Mark], weights: dict[str, float], reasons: list[str]
) -> tuple[dict[str, float], str]:
    """Let each optional homework take over weight where that helps most.

    It replaces a whole homework of its size, or that much of the project; never both. What is open,
    itself or the other, waits until it is graded. A second one takes what the first one left.
    """
    replaced = []
    for optional in policy.assignments:
        if optional.kind != "optional" or optional.name not in marks:
            continue
        if marks[optional.name].open:
            reasons.append(f"{optional.name}: replaces nothing before it is graded")
            continue
        gain, best, chosen = 0.0, weights, ""
        for target in _targets(policy, optional, marks, weights):
            taken = sum(target.values())
            old = sum(weight * marks[name].share for name, weight in target.items())
            new = taken * marks[optional.name].share
            if new - old > gain + 1e-9:
                gain = new - old
                best = {name: weight - target.get(name, 0.0) for name, weight in weights.items()}
                best[optional.name] = taken
                chosen = next(iter(target)) if len(target) == 1 else "project"
        if chosen:
            weights = best
            replaced.append(chosen)
            what = f"{optional.replaces:g} % of the project" if chosen == "project" else chosen
            reasons.append(f"{optional.name}: replaces {what}, +{gain:.2f}")
        else:
            reasons.append(f"{optional.name}: not used, it would not help")
    return weights, ", ".join(replaced)


def _targets(
    policy: Policy, optional: Assignment, marks: dict[str, Mark], weights: dict[str, float]
) -> list[dict[str, float]]:
    """Return what an optional homework may replace: assignment → the weight that it takes."""
    closed = [
        one
        for one in policy.assignments
        if one.name in marks and not marks[one.name].open and weights[one.name]
    ]
    targets = [
        {one.name: weights[one.name]}
        for one in closed
        if one.kind == "homework" and one.weight == optional.replaces
    ]
    parts = [one.name for one in closed if one.kind == "project"]
    whole = sum(weights[one.name] for one in policy.assignments if one.kind == "project")
    if parts:
        share = min(1.0, optional.replaces / whole)
        targets.append({name: weights[name] * share for name in parts})
    return targets
