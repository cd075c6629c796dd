"""The text of a handed-in file, whatever encoding, line ends and traces of other programs it has.

Line numbers stay those of the student's file. Nothing of it is run.
"""

from __future__ import annotations

import ast
import codecs
import functools
import io
import json
import re
import sys
import tokenize
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from autograder.run.notes import CONFLICT, DECODED, MOVED, NEWER_SYNTAX, NOTEBOOK

LARGEST = 2**20  # bytes of a file that a student wrote by hand
MARKS = (  # the longer one first: it begins like the shorter
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CANNOT_PARSE = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass
class Source:
    """A file as it is judged.

    Attributes:
        told: (kind, text) of what was done to it; the text goes on after the file's name.
        conflicts: first and last lines of git's merge conflicts.
        tree: its syntax tree; None where it cannot be parsed.
    """

    text: str
    told: list[tuple[str, str]] = field(default_factory=list)
    conflicts: list[tuple[int, int]] = field(default_factory=list)
    tree: ast.Module | None = None


def read(data: bytes, minimum: tuple[int, int] = (0, 0)) -> Source:
    """Decode a file and mend what concerns no code.

    Args:
        minimum: the version of Python that the course asks for.
    """
    source = Source("")
    source.text = _lines(decode(data, source.told), source.told)
    source.conflicts = conflicts(source.text)
    for first, last in source.conflicts:
        source.told.append((CONFLICT, f"lines {first} to {last} are a merge conflict of git"))
    if is_notebook(source.text):
        told = "it is a notebook; export it as a Python file of the same name"
        source.told.append((NOTEBOOK, told))
    source.text, source.tree = _parsed(source.text, source.told)
    if source.tree is not None:
        source.text = _future_first(source)
        source.told += _newer(source.text, minimum)
    return source


def decode(data: bytes, told: list[tuple[str, str]]) -> str:
    """The text of bytes in any of the encodings that editors write."""
    for mark, name in MARKS:
        if data.startswith(mark):
            told.append((DECODED, f"it is in {name.upper()}; save it as UTF-8"))
            return data.decode(name, "replace")
    if data.startswith(codecs.BOM_UTF8):
        told.append((DECODED, "it begins with a byte-order mark, which was removed"))
        data = data.removeprefix(codecs.BOM_UTF8)
    for name, zeros in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if len(data) > 2 and zeros.count(0) > 0.8 * len(zeros):
            told.append((DECODED, "it is in UTF-16; save it as UTF-8"))
            return data.decode(name, "replace")
    try:
        return data.decode(_declared(data))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        told.append((DECODED, f"line {line} is not in UTF-8; the file was read as Windows-1252"))
        return data.decode("cp1252", "replace")


def _declared(data: bytes) -> str:
    """The encoding that the file names in its first lines; else UTF-8."""
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except (SyntaxError, UnicodeDecodeError):
        return "utf-8"


def _lines(text: str, told: list[tuple[str, str]]) -> str:
    """The text with line ends of one kind, and without NUL bytes."""
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        told.append((DECODED, "its lines end in CR, as on old Macs; they were read as lines"))
    if "\0" in text:
        told.append((DECODED, "it holds NUL bytes, which were removed"))
    return text.replace("\r", "\n").replace("\0", "")


def conflicts(text: str) -> list[tuple[int, int]]:
    """The first and last line of every merge conflict; an open one ends with the file."""
    found: list[tuple[int, int]] = []
    first = None
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if first is None and re.match(r"<{7}( |$)", line):
            first = number
        elif first is not None and re.match(r">{7}( |$)", line):
            found.append((first, number))
            first = None
    return found if first is None else [*found, (first, len(lines))]


def is_notebook(text: str) -> bool:
    """Whether a file holds a notebook in place of Python."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        return "cells" in json.loads(text)
    except (ValueError, RecursionError, TypeError):
        return False


def _parsed(text: str, told: list[tuple[str, str]]) -> tuple[str, ast.Module | None]:
    """The text and its tree; tabs among spaces, and spaces that are none, are put right first."""
    ways = {
        "": text,
        "it mixes tabs and spaces; a tab was read as 4 spaces": _spaced(text, 4),
        "it mixes tabs and spaces; a tab was read as 8 spaces": _spaced(text, 8),
        "it holds spaces that Python does not know; they were read as spaces": text.replace(
            "\u00a0", " "
        )
        .replace("\u200b", "")
        .replace("\ufeff", ""),
    }
    for words, changed in ways.items():
        if words and changed == text:
            continue
        try:
            tree = ast.parse(changed)
        except CANNOT_PARSE:
            continue
        if words:
            told.append((DECODED, words))
        return changed, tree
    return text, None


def _spaced(text: str, width: int) -> str:
    """The text with spaces for the tabs that lines begin with."""

    def spaces(match: re.Match[str]) -> str:
        return match[0].expandtabs(width)

    return re.sub(r"^[ \t]+", spaces, text, flags=re.MULTILINE)


def _future_first(source: Source) -> str:
    """The text with imports from `__future__` in the first line, where other code stands before."""
    assert source.tree is not None
    body = source.tree.body
    late = [
        node
        for place, node in enumerate(body)
        if _is_future(node) and not _may_precede(body[:place])
    ]
    if not late:
        return source.text
    lines = source.text.split("\n")
    for node in late:
        source.told.append((MOVED, f"line {node.lineno} must come first; it was moved there"))
        for number in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[number] = ""
    lines[0] = f"from __future__ import annotations; {lines[0]}".rstrip("; ")
    try:
        source.tree = ast.parse("\n".join(lines))
    except CANNOT_PARSE:  # the first line begins something longer than itself
        lines[0] = lines[0].removeprefix("from __future__ import annotations; ")
    return "\n".join(lines)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _may_precede(body: list[ast.stmt]) -> bool:
    """Whether these statements may stand before an import from `__future__`."""
    rest = [node for node in body if not _is_future(node)]
    return not rest or (len(rest) == 1 and rest[0] is body[0] and _is_docstring(rest[0]))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def _newer(text: str, minimum: tuple[int, int]) -> list[tuple[str, str]]:
    """Note the line that needs a newer Python than the course asks for, if this Python can tell."""
    if sys.version_info[:2] <= minimum or minimum < (3, 7):
        return []
    try:
        ast.parse(text, feature_version=minimum)
    except SyntaxError as error:
        version = ".".join(map(str, minimum))
        told = f"line {error.lineno} needs a newer Python than the course's {version}: {error.msg}"
        return [(NEWER_SYNTAX, told)]
    return []


@functools.cache
def required_python(root: Path) -> tuple[int, int]:
    """The version of Python that pyproject.toml asks for."""
    with (root / "pyproject.toml").open("rb") as stream:
        wanted = tomllib.load(stream)["project"]["requires-python"]
    major, minor = re.findall(r"\d+", wanted)[:2]
    return int(major), int(minor)
