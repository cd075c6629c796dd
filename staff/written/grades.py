"""Files that graders saved → hwN-written.csv, and how far graders agree."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from common.errors import KitError
from common.homework import Homework
from staff.course.csv_cell import csv_text
from staff.written import agreement
from staff.written.pages import Key
from staff.written.rubric import Rubric
from staff.written.scores import in_words, lines_of, score, version


@dataclass(frozen=True)
class Graded:
    """One answer as one grader left it."""

    pressed: dict[str, int]
    comments: list[str]
    done: bool
    flagged: bool
    seconds: float
    changed: float = 0.0  # when, by the clock of the grader's browser


@dataclass(frozen=True)
class Sheet:
    """The grades that one grader saved for one question."""

    path: Path
    grader: str
    question: str
    answers: dict[str, Graded]

    @property
    def done(self) -> dict[str, Graded]:
        return {ident: one for ident, one in self.answers.items() if one.done}


@dataclass
class Collected:
    """Everything put together.

    Attributes:
        rows: student → question → (points, rubric lines).
        open: what is not graded, in words.
        notes: what staff should know: answers that two graded, flags.
    """

    rows: dict[str, dict[str, tuple[float, str]]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def load_sheet(path: Path, homework: Homework, rubrics: dict[str, Rubric]) -> Sheet:
    """Read a file that a grader saved.

    Raises:
        KitError: when it is damaged, of another homework, or of another rubric.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        answers = {
            ident: Graded(
                {line: int(times) for line, times in one["pressed"].items()},
                [str(text) for text in one["comments"]],
                bool(one["done"]),
                bool(one.get("flagged")),
                float(one.get("seconds", 0)),
                float(one.get("changed", 0)),
            )
            for ident, one in kept["answers"].items()
        }
        sheet = Sheet(path, str(kept["grader"]), str(kept["question"]), answers)
        name, rubric_version = kept["homework"], kept["rubric"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KitError(
            f"{path} is no file of a graders' page ({type(error).__name__}: {error})"
        ) from None
    if name != homework.name or sheet.question not in rubrics:
        raise KitError(f"{path} is of {name} {sheet.question}, expected {homework.name}")
    rubric = rubrics[sheet.question]
    if rubric_version != version(rubric):
        raise KitError(
            f"{path}: {homework.name}.toml has changed since it was graded; make the pages "
            "again, load the file there, look at it and save it"
        )
    known = {item.id for item in rubric.items} | {ident for ident, _, _ in lines_of(rubric)}
    for one in answers.values():
        if strange := set(one.pressed) - known:
            raise KitError(f"{path}: the rubric of {sheet.question} has no {min(strange)!r}")
    return sheet


def join_sheets(sheets: list[Sheet]) -> tuple[list[Sheet], list[str]]:
    """One sheet for each grader and question, and what was joined, in words.

    Of an answer that stands in two files of one grader, what was changed last counts.
    """
    together: dict[tuple[str, str], list[Sheet]] = {}
    for sheet in sheets:
        together.setdefault((sheet.question, sheet.grader), []).append(sheet)
    notes = [
        f"{question}: {', '.join(one.path.name for one in own)} are all {grader}'s; of each answer what "
        "was changed last counts"
        for (question, grader), own in together.items()
        if len(own) > 1
    ]
    return [_latest(own) for own in together.values()], notes


def _latest(own: list[Sheet]) -> Sheet:
    """The sheets of one grader as one."""
    answers: dict[str, Graded] = {}
    for sheet in own:
        for ident, one in sheet.answers.items():
            if ident not in answers or one.changed > answers[ident].changed:
                answers[ident] = one
    return replace(own[0], answers=answers)


def collect(sheets: list[Sheet], rubrics: dict[str, Rubric], key: Key) -> Collected:
    """Put the graders' files together.

    Where two graded an answer, the one who graded more of the question counts; what the other said
    is a note.
    """
    sheets, notes = join_sheets(sheets)
    found = Collected(notes=notes)
    found.rows = {student: {} for student in sorted({s for group in key.students for s in group})}
    for question, rubric in rubrics.items():
        own = sorted(
            (sheet for sheet in sheets if sheet.question == question),
            key=lambda sheet: (-len(sheet.done), sheet.grader),
        )
        idents = {key.ident(question, group[0]): group for group in key.students}
        missing = 0
        for ident, students in idents.items():
            graded = [sheet for sheet in own if ident in sheet.done]
            if not graded:
                missing += 1
                continue
            one = graded[0].done[ident]
            found.notes += _of_several(rubric, ident, graded)
            found.notes += [
                f"{question} {ident}: flagged by {sheet.grader}"
                for sheet in own
                if ident in sheet.answers and sheet.answers[ident].flagged
            ]
            for student in students:
                points = score(rubric, one.pressed)
                found.rows[student][question] = (
                    points,
                    in_words(rubric, one.pressed, one.comments),
                )
        if missing and not rubric.extra:
            found.open.append(f"{question}: {missing} of {len(idents)} answers are not graded")
    return found


def _of_several(rubric: Rubric, ident: str, graded: list[Sheet]) -> list[str]:
    """Return a note on an answer that several graded; the first of them counts."""
    if len(graded) < 2:
        return []
    gave = [f"{s.grader} {score(rubric, s.done[ident].pressed):g}" for s in graded]
    told = [f"{rubric.question} {ident}: {', '.join(gave)} points; {graded[0].grader} counts"]
    for sheet in graded[1:]:
        if comments := sheet.done[ident].comments:
            told.append(
                f"{rubric.question} {ident}: {sheet.grader} wrote “{'”, “'.join(comments)}”"
            )
    return told


def as_csv(
    found: Collected, rubrics: dict[str, Rubric], refused: dict[str, str], whole: bool = True
) -> str:
    """The table that the gradebook takes: student, score, extra, and for each question its lines.

    Args:
        refused: whose submission could not be read → why; theirs stays open.
        whole: whether all questions are there; else there is no score, which nobody shall count.
    """
    counted = [question for question, rubric in rubrics.items() if not rubric.extra]
    extra = [question for question, rubric in rubrics.items() if rubric.extra]
    score_column = "score" if whole else "part of the score"
    head = ["student", score_column, *(["extra"] if extra else []), "status", "reason"]
    rows = [[*head, *(f"item: {question}" for question in rubrics)]]
    for student, questions in found.rows.items():
        points = {question: worth for question, (worth, _) in questions.items()}
        row = [student, f"{sum(points[question] for question in counted):g}"]
        if extra:
            row.append(f"{sum(points.get(question, 0.0) for question in extra):g}")
        lines = [_line(question, questions, rubrics) for question in rubrics]
        rows.append([*row, "graded", "", *lines])
    scores, lines = [""] * (2 if extra else 1), [""] * len(rubrics)
    rows += [[who, *scores, "refused", why, *lines] for who, why in sorted(refused.items())]
    return csv_text(rows)


def _line(
    question: str, questions: dict[str, tuple[float, str]], rubrics: dict[str, Rubric]
) -> str:
    """A question's points and rubric lines; empty when it was not graded."""
    if question not in questions:
        return ""
    points, lines = questions[question]
    return f"{points:g} of {rubrics[question].points:g}: {lines}"


@dataclass(frozen=True)
class Agreement:
    """The agreement of two graders on one question."""

    question: str
    graders: tuple[str, str]
    answers: int
    kappa: float | None
    interval: tuple[float, float] | None
    worst: str  # the rubric line on which they differ most often, in words
    apart: float  # mean difference of their points

    @property
    def enough(self) -> bool:
        return self.kappa is None or self.kappa >= agreement.ENOUGH


def agree(sheets: list[Sheet], rubrics: dict[str, Rubric]) -> list[Agreement]:
    """The agreement of each two graders of a question, on the answers that both graded."""
    sheets, found = join_sheets(sheets)[0], []
    for number, one in enumerate(sheets):
        for other in sheets[number + 1 :]:
            both = sorted(one.done.keys() & other.done.keys())
            if one.question == other.question and one.grader != other.grader and both:
                found.append(_agreement(one, other, both, rubrics[one.question]))
    return found


def _agreement(one: Sheet, other: Sheet, both: list[str], rubric: Rubric) -> Agreement:
    lines = [item.id for item in rubric.items]
    decisions = [
        [
            (bool(one.done[ident].pressed.get(line)), bool(other.done[ident].pressed.get(line)))
            for line in lines
        ]
        for ident in both
    ]
    differ = {
        line: sum(answer[place][0] != answer[place][1] for answer in decisions)
        for place, line in enumerate(lines)
    }
    line = max(differ, key=differ.__getitem__)
    earns = next(item.earns for item in rubric.items if item.id == line)
    apart = [
        abs(score(rubric, one.done[i].pressed) - score(rubric, other.done[i].pressed)) for i in both
    ]
    return Agreement(
        rubric.question,
        (one.grader, other.grader),
        len(both),
        agreement.kappa([pair for answer in decisions for pair in answer]),
        agreement.interval(decisions),
        f"{line} ({earns}): {differ[line]} of {len(both)}" if differ[line] else "",
        sum(apart) / len(apart),
    )
