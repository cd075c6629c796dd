"""`--replay`: the smallest inputs on which a problem still fails, as a script for a debugger.

A check makes some calls; of those whose outputs are not the recorded ones, the call with the fewest
numbers is written down: its inputs, and what was expected. A check that draws at random is judged by
its conditions: the call at which the first of them did not hold is written down, and the script runs
the check again. No line of a solution is known here.
"""

from __future__ import annotations

import ast
import base64
import os
import tempfile
import textwrap
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.judge.survey import Survey
from autograder.judge.units import CHANGED, ERROR, leaf_of, same, units
from autograder.planning import PlannedCheck, plan
from autograder.run.launch import Worker
from autograder.run.overlay import overlay
from autograder.surveying import survey_check
from common.files import write_text
from common.homework import PUBLIC_SEED, Homework

WRITTEN_OUT = 300  # numbers of an input; more are packed
WIDTH = 96  # characters of a line of the script


@dataclass(frozen=True)
class Case:
    """One call that fails.

    `expected` holds output → value, or nothing where only the whole check can tell.
    """

    check: PlannedCheck
    what: str
    probe: str
    inputs: dict[str, Any]
    expected: dict[str, Any]

    @property
    def size(self) -> int:
        """Count the numbers that the call is given."""
        return count(self.inputs)


def write(
    homework: Homework,
    problem: str,
    worker: Worker,
    submission: Path | None = None,
    folder: Path | None = None,
) -> str:
    """Write the smallest failing case of a problem into a folder; what there is to say about it.

    Args:
        folder: the current one, if None.
    """
    folder = Path.cwd() if folder is None else folder
    with tempfile.TemporaryDirectory(prefix="replay-") as place:
        tree = overlay(homework, Path(place) / "tree", submission)
        answers = Answers.load(homework, PUBLIC_SEED)
        context = CheckContext(homework, worker, tree, answers, PUBLIC_SEED)
        free = set(Knowledge.load(homework).of(problem).free)
        checks = plan(homework, problem)
        found = [case for check in checks for case in [failing(context, check, free)] if case]
    if not found:
        return f"nothing to replay: {problem} is passed, or still empty"
    case = min(found, key=lambda one: one.size)
    path = folder / f"replay_{homework.name}_{problem}.py"
    write_text(path, script(homework, case, submission, folder))
    return f"wrote {path.name}: {problem} fails on these {case.size} numbers; python {path.name}"


# --- the smallest case --------------------------------------------------------------------------


def failing(context: CheckContext, check: PlannedCheck, free: set[str]) -> Case | None:
    """The smallest call at which a check fails; None when it is passed or its hole is empty.

    Args:
        free: units in which right versions differ.
    """
    row, calls = engine.run_check(context, check, hint=1)
    if row.passed or not calls or row.hole is not None:
        return None
    seen = survey_check(context, check, calls, ask=not check.random)
    assert context.answers is not None
    solution = context.answers.calls.get(check.id, [])
    cases = [] if check.random else [*_wrong_calls(context, check, row.what, seen, solution, free)]
    if cases:
        return min(cases, key=lambda case: case.size)
    last = len(calls) - 1  # the first condition that does not hold ended the check here
    return Case(check, row.what, seen.probes[last], seen.inputs[last], {})


def _wrong_calls(
    context: CheckContext,
    check: PlannedCheck,
    what: str,
    seen: Survey,
    solution: list[dict],
    free: set[str],
) -> Iterator[Case]:
    """The calls whose outputs are not the recorded ones."""
    for index, (probe, outcome) in enumerate(zip(seen.probes, seen.outcomes)):
        if index >= len(solution):
            return
        came, right = (_outputs(check, index, one, free) for one in (outcome, solution[index]))
        if all(name in came and same(came[name], value) for name, value in right.items()):
            continue
        inputs = seen.inputs[index]
        changed = [_name(part, inputs) for part in solution[index].get("changed", [])]
        expected = {name: value for name, value in right.items() if name != ERROR}
        yield Case(check, what, probe, inputs, expected | {CHANGED: ", ".join(changed)})


