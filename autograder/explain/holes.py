"""The functions that a student wrote, found in their files."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from common.homework import Homework

Function = ast.FunctionDef | ast.AsyncFunctionDef
LONGEST = 2**20  # bytes of a file that is read


@dataclass(frozen=True)
class Hole:
    """One function that was to be filled in, as it stands in a student's file.

    Attributes:
        problem: its id.
        file: such as "maml.py".
        name: such as "adapt" or "MANN.forward".
        source: of the whole file.
        node: its syntax tree.
    """

    problem: str
    file: str
    name: str
    source: str
    node: Function

    @property
    def body(self) -> list[ast.stmt]:
        """Its statements without the docstring."""
        first = self.node.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        return self.node.body[1:] if documented else self.node.body

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters, in order."""
        arguments = self.node.args
        return [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]

    def lines(self, first: int, last: int) -> str:
        """Lines of the file as they were typed."""
        return "\n".join(self.source.splitlines()[first - 1 : last])

    def excerpt(self) -> str:
        """The statements with their numbers."""
        first, last = self.body[0].lineno, self.node.end_lineno or self.body[0].lineno
        rows = self.source.splitlines()[first - 1 : last]
        return "\n".join(f"{number:4} {row}" for number, row in enumerate(rows, first))


def find(homework: Homework, folder: Path, only: str | None = None) -> list[Hole]:
    """The holes of a homework that are filled in, in the order of its problems.

    Args:
        folder: where the files lie that were handed in.
        only: a problem's id; None takes all.
    """
    found = []
    for problem in homework.problems:
        if problem.hole is None or (only is not None and problem.id != only):
            continue
        file, _, name = problem.hole.partition(":")
        source = _text(folder / file)
        node = function_named(source, name)
        if node is not None and not _is_empty(node, homework.name):
            found.append(Hole(problem.id, file, name, source, node))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:LONGEST].decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        return ""


def function_named(source: str, name: str) -> Function | None:
    """The last definition of a function, or of a method of the last class of its name."""
    try:
        body: list[ast.stmt] = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    *classes, last = name.split(".")
    for one in classes:
        owner = next(
            (n for n in reversed(body) if isinstance(n, ast.ClassDef) and n.name == one), None
        )
        if owner is None:
            return None
        body = owner.body
    defined = (n for n in reversed(body) if isinstance(n, Function) and n.name == last)
    return next(defined, None)


def _is_empty(node: Function, homework: str) -> bool:
    """Whether the stub's own exception is still there."""
    last = node.body[-1]
    return isinstance(last, ast.Raise) and f"{homework} " in ast.unparse(last)
