"""Named mistakes and other right ways: written once as functions, made into whole submissions.

`staff/mistakes/hwN/<topic>.py` and `staff/variants/hwN/<topic>.py` hold functions with a hole's
signature, marked `@mistake("2a")` or `@variant("2a")`. The function's own name is the slug. A
mistake's docstring is what the student may be told: its first line names the mistake, the rest says
what the code does now and how one can see it. The files are read with `ast` and never imported.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.homework import ROOT
from staff.authoring.stubs import copy_solutions, holes


def mistake(problem: str) -> Callable:
    """Mark a wrong implementation of a problem's hole."""
    return lambda function: function


def variant(problem: str) -> Callable:
    """Mark another right implementation of a problem's hole."""
    return lambda function: function


@dataclass(frozen=True)
class Entry:
    """One function of the catalogue."""

    kind: str  # "mistake" or "variant"
    homework: str
    problem: str
    slug: str
    text: str  # the docstring
    file: str  # "mann.py"
    body: str  # source lines, without indentation
    head: str  # imports and helpers of its file


class CatalogError(KitError):
    """An entry that does not fit the kit."""


def entries(homework: str, kind: str, root: Path = ROOT) -> list[Entry]:
    """Return all mistakes or variants of a homework, in the order of their files.

    Those of problems that the course leaves out are not among them.

    Raises:
        CatalogError: when two share a slug, or one has no docstring or no such hole.
    """
    found = []
    for path in sorted((root / "staff" / f"{kind}s" / homework).glob("*.py")):
        found += _read(path, homework, kind)
    slugs = [entry.slug for entry in found]
    if doubled := {slug for slug in slugs if slugs.count(slug) > 1}:
        raise CatalogError(f"{homework}: two {kind}s are called {', '.join(sorted(doubled))}")
    left_out = {problem.id for problem in homeworks.load(homework, root).dropped}
    return [entry for entry in found if entry.problem not in left_out]


def _read(path: Path, homework: str, kind: str) -> list[Entry]:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    found, head = [], []
    for node in ast.parse(source).body:
        problem = _marked(node, kind)
        if problem is None or not isinstance(node, ast.FunctionDef):
            staff_import = isinstance(node, ast.ImportFrom) and (node.module or "") in (
                "staff.authoring.catalogue",
                "__future__",
            )
            if not staff_import and not _is_docstring(node):
                first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
                head += lines[first - 1 : node.end_lineno]
            continue
        text = ast.get_docstring(node)
        if not text:
            raise CatalogError(f"{path.name}: {node.name} has no docstring")
        body = textwrap.dedent("\n".join(lines[node.body[0].end_lineno : node.end_lineno]))
        found.append((problem, node.name, text, body))
    return [
        Entry(kind, homework, problem, slug, text, path.name, body, "\n".join(head))
        for problem, slug, text, body in found
    ]


def _marked(node: ast.stmt, kind: str) -> str | None:
    if not isinstance(node, ast.FunctionDef):
        return None
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == kind:
            return ast.literal_eval(decorator.args[0])
    return None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def submission(entry: Entry, target: Path, root: Path = ROOT) -> Path:
    """The solutions with one hole filled in the entry's way; a folder to grade.

    Raises:
        CatalogError: when the file has no such hole.
    """
    return combine([entry], target, root)


def combine(entries: list[Entry], target: Path, root: Path = ROOT) -> Path:
    """The solutions of a homework with several holes filled in the entries' ways.

    Args:
        entries: of one homework, at most one for a hole.
        target: an empty folder; it is returned.

    Raises:
        CatalogError: when a file has no such hole.
    """
    copy_solutions(root, entries[0].homework, target)
    for file in dict.fromkeys(entry.file for entry in entries):
        path = target / file
        source = path.read_text(encoding="utf-8")
        inside = {entry.problem: entry for entry in entries if entry.file == file}
        path.write_text(_filled(source, file, inside), encoding="utf-8")
    return target


def _filled(source: str, file: str, entries: dict[str, Entry]) -> str:
    """A master with the bodies of some holes exchanged, and what these need at its top."""
    lines, there = source.splitlines(), {hole.problem: hole for hole in holes(source, file)}
    for problem, entry in entries.items():
        if problem not in there:
            raise CatalogError(f"{file} has no hole {problem} (for {entry.slug})")
    for problem in sorted(entries, key=lambda one: there[one].first, reverse=True):
        hole, body = there[problem], entries[problem].body
        lines[hole.first : hole.last + 1] = textwrap.indent(body, hole.indent).splitlines()
    after_future = next(
        (n + 1 for n, line in enumerate(lines) if line.startswith("from __future__")), 0
    )
    head = next(iter(entries.values())).head  # that of their file: one for all
    lines[after_future:after_future] = head.splitlines()
    return "\n".join(lines) + "\n"
