"""staff/writeup/hwN.toml and hwN.md → what earns and loses points, and the model answers."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from common.errors import KitError
from common.homework import Homework
from common.report.writeup import left_out, load_writeup, questions

EACH_PART = "each"
ALL, HALF = "all", "half"  # a loss of everything that the part earned, or of half of it
_PART = re.compile(r"(\d+|[a-z](?=\d))")  # "2a": item a of part 2; "a1": item 1 of part a
_SECTION = re.compile(r"(?ms)^## (\S+) · [^\n]*\n(.*?)(?=^## |\Z)")
_POINTS = re.compile(r"\((\d+) points?\)")


@dataclass(frozen=True)
class Item:
    """An item that earns points in one part of a question; `example` is an answer that earns them."""

    id: str
    points: float
    earns: str
    example: str

    @property
    def part(self) -> str:
        """The part of the question that it belongs to; empty where a question has none."""
        found = _PART.match(self.id)
        return found[1] if found else ""


@dataclass(frozen=True)
class Loss:
    """An item that loses points.

    Attributes:
        parts: the part that loses them, "each", or empty for the whole question.
        points: how many, or "all" or "half" of what was earned.
        repeats: whether it counts once for each thing that is wrong.
    """

    id: str
    points: float | str
    loses: str
    parts: str = ""
    repeats: bool = False


@dataclass(frozen=True)
class Rubric:
    """One question: its points, what earns and loses them, and a model answer in Markdown."""

    question: str
    title: str
    points: float
    items: tuple[Item, ...]
    losses: tuple[Loss, ...]
    model: str
    extra: bool = False

    @property
    def parts(self) -> list[str]:
        """The parts in order; one empty part where a question has none."""
        return list(dict.fromkeys(item.part for item in self.items))


def load(homework: Homework) -> dict[str, Rubric]:
    """Read the rubric of every question that people grade, in the order of the write-up.

    Raises:
        KitError: when it cannot be read, or does not fit homework.toml.
    """
    folder = homework.root / "staff" / "writeup"
    path = folder / f"{homework.name}.toml"
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["questions"]
        models = model_answers(folder / f"{homework.name}.md")
        skipped = left_out(homework)
        rubrics = {
            row["id"]: _rubric(row, homework, models) for row in rows if row["id"] not in skipped
        }
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise KitError(f"{path.name} cannot be read: {type(error).__name__}: {error}") from None
    if wrong := complaints(rubrics, homework):
        raise KitError(f"{path.name}: {wrong[0]}")
    return rubrics


def model_answers(path: Path) -> dict[str, str]:
    """Question → its section of hwN.md."""
    text = path.read_text(encoding="utf-8")
    return {ident: body.strip() for ident, body in _SECTION.findall(text)}


def complaints(rubrics: dict[str, Rubric], homework: Homework) -> list[str]:
    """Return where rubrics do not fit the homework's questions and their points."""
    writeup = load_writeup(homework.folder / "writeup.md", homework)
    wrong = []
    asked = [
        section.question.id
        for section in writeup.sections
        if not section.question.extra or section.question.id in rubrics  # extra: checks may do
    ]
    if list(rubrics) != asked:
        wrong.append(f"its questions are {', '.join(rubrics)}, expected {', '.join(asked)}")
    for section in writeup.sections:
        rubric = rubrics.get(section.question.id)
        if rubric is not None:
            wrong += _misfits(rubric, _points_of_parts("\n".join(section.lines)))
    return wrong


def _points_of_parts(text: str) -> list[float]:
    """The points of every part that the write-up asks; empty for a question without parts."""
    return [float(points) for points in _POINTS.findall(text)]


def _misfits(rubric: Rubric, parts: list[float]) -> list[str]:
    """Return the faults within one question."""
    wrong = []
    total = sum(item.points for item in rubric.items)
    if total > rubric.points or (total != rubric.points and not rubric.extra):
        wrong.append(f"{rubric.question}: items give {total:g} of {rubric.points:g} points")
    sums = [sum(item.points for item in rubric.items if item.part == part) for part in rubric.parts]
    if parts and sums != parts:
        wrong.append(f"{rubric.question}: its parts give {sums}, expected {parts}")
    idents = [item.id for item in rubric.items] + [loss.id for loss in rubric.losses]
    if len(set(idents)) < len(idents):
        wrong.append(f"{rubric.question}: two items have one id")
    for loss in rubric.losses:
        if loss.parts not in ("", EACH_PART, *rubric.parts):
            wrong.append(f"{rubric.question} {loss.id}: there is no part {loss.parts!r}")
    return wrong


def _rubric(row: dict, homework: Homework, models: dict[str, str]) -> Rubric:
    question = next((q for q in questions(homework) if q.id == row["id"]), None)
    if question is None:
        raise ValueError(f"{homework.name} has no question {row['id']!r} that people grade")
    items = tuple(Item(**item) for item in row["items"])
    losses = tuple(Loss(**loss) for loss in row.get("losses", ()))
    return Rubric(
        question.id,
        question.title,
        question.points,
        items,
        losses,
        models[question.id],
        question.extra,
    )
