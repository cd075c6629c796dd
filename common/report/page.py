"""The report as one self-contained page: to read on a screen, and to print with a question a page."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from markupsafe import Markup

from common.homework import Homework
from common.pages.markdown import to_html
from common.pages.source import outside_code
from common.pages.templates import render as fill
from common.report.figures import Figures
from common.report.results import Results
from common.report.writeup import Question, Section, Writeup

PAGE = "common/report/page.html"


@dataclass
class Report:
    """Everything that the page shows.

    Attributes:
        name: of the student.
        filled: for each section its lines, tables filled in.
    """

    homework: Homework
    name: str
    writeup: Writeup
    filled: list[list[str]]
    results: Results
    figures: Figures

    @functools.cached_property
    def questions(self) -> list[tuple[Section, str, list[Part]]]:
        """Each section, its name in the page, and its parts; they list what is missing."""
        return [
            (section, _key(section.question), _parts(self, section, lines))
            for section, lines in zip(self.writeup.sections, self.filled)
        ]

    @property
    def missing(self) -> dict[str, list[str]]:
        """Command → what is missing without it; the tables find it, and the questions."""
        _ = self.questions
        return self.results.to_make()


@dataclass(frozen=True)
class Part:
    """A piece of a question: markup, and whether room for an answer follows it."""

    shown: Markup
    room: bool


def render(report: Report) -> str:
    """The page; all that was typed is escaped."""
    return fill(
        PAGE,
        style=_page_marks(report),
        report=report,
        others_worked_with=report.writeup.field("People I worked with"),
        questions=report.questions,
        others=_others(report),
        missing=report.missing,
    )


def _parts(report: Report, section: Section, lines: list[str]) -> list[Part]:
    """The section as markup, cut where an answer is still to be written."""
    report.figures.wanted = not section.question.extra
    cuts = sorted(section.unanswered)
    pieces = [lines[start:end] for start, end in zip([0, *cuts], [*cuts, len(lines)])]
    return [
        Part(to_html("\n".join(_unquoted(piece)), report.figures.figure), number < len(cuts))
        for number, piece in enumerate(pieces)
    ]


def _unquoted(lines: list[str]) -> list[str]:
    """The lines with a blank one where an answer begins right below what is quoted.

    Markdown takes such a line into the quotation; it is the student's.
    """
    plain = dict(outside_code(lines))
    apart: list[str] = []
    for number, line in enumerate(lines):
        below = number > 0 and plain.get(number - 1, "").lstrip().startswith(">")
        if below and number in plain and not line.lstrip().startswith(">"):
            apart.append("")
        apart.append(line)
    return apart


def _page_marks(report: Report) -> str:
    """A line at the foot of every printed page: homework, name and question."""
    who = f"{report.homework.name} · {report.name}"
    marks = [f"@page {{ @bottom-left {{ font: 8pt sans-serif; content: {_quoted(who)} }} }}\n"]
    for section in report.writeup.sections:
        key = _key(section.question)
        text = _quoted(f"{who} · {section.question.id}")
        marks.append(
            f"@page {key} {{ @bottom-left {{ font: 8pt sans-serif; content: {text} }} }}\n"
            f"#{key} {{ page: {key} }}\n"
        )
    return "".join(marks)


def _quoted(text: str) -> str:
    """A string for a style sheet: all but letters, digits and blanks by their numbers."""
    return '"' + re.sub(r"[^\w ·-]", lambda found: f"\\{ord(found[0]):x} ", text) + '"'


def _key(question: Question) -> str:
    return "q-" + re.sub(r"\W", "-", question.id)


def _others(report: Report) -> list[Markup]:
    """Every other picture of the runs that were used, small, for who wants to look."""
    return [
        report.figures.figure(f"{path.stem} of {path.parent.name}", str(path.resolve()))
        for path in report.figures.others()
    ]
