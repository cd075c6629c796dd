"""Runs the checks of some holes and brings back what happened inside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.context import CheckContext, Fixtures
from autograder.engine import run_check
from autograder.explain import instrument
from autograder.explain.holes import Hole
from autograder.judge import plugin
from autograder.judge.answers import Answers, Reference
from autograder.planning import plan
from autograder.run.base import Conversation, Worker
from autograder.run.overlay import overlay
from autograder.run.student import Student
from common.homework import PUBLIC_SEED, Homework

MOST_TEXT = 200  # characters of a description that came from the student's side
LARGEST = 2**20  # characters of all notes of one call
PROBES = """from probes import plain, watching


def __getattr__(name):
    return watching.watch(getattr(plain, name))
"""


@dataclass(frozen=True)
class Seen:
    """What an expression gave in one call of its hole; a part is empty where it changed on the way."""

    site: instrument.Site
    count: int
    kind: str
    what: str
    grad: bool | None
    dtype: str
    type: str


@dataclass(frozen=True)
class Happened:
    """The first call of a hole in a check.

    Attributes:
        check: the check's title.
        given: parameter → what it was given, in words.
        seen: its expressions, in the order of the file.
        zeros: parameter → what comes out if it is 0; "" → what came out.
    """

    check: str
    given: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    zeros: dict[str, str] = field(default_factory=dict)


def gather(
    homework: Homework, folder: Path, holes: list[Hole], worker: Worker, work: Path
) -> dict[str, list[Happened]]:
    """Return what happened in each hole under the checks of its problem, on the public inputs.

    Args:
        folder: the files that were handed in.
        work: an empty folder.

    Returns:
        Problem → one entry for each check that came to the hole, in the order of the checks.
    """
    tree = overlay(homework, work / "tree", folder)
    sites = _instrument(homework, tree, holes)
    context = _Context(homework, worker, tree, Answers.load(homework, PUBLIC_SEED), PUBLIC_SEED)
    found: dict[str, list[Happened]] = {}
    for hole in holes:
        for check in plan(homework, hole.problem):
            context.happened = []
            run_check(context, check, hint=1)
            told = (_happened(one, hole, check.title, sites) for one in context.happened)
            if (first := next(filter(None, told), None)) is not None:
                found.setdefault(hole.problem, []).append(first)
    return found


def _instrument(
    homework: Homework, tree: Path, holes: list[Hole]
) -> dict[str, dict[int, instrument.Site]]:
    """Exchange files and probes of a tree for those that tell what happens; return the sites by problem."""
    sites: dict[str, dict[int, instrument.Site]] = {}
    for file in dict.fromkeys(hole.file for hole in holes):
        own = [hole for hole in holes if hole.file == file]
        source, found = instrument.instrument(own[0].source, own)
        (tree / homework.name / file).write_text(source, encoding="utf-8")
        sites |= {problem: {one.number: one for one in those} for problem, those in found.items()}
    probes = tree / "probes"
    (probes / f"{homework.name}.py").rename(probes / "plain.py")
    shutil.copyfile(Path(__file__).with_name("watching.py"), probes / "watching.py")
    (probes / f"{homework.name}.py").write_text(PROBES, encoding="utf-8")
    for path in probes.iterdir():
        path.chmod(0o644)
    return sites


class _Student(Student):
    """A student whose probes tell what happened inside."""

    def __init__(
        self, homework: Homework, open_line: Callable[[], Conversation], notes: list[dict]
    ) -> None:
        super().__init__(homework, open_line)
        self._notes = notes

    def ask(self, probe: str, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        outcome = super().ask(probe, args, kwargs)
        value = outcome.get("value")
        if isinstance(value, dict) and set(value) == {"value", "seen"}:
            self._notes.append(_read(value["seen"]))
            outcome = outcome | {"value": value["value"]}
        return outcome


class _Context(CheckContext):
    """Gives checks such a student."""

    happened: list[dict]

    def fixtures(self, check: str, keep_changes: bool = False) -> Fixtures:
        limit = self.homework.time_limit
        student = _Student(
            self.homework,
            lambda: self.worker.open(self.tree, self.homework.name, limit),
            self.happened,
        )
        assert self.answers is not None
        reference = Reference(self.answers.calls.get(check, []), student)
        return Fixtures(student, reference, plugin.generator(self.seed, check))


def _read(text: Any) -> dict:
    """Notes that a student's process sent: of known form, or none."""
    if not isinstance(text, str) or len(text) > LARGEST:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _happened(
    notes: dict, hole: Hole, title: str, sites: dict[str, dict[int, instrument.Site]]
) -> Happened | None:
    """Read what the notes of one call say of a hole; None where it was not reached."""
    given = _words(notes.get("given"), hole.problem)
    own = sites.get(hole.problem, {})
    raw = notes.get("sites")
    named = raw.items() if isinstance(raw, dict) else ()
    rows = {int(number): row for number, row in named if str(number).isdecimal()}
    seen = [
        Seen(
            own[number],
            _count(row),
            _word(row.get("kind")),
            _word(row.get("what")),
            row.get("grad") if isinstance(row.get("grad"), bool) else None,
            _word(row.get("dtype")),
            _word(row.get("type")),
        )
        for number, row in sorted(rows.items())
        if number in own and isinstance(row, dict)
    ]
    if not seen:
        return None
    return Happened(title, given, seen, _words(notes.get("zeros"), hole.problem))


def _words(table: Any, problem: str) -> dict[str, str]:
    """Name → words of one problem."""
    own = table.get(problem) if isinstance(table, dict) else None
    own = own if isinstance(own, dict) else {}
    return {_word(name): _word(text) for name, text in own.items()}


def _word(text: Any) -> str:
    return "".join(c for c in text[:MOST_TEXT] if c.isprintable()) if isinstance(text, str) else ""


def _count(row: dict) -> int:
    return row["count"] if type(row.get("count")) is int else 0
