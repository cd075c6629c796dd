"""The imports of handed-in files: helper modules beside them, and what the course grader lacks."""

from __future__ import annotations

import ast
import re
import sys
from collections import deque
from collections.abc import Collection, Iterator
from importlib import metadata
from pathlib import Path

from autograder.run.reading import CANNOT_PARSE
from common.homework import Homework
from common.kit.shadows import PACKAGES

_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")  # that a statement may hold
KIT = ("common", "probes")  # top packages of the tree beside the homework itself
PLAIN = re.compile(r"\s*(?:from\s+([\w.]+)\s+import\b|import\s+([\w.]+))")


def imports_of(text: str, tree: ast.Module | None) -> list[tuple[str, int]]:
    """(module, line) of every import of a file; a relative one begins with a dot.

    Args:
        tree: of the text, or None where it cannot be parsed: lines are then looked at one by one,
            and of an import over several lines the first module is found alone.
    """
    if tree is None:
        return list(_of_lines(text))
    return sorted(_of_tree(tree), key=lambda one: one[1])


def _of_lines(text: str) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(text.split("\n"), 1):
        if found := PLAIN.match(line):
            try:
                modules = [module for module, _ in _of_tree(ast.parse(line.strip()))]
            except CANNOT_PARSE:
                modules = [found[1] or found[2]]
            yield from ((module, number) for module in modules)


def _of_tree(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module, node.lineno
            if module == "." or "." not in module:  # `from hw1 import helpers`
                yield from ((f"{module.rstrip('.')}.{one.name}", node.lineno) for one in node.names)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement, however deep; expressions, which are most of a tree, hold none."""
    waiting = deque[ast.AST](tree.body)
    while waiting:
        node = waiting.popleft()
        yield node
        for block in _BLOCKS:
            inside = getattr(node, block, ())
            waiting.extend(inside if isinstance(inside, list) else ())


def beside(module: str, homework: Homework) -> str | None:
    """The file beside the handed-in ones that an import may mean: `helpers`, or None."""
    parts = module.split(".")
    if parts[0] in ("", homework.name):
        return parts[1] if len(parts) > 1 and parts[1] else None
    return parts[0]


def given_files(homework: Homework) -> list[str]:
    """The files and folders of a homework that checks may need and nobody hands in."""
    return (homework.stubs / "given.txt").read_text(encoding="utf-8").split()


def required_packages(root: Path) -> set[str]:
    """The packages of requirements.txt, by the names that pip knows."""
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([A-Za-z][\w.-]*)", text, re.MULTILINE))


def unknown(modules: Collection[str], homework: Homework) -> list[str]:
    """The top modules among them that neither Python, the kit, nor its requirements give."""
    tops = {module.partition(".")[0] for module in modules} - {""}
    tops -= set(sys.stdlib_module_names) | set(KIT) | {homework.name} | PACKAGES
    return sorted(tops - _brought_along(homework.root)) if tops else []


def _brought_along(root: Path) -> set[str]:
    """The modules of everything that is installed because a requirement asks for it."""
    waiting, seen = list(required_packages(root)), set[str]()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).casefold()
        if name in seen:
            continue
        seen.add(name)
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        waiting += [
            match[0]
            for one in wanted
            if "extra ==" not in one and (match := re.match(r"[\w.-]+", one))
        ]
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", owner).casefold() for owner in owners} & seen
    }
