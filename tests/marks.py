"""How many planted contradictions the graders' pages mark, and how many honest numbers.

    python -m tests.marks                 every homework, one made-up class of forty
    python -m tests.marks hw1 --seeds 5   five classes of one homework

Copied answers are left out: their numbers are somebody else's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from common import homework as homeworks
from staff.written import made_up, pages
from staff.written.answers import Paper
from staff.written.claims import Checker
from staff.written.made_up import Answer
from staff.written.marks import Mark
from tests.conftest import HOMEWORKS

MARKED, WRONGLY = 0.9, 0.02  # at least so many of what was planted; at most so many honest numbers


@dataclass
class Count:
    """What was planted and found, and the honest numbers that were marked."""

    planted: int = 0
    found: int = 0
    honest: int = 0
    missed: list[str] = field(default_factory=list)
    wrongly: list[Mark] = field(default_factory=list)

    def add(self, answer: Answer, checker: Checker, student: str) -> None:
        """Count one answer."""
        text = "\n\n".join(" ".join(texts) for texts in answer.parts.values())
        checked = checker.check(student, text)
        spans = [
            (text.index(one.sentence) + one.start, text.index(one.sentence) + one.end)
            for one in answer.planted
        ]
        hit = [any(_touch(mark, span) for mark in checked.marks) for span in spans]
        self.planted += len(spans)
        self.found += sum(hit)
        self.missed += [
            f"{one.kind}: {one.sentence}" for one, h in zip(answer.planted, hit) if not h
        ]
        self.honest += len(checked.borne_out)
        self.wrongly += [m for m in checked.marks if not any(_touch(m, span) for span in spans)]

    @property
    def good(self) -> bool:
        return self.found >= MARKED * self.planted and len(self.wrongly) <= WRONGLY * self.honest


def _touch(mark: Mark, span: tuple[int, int]) -> bool:
    return mark.start < span[1] and span[0] < mark.end


def measure(name: str, folder: Path, seed: int) -> Count:
    """Make a class of forty in a folder and hold it against its runs as the pages do."""
    homework = homeworks.load(name)
    made = made_up.make(folder, homework, 40, seed)
    checker = pages.checker(homework, [Paper((student,), folder / student) for student in made])
    count = Count()
    for student, questions in made.items():
        for answer in questions.values():
            if answer.kind != "copied":
                count.add(answer, checker, student)
    return count


def main(argv: list[str]) -> int:
    """Measure and print; the exit code says whether both targets are met."""
    options = argparse.ArgumentParser(prog="python -m tests.marks", description=__doc__)
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("homework", nargs="*", default=HOMEWORKS, help="none means all")
    options.add_argument("--seeds", type=int, default=1, help="how many classes (1)")
    chosen = options.parse_args(argv)
    good = True
    for name in chosen.homework:
        for seed in range(chosen.seeds):
            with tempfile.TemporaryDirectory(prefix="marks-") as folder:
                count = measure(name, Path(folder), seed)
            good &= count.good
            print(
                f"{name}, class {seed}: {count.found} of {count.planted} planted marked, "
                f"{len(count.wrongly)} marks on honest text beside {count.honest} honest numbers"
            )
            for text in (*count.missed, *(f"wrongly {m.kind}: {m.text}" for m in count.wrongly)):
                print(f"  {text}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
