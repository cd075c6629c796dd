"""Find what a homework lacks besides its checks: stubs in step, a handout, questions, rubrics."""

from __future__ import annotations

import re
from collections.abc import Iterator

from common.errors import KitError
from common.homework import Homework
from common.report.writeup import questions
from staff.authoring import canary, leaks, stubs, tables
from staff.written import outcomes, rubric

PARTS = (
    "You need",
    "## Problems",
    "Why this matters",
    "Left open",
    "--tiny",
    "minute",
    "## Common pitfalls",
    "## Hand in",
    "python -m autograder submit",
)
MOST_LINES = 16  # of a hole
SHORTEST = 16  # characters of an example of what earns points
FEWEST_WORDS = 12  # that describe a figure
MOST_BYTES = 150_000  # of a figure
_FIGURE = re.compile(r"!\[([^\]]*)\]\((figures/[^)]+)\)")


def missing(homework: Homework) -> list[str]:
    """Return what the homework lacks and what is out of step; the gate shows each."""
    return [
        *_stubs(homework),
        *_leaks(homework),
        *_holes(homework),
        *_canary(homework),
        *_handout(homework),
        *_figures(homework),
        *_rubrics(homework),
    ]


def _stubs(homework: Homework) -> Iterator[str]:
    for stub in stubs.out_of_step(homework.root, homework.name):
        yield f"{stub.name} is not what its solution gives: make stubs"


def _leaks(homework: Homework) -> Iterator[str]:
    secret = leaks.secrets(homework.root, homework.name)
    for leak in leaks.scan(secret, leaks.text_files(homework.root), homework.root):
        yield f"{leak.file}:{leak.line} holds a piece of {leak.hole}: {leak.text}"


def _holes(homework: Homework) -> Iterator[str]:
    """Say which holes are too long, or are not those of homework.toml."""
    marked = {}
    for master in stubs.masters(homework.root, homework.name):
        for hole in stubs.holes(master.read_text(encoding="utf-8"), master.name):
            marked[hole.problem] = f"{master.name}:{hole.name}"
            if (lines := hole.last - hole.first - 1) > MOST_LINES:
                yield f"{hole.problem}: its hole has {lines} lines; at most {MOST_LINES}"
    stated = {p.id: p.hole for p in (*homework.problems, *homework.dropped) if p.hole}
    for ident in sorted({*marked, *stated}):
        if marked.get(ident) != stated.get(ident):
            yield (
                f"{ident}: homework.toml says {stated.get(ident)}, the solutions mark "
                f"{marked.get(ident)}"
            )


def _canary(homework: Homework) -> Iterator[str]:
    lines = [canary.TEXT.format(one) for one in canary.known_canaries(homework.root)[-1:]]
    for path in canary.files(homework.root):
        text = path.read_text(encoding="utf-8")
        if homework.name in (path.parent.name, path.stem) and not all(one in text for one in lines):
            yield f"{path.relative_to(homework.root)} lacks its first line: {lines[0]}"


def _handout(homework: Homework) -> Iterator[str]:
    path = homework.folder / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for part in PARTS:
        if part not in text:
            yield f"README.md has no {part!r}"
    try:
        for page in tables.out_of_step(homework):
            yield f"{page.name} has other points, titles or outcomes than the tables: staff tables"
    except KitError as error:
        yield str(error)


def _figures(homework: Homework) -> Iterator[str]:
    shown = _FIGURE.findall((homework.folder / "README.md").read_text(encoding="utf-8"))
    there = {f"figures/{path.name}" for path in (homework.folder / "figures").glob("*")}
    for name in sorted(there ^ {name for _, name in shown}):
        yield f"{name} is {'not shown' if name in there else 'not there'}"
    for text, name in shown:
        if len(text.split()) < FEWEST_WORDS:
            yield f"{name} has fewer than {FEWEST_WORDS} words that describe it"
        if name in there and (homework.folder / name).stat().st_size > MOST_BYTES:
            yield f"{name} is larger than {MOST_BYTES // 1000} kB"


def _rubrics(homework: Homework) -> Iterator[str]:
    try:
        rubrics = rubric.load(homework)
    except KitError as error:
        yield str(error)
        return
    yield from outcomes.complaints(homework)
    for question in questions(homework):
        if question.id not in rubrics:
            if not question.extra:
                yield f"{question.id} has no rubric"
            continue
        graded = rubrics[question.id]
        if "Model answer" not in graded.model:
            yield f"{graded.question} has no model answer"
        if not graded.losses:
            yield f"{graded.question}: nothing is said to lose points"
        for item in graded.items:
            if len(item.example) < SHORTEST or not item.earns or item.points <= 0:
                yield (
                    f"{graded.question} {item.id}: it lacks what earns points, how many, or an example "
                    f"of {SHORTEST} characters or more"
                )
