"""hwN/writeup.md, where answers are typed, cut into questions. It is read here and never written.

A question begins at its heading, `## 4q · …`; the headings are the only marks, and everything between
two of them belongs to the student. Quoted lines (`> …`) are the kit's: what is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from common.errors import KitError
from common.homework import Homework
from common.pages.source import IMAGE, lines_of, outside_code, target_of

BY_PEOPLE = ("plot", "written")
PAGE_BREAK = re.compile(r"\s*<div style=.page-break-after: always.></div>\s*$")
_HEADING = re.compile(r" {0,3}##\s+(\S+)\s+·\s*([^(]*)")
_ASKED = re.compile(r" {0,3}> *\*\*(?:\s*(\d+)\.)?")
_END = "> **"


@dataclass(frozen=True)
class Question:
    """A question that people grade; `extra` earns credit beyond the homework's points."""

    id: str
    title: str
    points: float
    extra: bool = False

    @property
    def worth(self) -> str:
        count = "1 point" if self.points == 1 else f"{self.points:g} points"
        return f"up to {self.points:g} extra points" if self.extra else count


@dataclass(frozen=True)
class Section:
    """One question of the writeup, with everything that was typed below its heading."""

    question: Question
    lines: tuple[str, ...]

    @property
    def unanswered(self) -> dict[int, str]:
        """The parts below which nothing was written: the line that follows what is asked → number.

        What is asked is quoted and begins in bold: `> **2. (3 points)** …`.
        """
        found: dict[int, str] = {}
        part, after, answered = "", 0, True  # of the last thing that was asked
        for number, line in enumerate((*self.lines, _END)):
            quoted = line.lstrip().startswith(">")
            asked = _ASKED.match(line)
            if asked and not (number and self.lines[number - 1].lstrip().startswith(">")):
                if not answered:
                    found[after] = part
                part, answered = asked[1] or "", False
            if quoted and not answered:
                after = number + 1
            answered = answered or _typed(line)
        return found


@dataclass(frozen=True)
class Writeup:
    """The whole: what stands before the first question, and the questions in order."""

    head: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        return self.field("Name")

    def field(self, label: str) -> str:
        """Return the text after `label:` at the top; may be empty."""
        for line in self.head:
            if line.startswith(f"{label}:"):
                return line.partition(":")[2].strip()
        return ""


def questions(homework: Homework) -> tuple[Question, ...]:
    """Return the questions that people grade, in the order of the table; all extra credit is the last one."""
    found = [
        Question(p.id, p.title, p.points)
        for p in homework.problems
        if p.kind in BY_PEOPLE and p.graded_by is None
    ]
    if extra := sum(p.points for p in homework.problems if p.kind == "extra"):
        found.append(Question("X", "Extra credit", extra, extra=True))
    return tuple(found)


def left_out(homework: Homework) -> set[str]:
    """Return the ids of what the course leaves out, as they head a question."""
    found = {problem.id for problem in homework.dropped}
    if not any(problem.kind == "extra" for problem in homework.problems):
        found.add("X")
    return found


def load_writeup(path: Path, homework: Homework) -> Writeup:
    """Read and cut writeup.md.

    Raises:
        KitError: when it is missing, is not UTF-8, or its headings are damaged.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise KitError(f"{path} is missing; take it from the kit again") from None
    except OSError as error:
        raise KitError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise KitError(
            f"{path}, line {line}: not UTF-8; save the file as UTF-8 and try again"
        ) from None
    return cut(text, homework, str(path))


def cut(text: str, homework: Homework, where: str = "writeup.md") -> Writeup:
    """Cut the text at the headings of the homework's questions; those left out are skipped.

    Raises:
        KitError: naming the first heading that is missing, doubled or out of order.
    """
    lines, skipped = lines_of(text), left_out(homework)
    by_id = {question.id: question for question in questions(homework)}
    starts: list[tuple[int, str]] = []
    for number, line in outside_code(lines):
        found = _HEADING.match(line)
        if found and (found[1] in by_id or found[1] in skipped):
            if any(ident == found[1] for _, ident in starts):
                raise KitError(
                    f"{where}, line {number + 1}: a second heading '## {found[1]} ·'; keep one"
                )
            starts.append((number, found[1]))
            if found[1] in by_id and by_id[found[1]].extra:
                by_id[found[1]] = replace(by_id[found[1]], title=found[2].strip())
    _require_all(homework, [ident for _, ident in starts if ident in by_id], where)
    ends = [number for number, _ in starts[1:]] + [len(lines)]
    sections = [
        Section(by_id[ident], _kept(lines[number + 1 : end]))
        for (number, ident), end in zip(starts, ends)
        if ident in by_id
    ]
    return Writeup(_kept(lines[: starts[0][0]]), tuple(sections))


def _require_all(homework: Homework, found: list[str], where: str) -> None:
    wanted = [question for question in questions(homework) if not question.extra]
    for question in wanted:
        if question.id not in found:
            raise KitError(
                f"{where}: the heading of {question.id} is missing or damaged (or stands in a "
                f"block of code that does not end); expected the line\n  {heading(question)}"
            )
    order = [question.id for question in questions(homework) if question.id in found]
    if found != order:
        raise KitError(
            f"{where}: the questions stand in the order {', '.join(found)}; "
            f"expected {', '.join(order)}"
        )


def heading(question: Question) -> str:
    """The line at which a question begins."""
    return f"## {question.id} · {question.title} ({question.worth})"


def _kept(lines: list[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if not PAGE_BREAK.match(line))


def _typed(line: str) -> bool:
    """Whether a line is the student's answer: not what the kit put there to be filled in."""
    images = [target_of(image) for image in IMAGE.finditer(line)]
    given = line.lstrip().startswith((">", "|")) or any("runs/" in target for target in images)
    return bool(line.strip()) and not given
