"""Take the problems that the course leaves out out of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from common.homework import Homework
from common.report.writeup import left_out

# A section begins at a heading, "## Problem 2a: …", "### 1p · …", or at a lead, "**2a `f` (3 points).**".
_HEADING = re.compile(r"^(#+) (?:Problem )?(.*)$")
_LEAD = re.compile(r"^\*\*([0-9]*[A-Z]?[0-9]?[a-z]?)\b[^*]*(?:`|points?\))")
_IDENT = re.compile(r"(?:Problem )?\b([0-9]*[A-Z]?[0-9]?[a-z]?)\b")
_SHARED = re.compile(r"\b[0-9]+[a-z]\b")  # "Problem 3a: … and 3b: …"
LEAD_DEPTH = 9  # a lead ends at the next lead, and at every heading


def without(page: str, homework: Homework) -> str:
    """A handout or write-up without the sections of dropped problems.

    A section that speaks of a problem that stays is kept, with a line that says what is left out;
    so is that of trained runs, which questions need.
    """
    dropped = left_out(homework)
    kept = {problem.id for problem in homework.problems}
    runs = {problem.id for problem in homework.dropped if problem.kind == "run"}
    lines, sections = page.splitlines(keepends=True), list(_sections(page))
    said: dict[int, str] = {}
    cut: set[int] = set()
    for first, last, ident in sections:
        if ident not in dropped or first in cut:
            continue
        inside = {other for start, _, other in sections if first <= start < last}
        if ident in runs or kept & (inside | set(_SHARED.findall(lines[first]))):
            said[first] = f"\n*{ident} is left out this term: it has no points.*\n"
        else:
            cut |= set(range(first, last))
    return "".join(
        line + said.get(number, "") for number, line in enumerate(lines) if number not in cut
    )


def _sections(page: str) -> Iterator[tuple[int, int, str]]:
    """First line, end and problem of every section that begins with a problem."""
    starts = list(_starts(page.splitlines()))
    for index, (number, depth, ident) in enumerate(starts):
        ends = (other for other, below, _ in starts[index + 1 :] if below <= depth)
        if ident:
            yield number, next(ends, len(page.splitlines())), ident


def _starts(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    fenced = False
    for number, line in enumerate(lines):
        fenced ^= line.startswith("```")
        if fenced:
            continue
        if found := _HEADING.match(line):
            ident = _IDENT.match(found[2])
            yield number, len(found[1]), ident[1] if ident else ""
        elif found := _LEAD.match(line):
            yield number, LEAD_DEPTH, found[1]
