"""Read homeworks and problems as people type them: `hw1/`, `HW1`, `1`, `hw1/mann.py`, `2B`, `2`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.homework import ROOT, Homework
from common.options.command_line import Parser


@dataclass(frozen=True)
class Asked:
    """The homeworks and problems to judge.

    Attributes:
        names: of the homeworks; empty: all.
        problems: ids of the problems of the one homework; None: all of them.
    """

    names: tuple[str, ...]
    problems: tuple[str, ...] | None = None


def understand(words: Sequence[str], problem: str | None = None) -> Asked:
    """Find the homeworks and problems that are meant.

    Args:
        words: homeworks, files of a homework, or a homework and one of its problems.
        problem: what stands after --problem.

    Raises:
        KitError: for what is not there, with what may have been meant.
    """
    names: list[str] = []
    problems: list[str] = []
    spelt = False  # a homework was named in letters: a number is then a problem
    for word in words:
        name, file = _homework(word)
        if names and (name is None or (spelt and word.isdecimal())):
            problems += problems_of(homeworks.load(names[-1]), word)
            continue
        if name is None:
            raise KitError(_unknown(word))
        spelt = spelt or not word.isdecimal()
        names += [] if name in names else [name]
        if file is not None:
            problems += _in_file(homeworks.load(name), file)
    if not names and problem and (here := _folder_of(Path.cwd())):
        names = [here]
    if (problem or problems) and len(names) != 1:
        raise KitError("--problem needs one homework, as in: python -m autograder hw1 --problem 2a")
    if problem:
        problems += problems_of(homeworks.load(names[0]), problem)
    return Asked(tuple(names), tuple(dict.fromkeys(problems)) if problems else None)


def parser_of(command: str, description: str, examples: str) -> Parser:
    """Make the parser of `python -m autograder COMMAND`."""
    return Parser(prog=f"python -m autograder {command}", description=description, epilog=examples)


def homework_of(word: str) -> str:
    """The one homework that is meant.

    Raises:
        KitError: when there is none of that name.
    """
    name, _ = _homework(word)
    if name is None:
        raise KitError(_unknown(word))
    return name


def with_problem(word: str) -> list[str]:
    """The homeworks that have a checked problem of this id, when the word names no homework."""
    if _homework(word)[0] is not None:
        return []
    wanted = word.strip().lower()
    return [
        name
        for name in homeworks.names()
        if any(p.checked and p.id.lower() == wanted for p in homeworks.load(name).problems)
    ]


def problems_of(homework: Homework, word: str) -> list[str]:
    """The checked problems that are meant: `2B` is 2b, and `2` all parts of 2.

    Raises:
        KitError: when there is none, or people grade it.
    """
    wanted = word.strip().lower()
    same = [p for p in homework.problems if p.id.lower() == wanted]
    parts = [
        p for p in homework.problems if re.fullmatch(rf"{re.escape(wanted)}[a-z0-9]+", p.id.lower())
    ]
    found = [p.id for p in same or parts if p.checked]
    if found:
        return found
    if same or parts:
        raise KitError(
            f"{homework.name} {(same or parts)[0].id} has no checks: it is graded from "
            "your write-up or your runs"
        )
    known = [p.id for p in homework.problems if p.checked]
    near = _near(wanted, known)
    raise KitError(f"{homework.name} has no problem {word!r}; {near}it has {', '.join(known)}")


def _homework(word: str) -> tuple[str | None, str | None]:
    """The homework that a word names, and the file in it; None for what it does not name."""
    plain = homeworks.name_of(word)
    if plain in homeworks.names():
        return plain, None
    for base in (Path.cwd(), ROOT):
        path = (base / word).resolve()
        if (name := _folder_of(path)) and path.exists():
            return name, None if path.is_dir() else path.name
    head, _, rest = plain.partition("/")
    if rest and (number := re.fullmatch(r"(?:hw)?(\d+)", head)):
        name = f"hw{int(number[1])}"
        if name in homeworks.names():
            return name, rest
    return None, None


def _folder_of(path: Path) -> str | None:
    """The homework whose folder a path lies in."""
    try:
        first = path.resolve().relative_to(ROOT).parts[:1]
    except ValueError:
        return None
    return first[0] if first and first[0] in homeworks.names() else None


def _in_file(homework: Homework, file: str) -> list[str]:
    """The problems whose holes lie in a file."""
    found = [
        p.id for p in homework.problems if p.hole and p.hole.split(":")[0].lower() == file.lower()
    ]
    if not found:
        near = _near(file.lower(), homework.files)
        raise KitError(
            f"no problem of {homework.name} is in {file}; {near}they are in "
            f"{', '.join(homework.files)}"
        )
    return found


def _unknown(word: str) -> str:
    known = homeworks.names()
    near = _near(word.lower().strip("/"), [*known, "doctor", "submit", "ask", "explain"])
    return f"no homework {word!r} here; {near}choose one of {', '.join(known) or 'none'}"


def _near(word: str, known: Sequence[str]) -> str:
    """`did you mean X? `, when something is near."""
    found = difflib.get_close_matches(word, known, 1, 0.5)
    return f"did you mean {found[0]}? " if found else ""
