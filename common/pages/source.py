"""Markdown as its lines: what is read of a source before it becomes a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

IMAGE = re.compile(
    r'!\[(?P<alt>[^\]\n]*)\]\( *(?:<(?P<spaced>[^<>\n]+)>|(?P<path>[^\s<>()]+))(?: +"[^"\n]*")? *\)'
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_DELIMITERS = re.compile(r" *\|?(?: *:?-+:? *\|)+(?: *:?-+:?)? *\|? *$")


def lines_of(text: str) -> list[str]:
    """The lines of a text, whatever ends them; tabs are four blanks."""
    return [line.expandtabs(4) for line in re.split(r"\r\n|\r|\n", text)]


def outside_code(lines: list[str] | tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """The lines, with their numbers, that are not inside a block of code."""
    fence = None
    for number, line in enumerate(lines):
        if fence is not None:
            closing = line.strip()
            if closing.startswith(fence) and not closing.strip(fence[0]):
                fence = None
        elif found := _FENCE.match(line):
            fence = found[1]
        else:
            yield number, line


def target_of(image: re.Match) -> str:
    """The path of an image that IMAGE found."""
    return image["spaced"] or image["path"]


def cells_of(line: str) -> list[str]:
    """The cells of a row of a table; a bar after a backslash belongs to its cell."""
    line = line.strip()
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)]


def is_table(lines: list[str], at: int) -> bool:
    """Whether a table begins at this line: a row, and a line of dashes below it."""
    return at + 1 < len(lines) and "|" in lines[at] and _DELIMITERS.match(lines[at + 1]) is not None
