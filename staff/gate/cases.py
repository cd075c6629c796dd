"""`python -m staff cases FILE…`: grade versions of holes, and say what students would be told.

A case file is called after its homework (`hw2.py`) and holds blocks. Each begins with a line

    # %% HOLE_FILE:FUNCTION | PROBLEM | KIND | NAME

KIND is wrong, two (two mistakes at once), right or debatable; NAME is the true cause. What is handed
in is the solution with the block appended to HOLE_FILE; it is graded for PROBLEM alone.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from autograder import engine
from autograder.report.record import CheckResult
from autograder.run.base import Worker
from autograder.run.launch import isolation_of_this_system, start
from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from staff import command
from staff.authoring.stubs import copy_solutions

HEADER = re.compile(
    r"^# %% ([\w.]+):([\w.]+) \| (\w+) \| (wrong|two|right|debatable) \| (.+)$", re.MULTILINE
)
KINDS = ("wrong", "two", "right", "debatable")
HINT = 3  # everything that can be told
EPILOG = """
example:
  python -m staff cases cases/hw1.py cases/hw2.py --json out.jsonl
exit code: 0 every wrong case lost points and no right one did, 1 otherwise, 2 it cannot be graded
"""


@dataclass(frozen=True)
class Case:
    """One version of a hole, with its true cause."""

    homework: str
    file: str
    function: str
    problem: str
    kind: str
    name: str
    code: str

    @property
    def wrong(self) -> bool:
        return self.kind in ("wrong", "two")


def main(argv: list[str]) -> int:
    """Grade the cases of the files named; return the exit code."""
    options = command.parser("cases", "Grade versions of holes with known causes.", EPILOG)
    options.add_argument("files", nargs="+", type=Path, metavar="FILE", help="hwN.py")
    options.add_argument("--json", type=Path, metavar="OUT", help="one JSON line a case")
    chosen = options.parse_args(argv)
    cases = [case for path in chosen.files for case in read(path)]
    rows = list(track(grade(cases), "cases", total=len(cases), console=Console(stderr=True)))
    if chosen.json is not None:
        write_text(chosen.json, "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows))
    print(table(rows))
    broken = [row for row in rows if row["error"]]
    for row in broken:
        print(f"not graded: {row['homework']} {row['problem']} {row['name']}: {row['error']}")
    surprising = [
        row
        for row, case in zip(rows, cases)
        if case.kind != "debatable" and row["caught"] != case.wrong
    ]
    return 1 if broken or surprising else 0


def read(path: Path) -> list[Case]:
    """The cases of one file, in order.

    Raises:
        KitError: when it cannot be read, is not called after a homework, or a header is damaged.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KitError(f"{path} cannot be read: {error}") from None
    homework = homeworks.load(path.stem)
    heads = list(HEADER.finditer(text))
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# %%") and not HEADER.match(line):
            raise KitError(
                f"{path}:{number}: expected # %% HOLE_FILE:FUNCTION | PROBLEM | KIND | NAME, with a "
                f"KIND of {', '.join(KINDS)}"
            )
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [_case(homework.name, head, text[head.end() : end]) for head, end in zip(heads, ends)]


def _case(homework: str, head: re.Match, code: str) -> Case:
    file, function, problem, kind, name = head.groups()
    return Case(homework, file, function, problem, kind, name, code.strip("\n") + "\n")


def grade(cases: list[Case]) -> Iterator[dict]:
    """Grade each case by itself; return one row a case, in their order.

    A worker serves all cases of a homework that stand together; one that breaks is started again.
    """
    with contextlib.ExitStack() as stack:
        worker: Worker | None = None
        served = ""
        for case in cases:
            if case.homework != served or worker is None:
                stack.close()
                homework, served = homeworks.load(case.homework), case.homework
                worker = stack.enter_context(start(isolation_of_this_system(), homework.preload))
            try:
                yield _row(case, _checks(homework, case, worker), None)
            except KitError as error:
                worker = None
                yield _row(case, [], str(error))


def _checks(homework: Homework, case: Case, worker: Worker) -> list[CheckResult]:
    """The rows of the case's problem.

    Raises:
        KitError: when it cannot be graded.
    """
    with tempfile.TemporaryDirectory(prefix="case-") as folder:
        copy_solutions(homework.root, homework.name, Path(folder))
        path = Path(folder) / case.file
        if not path.is_file():
            raise KitError(f"the solutions have no {case.file}")
        path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{case.code}", encoding="utf-8")
        return engine.grade(
            homework, submission=Path(folder), only=case.problem, worker=worker, hint=HINT
        ).checks


def _row(case: Case, checks: list[CheckResult], error: str | None) -> dict:
    """The contract's line: what was asked, and what was said."""
    lost = [check for check in checks if not check.passed]
    return {
        "homework": case.homework,
        "file": case.file,
        "function": case.function,
        "problem": case.problem,
        "kind": case.kind,
        "name": case.name,
        "caught": None if error else bool(lost),  # extra problems are worth no points here
        "points": sum(check.points for check in checks),
        "max": sum(check.max_points for check in checks),
        "mistake": next((check.mistake for check in lost if check.mistake), None),
        "causes": [cause for check in lost for cause in check.causes],
        "messages": [
            {"check": check.id, "status": check.status, "message": check.message} for check in lost
        ],
        "error": error,
    }


def table(rows: list[dict]) -> str:
    """Counts for every homework and kind."""
    lines = [f"{'homework':9}{'kind':10}{'cases':>7}{'caught':>8}{'named':>7}{'not graded':>12}"]
    for homework in dict.fromkeys(row["homework"] for row in rows):
        for kind in KINDS:
            those = [row for row in rows if (row["homework"], row["kind"]) == (homework, kind)]
            if those:
                caught = sum(bool(row["caught"]) for row in those)
                named = sum(row["mistake"] is not None for row in those)
                failed = sum(row["error"] is not None for row in those)
                lines.append(f"{homework:9}{kind:10}{len(those):7}{caught:8}{named:7}{failed:12}")
    return "\n".join(lines)