def _outputs(check: PlannedCheck, index: int, outcome: dict, free: set[str]) -> dict[str, Any]:
    """Output → value of one call, without those in which right versions differ."""
    whole = units(check.id, Survey([""], [outcome]), False)
    return {
        leaf_of(key): value
        for key, value in whole.items()
        if key.replace("/0/", f"/{index}/", 1) not in free
    }


def _name(part: str, inputs: dict[str, Any]) -> str:
    """The name of an input that is given by its position."""
    return list(inputs)[int(part)] if part.isdigit() else part


def count(value: Any) -> int:
    """Count the numbers and words of a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return sum(map(count, value))
    return int(np.size(value))


# --- the script ---------------------------------------------------------------------------------

_SCRIPT = '''"""{title}: the smallest inputs of its checks on which your code still fails.

{commands}

Check: {check}.
It says: {what}

The check reaches your code through `{probe}` in autograder/checks/{homework}/probes.py, which takes
from its result what is compared.
"""

import sys
from math import inf, nan  # noqa: F401
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE{kit}))

from autograder.rerun import array, {judge}, open_homework, tensor  # noqa: E402, F401

hw, probes = open_homework({homework!r}{submission})


def inputs():
    """What the check gives."""
    return {{
{inputs}
    }}


def run(given):
    """Your code, called as the check calls it."""
    return probes.{probe}(hw, **given)

{packed}
{ending}
'''

_JUDGED = """
EXPECTED = {{
{expected}
}}

if __name__ == "__main__":
    sys.exit(judge(run, inputs, EXPECTED))"""

_JUDGED_AGAIN = """
if __name__ == "__main__":
    sys.exit(judge_again(run, inputs, {homework!r}, {check!r}, {problem!r}{submission}))"""


def script(homework: Homework, case: Case, submission: Path | None, folder: Path) -> str:
    """The text of the script, to be run from any place while the kit stays where it is."""
    kit, files = _way(homework.root, folder), None
    if submission is not None:
        files = f"HERE{_way(submission_folder(homework, submission), folder)}"
    tensors, arrays = _Writer("tensor"), _Writer("array")
    given = [tensors.entry(name, value, 8) for name, value in case.inputs.items()]
    expected = [arrays.entry(name, value, 4) for name, value in case.expected.items()]
    names = {
        "homework": homework.name,
        "check": case.check.id,
        "problem": case.check.problem,
        "submission": f", {files}" if files else "",
    }
    ending = _JUDGED if case.expected else _JUDGED_AGAIN
    return _SCRIPT.format(
        title=f"Homework {homework.number}, problem {case.check.problem}",
        commands=_commands(homework, case.check.problem, submission, folder),
        check=case.check.title,
        what=_quoted(case.what),
        probe=case.probe,
        homework=homework.name,
        kit=kit,
        judge="judge" if case.expected else "judge_again",
        submission=names["submission"],
        inputs="\n".join(given),
        packed="\n".join(["", *tensors.packed, *arrays.packed]),
        ending=ending.format(**names, expected="\n".join(expected)).strip("\n"),
    )


def _way(target: Path, folder: Path) -> str:
    """The way from a folder to another, as what follows `HERE`."""
    way = os.path.relpath(target.resolve(), folder.resolve())
    return "" if way == "." else f" / {Path(way).as_posix()!r}"


def _quoted(text: str) -> str:
    """Text inside a docstring: a student's code had a hand in it."""
    text = text.replace("\\", "/").replace('"""', "'''")
    return textwrap.fill("".join(c for c in text if c.isprintable())[:600], WIDTH)


def _commands(homework: Homework, problem: str, submission: Path | None, folder: Path) -> str:
    """Return the lines that say how to run it, and how to stop in the hole."""
    name = f"replay_{homework.name}_{problem}.py"
    lines = [f"    python {name}"]
    hole = homework.problem(problem).hole
    if hole is not None:
        file, _, function = hole.partition(":")
        place = submission_folder(homework, submission) / file
        line = _first_line(place, function)
        if line:
            shown = Path(os.path.relpath(place.resolve(), folder.resolve())).as_posix()
            lines.append(f'    python -m pdb -c "break {shown}:{line}" -c continue {name}')
    return "\n".join(lines)


