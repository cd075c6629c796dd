"""`python -m staff combined hw1 --count 40`: right ways of several holes at once.

Every hole is filled in a way drawn from the variants and the solution. Each such submission must earn
every point, and train as the solution does.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from autograder import engine
from autograder.run.launch import isolation_of_this_system, start
from common import homework as homeworks
from common.errors import KitError
from common.homework import Homework
from staff import command
from staff.authoring.catalogue import Entry, combine, entries
from staff.authoring.stubs import copy_solutions
from staff.authoring.with_solutions import run_module, training_tree

EXAMPLE = """example:
  python -m staff combined hw1 --count 40                          grade them
  python -m staff combined hw1 --count 2 --train 1-shot-2-way      and train
  python -m staff combined hw2 --count 40 --train maml -- --tiny   what follows -- goes to hwN.train
Exit code 1 when one lost a point or did not train."""


@dataclass
class Outcome:
    """What became of one combination: points lost by check, and what its run reached."""

    ways: dict[str, str]  # hole → way
    lost: dict[str, str] = field(default_factory=dict)
    run: dict | None = None
    failed: str = ""

    @property
    def right(self) -> bool:
        return not self.lost and not self.failed


def main(argv: list[str]) -> int:
    """Draw, grade and perhaps train; return the exit code."""
    argv, training = _cut(argv)
    options = command.parser("combined", __doc__, EXAMPLE)
    command.add_shared(options, "homework")
    options.add_argument("--count", type=int, default=20, metavar="N", help="how many (20)")
    options.add_argument("--seed", type=int, default=0, help="of the draw")
    options.add_argument("--train", metavar="EXPERIMENT", help="train each, too")
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.homework)
    rng, bad = np.random.default_rng(chosen.seed), 0
    with start(isolation_of_this_system(), homework.preload) as worker:
        for number in range(chosen.count):
            ways = draw(homework, rng)
            with tempfile.TemporaryDirectory(prefix="combined-") as folder:
                submission = fill(homework, ways, Path(folder) / "submission")
                outcome = Outcome({one.problem: one.slug for one in ways})
                result = engine.grade(homework, submission=submission, worker=worker)
                outcome.lost = {row.id: row.what for row in result.checks if not row.passed}
                if chosen.train:
                    _train(homework, outcome, submission, chosen.train, training)
            bad += not outcome.right
            print(describe(number, outcome), flush=True)
    print(f"{homework.name}: {chosen.count - bad} of {chosen.count} combinations are right")
    return 1 if bad else 0


def _cut(argv: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def draw(homework: Homework, rng: np.random.Generator) -> list[Entry]:
    """Draw for every hole one of its right ways, or none for the solution's own."""
    ways: dict[str, list[Entry]] = {}
    for entry in entries(homework.name, "variant", homework.root):
        ways.setdefault(entry.problem, []).append(entry)
    drawn = [(known, int(rng.integers(len(known) + 1))) for known in ways.values()]
    return [known[index] for known, index in drawn if index < len(known)]


def fill(homework: Homework, ways: list[Entry], target: Path) -> Path:
    """The submission that fills its holes so."""
    target.mkdir(parents=True)
    if not ways:
        copy_solutions(homework.root, homework.name, target)
        return target
    return combine(ways, target, homework.root)


def _train(
    homework: Homework, outcome: Outcome, submission: Path, experiment: str, options: list[str]
) -> None:
    with tempfile.TemporaryDirectory(prefix="combined-run-") as folder:
        tree, out = Path(folder) / "tree", Path(folder) / "run"
        training_tree(homework, tree, submission)
        asked = ["--experiment", experiment, "--out", str(out), *options]
        if code := run_module(tree, f"{homework.name}.train", asked):
            outcome.failed = f"{experiment} ended with exit code {code}"
            return
        try:
            outcome.run = json.loads((out / "result.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise KitError(f"{experiment} left no result.json: {error}") from None


def describe(number: int, outcome: Outcome) -> str:
    """One combination in a line or a few."""
    lines = [
        f"{number}: " + (" ".join(f"{p}={way}" for p, way in outcome.ways.items()) or "solution")
    ]
    lines += [f"   lost {check}: {what}" for check, what in outcome.lost.items()]
    if outcome.failed:
        lines.append(f"   {outcome.failed}")
    if outcome.run:
        numbers = {k: v for k, v in outcome.run.items() if isinstance(v, int | float)}
        lines.append("   " + "  ".join(f"{key} {value:.4g}" for key, value in numbers.items()))
    return "\n".join(lines)
