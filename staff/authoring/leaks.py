"""Does anything that students get hold a piece of a solution?

Solutions are cut into statements, normalised (names of local variables, spacing and comments do not
count); runs of statements that stand in a marked body are looked for in everything that ships.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from staff.authoring.stubs import given_problems, holes, masters

RUN = 2  # statements in a row that count as a leak; a single one when it is long
LONG = 60  # characters of a normalised statement that is long enough by itself

# Runs of statements that anybody writes, and why they give nothing away.
ALLOWED = {
    "v0.zero_grad()\nv1.backward()": "every training loop of the kit has it",
    "v0.backward()\nv1.step()": "every training loop of the kit has it",
}


@dataclass(frozen=True)
class Leak:
    """A line of a hole's solution that stands in a file of the students' kit."""

    hole: str
    file: str
    line: int
    text: str


class _Anonymous(ast.NodeTransformer):
    """Local names become v0, v1, … in the order of their appearance."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        fresh = self.names.setdefault(node.id, f"v{len(self.names)}")
        return ast.copy_location(ast.Name(fresh, node.ctx), node)


def normalise(statements: list[ast.stmt]) -> str:
    """Statements in a row without their names, spacing and comments.

    A name that comes twice is the same twice: what one statement hands to the next still counts.
    """
    copy = ast.parse("\n".join(map(ast.unparse, statements)))
    return ast.unparse(_Anonymous().visit(copy))


def _shape(statements: list[ast.stmt]) -> tuple[tuple[type, ...], ...]:
    """The kinds of all nodes: runs that are the same without their names are alike in these, too."""
    return tuple(tuple(map(type, ast.walk(statement))) for statement in statements)


def _statements(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every block of statements of a module."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def secrets(root: Path, homework: str) -> dict[str, str]:
    """Runs of normalised statements of the marked bodies → the hole they belong to."""
    hole_of, known = {}, given_problems(root, homework)
    for master in masters(root, homework):
        source = master.read_text(encoding="utf-8")
        marked = [hole for hole in holes(source, master.name) if hole.problem not in known]
        for block in _statements(ast.parse(source)):
            for hole in marked:
                inside = [s for s in block if hole.first < s.lineno - 1 < hole.last]
                pieces = [normalise(inside[i : i + RUN]) for i in range(len(inside) - RUN + 1)]
                pieces += [text for s in inside if len(text := normalise([s])) >= LONG]
                for piece in pieces:
                    if piece not in ALLOWED:
                        hole_of[piece] = f"{homework} {hole.problem} ({hole.name})"
    return hole_of


def scan(secret: dict[str, str], files: list[Path], root: Path) -> list[Leak]:
    """Return the places in files that ship where a secret run of statements stands.

    Python files are compared statement by statement; other text line by line, where code of a
    solution might be quoted.
    """
    leaks = []
    shapes = {_shape(ast.parse(piece).body) for piece in secret}
    long_lines = {line for piece in secret for line in piece.splitlines() if len(line) >= LONG}
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        name = str(path.relative_to(root))
        if path.suffix == ".py":
            for block in _statements(ast.parse(text)):
                kinds = _shape(block)
                for start in range(len(block)):
                    for size in (1, RUN):
                        if kinds[start : start + size] not in shapes:
                            continue  # to normalise takes far longer
                        piece = normalise(block[start : start + size])
                        if piece in secret:
                            leaks.append(Leak(secret[piece], name, block[start].lineno, piece))
        else:
            for number, line in enumerate(text.splitlines(), 1):
                if any(secret_line in line for secret_line in long_lines):
                    leaks.append(Leak("?", name, number, line.strip()))
    return leaks


def text_files(root: Path) -> list[Path]:
    """The text files of a kit in which a leak could stand."""
    top = [*(root / name for name in homeworks.names(root)), root / "common", root / "autograder"]
    files = [p for folder in top for p in folder.rglob("*") if "__pycache__" not in p.parts]
    files += [root / name for name in ("README.md", "Makefile", "pyproject.toml")]
    return sorted(p for p in files if p.suffix in (".py", ".md", ".toml", ".json") and p.is_file())
