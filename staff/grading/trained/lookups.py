"""Lines of handed-in code that could look a task up instead of learning it: they are shown to staff.

A scan of the text decides nothing: a name can be hidden from it, and a file can be read for a good
reason. What makes a look-up worthless stands in `staff/grading/trained/images.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

CALLS = {"open", "exec", "eval", "compile", "__import__"}
METHODS = {
    "fromfile",
    "genfromtxt",
    "load",
    "loadtxt",
    "memmap",
    "open",
    "read_bytes",
    "read_text",
}
MODULES = {
    "builtins", "ctypes", "gc", "glob", "importlib", "inspect", "io", "mmap", "os", "pathlib", "pickle",
    "socket", "sqlite3", "subprocess", "sys", "tarfile", "tempfile", "zipfile", "common.data",
    "torchvision",
}  # fmt: skip


def reading(tree: ast.AST) -> list[tuple[int, str]]:
    """(line, what stands there) of each call or import that reads files, in order."""
    return sorted({found for node in ast.walk(tree) for found in _of(node)})


def _of(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield node.lineno, f"{name}()"
        case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
            yield node.lineno, f".{name}()"
        case ast.Import(names=names):
            yield from ((node.lineno, f"import {one.name}") for one in names if _reads(one.name))
        case ast.ImportFrom(module=str(module), names=names):
            for one in names:
                if _reads(module) or _reads(f"{module}.{one.name}"):
                    yield node.lineno, f"import {module}.{one.name}"


def _reads(module: str) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in MODULES)
