"""False alarms: statistical checks on right answers, under many seeds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autograder import engine
from autograder.context import CheckContext
from autograder.planning import plan
from autograder.run.base import Worker
from autograder.run.overlay import overlay
from common.homework import Homework
from staff.authoring.catalogue import entries, submission

FIRST_SEED = 10_000  # away from the seeds that anybody records


@dataclass
class FalseAlarms:
    """The number of runs, and every failure of a right answer."""

    homework: str
    runs: int = 0
    submissions: int = 0
    raised: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        """One line, and one for each alarm."""
        lines = [
            f"{self.homework}: {len(self.raised)} false alarms in {self.runs} runs of statistical "
            f"checks on {self.submissions} right answers"
        ]
        return "\n".join([*lines, *(f"  {alarm}" for alarm in self.raised)])


def find_false_alarms(
    homework: Homework, worker: Worker, seeds: int, say: Callable[[str], None]
) -> FalseAlarms:
    """Run the statistical checks on the solution, and on every variant of their problems.

    A statistical check asks for nothing that is recorded, so any seed will do.

    Args:
        seeds: how many.
        say: told what is going on.
    """
    found = FalseAlarms(homework.name)
    checks = [check for check in plan(homework) if check.random]
    problems = {check.problem for check in checks}
    solution = homework.root / "staff" / "solutions" / homework.name
    with tempfile.TemporaryDirectory(prefix="false-alarms-") as folder:
        submissions = [("solution", solution, checks)] if checks else []
        for entry in entries(homework.name, "variant", homework.root):
            if entry.problem in problems:
                files = Path(folder) / "files" / entry.slug
                files.mkdir(parents=True)
                own = [check for check in checks if check.problem == entry.problem]
                submissions.append((entry.slug, submission(entry, files, homework.root), own))
        for number, (name, files, own) in enumerate(submissions):
            say(f"{homework.name}: {name}, {number + 1} of {len(submissions)}")
            tree = overlay(homework, Path(folder) / f"tree-{number}", files)
            found.submissions += 1
            for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                context = CheckContext(homework, worker, tree, None, seed)
                for check in own:
                    row, _ = engine.run_check(context, check, 1)
                    found.runs += 1
                    if not row.passed:
                        found.raised.append(f"{name}, {check.id}, seed {seed}: {row.message}")
    return found
