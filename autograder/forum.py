"""`python -m autograder ask 2a`: what helpers need to know of a problem, ready to paste into a forum.

The verdict, the versions, and the shapes of what a failing check gave and got; no line of code, nothing
that the code printed, and no path of this machine.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from autograder import asked, engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.planning import plan
from autograder.report.plain import report
from autograder.report.record import HomeworkResult
from autograder.run.base import Worker
from autograder.run.launch import isolation_of_this_system, start
from autograder.run.overlay import overlay
from autograder.surveying import survey_check
from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework, load
from common.kit.version import kit_version

EXAMPLES = """
examples:
  python -m autograder ask hw2 2a     a text about problem 2a of homework 2
  python -m autograder ask 2a         of the homework whose files you saved last
exit code: 0 the text is printed, 2 it could not be made
"""
PACKAGES = ("torch", "numpy")
MOST_LINES = 12  # of what was given, and of what came
LONGEST = 40  # characters of a value


def main(argv: list[str]) -> int:
    """Print the text; 0."""
    description = (
        "Prints a text to paste into the course's forum: verdict, versions and shapes of one "
        "problem, and no code."
    )
    parser = asked.parser_of("ask", description, EXAMPLES)
    parser.add_argument("words", nargs="+", metavar="PROBLEM", help="2a, or hw2 2a")
    homework, problems = meant(parser.parse_args(argv).words)
    print("running the checks …", file=sys.stderr)
    with start(isolation_of_this_system(), homework.preload) as worker:
        result = engine.grade(homework, only=problems, worker=worker)
        lines = [shapes(homework, row.id, worker) for row in result.checks if _is_wrong(row)][:1]
    print(text(homework, result, "\n\n".join(lines)))
    return 0


def _is_wrong(row: Any) -> bool:
    """Whether a check ran into something that shapes may explain."""
    return not row.passed and row.hole is None and row.status != "not_run"


def meant(words: list[str]) -> tuple[Homework, tuple[str, ...]]:
    """The homework and its problems; without a homework, the one whose files were saved last.

    Raises:
        KitError: when no problem is named, or it may be one of several.
    """
    if len(words) == 1 and (near := asked.with_problem(words[0])):
        saved = {name: saved_verdict(load(name), words[0]) for name in near}
        last = max(saved.values())
        newest = [name for name, when in saved.items() if when == last]
        if len(newest) > 1:
            raise KitError(
                f"{words[0]} of which homework? as in: "
                f"python -m autograder ask {newest[0]} {words[0]}"
            )
        words = [newest[0], *words]
    found = asked.understand(words)
    if len(found.names) != 1 or not found.problems:
        raise KitError("which problem? as in: python -m autograder ask hw2 2a")
    return load(found.names[0]), found.problems


def saved_verdict(homework: Homework, word: str) -> float:
    """Return the time at which the file of a problem was saved last."""
    holes = [homework.problem(ident).hole or "" for ident in asked.problems_of(homework, word)]
    files = [homework.folder / hole.partition(":")[0] for hole in holes]
    return max((file.stat().st_mtime for file in files if file.is_file()), default=0.0)


def text(homework: Homework, result: HomeworkResult, given: str) -> str:
    """The post: room for the question, then the verdict, the shapes and the versions."""
    for row in result.checks:
        row.printed = ""
    verdict = report(result, homework).splitlines()
    kept = [line for line in verdict if not line.startswith("Next:")]
    parts = ["My question: ", "What I expected, and why: ", "```text", *kept]
    parts += ["", given] if given else []
    return _without_paths("\n".join([*parts, "", versions(homework), "```"]), homework.root)


def _without_paths(post: str, root: Path) -> str:
    """Without the kit's place and the home of who asks: an exception may name a file."""
    for place, name in ((root, "KIT"), (Path.home(), "~")):
        if place != Path(place.anchor):
            post = post.replace(str(place), name)
    return post


def versions(homework: Homework) -> str:
    """Return what a helper needs to see the same."""
    found = [f"kit {kit_version(homework.root)}", f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} without a version")
    return ", ".join([*found, f"{platform.system()} {platform.machine()}"])


def shapes(homework: Homework, ident: str, worker: Worker) -> str:
    """Return the shapes of what the last call of a failing check was given and returned."""
    with tempfile.TemporaryDirectory(prefix="ask-") as folder:
        tree = overlay(homework, Path(folder) / "tree", None)
        answers = Answers.load(homework, PUBLIC_SEED)
        context = CheckContext(homework, worker, tree, answers, PUBLIC_SEED)
        check = next(one for one in plan(homework) if one.id == ident)
        _, calls = engine.run_check(context, check, hint=1)
        seen = survey_check(context, check, calls, ask=False)
    if not calls or not seen.inputs:
        return ""
    last = len(calls) - 1
    outcome = calls[last].outcome
    came = ["  came: nothing, the call ended with an error"]
    if "value" in outcome:
        came = _first(_described("came", outcome["value"]))
    lines = [*_first(_described("given", seen.inputs[last])), *came]
    return "\n".join([f"The last call of {ident} ({seen.probes[last]}):", *lines])


def _first(lines: list[str]) -> list[str]:
    """Return as many lines as anybody reads, and the number of the others."""
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"  … and {more} more"] if more > 1 else lines


def _described(name: str, value: Any) -> list[str]:
    """A line for each part of a value: type and shape of arrays, short values as they are."""
    if isinstance(value, dict) and value:
        return [line for key, part in value.items() for line in _described(f"{name}, {key}", part)]
    if isinstance(value, (list, tuple)) and any(isinstance(part, np.ndarray) for part in value):
        parts = enumerate(value)
        return [line for index, part in parts for line in _described(f"{name}[{index}]", part)]
    if isinstance(value, np.ndarray) and value.ndim:
        return [f"  {name}: {value.dtype.name} {list(value.shape)}"]
    said = repr(value.item() if isinstance(value, np.ndarray) else value)
    return [f"  {name}: {said if len(said) <= LONGEST else type(value).__name__}"]
