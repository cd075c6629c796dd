"""The functions that a script of `--replay` calls: the student's own files and a probe, in one process.

Nothing is caught here, so that a debugger stops where the code does.
"""

from __future__ import annotations

import base64
import importlib.util
import sys
import types
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.judge.comparing import Mismatch, assert_matches
from autograder.judge.units import CHANGED, leaves, same
from autograder.run import wire, worker
from common import homework as homeworks

SHOWN = 60  # numbers of an output that are printed

Inputs = dict[str, Any]


def open_homework(name: str, submission: Path | None = None) -> tuple[Any, types.ModuleType]:
    """A homework's files as its probes see them, and the probes.

    Args:
        submission: a folder of handed-in files that come before the kit's own.
    """
    homework = homeworks.load(name)
    if submission is not None:
        package = importlib.import_module(name)
        package.__path__.insert(0, str(submission))
    shared = types.ModuleType("probes")
    shared.__path__ = [str(homework.checks.parent)]  # `from probes.probing import …`
    sys.modules["probes"] = shared
    spec = importlib.util.spec_from_file_location(f"probes.{name}", homework.checks / "probes.py")
    assert spec is not None and spec.loader is not None
    probes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(probes)
    return worker.Modules(name), probes


def tensor(values: Any, dtype: str, shape: tuple[int, ...] | None = None) -> torch.Tensor:
    """Numbers of an input as the check gives them."""
    return torch.from_numpy(array(values, dtype, shape).copy())


def array(values: Any, dtype: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Numbers of an output; a text of `replay.packed` where they are many."""
    if isinstance(values, str):
        values = np.frombuffer(zlib.decompress(base64.b64decode("".join(values.split()))), dtype)
    found = np.asarray(values, dtype)
    return found if shape is None else found.reshape(shape)


def judge(run: Callable[[Inputs], Any], inputs: Callable[[], Inputs], expected: Inputs) -> int:
    """Call the code, and print what came beside what was expected; return the exit code.

    Args:
        expected: output → its value, as `leaves` takes a result apart.
    """
    came, changed = _called(run, inputs, expected)
    found = dict(leaves(came)) | {CHANGED: changed}
    wrong = 0
    for name, right in expected.items():
        seen = found.get(name)
        if name in found and same(seen, right):
            continue
        wrong += 1
        print(_difference(name, seen, right, name in found), *_shown(seen, right), sep="\n    ")
    count = len(expected) - wrong
    print(f"{wrong} of {len(expected)} outputs differ." if wrong else f"All {count} outputs agree.")
    return 1 if wrong else 0


def judge_again(
    run: Callable[[Inputs], Any],
    inputs: Callable[[], Inputs],
    name: str,
    check: str,
    problem: str,
    submission: Path | None = None,
) -> int:
    """Call the code, print what came, then run the whole check again; return the exit code."""
    from autograder import engine

    came, changed = _called(run, inputs, {})
    for path, leaf in [*leaves(came), *([(CHANGED, changed)] if changed else [])]:
        print(f"{path or 'the result'}: {_printed(leaf)}")
    result = engine.grade(
        homeworks.load(name), submission=submission, only=problem, isolation="in-process", hint=2
    )
    row = next(row for row in result.checks if row.id == check)
    print(f"the check now says: {row.message or 'passed'}")
    return 0 if row.passed else 1


def _called(
    run: Callable[[Inputs], Any], inputs: Callable[[], Inputs], expected: Inputs
) -> tuple[Any, str]:
    """Return what the code gave, in plain types, and the inputs that it changed."""
    worker.same_start()
    given, before = inputs(), inputs()
    try:
        came = run(given)
    except BaseException:
        print(
            "Expected:",
            *(f"{n or 'the result'}: {_printed(v)}" for n, v in expected.items()),
            sep="\n    ",
        )
        raise
    changed = [
        name
        for name, value in before.items()
        if isinstance(value, torch.Tensor) and not _equal(given[name].detach(), value)
    ]
    return wire.unpack(wire.pack(came)), ", ".join(changed)


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)


def _difference(name: str, seen: Any, right: Any, there: bool) -> str:
    if name == CHANGED:
        return f"changed inputs: {seen or 'none'}; expected {right or 'none'}"
    if not there:
        return f"{name or 'the result'} is missing"
    try:
        assert_matches(seen, right, name=name)
    except Mismatch as mismatch:
        return mismatch.what
    return f"{name or 'the result'} differs"


def _shown(seen: Any, right: Any) -> list[str]:
    if not (isinstance(seen, np.ndarray) and isinstance(right, np.ndarray) and seen.ndim):
        return []
    return [f"came      {_printed(seen)}", f"expected  {_printed(right)}"]


def _printed(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return str(value)
    text = np.array2string(np.asarray(value), precision=5, threshold=SHOWN, suppress_small=True)
    return text.replace("\n", "\n" + " " * 14)
