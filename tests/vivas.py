"""Questions about right code: well-formed, one right answer each, and another's for another's code.

    python -m tests.vivas                         solutions and variants of every homework
    python -m tests.vivas hw2 --every 3           one variant of three
    python -m tests.vivas --cases FOLDER          and right versions of holes (`python -m staff cases`)

Two right ways of one problem must differ in at least three of five questions.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.explain.ask import ask
from autograder.run.base import Worker
from autograder.run.launch import isolation_of_this_system, start
from common import homework as homeworks
from common.homework import Homework
from staff.authoring import catalogue
from staff.authoring.stubs import copy_solutions
from staff.gate import cases
from tests.conftest import HOMEWORKS

DIFFERENT = 3


def submissions(
    name: str, given: Path | None, count: int, every: int, work: Path
) -> Iterator[tuple]:
    """Variants and right cases of a homework: what it is, its problem, its folder."""
    for entry in catalogue.entries(name, "variant")[::every]:
        folder = work / entry.slug
        folder.mkdir()
        yield f"variant {entry.slug}", entry.problem, catalogue.submission(entry, folder)
    right = [c for c in cases.read(given / f"{name}.py") if c.kind == "right"] if given else []
    for number, case in enumerate(right[:: max(1, len(right) // count)][:count]):
        folder = work / f"case-{number}"
        folder.mkdir()
        copy_solutions(homeworks.ROOT, name, folder)
        path = folder / case.file
        path.write_text(path.read_text(encoding="utf-8") + "\n\n" + case.code, encoding="utf-8")
        yield f"case {case.name}", case.problem, folder


def measure(
    homework: Homework, rest: Iterator[tuple], worker: Worker
) -> tuple[list[str], int, int, int]:
    """What is wrong, and how many questions, ways and ways that are different enough there are."""
    solution = homeworks.ROOT / "staff" / "solutions" / homework.name
    first = ask(homework, solution, worker)
    wrong = [f"solution: {told}" for one in first for told in one.complaints()]
    asked, ways, apart = len(first), 0, 0
    ours: dict[str, set] = {}
    for what, problem, folder in rest:
        theirs = ask(homework, folder, worker, only=problem)
        if problem not in ours:
            found = ask(homework, solution, worker, only=problem)
            ours[problem] = {(one.text, one.answer) for one in found}
        wrong += [f"{what}: {told}" for one in theirs for told in one.complaints()]
        new = sum((one.text, one.answer) not in ours[problem] for one in theirs)
        asked, ways, apart = asked + len(theirs), ways + 1, apart + (new >= DIFFERENT)
        if new < DIFFERENT:
            wrong.append(f"{what} ({problem}): only {new} of {len(theirs)} questions differ")
    return wrong, asked, ways, apart


def main(argv: list[str]) -> int:
    """Measure and print; the exit code says whether all is well."""
    options = argparse.ArgumentParser(prog="python -m tests.vivas", description=__doc__)
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("homework", nargs="*", default=HOMEWORKS, help="none means all")
    options.add_argument("--every", type=int, default=1, help="one variant of so many (1)")
    options.add_argument("--cases", type=Path, help="a folder of hwN.py, right versions among them")
    options.add_argument("--count", type=int, default=4, help="right versions a homework (4)")
    chosen = options.parse_args(argv)
    faults = 0
    for name in chosen.homework:
        homework = homeworks.load(name)
        with (
            tempfile.TemporaryDirectory(prefix="vivas-") as work,
            start(isolation_of_this_system(), tuple(homework.preload)) as worker,
        ):
            rest = submissions(name, chosen.cases, chosen.count, chosen.every, Path(work))
            wrong, asked, ways, apart = measure(homework, rest, worker)
        faults += len(wrong)
        print(f"{name}: {asked} questions, {apart} of {ways} right ways differ enough", flush=True)
        for line in wrong:
            print(f"  {line}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
