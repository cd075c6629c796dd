"""A file that cannot be imported whole, cut into pieces that can be judged by themselves.

Runs in the worker. A piece is a statement at the top of the file, or at the top of a class; where
the whole cannot be parsed, pieces begin at lines that begin a statement. Each piece is compiled
alone, under the line numbers that it has in the file.
"""

from __future__ import annotations
import __future__

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType

from common.files.given import bindings, running

FLAGS = __future__.annotations.compiler_flag
CANNOT_COMPILE = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
BEGINS = re.compile(
    r"@|(async\s+def|def|class|import|from|if|for|while|with|try)\b|"
    r"[^\W\d]\w*(\.\w+|\[[^\]]*\])*\s*(:[^=]*)?([-+*/|&]|//|\*\*)?=(?!=)|[^\W\d][\w.]*\("
)
DEFINES = re.compile(r"@|(async\s+def|def|class)\b")
NAMED = re.compile(r"\s*(?:async\s+def|def|class)\s+(\w+)")


@dataclass
class Piece:
    """Some lines of a file.

    Attributes:
        first: the number of its first line.
        binds: the names that it gives, methods as `Class.method`.
        uses: the names that it needs.
        reads: the attributes that it reads, of whatever.
        error: why it cannot be compiled, or None.
    """

    first: int
    text: str
    owner: str = ""  # the class that it stands in
    binds: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    error: Exception | None = None
    code: CodeType | None = None


def pieces(text: str, shown: str, conflicts: Iterable[tuple[int, int]] = ()) -> list[Piece]:
    """The pieces of a file, in order.

    Args:
        shown: the file's name in tracebacks.
        conflicts: first and last lines of merge conflicts: nothing that begins in one is a piece.
    """
    lines = text.split("\n")
    try:
        starts = [first_line(node) - 1 for node in ast.parse(text).body]
    except CANNOT_COMPILE:
        starts = _starts(lines, 0, "")
    return _cut(lines, starts, "", "", shown, list(conflicts))


def members(piece: Piece, shown: str, conflicts: Iterable[tuple[int, int]] = ()) -> list[Piece]:
    """The pieces of a class."""
    lines = [""] * (piece.first - 1) + piece.text.split("\n")
    begin = next(n for n, line in enumerate(lines) if re.match(r"class\b", line))
    body = next((n for n in range(begin + 1, len(lines)) if re.match(r"\s+[^\s#]", lines[n])), None)
    name = NAMED.match(lines[begin])
    if body is None or name is None:
        return []
    indent = lines[body][: len(lines[body]) - len(lines[body].lstrip())]
    return _cut(lines, _starts(lines, body, indent), indent, name[1], shown, list(conflicts))


def first_line(node: ast.stmt) -> int:
    """Return the line where a statement begins, decorators included."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])


def _starts(lines: list[str], first: int, indent: str) -> list[int]:
    """The lines, counted from 0, that begin a statement at an indentation."""
    found = [n for n in range(first, len(lines)) if _begins(lines, n, indent)]
    return [n for n in found if n == first or not _decorates(lines, n - 1)]


def _cut(
    lines: list[str],
    starts: list[int],
    indent: str,
    owner: str,
    shown: str,
    conflicts: list[tuple[int, int]],
) -> list[Piece]:
    """The pieces that begin at some lines; one that is broken off may go on to the next definition."""
    found: list[Piece] = []
    after = 0
    for place, first in enumerate(starts):
        if first < after:
            continue
        following = [*starts[place + 1 :], len(lines)]
        last = following[0]
        further = next(
            (n for n in following[:-1] if DEFINES.match(lines[n][len(indent) :])), len(lines)
        )
        piece = _piece(lines, first, last, owner, shown)
        if piece.error is not None and further != last:
            longer = _piece(lines, first, further, owner, shown)
            piece, last = (longer, further) if longer.error is None else (piece, last)
        for low, high in conflicts:
            if low <= piece.first <= high:
                piece.error = SyntaxError(f"lines {low} to {high} are a merge conflict of git")
        found.append(piece)
        after = last
    return found


def _begins(lines: list[str], number: int, indent: str) -> bool:
    line = lines[number]
    if line.startswith("<<<<<<<"):  # it belongs to what follows, where that begins a statement
        return number + 1 < len(lines) and _begins(lines, number + 1, indent)
    return line.startswith(indent) and bool(BEGINS.match(line[len(indent) :]))


def _decorates(lines: list[str], number: int) -> bool:
    return number >= 0 and lines[number].lstrip().startswith("@")


def _piece(lines: list[str], first: int, last: int, owner: str, shown: str) -> Piece:
    """One piece, compiled; lines are counted from 0 and `last` is not part of it."""
    text = "\n".join(lines[first:last])
    piece = Piece(first + 1, text, owner)
    name = next(filter(None, map(NAMED.match, lines[first:last])), None)
    if name is not None:
        piece.binds = {f"{owner}.{name[1]}" if owner else name[1]}
    head = "\n" * (first - 1) + f"class {owner}:\n" if owner else "\n" * first
    try:
        tree = ast.parse(head + text, shown)
        piece.code = compile(tree, shown, "exec", FLAGS, dont_inherit=True)
    except CANNOT_COMPILE as error:
        piece.error = error
        return piece
    piece.binds = {bound for bound, _ in bindings(tree.body)} - {owner}
    nodes = list(running(tree))
    piece.uses = {node.id for node in nodes if isinstance(node, ast.Name)}
    piece.reads = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return piece