def submission_folder(homework: Homework, submission: Path | None) -> Path:
    """Return the folder of the files to hand in: the kit's own, or a flat one, or one with hwN/."""
    if submission is None:
        return homework.folder
    inner = submission / homework.name
    return inner if inner.is_dir() else submission


def _first_line(path: Path, function: str) -> int | None:
    """The first line that runs in the last function of this name; None where it cannot be found."""
    name = function.rpartition(".")[2]
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return None
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
    if not found:
        return None
    body = found[-1].body
    has_text = ast.get_docstring(found[-1]) is not None and len(body) > 1
    return body[1 if has_text else 0].lineno


class _Writer:
    """Values as Python: few numbers as they are, many as packed text further down."""

    def __init__(self, made_by: str) -> None:
        self.made_by = made_by  # what makes an array
        self.packed: list[str] = []

    def entry(self, name: str, value: Any, indent: int) -> str:
        """A line, or lines, of a dictionary."""
        return self._laid(f"{name!r}: ", value, indent)

    def _laid(self, before: str, value: Any, indent: int) -> str:
        """A value in one line where it fits, else a part in each."""
        start = " " * indent + before
        if isinstance(value, (np.ndarray, np.generic)):
            return self._array(start, np.asarray(value), indent)
        if not isinstance(value, (dict, list, tuple)) or not value:
            return f"{start}{value!r},"
        if isinstance(value, dict):
            parts = [self._laid(f"{key!r}: ", part, indent + 4) for key, part in value.items()]
        else:
            parts = [self._laid("", part, indent + 4) for part in value]
        left, right = {dict: ("{", "}"), list: ("[", "]"), tuple: ("(", ")")}[type(value)]
        flat = " ".join(part.strip() for part in parts)
        flat = flat if isinstance(value, tuple) and len(value) == 1 else flat.removesuffix(",")
        if "\n" not in flat and len(start + flat) + 3 <= WIDTH:
            return f"{start}{left}{flat}{right},"
        return "\n".join([start + left, *parts, " " * indent + right + ","])

    def _array(self, start: str, numbers: np.ndarray, indent: int) -> str:
        kind = repr(numbers.dtype.name)
        if numbers.size > WRITTEN_OUT:
            name = f"{self.made_by.upper()}_{len(self.packed) + 1}"
            lines = "\n".join(textwrap.wrap(packed(numbers), WIDTH))
            self.packed.append(f'{name} = """\n{lines}\n"""\n')
            return f"{start}{self.made_by}({name}, {kind}, {numbers.shape}),"
        shape = "" if numbers.size else f", {numbers.shape}"
        flat = f"{start}{self.made_by}({_nested(numbers)}, {kind}{shape}),"
        if len(flat) <= WIDTH or numbers.ndim < 2:
            return _wrapped(flat, indent)
        rows = [_wrapped(" " * (indent + 4) + _nested(row) + ",", indent + 4) for row in numbers]
        return "\n".join([f"{start}{self.made_by}([", *rows, f"{' ' * indent}], {kind}{shape}),"])


def _wrapped(line: str, indent: int) -> str:
    """A line of numbers, in several where it is long."""
    return textwrap.fill(
        line,
        WIDTH,
        subsequent_indent=" " * (indent + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def packed(numbers: np.ndarray) -> str:
    """Many numbers as text: compressed, in base 64."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(numbers).tobytes(), 9)).decode()


def _nested(numbers: np.ndarray) -> str:
    """Lists of numbers, each as short as it can be."""
    if numbers.ndim == 0:
        return repr(numbers.item()) if numbers.dtype.kind in "biu" else str(numbers[()])
    return "[" + ", ".join(map(_nested, numbers)) + "]"
